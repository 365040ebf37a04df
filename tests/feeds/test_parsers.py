"""What BMKG's answers say, by their documented shapes. The fixtures are made up: no recordings could be had."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds.cap import NAMESPACE, Alert, parse_alert
from bot.feeds.fault import FeedFault
from bot.feeds.forecast import parse_forecast
from bot.feeds.nowcast import Region, concerns, parse_list
from bot.feeds.quakes import parse_quakes

FIXTURES = Path(__file__).parent / "fixtures"
BATANG = Region(
    "Batang",
    (
        "Wonotunggal",
        "Bandar",
        "Blado",
        "Reban",
        "Bawang",
        "Tersono",
        "Gringsing",
        "Limpung",
        "Subah",
        "Tulis",
        "Batang",
    ),
    doubtful=frozenset(("bandar", "bawang", "tulis", "batang")),
    longer=("Batang Hari",),
)
NOON = dt.datetime(2026, 12, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=7)))


def read(name: str) -> bytes:
    return (FIXTURES / f"made_up_{name}").read_bytes()


def alert(description: str, **changes: object) -> Alert:
    return replace(parse_alert(read("alert.xml")), description=description, headline="", polygons=(), **changes)  # type: ignore[arg-type]


# ── forecast ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_forecast_is_its_steps_in_order_with_bmkgs_own_words() -> None:
    found = parse_forecast(read("forecast.json"))
    assert (found.place, found.adm4) == ("Batang", "33.25.11.1015")
    assert found.analysed == dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    assert [step.description for step in found.steps] == ["Berawan", "Hujan Ringan", "Hujan Petir", "Cerah Berawan"]
    assert found.steps[2].rain == 4.1


def test_a_span_takes_in_its_beginning_and_leaves_out_its_end() -> None:
    found = parse_forecast(read("forecast.json"))
    span = found.between(dt.datetime(2026, 12, 1, 0, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC))
    assert [step.at.hour for step in span] == [0, 3]


def test_numbers_that_nature_does_not_do_are_no_numbers() -> None:
    found = parse_forecast(read("forecast.json").replace(b'"t":30', b'"t":"NaN"').replace(b'"hu":74', b'"hu":9999'))
    assert (found.steps[1].temperature, found.steps[1].humidity) == (None, None)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"{}", b'{"data":[]}', b'{"data":[{"cuaca":[[{}]]}]}', b"[" * 9999]
)
def test_what_is_no_forecast_is_refused(raw: bytes) -> None:
    with pytest.raises(FeedFault):
        parse_forecast(raw)


# ── quakes ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_quake_felt_here_is_told_from_one_felt_in_a_place_with_a_longer_name() -> None:
    ours, theirs = parse_quakes(read("felt.json"))
    assert (ours.magnitude, ours.depth, ours.felt_in(["Batang"])) == (4.6, 12.0, "III")
    assert ours.felt_in(["Pekalongan"]) == "II"
    assert theirs.felt_in(["Batang"]) is None


def test_the_newest_comes_as_one_object_and_an_intensity_holds_for_several_names() -> None:
    (quake,) = parse_quakes(read("newest.json"))
    assert quake.felt == (("III", "Batang"), ("III", "Kendal"))
    assert quake.potential == "Tidak berpotensi tsunami"
    assert quake.key == parse_quakes(read("felt.json"))[0].key, "one quake in two lists"


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"{}", b'{"Infogempa":{"gempa":[]}}', b'{"Infogempa":{"gempa":[7,null]}}']
)
def test_what_is_no_quake_is_refused(raw: bytes) -> None:
    with pytest.raises(FeedFault):
        parse_quakes(raw)


# ── warnings ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_leads_to_alerts_and_to_nothing_else() -> None:
    items = parse_list(read("list.xml"))
    assert [item.guid for item in items] == ["CJG20261201005", "CAC20261201002"]
    assert items[0].published == NOON.replace(hour=13, minute=40)
    assert items[1].published is None


def test_an_alert_is_read_in_the_language_of_the_people_here() -> None:
    found = parse_alert(read("alert.xml"))
    assert found.event == "Hujan Lebat disertai Petir"
    assert (found.meant, found.kind, found.over(NOON), found.over(NOON.replace(hour=17))) == (
        True,
        "Alert",
        False,
        True,
    )
    assert found.polygons[0][0] == (-6.9, 109.6)


def test_the_districts_are_those_behind_our_regencys_name() -> None:
    found = concerns(parse_alert(read("alert.xml")), BATANG)
    assert found is not None
    assert found.districts == ("Blado", "Reban", "Bawang")


@pytest.mark.parametrize(
    "text",
    [
        "khususnya di Kab. Banjarnegara: Bawang, Kalibening; Kab. Pekalongan: Doro",
        "hujan lebat di Bawang dan Bandar",
        "KAB. BATANG HARI: MERSAM",
        "Kab. Kendal: Subah Baru",
        "hujan lebat di Jawa Tengah",
    ],
)
def test_names_that_others_have_as_well_are_not_ours_alone(text: str) -> None:
    assert concerns(alert(text), BATANG) is None


@pytest.mark.parametrize(
    ("text", "districts"),
    [
        ("khususnya di Wonotunggal, Bandar, Blado", ("Wonotunggal", "Bandar", "Blado")),
        ("WILAYAH KABUPATEN BATANG DAN SEKITARNYA", ()),
        ("kab.batang: tersono,gringsing", ("Tersono", "Gringsing")),
        ("Kab. Kendal: Weleri; Kabupaten Batang: Gringsing, Batang; Kota Pekalongan", ("Gringsing", "Batang")),
    ],
)
def test_our_regency_is_found_however_it_is_written(text: str, districts: tuple[str, ...]) -> None:
    found = concerns(alert(text), BATANG)
    assert found is not None
    assert found.districts == districts


def test_a_shape_over_one_of_our_places_concerns_us_and_one_beside_it_does_not() -> None:
    shaped = replace(parse_alert(read("alert.xml")), description="", headline="", areas=())
    here, elsewhere = replace(BATANG, points=((-7.0, 109.8),)), replace(BATANG, points=((-7.0, 110.4),))
    assert concerns(shaped, here) is not None
    assert concerns(shaped, elsewhere) is None


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><alert xmlns="'
    + NAMESPACE.encode()
    + b'"><identifier>&c;</identifier></alert>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE alert SYSTEM "http://example.invalid/x.dtd"><alert xmlns="'
    + NAMESPACE.encode()
    + b'"/>'
)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe\x00", b"<alert/>", b"<a><b></a>", BOMB, OUTSIDE, b"<a>" * 50_000, b"x" * 1_000_001,
        b'<?xml version="1.0" encoding="KLINGON"?><alert/>', b'{"alert":1}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("parse", [parse_alert, parse_list])
def test_hostile_and_broken_documents_are_refused(raw: bytes, parse: object) -> None:
    with pytest.raises(FeedFault):
        parse(raw)  # type: ignore[operator]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "us-ascii"])
def test_other_encodings_are_read_as_they_declare_themselves(encoding: str) -> None:
    text = read("alert.xml").decode().replace('encoding="UTF-8"', f'encoding="{encoding}"')
    assert parse_alert(text.encode(encoding)).event == "Hujan Lebat disertai Petir"


def test_a_time_without_its_offset_and_an_alert_without_words_are_refused() -> None:
    raw = read("alert.xml")
    for harm in (
        raw.replace(b"<sent>2026-12-01T13:40:00+07:00", b"<sent>2026-12-01T13:40:00"),
        raw.replace(b"<msgType>Alert", b"<msgType>Ack"),
        raw[: raw.index(b"<info>")] + b"</alert>",
    ):
        with pytest.raises(FeedFault):
            parse_alert(harm)


def test_a_cancel_names_what_it_takes_back() -> None:
    raw = read("alert.xml")
    raw = raw[: raw.index(b"<info>")].replace(b"<msgType>Alert", b"<msgType>Cancel")
    found = parse_alert(raw + b"<references>n@x,one,2026-12-01T13:40:00+07:00 broken n@x,two,2026</references></alert>")
    assert (found.kind, found.references) == ("Cancel", ("n@x,one", "n@x,two"))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_fault(raw: bytes) -> None:
    for parse in (parse_alert, parse_list, parse_forecast, parse_quakes):
        with contextlib.suppress(FeedFault):
            parse(raw)


@given(st.text(max_size=300))
def test_no_text_of_an_alert_breaks_the_search_for_our_regency(text: str) -> None:
    found = concerns(alert(text), BATANG)
    assert found is None or set(found.districts) <= set(BATANG.districts)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "data",
                        "cuaca",
                        "lokasi",
                        "Infogempa",
                        "gempa",
                        "DateTime",
                        "Magnitude",
                        "Dirasakan",
                        "utc_datetime",
                        "weather_desc",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=30,
    )
)
def test_no_json_raises_anything_but_a_fault(value: object) -> None:
    for parse in (parse_forecast, parse_quakes):
        with contextlib.suppress(FeedFault):
            parse(json.dumps(value).encode())
