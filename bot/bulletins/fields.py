"""What the bulletins' files are made of: times of day, days, names, words, limits within which something is said."""

from __future__ import annotations

import datetime as dt
import re
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
