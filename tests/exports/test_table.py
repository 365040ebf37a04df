from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from exports_world import FLOOD, HIDDEN, entries

from bot.exports.entry import Entry
from bot.exports.table import BOM, COLUMNS, write_csv


def rows(*some: Entry, delimiter: str = ",") -> list[dict[str, str]]:
    text = b"".join(write_csv(some, delimiter=delimiter)).decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=delimiter))


def test_one_incident_is_one_row_under_its_headings() -> None:
    [row] = rows(FLOOD)
    assert tuple(row) == COLUMNS
    assert row["nomor"] == "7"
    assert row["waktu"] == "2026-11-22 12:00"
    assert row["kode"] == "33.25.09.2008"
    assert (row["lintang"], row["bujur"]) == ("-6.95", "109.87")
    assert row["laporan"] == "2"


def test_what_is_private_has_a_day_and_a_district_and_no_words() -> None:
    [row] = rows(HIDDEN)
    assert row["isi"] == "(pribadi)"
    assert row["waktu"] == "2026-11-22"
    assert row["tempat"] == row["lintang"] == row["kanal"] == ""
    assert row["kecamatan"] == "Pecalungan"


@pytest.mark.parametrize("start", ["=1+1", "+62", "-1", "@SUM(A1)", "\t=1", "\r=1", " \n=cmd|' /C calc'!A0", "＝1+1"])
def test_nothing_that_people_wrote_begins_a_formula(start: str) -> None:
    [row] = rows(replace(FLOOD, text=start, place=start, title=start))
    for name in ("isi", "tempat", "judul"):
        assert row[name][0] == "'"


def test_spreadsheets_set_to_indonesian_take_semicolons() -> None:
    [row] = rows(replace(FLOOD, text="a;b,c"), delimiter=";")
    assert row["isi"] == "a;b,c"


@given(st.lists(entries, max_size=4))
def test_whatever_was_said_rows_and_columns_stay_whole(some: list[Entry]) -> None:
    found = rows(*some)
    assert [row["nomor"] for row in found] == [str(entry.id) for entry in some]
    for row in found:
        assert set(row) == set(COLUMNS)
        assert not any(value.startswith(("=", "+", "@", "\t")) for value in row.values())
        assert all("\n" not in value and "\r" not in value for value in row.values())
