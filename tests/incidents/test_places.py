from __future__ import annotations

import pytest

from bot.incidents.analyser import Analyser


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("laka di Desa Kuripan Subah", "Subah"),
        ("laka di Plelen, Alas Roban", "Gringsing"),
        ("laka di Pantura Subah", "Subah"),
        ("laka di alas roban", None),
        ("laka di alas roman jalur Poncowati", "Gringsing"),
        ("laka di Wonokerso", None),
        ("laka di Wonokerso Kandeman", "Kandeman"),
        ("laka di Wonokerso, Kecamatan Limpung", "Limpung"),
        ("laka di Sidorejo pinggir pantura", "Gringsing"),
        ("laka di Bawang", None),
        ("laka di Polsek Bawang", "Bawang"),
        ("laka di Desa Bawang Blado", "Blado"),
        ("laka di Batang", None),
        ("laka di Kecamatan Batang", "Batang"),
        ("laka di Weleri", None),
        ("laka di Sukorejo Kendal", None),
        ("jalan Blado Batur licin", "Blado"),
        ("banjir di alun alun Limpung", "Limpung"),
        ("tanah retak di dukuh Rejosari desa Kembanglangit", "Blado"),
        ("warga Krengseng minta perahu, banjir", "Gringsing"),
        ("banjir di Denasri", "Batang"),
        ("laka di Kemiri kulon Subah", "Subah"),
        ("laka di Subah, pelaku kabur ke arah Weleri", "Subah"),
        ("begal kabur ke Limpung", None),
        ("warga Limpung laka di Tulis", "Tulis"),
        ("macet dari Plelen sampai Luwes", "Gringsing"),
        ("bandar sabu tertangkap", None),
        ("Pak Candi laka", None),
        ("laka di ujung negoro", "Kandeman"),
        ("laka di Jrakah Payung", "Tulis"),
        ("laka di Gringsng", "Gringsing"),
    ],
)
def test_the_district_is_where_it_happened(analyser: Analyser, text: str, district: str | None) -> None:
    assert analyser.analyse(text).district == district


def test_an_undecided_name_lists_its_candidates(analyser: Analyser) -> None:
    places = analyser.analyse("laka di Wonokerso").places
    assert {place.district for place in places} == {"Limpung", "Kandeman"}
    assert sum(place.score for place in places) <= 1


def test_a_room_settles_an_undecided_name(analyser: Analyser) -> None:
    assert analyser.analyse("laka di Wonokerso", room_districts=("Kandeman", "Tulis")).district == "Kandeman"


def test_a_room_does_not_overrule_what_was_said(analyser: Analyser) -> None:
    assert analyser.analyse("laka di Plelen", room_districts=("Subah",)).district == "Gringsing"


def test_a_place_outside_keeps_its_name(analyser: Analyser) -> None:
    (place,) = analyser.analyse("kebakaran di Weleri").places
    assert (place.name, place.kind, place.district) == ("Weleri", "outside", None)


def test_a_direction_is_listed_but_is_no_scene(analyser: Analyser) -> None:
    places = analyser.analyse("jambret di Subah kabur ke arah Limpung").places
    assert {(place.name, place.role) for place in places} == {("Subah", "scene"), ("Limpung", "direction")}


def test_a_misspelt_name_shows_what_was_heard(analyser: Analyser) -> None:
    (place,) = analyser.analyse("laka di alas roman").places
    assert (place.name, place.heard) == ("Alas Roban", "alas roman")
    assert place.score < 1
