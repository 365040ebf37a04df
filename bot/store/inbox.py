"""The one way in: every event is a row before anything is done about it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.event import IncomingEvent, Kind
from bot.store.tables import inbox

MAX_ATTEMPTS = 3
"""A handler that raises this often on a row leaves it `failed`: kept, reported, out of the way of the rest."""

BATCH = 500

LATEST = 253_402_300_799_000
"""The end of the year 9999 in milliseconds: later times are a server's nonsense, and no calendar holds them."""


@dataclass(frozen=True)
class Row:
    """An inbox row that waits for its handler."""

    id: int
    event: IncomingEvent
    attempts: int
    received_at: int = 0
    """Milliseconds since the epoch."""
    not_before: int | None = None
    """It is a fragment that waited until then for the rest of its question."""


def insert_or_ignore(connection: Connection, table: Any, values: dict[str, Any]) -> bool:
    """Insert unless a unique key is already there; true when the row is new."""
    if connection.dialect.name == "postgresql":  # its driver does not count the rows of an INSERT
        key = next(iter(table.primary_key))
        there = postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(key)
        return connection.execute(there).first() is not None
    return connection.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing()).rowcount > 0


def append(
    connection: Connection,
    events: Iterable[IncomingEvent],
    now: int,
    *,
    waiting: dict[str, tuple[str, dict[str, Any]]] | None = None,
) -> int:
    """Store events not stored before, in order; returns how many were new.

    Anything a stranger can put into an event must be storable here: one that is not would fail its whole sync,
    again at every try. See `storable`.

    `waiting` names undecryptable ones: event id → (Megolm session id, raw event). They wait for their key.
    """
    added = 0
    for event in events:
        session_id, raw = _waiting(*(waiting or {}).get(event.event_id, (None, None)))
        event, payload = storable(event)
        added += insert_or_ignore(
            connection,
            inbox,
            {
                "event_id": event.event_id,
                "room_id": event.room_id,
                "sender": event.sender,
                "kind": event.kind,
                "sent_at": event.sent_at,
                "received_at": now,
                "payload": payload,
                "state": "waiting_key" if raw is not None else "new",
                "attempts": 0,
                "session_id": session_id,
                "raw": raw,
            },
        )
    return added


def storable(event: IncomingEvent) -> tuple[IncomingEvent, dict[str, Any]]:
    """The event and its JSON with what no database takes made harmless.

    Half surrogates (legal in JSON's escapes, not in UTF-8) become "?", NUL goes, times stay within the calendar.
    Content nested so deep that it exhausts the interpreter's stack is dropped and the event counts as unreadable.
    """
    event = replace(event, sent_at=min(max(event.sent_at, 0), LATEST))
    try:
        payload = _plain(event.to_json())
        json.dumps(payload)
    except RecursionError:
        event = replace(event, kind=Kind.UNREADABLE, content={}, media=None)
        payload = _plain(event.to_json())
    return IncomingEvent.from_json(payload), payload


def _waiting(session_id: Any, raw: dict[str, Any] | None) -> tuple[str | None, dict[str, Any] | None]:
    """What an undecryptable event waits for and with; nothing when no key could ever open it."""
    if raw is None or not isinstance(session_id, str):
        return None, None
    try:
        plain = _plain(raw)
        json.dumps(plain)
    except RecursionError:
        return None, None
    return _text(session_id), plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _text(value)


def _text(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, StrEnum):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "")


def pending(connection: Connection, limit: int = 50, *, now: int = LATEST) -> list[Row]:
    """The oldest rows that wait for their handler, without those that wait until later than `now`."""
    rows = connection.execute(
        select(inbox)
        .where(inbox.c.state == "new", or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now))
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return [_row(row) for row in rows]


def row(connection: Connection, number: int) -> Row | None:
    """The row of that number, whatever its state; `None` when it is unknown or erased."""
    found = connection.execute(select(inbox).where(inbox.c.id == number, inbox.c.payload.is_not(None))).first()
    return _row(found) if found is not None else None


def unread(connection: Connection, room_id: str) -> bool:
    """Whether something of a room waits for its handler."""
    there = exists().where(inbox.c.state == "new", inbox.c.room_id == room_id)
    return bool(connection.scalar(select(there)))


def waits(connection: Connection, row_id: int) -> bool:
    """Whether a row still waits for its handler; false for a fragment that another row has taken along."""
    return connection.scalar(select(inbox.c.state).where(inbox.c.id == row_id)) == "new"


def held(connection: Connection, row: Row) -> list[Row]:
    """The other fragments of the same person in the same room, oldest first."""
    rows = connection.execute(
        select(inbox)
        .where(
            inbox.c.state == "new",
            inbox.c.not_before.is_not(None),
            inbox.c.room_id == row.event.room_id,
            inbox.c.sender == row.event.sender,
            inbox.c.id != row.id,
        )
        .order_by(inbox.c.id)
    )
    return [_row(other) for other in rows]


def following(connection: Connection, row: Row) -> Row | None:
    """The next written message of the same person in the same room that still waits for its handler."""
    other = connection.execute(
        select(inbox)
        .where(
            inbox.c.state == "new",
            inbox.c.kind == Kind.TEXT,
            inbox.c.room_id == row.event.room_id,
            inbox.c.sender == row.event.sender,
            inbox.c.id > row.id,
        )
        .order_by(inbox.c.id)
        .limit(1)
    ).first()
    return _row(other) if other is not None else None


def hold(connection: Connection, row_ids: Iterable[int], until: int) -> None:
    """These fragments wait for the rest of their question."""
    connection.execute(update(inbox).where(inbox.c.id.in_(list(row_ids))).values(not_before=until))


def next_due(connection: Connection) -> int | None:
    """When the first fragment has waited long enough."""
    due: int | None = connection.scalar(
        select(func.min(inbox.c.not_before)).where(inbox.c.state == "new", inbox.c.not_before.is_not(None))
    )
    return due


def _row(row: Any) -> Row:
    return Row(row.id, IncomingEvent.from_json(row.payload), row.attempts, row.received_at, row.not_before)


def done(connection: Connection, row_id: int, now: int) -> None:
    """The handler's effects and this mark belong in one transaction."""
    connection.execute(update(inbox).where(inbox.c.id == row_id).values(state="done", handled_at=now))


def received(connection: Connection, event_id: str) -> int | None:
    """When an event was stored, milliseconds since the epoch."""
    return connection.scalar(select(inbox.c.received_at).where(inbox.c.event_id == event_id))


def forget_content(connection: Connection, row_id: int) -> None:
    """Of a handled row only that something came, from whom, when: its media's address and key, name and text go."""
    payload = connection.scalar(select(inbox.c.payload).where(inbox.c.id == row_id))
    if payload:
        kept = {**payload, "media": None, "content": {}, "body": ""}
        connection.execute(update(inbox).where(inbox.c.id == row_id).values(payload=kept))


def failed(connection: Connection, row: Row, error: str, now: int) -> bool:
    """Count a failure; true when the row is given up (and its author should hear of it)."""
    attempts = row.attempts + 1
    given_up = attempts >= MAX_ATTEMPTS
    connection.execute(
        update(inbox)
        .where(inbox.c.id == row.id)
        .values(
            attempts=attempts,
            error=error[:2000],
            state="failed" if given_up else "new",
            handled_at=now if given_up else None,
        )
    )
    return given_up


def known(connection: Connection, event_ids: Iterable[str]) -> set[str]:
    """Which of these events are already stored."""
    ids = list(event_ids)
    found: set[str] = set()
    for start in range(0, len(ids), BATCH):  # databases limit how many parameters a statement may have
        found.update(
            connection.scalars(select(inbox.c.event_id).where(inbox.c.event_id.in_(ids[start : start + BATCH])))
        )
    return found


def event(connection: Connection, event_id: str) -> IncomingEvent | None:
    """A stored event; `None` when unknown or erased."""
    payload = connection.scalar(select(inbox.c.payload).where(inbox.c.event_id == event_id))
    return IncomingEvent.from_json(payload) if payload else None


def waiting_for(connection: Connection, session_id: str) -> list[dict[str, Any]]:
    """The raw events that a newly arrived Megolm session may open."""
    rows = connection.scalars(
        select(inbox.c.raw).where(inbox.c.session_id == session_id, inbox.c.state == "waiting_key").order_by(inbox.c.id)
    )
    return [dict(raw) for raw in rows if raw]


def recovered(connection: Connection, event: IncomingEvent) -> None:
    """The key came: the event goes to its handler after all."""
    event, payload = storable(event)
    connection.execute(
        update(inbox)
        .where(inbox.c.event_id == event.event_id, inbox.c.state == "waiting_key")
        .values(payload=payload, kind=event.kind, state="new", raw=None)
    )


def overdue(connection: Connection, before: int) -> list[tuple[str, str, str]]:
    """(event id, room, sender) of events that have waited for a key since before `before` and were not told of."""
    rows = connection.execute(
        select(inbox.c.event_id, inbox.c.room_id, inbox.c.sender).where(
            inbox.c.state == "waiting_key", inbox.c.received_at < before, inbox.c.handled_at.is_(None)
        )
    )
    return [(row.event_id, row.room_id, row.sender) for row in rows]


def told(connection: Connection, event_id: str, now: int) -> None:
    """The sender heard that we could not read it; it still opens if the key comes later."""
    connection.execute(update(inbox).where(inbox.c.event_id == event_id).values(handled_at=now))
