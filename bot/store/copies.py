"""Which of our messages repeat somebody's words: when the words are withdrawn, so are their copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import copies

RELAY = "relay"
"""The first message of a report that was passed on; the card says whether it arrived."""
MORE = "relay_more"
"""What follows it: further reports, recordings."""
TO_REPORTER, FROM_REPORTER = "to_reporter", "from_reporter"
IN_HOUSE = "in_house"
"""Officers' own words in writing, in the thread of a card."""
MOVE = "move"
"""No message: a card that has to leave the operations room as soon as nothing of it is under way."""
WAITING = "waiting"
"""An officer's words for a reporter who has no DM with us yet: no message so far."""
ANSWER = "answer"
"""What the bot says to a reporter when their report turns out private."""
ORIGINAL = "original"
"""No message of ours: a reporter's own that an officer has taken out of a channel."""
EVIDENCE = "evidence"
"""A report with its numbers and plates, shown to an officer for a few minutes."""


@dataclass(frozen=True)
class Copy:
    """One message of ours with somebody's words in it."""

    key: str
    """Its outbox key."""
    incident_id: int
    source: str
    """Event id of the words."""
    kind: str
    target: str | None
    """The agency's key, for a relay."""
    confirmed_at: int | None
    withdrawn_at: int | None


def add(
    connection: Connection, key: str, incident: int, *, source: str, kind: str, now: int, target: str | None = None
) -> bool:
    """Note a copy; false when it is known."""
    values = {"key": key, "incident_id": incident, "source": source, "kind": kind, "target": target, "at": now}
    return insert_or_ignore(connection, copies, values)


def of_source(connection: Connection, event_id: str) -> list[Copy]:
    """Copies of a message's words that still stand."""
    rows = connection.execute(
        select(copies).where(copies.c.source == event_id, copies.c.withdrawn_at.is_(None)).order_by(copies.c.id)
    )
    return [_copy(row) for row in rows]


def of_incident(connection: Connection, number: int, kinds: Sequence[str]) -> list[Copy]:
    """Copies made for an incident that still stand."""
    rows = connection.execute(
        select(copies)
        .where(copies.c.incident_id == number, copies.c.kind.in_(list(kinds)), copies.c.withdrawn_at.is_(None))
        .order_by(copies.c.id)
    )
    return [_copy(row) for row in rows]


def by_key(connection: Connection, key: str) -> Copy | None:
    """The copy that one of our messages is."""
    row = connection.execute(select(copies).where(copies.c.key == key)).first()
    return _copy(row) if row else None


def of_kind(connection: Connection, kind: str) -> list[Copy]:
    """All copies of that kind that still stand, oldest first."""
    rows = connection.execute(
        select(copies).where(copies.c.kind == kind, copies.c.withdrawn_at.is_(None)).order_by(copies.c.id)
    )
    return [_copy(row) for row in rows]


def delivered(connection: Connection, key: str) -> None:
    """Words that were kept for a reporter have gone to them."""
    connection.execute(update(copies).where(copies.c.key == key).values(kind=TO_REPORTER))


def unconfirmed(connection: Connection, kind: str = RELAY) -> list[Copy]:
    """Relays (or what else is `kind`) of which the card does not say yet what became of them."""
    rows = connection.execute(
        select(copies)
        .where(copies.c.kind == kind, copies.c.confirmed_at.is_(None), copies.c.withdrawn_at.is_(None))
        .order_by(copies.c.id)
    )
    return [_copy(row) for row in rows]


def older(connection: Connection, kind: str, before: int) -> list[Copy]:
    """Copies of that kind made at `before` (milliseconds) or earlier that still stand."""
    rows = connection.execute(
        select(copies)
        .where(copies.c.kind == kind, copies.c.at <= before, copies.c.withdrawn_at.is_(None))
        .order_by(copies.c.id)
    )
    return [_copy(row) for row in rows]


def confirm(connection: Connection, key: str, now: int) -> None:
    """The card says what became of a relay."""
    connection.execute(update(copies).where(copies.c.key == key).values(confirmed_at=now))


def withdraw(connection: Connection, key: str, now: int) -> None:
    """A copy was taken back."""
    connection.execute(update(copies).where(copies.c.key == key).values(withdrawn_at=now))


def _copy(row: Any) -> Copy:
    return Copy(row.key, row.incident_id, row.source, row.kind, row.target, row.confirmed_at, row.withdrawn_at)
