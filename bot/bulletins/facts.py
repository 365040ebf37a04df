"""What is known at the time of a bulletin. A source that is absent is `None`, never an empty guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.feeds.nowcast import Region


@dataclass(frozen=True)
class Count:
    """How many incidents of a kind an officer has confirmed in a district."""

    category: str
    district: str | None
    number: int


@dataclass(frozen=True)
class Statistics:
    """Incidents confirmed after `since` and up to `until`; those found false or double are not in it."""

    since: dt.datetime
    until: dt.datetime
    counts: tuple[Count, ...] = ()
    unconfirmed: Mapping[str, int] = field(default_factory=dict)
    """Category → reports of that time that nobody has looked through: for officers' eyes."""


@dataclass(frozen=True)
class Note:
    """An officer's words for this bulletin."""

    text: str
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Reading:
    """What a source outside the house last said."""

    raw: bytes | None
    """Its last good answer; `None` when there never was one."""
    confirmed: dt.datetime | None = None
    """When it last said so."""
    error: str | None = None
    """Our own words on the last try, when that failed."""


@dataclass(frozen=True)
class Obstacle:
    """A verified incident that is not over yet and stands in the way of others: no words, no persons."""

    category: str
    district: str | None
    roads: tuple[str, ...]
    """Names of the gazetteer."""
    since: dt.datetime


@dataclass(frozen=True)
class Facts:
    """Everything from outside the files."""

    now: dt.datetime
    """Aware; whether the bulletin is late, and ages, are told against it."""
    statistics: Statistics | None = None
    notes: tuple[Note, ...] = ()
    since: dt.datetime | None = None
    """The slot before this one."""
    until: dt.datetime | None = None
    """The slot after this one."""
    readings: Mapping[str, Reading] | None = None
    """By the source's name (`bot.bulletins.asked`)."""
    region: Region | None = None
    obstacles: tuple[Obstacle, ...] | None = None
    told: Mapping[str, int] | None = None
    """Tip → when this channel last heard it; what is not in it was never told."""
    seen: dt.datetime | None = None
    """When the sources were looked at, if that was not `now`: the preview of another hour's bulletin."""
