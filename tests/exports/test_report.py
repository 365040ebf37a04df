from __future__ import annotations

import struct
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from exports_world import FLOOD, HIDDEN, NOON, entries

from bot.exports.entry import Entry
from bot.exports.report import MAX_ENTRIES, Heading, content, period, write_pdf, write_png

DAY = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
HEADING = Heading("Kabupaten Batang", DAY, DAY + timedelta(days=1), NOON, "piket")


def test_a_report_is_a_pdf_and_its_first_page_is_not_blank() -> None:
    assert write_pdf([FLOOD, HIDDEN], HEADING).startswith(b"%PDF-")
    page, empty = write_png([FLOOD] * 20, HEADING), write_png([], HEADING)
    assert page.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", page[16:24])
    assert 1.40 < height / width < 1.43  # A4
    assert len(page) > 2 * len(empty)


def test_the_same_entries_make_the_same_file() -> None:
    assert write_pdf([FLOOD], HEADING) == write_pdf([FLOOD], HEADING)


def test_a_day_is_called_by_its_name() -> None:
    assert period(DAY, DAY + timedelta(days=1)) == "Minggu, 22 November 2026"
    assert period(DAY - timedelta(days=6), DAY + timedelta(days=1)).startswith("Senin, 16 November 2026 sampai Minggu")
    assert period(DAY, NOON) == "Minggu, 22 November 2026 pukul 00.00 sampai Minggu, 22 November 2026 pukul 12.00"
    assert period(None, DAY + timedelta(days=1)) == "sampai Minggu, 22 November 2026"


def test_what_is_private_is_counted_and_not_printed() -> None:
    made = content([FLOOD, HIDDEN], HEADING)
    row = made["entries"][1]
    assert row["text"] == "Perkara pribadi: isinya tidak dicetak."
    assert row["place"] == "Kec. Pecalungan"
    assert row["time"] == "–"
    assert made["urgency"] == [["darurat", 1], ["segera", 1], ["info", 0]]


def test_more_than_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="2001"):
        write_pdf([FLOOD] * (MAX_ENTRIES + 1), HEADING)


@pytest.mark.parametrize("said", ["#panic()", "*a* _b_ $x^2$", "@ref <label>", "\\ // /* ", '#import "x"', "[", "```"])
def test_typsts_own_signs_are_only_words(said: str) -> None:
    marked = replace(FLOOD, text=said, title=said, place=said)
    assert write_pdf([marked], replace(HEADING, printed_by=said)).startswith(b"%PDF-")


@settings(max_examples=25, deadline=None)
@given(st.lists(entries, max_size=3))
def test_whatever_was_said_it_can_be_printed(some: list[Entry]) -> None:
    assert write_pdf(some, HEADING).startswith(b"%PDF-")
