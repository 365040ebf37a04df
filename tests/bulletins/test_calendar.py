"""Holidays in the greeting, and times of the year that add something of their own."""

from __future__ import annotations

import datetime as dt

import pytest
from outside_world import CONTENT, bulletin

from bot.bulletins.holiday import holiday
from bot.bulletins.model import Operation
from bot.markup import render

OPERATION = Operation(
    title="Operasi Lilin",
    text="Pos di Pantura.",
    source="Polda",
    since=dt.date(2025, 12, 20),
    until=dt.date(2026, 1, 2),
    slots=("pagi", "sore"),
    rooms=("ojol",),
)


def said(date: dt.date, slot: str = "pagi", **options) -> str:
    return render(bulletin(None, date=date, slot=slot, **options).markdown).body


def test_a_holiday_is_greeted_by_its_indonesian_name_and_tomorrows_is_told_in_the_evening() -> None:
    assert "Hari ini Hari Kemerdekaan Republik Indonesia." in said(dt.date(2026, 8, 17))
    assert "Besok Hari Kemerdekaan Republik Indonesia." in said(dt.date(2026, 8, 16), "malam")
    assert "Hari ini" not in said(dt.date(2026, 8, 18))


def test_dates_are_indonesian() -> None:
    assert "Senin, 17 Agustus 2026" in said(dt.date(2026, 8, 17))


def test_a_date_that_is_only_an_estimate_is_not_said() -> None:
    import holidays

    names = holidays.country_holidays("ID", years=2027, language="id")
    estimates = [date for date, name in names.items() if "perkiraan" in name]
    assert estimates
    assert [holiday(date) for date in estimates] == [""] * len(estimates)


@pytest.mark.parametrize(
    ("date", "slot", "room", "told"),
    [
        (dt.date(2025, 12, 19), "pagi", "ojol", False),
        (dt.date(2025, 12, 20), "pagi", "ojol", True),
        (dt.date(2026, 1, 2), "sore", "ojol", True),
        (dt.date(2026, 1, 3), "pagi", "ojol", False),
        (dt.date(2025, 12, 25), "malam", "ojol", False),
        (dt.date(2025, 12, 25), "pagi", "nelayan", False),
    ],
)
def test_an_operation_adds_its_part_within_its_dates_slots_and_rooms(date, slot: str, room: str, told: bool) -> None:
    content = CONTENT.model_copy(update={"operations": (OPERATION,)})
    assert ("Operasi Lilin: Pos di Pantura. (Polda)" in said(date, slot, room=room, content=content)) is told


def test_no_operation_is_shipped_whose_dates_nobody_has_set() -> None:
    assert CONTENT.operations == ()
