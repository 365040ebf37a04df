from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis, without_words
from bot.incidents.loader import load_rules
from bot.incidents.moments import WIB
from bot.incidents.particulars import Counted
from bot.language.mask import mask
from bot.problem import ContentError

ROOT = Path(__file__).parents[2]
WHEN = datetime(2026, 11, 22, 14, 5, tzinfo=WIB)


def counts(found: tuple[Counted, ...]) -> dict[str, int | None]:
    return {one.kind: one.count for one in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tiga orang luka satu meninggal dunia", {"luka": 3, "meninggal": 1}),
        ("korban dua orang", {"korban": 2}),
        ("ada korban", {"korban": None}),
        ("tidak ada korban jiwa", {"meninggal": 0}),
        ("tidak ada korban", {"korban": 0}),
        ("tidak ada yang luka", {"luka": 0}),
        ("banyak penumpang luka", {"luka": None}),
        ("dua puluh tiga orang luka luka", {"luka": 23}),
        ("sopirnya terjepit", {"terjebak": 1}),
        ("jam tiga dua orang tenggelam", {"hilang": 2}),
        ("anak hilang", {"hilang": 1}),
        ("motor hilang", {}),
        ("wong loro tatu", {"luka": 2}),
        ("5 rumah rusak", {}),
    ],
)
def test_victims_are_counted_where_the_number_stands_beside_them(
    analyser: Analyser, text: str, expected: dict[str, int | None]
) -> None:
    assert counts(analyser.analyse(text).particulars.victims) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dua truk tronton dan satu motor beat", {"truk": 2, "motor": 1}),
        ("tiga unit mobil tabrakan", {"mobil": 3}),
        ("bus nyungsep", {"bus": None}),
        ("laka di jalan raya", {}),
    ],
)
def test_vehicles_are_counted(analyser: Analyser, text: str, expected: dict[str, int | None]) -> None:
    assert counts(analyser.analyse(text).particulars.vehicles) == expected


def test_a_plate_is_found_and_leaves_only_as_a_span(analyser: Analyser) -> None:
    text = "ditabrak Avanza G 1234 AB kabur"
    found = analyser.analyse(text).particulars
    assert [text[start:end] for start, end in found.plates] == ["G 1234 AB"]
    assert "1234" not in json.dumps(found.to_json())


def test_numbers_that_are_read_out_are_hidden_like_written_ones() -> None:
    assert mask("hubungi nol delapan satu dua tiga empat lima enam tujuh delapan ya") == "hubungi [nomor] ya"
    assert (
        mask("nik saya tiga tiga dua lima nol satu 0 1 satu nol sembilan nol kosong satu satu dua")
        == "nik saya [nomor]"
    )
    assert mask("ada satu dua tiga empat orang") == "ada satu dua tiga empat orang"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("delapan enam ndan", [("8-6", "delapan enam")]),
        ("siap 86", [("8-6", "86")]),
        ("3-3 L di Plelen", [("3-3-L", "3-3 L")]),
        ("tiga tiga di Plelen", [("3-3", "tiga tiga")]),
        ("kode 34", [("3-4", "34")]),
        ("wilayah TKA", [("tka", "TKA")]),
        ("ada 33 orang", []),
        ("3 3 orang luka", []),
        ("rt 3 3 rumah", []),
        ("hp 0 8 6 5", []),
        ("motor 86 unit", []),
    ],
)
def test_radio_codes_are_shown(analyser: Analyser, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.code, one.words) for one in analyser.analyse(text).particulars.codes] == expected


@pytest.mark.parametrize("code", ["3-3", "3-4", "5-2", "6-1", "6-5", "tiga tiga L"])
def test_no_code_alone_decides_anything(analyser: Analyser, code: str) -> None:
    with_code, without = analyser.analyse(f"{code} di Subah"), analyser.analyse("anu di Subah")
    assert (with_code.category, with_code.urgency) == (without.category, without.urgency)


def test_a_code_says_that_lists_differ(analyser: Analyser) -> None:
    (code,) = analyser.analyse("3-3-K di Subah").particulars.codes
    assert code.doubtful
    assert "berbeda" in code.note


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("laka di kilometer tiga enam puluh", "Rest area KM 360 B"),
        ("laka di km tiga ratus enam puluh", "Rest area KM 360 B"),
        ("laka di km 360", "Rest area KM 360 B"),
    ],
)
def test_a_kilometre_is_the_same_in_words_and_digits(analyser: Analyser, text: str, name: str) -> None:
    assert [place.name for place in analyser.analyse(text).places] == [name]


@pytest.mark.parametrize("number", ["112", "satu satu dua", "seratus dua belas"])
def test_an_emergency_number_is_the_same_in_words_and_digits(analyser: Analyser, number: str) -> None:
    assert analyser.analyse(f"telepon {number} tidak diangkat").category == "keluhan"


def test_what_was_found_survives_being_stored(analyser: Analyser) -> None:
    text = "3-3-L barusan di pelelen Gringsing dua orang luka truk G 1234 AB"
    analysis = analyser.analyse(text, when=WHEN)
    assert Analysis.from_json(json.loads(json.dumps(analysis.to_json()))).to_json() == analysis.to_json()


def test_nothing_is_left_of_the_words_of_a_message_that_is_gone(analyser: Analyser) -> None:
    text = "3-3-L barusan di pelelen Gringsing dua orang luka truk G 1234 AB"
    row = without_words(analyser.analyse(text, when=WHEN).to_json())
    kept = json.dumps(row)
    assert not any(word in kept for word in ("pelelen", "dua orang", "barusan", "3-3", "1234"))
    assert (row["category"], row["district"]) == ("medis", "Gringsing")
    # A new field that quotes must be added to those that are emptied.
    fixed = {"category", "urgency", "district", "report", "about", "private", "title", "about_title", "text"}
    assert all(value == [] for name, value in row.items() if name not in fixed)


def test_what_an_older_version_stored_is_read(analyser: Analyser) -> None:
    row = analyser.analyse("laka di Subah").to_json()
    for name in ("victims", "vehicles", "plates", "times", "codes", "corrections"):
        del row[name]
    assert Analysis.from_json(row).particulars.victims == ()


def test_a_slip_in_the_lists_is_told_with_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "flows" / "incidents", tmp_path / "incidents"))
    for name, old, new in (
        ("particulars.yaml", "  meninggal: [", "  mati: ["),
        ("codes.yaml", '{code: "3-4"', '{code: "3-3"'),
    ):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load_rules(folder)
    told = "\n".join(map(str, error.value.problems))
    assert "particulars.yaml:5" in told
    assert "'3-3' is listed twice" in told


PIECES = [
    "tiga",
    "orang",
    "luka",
    "korban",
    "tidak",
    "ada",
    "satu",
    "meninggal",
    "G",
    "1234",
    "AB",
    "motor",
    "3-3",
    "L",
    "delapan",
    "enam",
    "km",
    "puluh",
    "jam",
    "tadi",
    "malam",
    "?",
    ".",
    ",",
    "0812",
    "3456",
    "7890",
    "hilang",
    "jiwa",
    "banyak",
    "sopir",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=120), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)))
def test_no_text_breaks_the_reading_and_every_span_lies_inside_it(analyser: Analyser, text: str) -> None:
    analysis = analyser.analyse(text, when=WHEN)
    found = analysis.particulars
    for one in (*found.victims, *found.vehicles, *found.moments, *found.codes):
        assert text[one.span[0] : one.span[1]] == one.words
    for start, end in found.plates:
        assert 0 <= start < end <= len(text)
    assert Analysis.from_json(json.loads(json.dumps(analysis.to_json()))).to_json() == analysis.to_json()
