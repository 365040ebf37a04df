"""Bulletins that were decided and have not gone out yet, and those of which nothing came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from bot.store import outbox
from bot.store.bulletins import QUEUED, SKIPPED
from bot.store.tables import bulletins
from bot.store.tables import outbox as sendings


@dataclass(frozen=True)
class Waiting:
    """A bulletin that waits to be sent. Times in milliseconds."""

    id: int
    slot: str
    date: str
    room_id: str
    key: str
    words: str | None
    """What an officer wants said instead."""
    not_after: int
    """When it is withdrawn."""
    holds_until: int | None
    content: dict[str, Any]
    """As it would be sent until then."""


def waiting(connection: Connection, grace_ms: int, *, holds_until: int) -> list[Waiting]:
    """What waits and was composed so long ago that it holds no longer than that, in the order of sending."""
    old = or_(sendings.c.not_after.is_(None), sendings.c.not_after <= holds_until)
    rows = connection.execute(_waiting(grace_ms).where(old).order_by(sendings.c.id))
    return [
        Waiting(
            row.id, row.slot, row.date, row.room_id, row.outbox_key, row.words, row.end, row.holds_until, row.content
        )
        for row in rows
        if row.content is not None
    ]


def composed(connection: Connection, number: int, sources: dict[str, Any], tip: str | None, version: str) -> None:
    """What it tells now, and from what."""
    values = {"sources": sources, "tip": tip, "content_version": version}
    connection.execute(update(bulletins).where(bulletins.c.id == number).values(**values))


def withdraw(connection: Connection, grace_ms: int, reason: str, now: int) -> list[Row[Any]]:
    """What did not go out in its time is skipped: (slot, date, room_id, outbox_key, due_at) of each.

    A request that is under way just then may still arrive: see `bulletins.arrived`.
    """
    end = func.coalesce(bulletins.c.not_after, bulletins.c.due_at + grace_ms)
    late = list(connection.execute(_waiting(grace_ms).where(end <= now).order_by(sendings.c.id)))
    numbers = [row.id for row in late]
    values = {"state": SKIPPED, "reason": reason, "created_at": now, "told_at": None}
    connection.execute(update(bulletins).where(bulletins.c.id.in_(numbers)).values(**values))
    for row in late:
        outbox.withdraw(connection, row.outbox_key)
    return late


def forget_words(connection: Connection) -> None:
    """An officer's wording is kept here for as long as it may have to be said anew."""
    waits = select(sendings.c.key).where(sendings.c.state == "queued")
    over = (bulletins.c.words.is_not(None), bulletins.c.outbox_key.not_in(waits))
    connection.execute(update(bulletins).where(*over).values(words=None))


def _waiting(grace_ms: int) -> Any:
    end = func.coalesce(bulletins.c.not_after, bulletins.c.due_at + grace_ms).label("end")
    return (
        select(bulletins, end, sendings.c.content, sendings.c.not_after.label("holds_until"))
        .join(sendings, sendings.c.key == bulletins.c.outbox_key)
        .where(bulletins.c.state == QUEUED, sendings.c.state == "queued")
    )


@dataclass(frozen=True)
class Omission:
    """A bulletin that a room did not get."""

    id: int
    slot: str
    date: str
    room_id: str
    reason: str | None
    """`None`: the homeserver refused it."""
    due_at: int


def untold(
    connection: Connection, reasons: Collection[str], now: int, *, since: int, again: Sequence[int] = ()
) -> list[Omission]:
    """What did not go out for one of these reasons, or was refused, and the officers have not heard of, by time.

    `again`: as if what was told at these times had not been.
    """
    refused = and_(bulletins.c.state == QUEUED, sendings.c.state.in_(("failed", "cancelled")))
    skipped = and_(
        bulletins.c.state == SKIPPED,
        bulletins.c.reason.in_(list(reasons)),
        bulletins.c.created_at <= now,  # by a clock that ran ahead: decided once more
        func.coalesce(sendings.c.state, "") != "sent",
    )
    rows = connection.execute(
        select(bulletins)
        .select_from(bulletins.outerjoin(sendings, sendings.c.key == bulletins.c.outbox_key))
        .where(or_(refused, skipped), bulletins.c.due_at >= since)
        .where(or_(bulletins.c.told_at.is_(None), bulletins.c.told_at.in_(list(again))))
        .order_by(bulletins.c.due_at, bulletins.c.slot, bulletins.c.room_id)
    )
    return [
        Omission(
            row.id, row.slot, row.date, row.room_id, row.reason if row.state == SKIPPED else None, row.due_at
        )
        for row in rows
    ]  # fmt: skip


def told(connection: Connection, numbers: Collection[int], now: int) -> None:
    """The officers hear of these."""
    connection.execute(update(bulletins).where(bulletins.c.id.in_(list(numbers))).values(told_at=now))
