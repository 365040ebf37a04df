"""Each name that the district's lists hold, said in a report, is heard as that very place."""

from __future__ import annotations

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.gazetteer import Gazetteer, Place
from bot.incidents.placeline import place_line


def heard(analyser: Analyser, text: str) -> set[tuple[str, str, str | None]]:
    analysis = analyser.analyse(text)
    assert analysis.category == "banjir", text
    assert len({place.span for place in analysis.places}) == 1, text
    assert {place.role for place in analysis.places} == {"scene"}, text
    return {(place.name, place.kind, place.code) for place in analysis.places}


def listed(places: tuple[Place, ...]) -> set[tuple[str, str, str | None]]:
    return {(place.name, place.kind, place.code) for place in places}


def likeliest(meanings: tuple[Place, ...]) -> tuple[Place, ...]:
    """Of places with one name in one district: the district, else its villages; in several districts: all of them."""
    if len({place.districts for place in meanings}) > 1:
        return meanings
    for kind in ("district", "village"):
        if found := tuple(place for place in meanings if place.kind == kind):
            return found
    return meanings


@pytest.mark.parametrize("form", ["banjir di {}", "Tolong pak ada banjir di {}, air sepinggang", "di {} banjir"])
@pytest.mark.parametrize("write", [str, str.lower, str.upper])
def test_every_name_and_alias_is_heard_as_that_place_or_listed_as_undecided(
    analyser: Analyser, gazetteer: Gazetteer, form: str, write: type[str]
) -> None:
    wrong = {}
    for key in gazetteer.keys:
        name = gazetteer.written(key)
        if gazetteer.cue(key) == "strong":  # an everyday word: only after "desa"
            name = f"desa {name}"
        text = form.format(write(name))
        found = heard(analyser, text)
        if found != listed(likeliest(gazetteer.meanings(key))):
            wrong[text] = found
    assert not wrong


@pytest.mark.parametrize(("cue", "kind"), [("desa", "village"), ("Desa", "village"), ("kecamatan", "district")])
def test_every_village_and_district_is_found_by_its_kind(
    analyser: Analyser, gazetteer: Gazetteer, cue: str, kind: str
) -> None:
    places = [place for place in gazetteer.places if place.kind == kind]
    assert len(places) in (15, 248)
    missing = [
        place
        for place in places
        if (place.name, place.kind, place.code) not in heard(analyser, f"banjir di {cue} {place.name}")
    ]
    assert not missing


def test_a_name_written_together_with_di_is_that_place(analyser: Analyser, gazetteer: Gazetteer) -> None:
    """ "diklidang lor" once was taken for the harbour (TPI) there."""
    wrong = {}
    for place in gazetteer.places:
        name = place.name.lower()
        joined = f"banjir di{name.replace(' ', '')}"
        for text in (f"banjir di{name}", joined):
            found = {(one.name, one.kind, one.code) for one in analyser.analyse(text).places}
            key = name.replace(" ", "")
            # Not found is no harm (the bot asks where); another place is.
            if text == joined and not found <= listed(gazetteer.meanings(key)):
                wrong[text] = found
    assert wrong.keys() <= {
        # Long names hold other names behind a hyphen.
        "banjir dialun-alunbatang", "banjir ditolbatang-semarang", "banjir dijalanrayareban-sojomerto",
        "banjir dijalurbandar-blado-wonotunggal",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "corrected"),
    [
        ("banjir diklidang lor", "Klidang Lor", "banjir di Klidang Lor"),
        ("banjir diklidanglor", "Klidang Lor", "banjir di Klidang Lor"),
        ("Banjir dikandeman", "Kandeman", "Banjir di Kandeman"),
        ("laka disubah", "Subah", "laka di Subah"),
        ("laka dialas roban", "Alas Roban", "laka di Alas Roban"),
    ],
)
def test_a_joined_name_is_written_apart_beside_what_was_heard(
    analyser: Analyser, text: str, name: str, corrected: str
) -> None:
    (place,) = analyser.analyse(text).places
    assert place.name == name
    assert analyser.hear(text).corrected == corrected


@pytest.mark.parametrize(
    "text",
    ["namanya ditulis di buku", "beras ditimbang dulu", "airnya dikit saja", "orang itu dibandar", "motornya dibawang"],
)
def test_a_verb_is_no_place(analyser: Analyser, text: str) -> None:
    assert analyser.analyse(text).places == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("banjir di Klidang Lor", "Klidang Lor, Kec. Batang"),
        ("banjir di TPI", "TPI Klidang Lor, Kec. Batang"),
        ("banjir di Klidang", "Klidang Wetan/Lor, Kec. Batang"),
        ("banjir di Kemiri", "Kemiri Barat/Timur, Kec. Subah"),
        ("banjir di Proyonanggan", "Proyonanggan Tengah/Utara/Selatan, Kec. Batang"),
        ("banjir di Limpung", "Limpung"),
        ("banjir di Wonokerso", "Wonokerso (Kec. Limpung atau Kandeman?)"),
    ],
)
def test_villages_that_share_a_name_are_both_shown(analyser: Analyser, text: str, line: str) -> None:
    assert place_line(analyser.analyse(text)) == line
