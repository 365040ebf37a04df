"""rooms/piket.yaml: who is on duty, when a report that nobody takes is told again, what one person may send. Pure."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from bot.problem import ContentError, Problem, Severity
from bot.rooms.model import Part, Person, Rooms, full_id
from bot.yamlfile import Document, read, validate

ROSTER = "piket.yaml"
Day = Literal["senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu"]
DAYS: tuple[Day, ...] = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
_DAY = 24 * 60
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Shift(Part):
    """People on duty on some days, local time; `until` at or before `since` is on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    since: Clock
    until: Clock
    members: Annotated[tuple[Person, ...], Field(min_length=1)]

    def covers(self, local: datetime) -> bool:
        """Whether they are on duty then; a night belongs to the day on which it begins."""
        minute, start, end = local.hour * 60 + local.minute, _minutes(self.since), _minutes(self.until)
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        if start < end:
            return today in self.days and start <= minute < end
        return (today in self.days and minute >= start) or (yesterday in self.days and minute < end)


class Limits(Part):
    """What one person may send before their reports stop ringing."""

    reports: Annotated[int, Field(ge=1, le=1000)] = 12
    """Reports of one person …"""
    minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """… within so many minutes."""
    block_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long `blokir` lasts when the officer does not say."""


class Roster(Part):
    """piket.yaml."""

    remind_minutes: Annotated[int, Field(ge=1, le=240)] = 5
    """A darurat card that nobody has taken is told again after so long …"""
    escalate_minutes: Annotated[int, Field(ge=2, le=480)] = 10
    """… and to `escalate_to` after so long."""
    shifts: tuple[Shift, ...] = ()
    escalate_to: tuple[Person, ...] = ()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _in_order(self) -> Roster:
        if self.escalate_minutes <= self.remind_minutes:
            raise ValueError("escalate_minutes must be more than remind_minutes")
        return self

    def on_duty(self, local: datetime, server_name: str) -> tuple[str, ...]:
        """User ids of those on duty at a local time, in the order of the file."""
        people = (person for shift in self.shifts if shift.covers(local) for person in shift.members)
        return tuple(dict.fromkeys(full_id(person, server_name) for person in people))

    def above(self, server_name: str) -> tuple[str, ...]:
        """User ids of those who are told when nobody on duty takes a report."""
        return tuple(dict.fromkeys(full_id(person, server_name) for person in self.escalate_to))


def load_roster(folder: Path, rooms: Rooms | None = None) -> tuple[Roster, list[Problem]]:
    """The roster and warnings about it; without the file nobody is on duty. Raises ContentError."""
    file = folder / ROSTER
    if not file.exists():
        return Roster(), []
    document = read(file)
    roster = validate(document, Roster)
    problems: list[Problem] = []
    if rooms is not None:
        listed = {one.person.split(":", 1)[0] for one in rooms.officers if one.works_in(rooms.operations)}
        groups = [(("shifts", index, "members"), shift.members) for index, shift in enumerate(roster.shifts)]
        for where, people in [*groups, (("escalate_to",), roster.escalate_to)]:
            problems += [
                document.problem((*where, index), f"{person} is no officer of the operations room in officers.yaml")
                for index, person in enumerate(people)
                if person.split(":", 1)[0] not in listed
            ]
    if problems:
        raise ContentError(problems)
    return roster, _holes(document, roster)


def _holes(document: Document, roster: Roster) -> list[Problem]:
    """Hours of the week in which nobody is on duty, if there is a roster at all."""
    if not roster.shifts:
        return []
    week = [datetime(2024, 1, 1 + day, minute // 60, minute % 60) for day in range(7) for minute in range(0, _DAY, 5)]
    empty = [moment for moment in week if not any(shift.covers(moment) for shift in roster.shifts)]
    if not empty:
        return []
    first = f"{DAYS[empty[0].weekday()]} {empty[0]:%H:%M}"
    message = f"nobody is on duty for {len(empty) * 5 / 60:.1f} hours a week, first on {first}"
    return [Problem(document.path, document.line(("shifts",)), message, Severity.WARNING)]


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
