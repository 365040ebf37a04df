"""Orders that wait for their code. A restart in between changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.tables import confirmations

OPEN, DONE, VOID = "open", "done", "void"


@dataclass(frozen=True)
class Confirmation:
    """One order with its code. Times in milliseconds."""

    id: int
    event_id: str
    room_id: str
    officer: str
    code: str
    order: dict[str, Any]
    tries: int
    at: int
    until_at: int


def add(
    connection: Connection, event_id: str, room_id: str, officer: str, *, code: str, order: dict[str, Any], now: int,
    until: int,
) -> None:  # fmt: skip
    """Ask for a code. Whoever gives two orders confirms the second: the first is void."""
    earlier = update(confirmations).where(
        confirmations.c.officer == officer, confirmations.c.room_id == room_id, confirmations.c.state == OPEN
    )
    connection.execute(earlier.values(state=VOID))
    values = {
        "event_id": event_id, "room_id": room_id, "officer": officer, "code": code, "order": order, "tries": 0,
        "state": OPEN, "at": now, "until_at": until,
    }  # fmt: skip
    connection.execute(confirmations.insert().values(**values))


def waiting(connection: Connection, room_id: str, officer: str) -> Confirmation | None:
    """The order of an officer that waits in a room, in time or not."""
    row = connection.execute(
        select(confirmations).where(
            confirmations.c.room_id == room_id, confirmations.c.officer == officer, confirmations.c.state == OPEN
        )
    ).first()
    return _confirmation(row) if row else None


def with_code(connection: Connection, room_id: str, code: str, now: int) -> Confirmation | None:
    """Whoever's order waits in a room for this code now."""
    row = connection.execute(
        select(confirmations).where(
            confirmations.c.room_id == room_id,
            confirmations.c.code == code,
            confirmations.c.state == OPEN,
            confirmations.c.until_at > now,
        )
    ).first()
    return _confirmation(row) if row else None


def close(connection: Connection, number: int, state: str) -> None:
    """It is DONE, or VOID."""
    connection.execute(update(confirmations).where(confirmations.c.id == number).values(state=state))


def mistyped(connection: Connection, number: int) -> None:
    """A code that was not the one."""
    counted = update(confirmations).where(confirmations.c.id == number)
    connection.execute(counted.values(tries=confirmations.c.tries + 1))


def _confirmation(row: Any) -> Confirmation:
    return Confirmation(
        row.id, row.event_id, row.room_id, row.officer, row.code, dict(row.order), row.tries, row.at, row.until_at
    )
