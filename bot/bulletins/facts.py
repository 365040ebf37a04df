"""What is known at the time of a bulletin. A source that is absent is `None`, never an empty guess."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """How many incidents of a kind in a district."""

    category: str
    district: str | None
    verified: bool
    """An officer has confirmed them."""
    number: int


@dataclass(frozen=True)
class Statistics:
    """Incidents reported after `since` and up to `until`; those found false or double are not in it."""

    since: dt.datetime
    until: dt.datetime
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True)
class Note:
    """An officer's words for this bulletin."""

    text: str
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Facts:
    """Everything from outside the files."""

    now: dt.datetime
    """Aware; ages are told against it."""
    statistics: Statistics | None = None
    notes: tuple[Note, ...] = ()
