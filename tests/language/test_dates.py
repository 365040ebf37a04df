"""Days as people name them, on a Sunday: 22 November 2026."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.dates import named_day

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("hari ini", TODAY),
        ("besok pak", date(2026, 11, 23)),
        ("sesuk", date(2026, 11, 23)),
        ("lusa", date(2026, 11, 24)),
        ("besok lusa", date(2026, 11, 24)),
        ("3 hari lagi", date(2026, 11, 25)),
        ("dua minggu lagi", date(2026, 12, 6)),
        ("rong minggu", None),
        ("minggu depan", date(2026, 11, 29)),
        ("hari minggu", date(2026, 11, 29)),
        ("jum'at depan", date(2026, 11, 27)),
        ("Sabtu", date(2026, 11, 28)),
        ("malem setu", date(2026, 11, 28)),
        ("12 maret", date(2027, 3, 12)),
        ("tanggal 12 Maret 2027 insyaallah", date(2027, 3, 12)),
        ("dua belas desember", date(2026, 12, 12)),
        ("30 nov", date(2026, 11, 30)),
        ("tgl 5", date(2026, 12, 5)),
        ("tanggal 31", date(2026, 12, 31)),
        ("12/3", date(2027, 3, 12)),
        ("12-03-2027", date(2027, 3, 12)),
        ("1.2.27", date(2027, 2, 1)),
        ("2027-03-12", date(2027, 3, 12)),
        ("22 november", TODAY),
    ],
)
def test_a_day_is_the_next_such_one_to_come(text: str, day: date | None) -> None:
    assert named_day(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    ["", "nanti", "belum tahu", "31 februari", "32/1", "12", "30/2/2027", "seminggu sekali", "mart", "99 hari", "0/0"],
)
def test_what_names_no_day_of_the_calendar_is_none(text: str) -> None:
    assert named_day(text, TODAY) is None


@given(st.text(), st.dates(date(2000, 1, 1), date(2900, 1, 1)))
def test_no_text_raises(text: str, today: date) -> None:
    named_day(text, today)


@given(st.dates(date(2026, 11, 22), TODAY + timedelta(days=3650)))
def test_a_day_written_out_in_full_is_that_day(day: date) -> None:
    assert named_day(f"{day.day}/{day.month}/{day.year}", TODAY) == day
