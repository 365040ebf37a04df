"""The format of `flows/local.yaml`, version 1: what only this district knows, filled in by the operator."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.dialogue.model import Language, Name, Part, Phrase, Source, Text, Version


class LocalFact(Part):
    """Something only this district knows. Once it has a value it has dates, as every answer has."""

    about: Phrase
    value: Text | None = None
    source: Phrase | None = None
    """Who or what it was confirmed by: "papan pengumuman loket". Default: the file's."""
    verified_on: date | None = None
    review_by: date | None = None

    @property
    def told_by(self) -> Source:
        """As a citizen reads it below an answer that holds the fact."""
        title = f"{self.source} ({self.about})" if self.source else self.about
        return Source(title=title, seen=None if self.value is not None else "flows/local.yaml")

    @model_validator(mode="after")
    def _later(self) -> LocalFact:
        if self.verified_on is not None and self.review_by is not None and self.review_by <= self.verified_on:
            raise ValueError("review_by must be later than verified_on")
        return self


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
    source: Phrase | None = None
    """Of every fact that names none: who confirms them here."""
    language: Language | None = None
    """Spoken to whoever has not asked for another. Default: the one that the content is written in."""
    facts: dict[Name, LocalFact] = Field(default_factory=dict)
    officer_hours: list[Hours] = Field(default_factory=list)
    """When officers answer citizens who ask for a person; empty: as soon as they can."""

    def told(self) -> dict[str, LocalFact]:
        """The facts, each with its source."""
        return {
            name: fact if fact.source else fact.model_copy(update={"source": self.source})
            for name, fact in self.facts.items()
        }
