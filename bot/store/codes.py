"""Orders that another officer confirms by typing their code: in the table of those that one confirms alone, apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import confirmations

OPEN, DONE, VOID = "open", "done", "void"
_FOR_TWO = "two:"
"""In front of the room's id: orders that their own officer confirms never see these, nor these them."""


@dataclass(frozen=True)
class Confirmation:
    """An order and its code."""

    id: int
    event_id: str
    officer: str
    code: str
    order: dict[str, Any]
    tries: int
    state: str
    until_at: int


def ask(
    connection: Connection, event_id: str, room_id: str, officer: str, code: str, order: dict[str, Any], *, now: int,
    until: int,
) -> bool:  # fmt: skip
    """From now until `until` the code confirms the order; false when it waits already."""
    row = {
        "event_id": event_id, "room_id": _FOR_TWO + room_id, "officer": officer, "code": code, "order": order,
        "tries": 0, "state": OPEN, "at": now, "until_at": until,
    }  # fmt: skip
    return insert_or_ignore(connection, confirmations, row)


def asked(connection: Connection, room_id: str, since: int, kind: str) -> list[Confirmation]:
    """What was asked in a room since then, of one kind of order, newest first."""
    rows = connection.execute(
        select(confirmations)
        .where(confirmations.c.room_id == _FOR_TWO + room_id, confirmations.c.at >= since)
        .order_by(confirmations.c.id.desc())
    )
    return [_confirmation(row) for row in rows if row.order.get("kind") == kind]


def of_event(connection: Connection, event_id: str, kind: str) -> Confirmation | None:
    """The order that an event gave."""
    row = connection.execute(select(confirmations).where(confirmations.c.event_id == event_id)).first()
    return _confirmation(row) if row is not None and row.order.get("kind") == kind else None


def settle(connection: Connection, one: Confirmation, state: str, **more: Any) -> bool:
    """Done or void, once; `more` is kept with the order. False when it was settled before."""
    waiting = (confirmations.c.id == one.id, confirmations.c.state == OPEN)
    result = connection.execute(update(confirmations).where(*waiting).values(state=state, order={**one.order, **more}))
    return bool(result.rowcount)


def wrong(connection: Connection, one: Confirmation) -> int:
    """Count a wrong code; returns how many there were."""
    connection.execute(update(confirmations).where(confirmations.c.id == one.id).values(tries=one.tries + 1))
    return one.tries + 1


def _confirmation(row: Any) -> Confirmation:
    return Confirmation(row.id, row.event_id, row.officer, row.code, row.order, row.tries, row.state, row.until_at)
