"""Rooms that somebody else made and invited us to: whether an officer lets us listen and speak there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import groups

ASKED, ALLOWED, REFUSED = "asked", "allowed", "refused"


@dataclass(frozen=True)
class Group:
    """One such room. Times in milliseconds since the epoch."""

    room_id: str
    inviter: str
    state: str
    """asked | allowed | refused"""
    at: int
    """When the officers were asked (last)."""
    decided_by: str | None
    """An officer, or "kentongan" when nobody answered in time."""
    decided_at: int | None

    @property
    def key(self) -> str:
        """Outbox key of the card under which the officers decide; each time we ask has its own."""
        return f"group:{self.room_id}:{self.at}"


def find(connection: Connection, room_id: str) -> Group | None:
    """What is known of a room; `None` when nobody was ever asked about it."""
    row = connection.execute(select(groups).where(groups.c.room_id == room_id)).first()
    return _group(row) if row else None


def of_key(connection: Connection, key: str | None) -> Group | None:
    """The group whose card (by its outbox key) one of our messages is; every card of a group means the group."""
    kind, _, rest = (key or "").partition(":")
    room_id = rest.split(":edit:")[0].rpartition(":")[0]
    return find(connection, room_id) if kind == "group" else None


def ask(connection: Connection, room_id: str, inviter: str, now: int) -> Group:
    """The officers are asked, for the first time or anew."""
    values = {"inviter": inviter, "state": ASKED, "at": now, "decided_by": None, "decided_at": None}
    if not insert_or_ignore(connection, groups, {"room_id": room_id, **values}):
        connection.execute(update(groups).where(groups.c.room_id == room_id).values(**values))
    return Group(room_id, inviter, ASKED, now, None, None)


def decide(connection: Connection, room_id: str, state: str, by: str, now: int) -> None:
    """Their answer, or that there was none."""
    values = {"state": state, "decided_by": by, "decided_at": now}
    connection.execute(update(groups).where(groups.c.room_id == room_id).values(**values))


def waits(connection: Connection, room_id: str) -> bool:
    """Whether we may neither listen nor speak there."""
    state = connection.scalar(select(groups.c.state).where(groups.c.room_id == room_id))
    return state is not None and state != ALLOWED


def unanswered(connection: Connection, *, inviter: str | None = None) -> int:
    """How many rooms wait for an answer, all or those of one inviter."""
    asked = select(func.count()).select_from(groups).where(groups.c.state == ASKED)
    return int(connection.scalar(asked if inviter is None else asked.where(groups.c.inviter == inviter)) or 0)


def overdue(connection: Connection, before: int) -> list[Group]:
    """Those that have waited since before then."""
    rows = connection.execute(select(groups).where(groups.c.state == ASKED, groups.c.at < before).order_by(groups.c.at))
    return [_group(row) for row in rows]


def _group(row: Row[tuple[object, ...]]) -> Group:
    return Group(row.room_id, row.inviter, row.state, row.at, row.decided_by, row.decided_at)
