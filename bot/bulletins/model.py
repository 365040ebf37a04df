"""The schedule and texts of bulletins as their files describe them, and what a bulletin is made from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

DAYS = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
NAME = r"^[a-z][a-z0-9_\-]{0,31}$"
NOTE_CHARACTERS = 500


def _time(value: Any) -> Any:
    """HH:MM or HH.MM. YAML 1.1 reads an unquoted 15:30 as 930 (base 60): undone here. 07:00 stays text."""
    if isinstance(value, bool | float):
        raise ValueError('write the time in quotes, as "07:00"')
    if isinstance(value, int) and 0 <= value < 24 * 60:
        return dt.time(value // 60, value % 60)
    if isinstance(value, str):
        match = re.fullmatch(r"([01]?\d|2[0-3])[:.]([0-5]\d)", value.strip())
        if match:
            return dt.time(int(match[1]), int(match[2]))
    if isinstance(value, dt.time):
        return value
    raise ValueError('not a time of day; write it as "07:00"')


def _weekday(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in DAYS:
        return DAYS.index(value.lower())
    raise ValueError(f"not a day; one of {', '.join(DAYS)}")


Time = Annotated[dt.time, BeforeValidator(_time)]
Weekday = Annotated[int, BeforeValidator(_weekday)]
"""0 is Monday."""
Name = Annotated[str, StringConstraints(pattern=NAME)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_CHARACTERS)]


class Part(BaseModel):
    """Base: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Slot(Part):
    """A time of day at which channels are spoken to."""

    time: Time
    title: str
    template: str
    """File in rooms/templates/."""
    days: tuple[Weekday, ...] = tuple(range(7))


class Override(Part):
    """What one room does differently for a slot."""

    time: Time | None = None
    template: str | None = None
    days: tuple[Weekday, ...] | None = None


class QuietDate(Part):
    """A date without bulletins."""

    date: dt.date
    why: Words


class Period(Part):
    """Limits within which something is said; unset means always and everywhere."""

    since: dt.date | None = None
    until: dt.date | None = None
    """Inclusive."""
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    slots: tuple[Name, ...] = ()
    rooms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.since and self.until and self.until < self.since:
            raise ValueError("'until' lies before 'since'")
        return self

    def holds(self, date: dt.date, slot: str, room: str) -> bool:
        """Whether it is to be said then and there."""
        return (
            (self.since is None or self.since <= date)
            and (self.until is None or date <= self.until)
            and (not self.months or date.month in self.months)
            and (not self.slots or slot in self.slots)
            and (not self.rooms or room in self.rooms)
        )


class DatedNote(Period):
    """Something that officers want said for some days."""

    text: Words


class Tip(Period):
    """One piece of advice."""

    text: Words
    source: Words
    """Law, agency or page that it rests on."""
    checked: dt.date
    """When somebody last compared it with its source."""


class BulletinsFile(Part):
    """bulletins.yaml."""

    emergency: Annotated[str, StringConstraints(pattern=r"^\d{3,}$")]
    """Number that every bulletin ends with."""
    slots: dict[Name, Slot] = Field(min_length=1)
    rooms: dict[str, dict[Name, Override]] = {}
    quiet_dates: tuple[QuietDate, ...] = ()
    withheld: tuple[str, ...] = ()
    """Categories never counted in public."""
    notes: tuple[DatedNote, ...] = ()


class TipsFile(Part):
    """tips.yaml."""

    tips: tuple[Tip, ...]


class Bulletins(Part):
    """Everything that a bulletin is made from but the day's facts."""

    emergency: str
    slots: Mapping[str, Slot]
    rooms: Mapping[str, Mapping[str, Override]]
    quiet_dates: Mapping[dt.date, str]
    withheld: frozenset[str]
    notes: tuple[DatedNote, ...]
    tips: tuple[Tip, ...]
    templates: Mapping[str, str]
    """File name → text."""

    def slot(self, name: str, room: str) -> Slot:
        """A slot as it is in one room. Raises KeyError for an unknown slot."""
        base = self.slots[name]
        override = self.rooms.get(room, {}).get(name)
        return base.model_copy(update=override.model_dump(exclude_none=True)) if override else base

    def times(self) -> set[dt.time]:
        """Every time of day at which something may be due."""
        own = {slot.time for slot in self.slots.values()}
        return own | {one.time for slots in self.rooms.values() for one in slots.values() if one.time}
