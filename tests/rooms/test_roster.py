"""Who is on duty when; every mistake in piket.yaml is told with its line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rooms_world import ROOMS

from bot.problem import ContentError
from bot.rooms.loader import load_rooms
from bot.rooms.roster import Roster, load_roster

SHIPPED = Path(__file__).parents[2] / "rooms"
WIB = ZoneInfo("Asia/Jakarta")
OFFICERS = """
roles:
  petugas: {title: Petugas, power: 50, members: ["@budi", "@sari"]}
  kanal: {title: Kanal, power: 50, rooms: [ojol], members: ["@ojol"]}
"""
WEEK = """
shifts:
  - {since: "07:00", until: "19:00", members: ["@budi"]}
  - {days: [jumat], since: "19:00", until: "07:00", members: ["@sari:ex.org", "@budi"]}
"""


def at(day: int, clock: str) -> datetime:
    """A day of the week of Monday 5 January 2026, and a time."""
    return datetime.fromisoformat(f"2026-01-{4 + day:02d}T{clock}").replace(tzinfo=WIB)


def roster(folder: Path, text: str, *, officers: str | None = None) -> tuple[Roster, list[str]]:
    (folder / "piket.yaml").write_text(text)
    rooms = None
    if officers is not None:
        (folder / "rooms.yaml").write_text(ROOMS)
        (folder / "officers.yaml").write_text(officers)
        rooms = load_rooms(folder)
    found, warnings = load_roster(folder, rooms)
    return found, [str(one).removeprefix(f"{folder}/") for one in warnings]


def problems(folder: Path, text: str, *, officers: str | None = None) -> list[str]:
    with pytest.raises(ContentError) as caught:
        roster(folder, text, officers=officers)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("when", "people"),
    [
        (at(1, "06:59"), ()),
        (at(1, "07:00"), ("@budi:ex.org",)),
        (at(1, "19:00"), ()),
        (at(5, "19:00"), ("@sari:ex.org", "@budi:ex.org")),
        (at(6, "06:59"), ("@sari:ex.org", "@budi:ex.org")),
        (at(6, "07:00"), ("@budi:ex.org",)),
        (at(7, "06:59"), ()),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(tmp_path: Path, when: datetime, people: tuple[str, ...]) -> None:
    assert roster(tmp_path, WEEK)[0].on_duty(when, "ex.org") == people


def test_without_a_file_nobody_is_on_duty(tmp_path: Path) -> None:
    assert load_roster(tmp_path) == (Roster(), [])


def test_the_shipped_file_loads_and_names_nobody() -> None:
    found, warnings = load_roster(SHIPPED, load_rooms(SHIPPED))
    assert (found.shifts, found.escalate_to, warnings) == ((), (), [])


def test_hours_in_which_nobody_is_on_duty_are_a_warning(tmp_path: Path) -> None:
    [warning] = roster(tmp_path, WEEK)[1]
    assert "72.0 hours a week, first on senin 00:00" in warning
    assert roster(tmp_path, 'shifts: [{since: "00:00", until: "24:00", members: ["@a"]}]')[1] == []
    assert roster(tmp_path, 'shifts: [{since: "07:00", until: "07:00", members: ["@a"]}]')[1] == []


def test_on_duty_are_officers_of_the_operations_room(tmp_path: Path) -> None:
    assert roster(tmp_path, WEEK, officers=OFFICERS)[0].shifts
    text = 'shifts:\n  - {since: "07:00", until: "19:00", members: ["@ojol"]}\nescalate_to: ["@siapa"]\n'
    assert problems(tmp_path, text, officers=OFFICERS) == [
        "piket.yaml:2: @ojol is no officer of the operations room in officers.yaml",
        "piket.yaml:3: @siapa is no officer of the operations room in officers.yaml",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('shifts: [{since: "7:00", until: "19:00", members: ["@a"]}]', "since"),
        ('shifts: [{since: "07:00", until: "19:00", members: []}]', "members"),
        ('shifts: [{days: [senen], since: "07:00", until: "19:00", members: ["@a"]}]', "days"),
        ("remind_minutes: 10\nescalate_minutes: 10", "escalate_minutes must be more than remind_minutes"),
        ("limits: {reports: 0}", "limits.reports"),
        ("piket: []", "unknown key 'piket'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    found = problems(tmp_path, text)
    assert any(what in one for one in found)
    assert all(one.startswith("piket.yaml:") for one in found)
