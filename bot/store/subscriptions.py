"""Who wants a copy of a bulletin in their DM. Times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import blocks, members, outbox, subscriptions


@dataclass(frozen=True)
class Subscription:
    """One slot of one person."""

    user_id: str
    slot: str
    room_id: str
    at: int


def add(connection: Connection, user_id: str, slot: str, room_id: str, now: int) -> bool:
    """From now on that slot goes to that DM; false when it does already."""
    values = {"user_id": user_id, "slot": slot, "room_id": room_id, "at": now}
    if insert_or_ignore(connection, subscriptions, values):
        return True
    moved = update(subscriptions).where(
        subscriptions.c.user_id == user_id, subscriptions.c.slot == slot, subscriptions.c.room_id != room_id
    )
    return bool(connection.execute(moved.values(room_id=room_id, at=now)).rowcount)


def remove(connection: Connection, user_id: str, slots: Iterable[str]) -> list[str]:
    """No more of these slots for that person; those that there were."""
    theirs = (subscriptions.c.user_id == user_id) & subscriptions.c.slot.in_(list(slots))
    had = list(connection.scalars(select(subscriptions.c.slot).where(theirs).order_by(subscriptions.c.slot)))
    connection.execute(delete(subscriptions).where(theirs))
    return had


def of(connection: Connection, user_id: str) -> list[str]:
    """The slots that a person has."""
    theirs = select(subscriptions.c.slot).where(subscriptions.c.user_id == user_id)
    return list(connection.scalars(theirs.order_by(subscriptions.c.slot)))


def everybody(connection: Connection) -> list[Subscription]:
    """All of them, by room."""
    rows = connection.execute(select(subscriptions).order_by(subscriptions.c.room_id, subscriptions.c.slot))
    return [Subscription(row.user_id, row.slot, row.room_id, row.at) for row in rows]


def number(connection: Connection, slot: str) -> int:
    """How many DMs have a slot."""
    there = select(func.count(func.distinct(subscriptions.c.room_id))).where(subscriptions.c.slot == slot)
    return int(connection.scalar(there) or 0)


def lapsed(connection: Connection, now: int) -> list[Subscription]:
    """Those that have no right to go on: its person left the DM, is blocked by officers, or it cannot be reached.

    A copy that the homeserver refused for good says that we are out of the room ourselves.
    """
    here = exists().where(
        members.c.room_id == subscriptions.c.room_id,
        members.c.user_id == subscriptions.c.user_id,
        members.c.membership == "join",
    )
    blocked = exists().where(
        blocks.c.user_id == subscriptions.c.user_id, blocks.c.until_at > now, blocks.c.ended_at.is_(None)
    )
    refused = exists().where(
        outbox.c.state == "failed",
        outbox.c.room_id == subscriptions.c.room_id,
        outbox.c.created_at >= subscriptions.c.at,
        outbox.c.key.startswith("bulletin:", autoescape=True),
    )
    rows = connection.execute(select(subscriptions).where(~here | blocked | refused))
    return [Subscription(row.user_id, row.slot, row.room_id, row.at) for row in rows]
