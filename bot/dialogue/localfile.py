"""The format of `flows/local.yaml`, version 1: what only this district knows, filled in by the operator."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.dialogue.model import Name, Part, Phrase, Text, Version


class LocalFact(Part):
    """Something only this district knows."""

    about: Phrase
    value: Text | None = None
    verified_on: date | None = None


DAYS = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
"""As officers write them; Monday first, as `date.weekday` counts."""
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Hours(Part):
    """A stretch of the day on some days, local time."""

    days: list[Literal["senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu"]] = Field(min_length=1)
    since: Clock
    until: Clock
    """Up to "24:00"; a night is written as two entries."""

    @model_validator(mode="after")
    def _forward(self) -> Hours:
        if self.start >= self.end:
            raise ValueError(f"{self.since} is not before {self.until}: write a night as two entries")
        return self

    @property
    def start(self) -> int:
        """Minutes since midnight."""
        return _minutes(self.since)

    @property
    def end(self) -> int:
        """Minutes since midnight."""
        return _minutes(self.until)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


class LocalFile(Part):
    """local.yaml: filled in by the operator."""

    version: Version
    facts: dict[Name, LocalFact] = Field(default_factory=dict)
    officer_hours: list[Hours] = Field(default_factory=list)
    """When officers answer citizens who ask for a person; empty: as soon as they can."""
