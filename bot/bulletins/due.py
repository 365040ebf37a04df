"""Which bulletins are due at a moment. Pure: what was decided before comes in, what is to be decided goes out.

The key is (slot, local date, room). A slot that was missed is still sent within the grace time, and later is
recorded as skipped; nothing is due twice, whatever the clock, the timezone or the schedule did in between.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.bulletins.model import Bulletins

LOOK_BACK = dt.timedelta(days=2)
"""Looked over each time, whatever was looked over before: a clock that ran ahead must not hide what it ran past."""

LONGEST = dt.timedelta(days=62)
"""After a longer sleep older slots are not recorded any more."""

Key = tuple[str, str, str]
"""(slot, local date YYYY-MM-DD, room id)."""


class Act(StrEnum):
    """What is to be done about a slot."""

    SEND = "send"
    SKIP = "skip"


class Reason(StrEnum):
    """Why a slot is skipped; stored."""

    MISSED = "missed"
    """Nobody was there until after the grace time."""
    QUIET = "quiet"
    """A date without bulletins."""
    BROKEN = "broken"
    """Its template could not be rendered."""
    OFFICER = "officer"
    """An officer said so; their reason stands with the preview."""
    UNANSWERED = "unanswered"
    """No officer said that it goes out, and the files want one to."""
    UNDELIVERED = "undelivered"
    """It was to be sent, and the homeserver did not take it within the grace time."""


@dataclass(frozen=True)
class Target:
    """A room that is spoken to."""

    name: str
    """In rooms/; "" for a DM that gets a private copy."""
    room_id: str
    title: str
    slots: tuple[str, ...]
    since: Mapping[str, int] = field(default_factory=dict)
    """Slot → since when it is wanted, milliseconds; where it is not known, since it was first seen here."""


@dataclass(frozen=True)
class Due:
    """A slot of a room that has come and is not decided yet."""

    slot: str
    date: dt.date
    target: Target
    at: dt.datetime
    """Aware, UTC."""
    since: dt.datetime
    """The slot before it in this room: what happened after that is news."""
    act: Act
    reason: Reason | None = None

    @property
    def key(self) -> Key:
        """What makes it one bulletin."""
        return key(self.slot, self.date, self.target.room_id)


def key(slot: str, date: dt.date, room_id: str) -> Key:
    """The identity of a bulletin."""
    return (slot, date.isoformat(), room_id)


def due(
    bulletins: Bulletins,
    targets: Sequence[Target],
    now: dt.datetime,
    *,
    zone: ZoneInfo,
    grace: dt.timedelta,
    decided: Collection[Key],
    watched: Mapping[tuple[str, str], dt.datetime],
    looked: dt.datetime | None = None,
) -> list[Due]:
    """What has come and is not decided, oldest first; private copies after the channels.

    `watched`: (slot, room id) → since when we are responsible for it; what lies before is not ours to skip.
    `looked`: when this was asked last; the time in between is gone over as well.
    """
    start = window(now, looked)
    found: list[Due] = []
    for target in targets:
        for slot, date, at in occurrences(bulletins, target, start, now, zone):
            responsible = watched.get((slot, target.room_id))
            if key(slot, date, target.room_id) in decided or responsible is None or at <= responsible:
                continue
            act, reason = Act.SEND, None
            if date in bulletins.quiet_dates:
                act, reason = Act.SKIP, Reason.QUIET
            elif now - at >= grace:
                act, reason = Act.SKIP, Reason.MISSED
            found.append(Due(slot, date, target, at, before(bulletins, target, at, zone), act, reason))
    return sorted(found, key=lambda one: (one.at, not one.target.name, one.target.name, one.slot))


def window(now: dt.datetime, looked: dt.datetime | None) -> dt.datetime:
    """From when on slots are gone over at `now`."""
    return max(now - LONGEST, min(now - LOOK_BACK, looked or now))


def occurrences(
    bulletins: Bulletins, target: Target, start: dt.datetime, end: dt.datetime, zone: ZoneInfo
) -> Iterator[tuple[str, dt.date, dt.datetime]]:
    """(slot, local date, time in UTC) of every slot of a room with start < time ≤ end."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    for number in range((last - first).days + 1):
        date = first + dt.timedelta(days=number)
        for name in target.slots:
            if name not in bulletins.slots:
                continue
            slot = bulletins.slot(name, target.name)
            if date.weekday() not in slot.days:
                continue
            at = dt.datetime.combine(date, slot.time, zone).astimezone(dt.UTC)
            if start < at <= end:
                yield name, date, at


def before(bulletins: Bulletins, target: Target, at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The time of the slot before `at` in this room; a day earlier when there is none within a week."""
    earlier = [
        when
        for _, date, when in occurrences(bulletins, target, at - dt.timedelta(days=7), at, zone)
        if when < at and date not in bulletins.quiet_dates
    ]
    return max(earlier, default=at - dt.timedelta(days=1))


def after(bulletins: Bulletins, target: Target, at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The time of the slot after `at` in this room; a day later when there is none within a week."""
    later = [
        when
        for _, date, when in occurrences(bulletins, target, at, at + dt.timedelta(days=7), zone)
        if date not in bulletins.quiet_dates
    ]
    return min(later, default=at + dt.timedelta(days=1))
