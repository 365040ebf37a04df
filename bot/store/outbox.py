"""The one way out: what we will do in a room is a row before it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, null, or_, select, update

from bot.outgoing import Action, Outgoing
from bot.store.inbox import insert_or_ignore
from bot.store.tables import outbox


@dataclass(frozen=True)
class Row:
    """An outbox row that waits to be sent."""

    id: int
    key: str
    txn_id: str
    room_id: str
    action: Action
    type: str
    content: dict[str, Any]
    upload: str | None
    priority: int
    attempts: int
    created_at: int


@dataclass(frozen=True)
class Lapsed:
    """A row that nobody got in its time."""

    key: str
    room_id: str
    not_after: int | None


LAPSED = "not sent in its time"


def append(connection: Connection, outgoing: Outgoing, now: int) -> bool:
    """Store what is to be done; false when the same cause has already led to it."""
    return insert_or_ignore(
        connection,
        outbox,
        {
            "key": outgoing.key,
            "txn_id": outgoing.txn_id,
            "room_id": outgoing.room_id,
            "action": outgoing.action,
            "type": outgoing.type,
            "content": outgoing.content,
            "upload": outgoing.upload,
            "priority": int(outgoing.priority),
            "state": "queued",
            "attempts": 0,
            "not_before": outgoing.not_before,
            "not_after": outgoing.not_after,
            "created_at": now,
        },
    )


def _sendable(now: int) -> ColumnElement[bool]:
    """Whose time has come and is not over."""
    keeps = or_(outbox.c.not_after.is_(None), outbox.c.not_after > now)
    return and_(outbox.c.state == "queued", outbox.c.not_before <= now, keeps)


def pending(connection: Connection, now: int, limit: int = 500) -> list[Row]:
    """Rows that may be sent now, most urgent first, oldest first within that."""
    rows = connection.execute(
        select(outbox).where(_sendable(now)).order_by(outbox.c.priority, outbox.c.id).limit(limit)
    )
    return [_row(row) for row in rows]


def _row(row: Any) -> Row:
    return Row(
        row.id, row.key, row.txn_id, row.room_id, Action(row.action), row.type, row.content or {},
        row.upload, row.priority, row.attempts, row.created_at,
    )  # fmt: skip


def heads(connection: Connection, now: int, *, of_each_room: int = 16, limit: int = 500) -> list[Row]:
    """Like `pending`, but of each room only the first few: a room that is stuck must not hide the others."""
    place = func.row_number().over(partition_by=outbox.c.room_id, order_by=(outbox.c.priority, outbox.c.id))
    ranked = select(outbox.c.id, place.label("place")).where(_sendable(now)).subquery()
    rows = connection.execute(
        select(outbox)
        .join(ranked, ranked.c.id == outbox.c.id)
        .where(ranked.c.place <= of_each_room)
        .order_by(outbox.c.priority, outbox.c.id)
        .limit(limit)
    )
    return [_row(row) for row in rows]


def standings(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Key → (state, event id) of those keys that have a row."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = connection.execute(select(outbox.c.key, outbox.c.state, outbox.c.event_id).where(outbox.c.key.in_(wanted)))
    return {row.key: (row.state, row.event_id) for row in rows}


def next_due(connection: Connection, now: int) -> int | None:
    """When the earliest postponed row becomes due."""
    due: int | None = connection.scalar(
        select(func.min(outbox.c.not_before)).where(outbox.c.state == "queued", outbox.c.not_before > now)
    )
    return due


def sent(connection: Connection, txn_id: str, event_id: str | None, now: int) -> bool:
    """Mark a row as done; also called when our own event comes back in a sync before its response did.

    That holds for a row given up or withdrawn while its request was under way, too: what stands in the room was sent.
    """
    result = connection.execute(
        update(outbox)
        .where(outbox.c.txn_id == txn_id, outbox.c.state != "sent")
        .values(state="sent", event_id=event_id, sent_at=now, error=None)
    )
    return bool(result.rowcount)


def postponed(connection: Connection, row_id: int, error: str, not_before: int) -> None:
    """A try failed and another may help."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.state == "queued")
        .values(attempts=outbox.c.attempts + 1, error=error[:2000], not_before=not_before)
    )


def failed(connection: Connection, row_id: int, error: str, now: int) -> None:
    """No further try can help (forbidden, room gone, content refused)."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.state == "queued")
        .values(state="failed", attempts=outbox.c.attempts + 1, error=error[:2000], sent_at=now)
    )


def postponed_of(connection: Connection, prefix: str, now: int) -> Row | None:
    """The newest row below a prefix of keys that is not due yet: the sender has not looked at it."""
    waiting = (
        select(outbox)
        .where(outbox.c.key > prefix, outbox.c.key < prefix + "\U0010ffff")  # a range of the keys' index
        .where(outbox.c.state == "queued", outbox.c.not_before > now)
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    row = connection.execute(waiting).first()
    return _row(row) if row else None


def queued_below(connection: Connection, prefix: str) -> list[str]:
    """The keys below a prefix that wait to be sent, in order."""
    below = (outbox.c.key > prefix, outbox.c.key < prefix + "\U0010ffff", outbox.c.state == "queued")
    return list(connection.scalars(select(outbox.c.key).where(*below).order_by(outbox.c.id)))


def reword(connection: Connection, key: str, content: dict[str, Any]) -> None:
    """Other content for a row that is not due yet."""
    connection.execute(update(outbox).where(outbox.c.key == key, outbox.c.state == "queued").values(content=content))


def release(connection: Connection, key: str, now: int) -> None:
    """A postponed row is due now."""
    connection.execute(update(outbox).where(outbox.c.key == key, outbox.c.state == "queued").values(not_before=now))


def settle(connection: Connection, key: str) -> None:
    """A failure that those whom it concerns have heard of: it waits for nobody any more."""
    connection.execute(update(outbox).where(outbox.c.key == key, outbox.c.state == "failed").values(state="cancelled"))


def retry(connection: Connection, key: str, now: int) -> bool:
    """What was refused or withdrawn is tried once more; false when it is under way or done."""
    again = update(outbox).where(outbox.c.key == key, outbox.c.state.in_(("failed", "cancelled")))
    values = {"state": "queued", "attempts": 0, "error": None, "not_before": now, "sent_at": None}
    return bool(connection.execute(again.values(values)).rowcount)


def content(connection: Connection, key: str) -> dict[str, Any] | None:
    """What a key's row says; `None` when there is none, or it was erased."""
    found = connection.scalar(select(outbox.c.content).where(outbox.c.key == key))
    return dict(found) if isinstance(found, dict) else None


def newest(connection: Connection, prefix: str) -> dict[str, Any] | None:
    """What the newest row below a prefix of keys says."""
    below = (outbox.c.key > prefix) & (outbox.c.key < prefix + "\U0010ffff")
    found = connection.scalar(select(outbox.c.content).where(below).order_by(outbox.c.id.desc()).limit(1))
    return dict(found) if isinstance(found, dict) else None


def settled(connection: Connection, key: str, before: int) -> bool:
    """Whether a key's row was sent, and before that time."""
    at = connection.scalar(select(outbox.c.sent_at).where(outbox.c.key == key, outbox.c.state == "sent"))
    return at is not None and at < before


def cancel(connection: Connection, key: str) -> bool:
    """Withdraw a row that has not been sent."""
    result = connection.execute(
        update(outbox).where(outbox.c.key == key, outbox.c.state == "queued").values(state="cancelled")
    )
    return bool(result.rowcount)


def withdraw(connection: Connection, key: str) -> None:
    """The same for what nobody got in its time; see `lapse`."""
    waits = (outbox.c.key == key, outbox.c.state == "queued")
    connection.execute(update(outbox).where(*waits).values(state="cancelled", error=LAPSED))


def lapse(connection: Connection, now: int, prefix: str) -> list[Lapsed]:
    """Withdraw what was not sent in its time, below a prefix of keys; in the order in which it was written.

    Should a request for it have been under way and have arrived, `sent` says so when its event comes back.
    """
    late = (
        outbox.c.key > prefix,
        outbox.c.key < prefix + "\U0010ffff",
        outbox.c.state == "queued",
        outbox.c.not_after <= now,
    )
    rows = connection.execute(
        select(outbox.c.id, outbox.c.key, outbox.c.room_id, outbox.c.not_after).where(*late).order_by(outbox.c.id)
    ).all()
    connection.execute(update(outbox).where(*late).values(state="cancelled", error=LAPSED))
    return [Lapsed(row.key, row.room_id, row.not_after) for row in rows]


def refused(connection: Connection, prefix: str) -> list[Lapsed]:
    """What the homeserver will not take, below a prefix of keys; told once: see `settle`."""
    given_up = (outbox.c.key > prefix, outbox.c.key < prefix + "\U0010ffff", outbox.c.state == "failed")
    rows = connection.execute(
        select(outbox.c.key, outbox.c.room_id, outbox.c.not_after).where(*given_up).order_by(outbox.c.id)
    ).all()
    connection.execute(update(outbox).where(*given_up).values(state="cancelled"))
    return [Lapsed(row.key, row.room_id, row.not_after) for row in rows]


def forget(connection: Connection, key: str) -> None:
    """A row that was sent keeps only that: its words go."""
    connection.execute(update(outbox).where(outbox.c.key == key, outbox.c.state == "sent").values(content=null()))


def event_id(connection: Connection, key: str) -> str | None:
    """The event id that a key's row received."""
    return connection.scalar(select(outbox.c.event_id).where(outbox.c.key == key))


def room_of(connection: Connection, key: str) -> str | None:
    """The room that a key's row is for."""
    return connection.scalar(select(outbox.c.room_id).where(outbox.c.key == key))


def key_of(connection: Connection, event_id: str) -> str | None:
    """The key of one of our own events: what a reply or reaction to it is about."""
    return connection.scalar(select(outbox.c.key).where(outbox.c.event_id == event_id))


def last_reply(connection: Connection, room_id: str) -> str | None:
    """The key of our newest answer in a room: what a choice by reaction must be about."""
    return connection.scalar(
        select(outbox.c.key)
        .where(outbox.c.room_id == room_id, outbox.c.key.startswith("reply:", autoescape=True))
        .order_by(outbox.c.id.desc())
        .limit(1)
    )


def ours(connection: Connection, event_id: str) -> bool:
    """Whether we sent this event."""
    return key_of(connection, event_id) is not None


def due(connection: Connection, now: int) -> tuple[int, int | None]:
    """(rows that could be sent now, creation time of the oldest)."""
    row = connection.execute(select(func.count(), func.min(outbox.c.created_at)).where(_sendable(now))).one()
    return int(row[0]), row[1]


def sent_between(connection: Connection, since: int, until: int) -> int:
    """How many rows went out in since < time ≤ until."""
    went = (outbox.c.state == "sent", outbox.c.sent_at > since, outbox.c.sent_at <= until)
    return int(connection.scalar(select(func.count()).where(*went)) or 0)


def depth(connection: Connection) -> tuple[int, int | None]:
    """(rows waiting, creation time of the oldest) for metrics and alarms."""
    row = connection.execute(
        select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.state == "queued")
    ).one()
    return int(row[0]), row[1]
