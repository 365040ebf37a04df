"""What was done to keep order: by whom, to whom, until when. A row is never removed while it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, update

from bot.store.tables import acts, outbox

KENTONGAN = "kentongan"
"""In `by`: a protection or a policy list, no person."""
FAILED = "failed"
"""In `ended_by`: the homeserver refused it, so it never held."""
MOST = 50
"""Acts about one person that are read at once, the newest."""


@dataclass(frozen=True)
class Act:
    """One of them."""

    id: int
    kind: str
    """warn | mute | kick | ban | redact | slow | lock | close …"""
    room_id: str | None
    """`None`: every channel."""
    target: str
    amount: int | None
    by: str
    reason: str | None
    event_id: str | None
    since_at: int
    until_at: int | None
    ended_by: str | None
    ended_at: int | None


def start(
    connection: Connection, kind: str, target: str, *, room_id: str | None, by: str, reason: str | None,
    event_id: str | None, now: int, until: int | None = None, amount: int | None = None,
) -> int:  # fmt: skip
    """It holds from now on; returns its number."""
    values = {
        "kind": kind, "room_id": room_id, "target": target, "amount": amount, "by": by, "reason": reason,
        "event_id": event_id, "since_at": now, "until_at": until,
    }  # fmt: skip
    number = connection.execute(acts.insert().values(values).returning(acts.c.id)).scalar_one()
    return int(number)


def end(connection: Connection, number: int, by: str, now: int) -> bool:
    """It holds no longer; false when it did not."""
    result = connection.execute(
        update(acts).where(acts.c.id == number, acts.c.ended_at.is_(None)).values(ended_by=by, ended_at=now)
    )
    return bool(result.rowcount)


def grow(connection: Connection, number: int, amount: int) -> None:
    """It covers more than it did (further messages of the same flood)."""
    connection.execute(update(acts).where(acts.c.id == number).values(amount=amount))


def in_force(
    connection: Connection, now: int, *, kind: str | None = None, room_id: str | None = None, target: str | None = None
) -> list[Act]:
    """What holds now, the oldest first; what holds in every channel holds in each."""
    found = select(acts).where(acts.c.ended_at.is_(None), or_(acts.c.until_at.is_(None), acts.c.until_at > now))
    if kind is not None:
        found = found.where(acts.c.kind == kind)
    if room_id is not None:
        found = found.where(or_(acts.c.room_id == room_id, acts.c.room_id.is_(None)))
    if target is not None:
        found = found.where(acts.c.target == target)
    return [_act(row) for row in connection.execute(found.order_by(acts.c.id))]


def about(connection: Connection, target: str) -> list[Act]:
    """What was done to a person (or server), the newest first."""
    found = select(acts).where(acts.c.target == target).order_by(acts.c.since_at.desc(), acts.c.id.desc()).limit(MOST)
    return [_act(row) for row in connection.execute(found)]


def all_about(connection: Connection, target: str, *, kind: str) -> list[Act]:
    """All of one kind that was ever done to a person (or server), the oldest first."""
    found = select(acts).where(acts.c.target == target, acts.c.kind == kind)
    return [_act(row) for row in connection.execute(found.order_by(acts.c.id))]


def led_to(connection: Connection, event_ids: Iterable[str], target: str) -> list[Act]:
    """What these events (orders, reactions, messages) led to for a person, the oldest first."""
    wanted = list(event_ids)
    found = select(acts).where(acts.c.target == target, acts.c.event_id.in_(wanted)).order_by(acts.c.id)
    return [_act(row) for row in connection.execute(found)]


def get(connection: Connection, number: int) -> Act | None:
    """The act of that number."""
    row = connection.execute(select(acts).where(acts.c.id == number)).first()
    return _act(row) if row else None


def due(connection: Connection, now: int, kinds: Iterable[str]) -> list[Act]:
    """Acts of these kinds that hold although their time is over."""
    over = select(acts).where(acts.c.ended_at.is_(None), acts.c.until_at <= now, acts.c.kind.in_(list(kinds)))
    return [_act(row) for row in connection.execute(over.order_by(acts.c.id))]


def fail(connection: Connection, number: int, now: int) -> None:
    """The homeserver refused it: it never held."""
    connection.execute(update(acts).where(acts.c.id == number).values(ended_by=FAILED, ended_at=now))


def refused(connection: Connection) -> list[tuple[str, str, str]]:
    """(key, room, what the homeserver said) of outbox rows of acts that failed and that nobody was told of yet."""
    ours = [outbox.c.key.startswith(prefix, autoescape=True) for prefix in ("act:", "sweep:")]
    rows = connection.execute(
        select(outbox.c.key, outbox.c.room_id, outbox.c.error)
        .where(outbox.c.state == "failed", or_(*ours))
        .order_by(outbox.c.id)
    )
    return [(row.key, row.room_id, row.error or "") for row in rows]


def _act(row: Any) -> Act:
    return Act(
        row.id, row.kind, row.room_id, row.target, row.amount, row.by, row.reason, row.event_id, row.since_at,
        row.until_at, row.ended_by, row.ended_at,
    )  # fmt: skip
