"""Officers' notes for bulletins. Days are local dates (YYYY-MM-DD), both ends included; times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import bulletin_notes

BOT = "kentongan"
"""Ended a note whose last day is over."""


@dataclass(frozen=True)
class Note:
    """A note as it stands."""

    id: int
    event_id: str
    slot: str | None
    room: str | None
    words: str
    by: str
    at: int
    since: str
    until: str
    ended_by: str | None = None


def add(
    connection: Connection, event_id: str, *, slot: str | None, room: str | None, words: str, by: str, since: str,
    until: str, now: int,
) -> Note | None:  # fmt: skip
    """A note is added by a message; `None` when that message has added one."""
    values = {
        "event_id": event_id, "slot": slot, "room": room, "words": words, "by": by, "at": now, "since_date": since,
        "until_date": until,
    }  # fmt: skip
    return of_event(connection, event_id) if insert_or_ignore(connection, bulletin_notes, values) else None


def change(
    connection: Connection, number: int, *, slot: str | None, room: str | None, words: str, since: str, until: str,
    now: int,
) -> None:  # fmt: skip
    """What its message says now; one that ended with its message's wording stands again."""
    values = {
        "slot": slot, "room": room, "words": words, "since_date": since, "until_date": until, "at": now,
        "ended_by": None, "ended_at": None,
    }  # fmt: skip
    connection.execute(update(bulletin_notes).where(bulletin_notes.c.id == number).values(values))


def end(connection: Connection, number: int, *, by: str, now: int) -> bool:
    """It is said no more; false when somebody had ended it."""
    ends = update(bulletin_notes).where(bulletin_notes.c.id == number, _not_ended())
    return bool(connection.execute(ends.values(ended_by=by, ended_at=now)).rowcount)


def expire(connection: Connection, today: str, now: int) -> int:
    """Notes past their last day end by themselves; how many did."""
    over = update(bulletin_notes).where(bulletin_notes.c.until_date < today, bulletin_notes.c.ended_at.is_(None))
    return int(connection.execute(over.values(ended_by=BOT, ended_at=now)).rowcount)


def standing(connection: Connection, today: str) -> list[Note]:
    """Those that are said today or later, in the order in which they were added."""
    rows = select(bulletin_notes).where(_not_ended(), bulletin_notes.c.until_date >= today)
    return [_note(row) for row in connection.execute(rows.order_by(bulletin_notes.c.id))]


def said(connection: Connection, slot: str, date: str, room: str) -> list[Note]:
    """Those for a bulletin: of its slot, its day and its room ("" for a private copy, which is of no room)."""
    rows = select(bulletin_notes).where(
        _not_ended(),
        bulletin_notes.c.since_date <= date,
        bulletin_notes.c.until_date >= date,
        or_(bulletin_notes.c.slot.is_(None), bulletin_notes.c.slot == slot),
        or_(bulletin_notes.c.room.is_(None), bulletin_notes.c.room == room),
    )
    return [_note(row) for row in connection.execute(rows.order_by(bulletin_notes.c.id))]


def get(connection: Connection, number: int) -> Note | None:
    """The note with that number, ended or not."""
    row = connection.execute(select(bulletin_notes).where(bulletin_notes.c.id == number)).first()
    return _note(row) if row else None


def of_event(connection: Connection, event_id: str) -> Note | None:
    """The note that a message added, ended or not."""
    row = connection.execute(select(bulletin_notes).where(bulletin_notes.c.event_id == event_id)).first()
    return _note(row) if row else None


def _not_ended() -> ColumnElement[bool]:
    """Ended by nobody but the calendar: that may have been a clock ahead of its time, and the days say enough."""
    return or_(bulletin_notes.c.ended_at.is_(None), bulletin_notes.c.ended_by == BOT)


def _note(row: Any) -> Note:
    return Note(
        row.id,
        row.event_id,
        row.slot,
        row.room,
        row.words,
        row.by,
        row.at,
        row.since_date,
        row.until_date,
        row.ended_by,
    )
