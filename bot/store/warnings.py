"""Warnings in between: one row for each message of a source and each order, unique by (source, identifier)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import outbox, warnings

OFFICER = "officer"
SENT, HELD, OVER = "sent", "held", "over"


@dataclass(frozen=True)
class Warning:
    """A warning as decided."""

    id: int
    source: str
    """nowcast | quakes | cap:NAME | officer"""
    identifier: str
    """The source's own, or the order's event id."""
    first_id: int | None
    kind: str
    """alert | update | cancel"""
    drill: bool
    state: str
    why: str | None
    words: str | None
    """Markdown as said, or as it would be said while it is held."""
    districts: tuple[str, ...]
    by: str | None
    second: str | None
    at: int
    expires_at: int | None

    @property
    def root(self) -> int:
        """The first of its chain."""
        return self.first_id or self.id


BEGINS = "warning:"


def key(number: int, room_id: str) -> str:
    """Outbox key of a warning in a room."""
    return f"{BEGINS}{number}:{room_id}"


def add(connection: Connection, source: str, identifier: str, *, at: int, **values: Any) -> int | None:
    """Record one; its number, or `None` when that message was decided before."""
    row = {"source": source, "identifier": identifier, "at": at, "drill": 0, "districts": [], **values}
    if not insert_or_ignore(connection, warnings, row):
        return None
    number: int | None = connection.scalar(
        select(warnings.c.id).where(warnings.c.source == source, warnings.c.identifier == identifier)
    )
    return number


def get(connection: Connection, number: int) -> Warning | None:
    """By number."""
    row = connection.execute(select(warnings).where(warnings.c.id == number)).first()
    return _warning(row) if row else None


def since(connection: Connection, at: int) -> list[Warning]:
    """Every message decided since then, or in force or waiting however old, oldest first."""
    rows = connection.execute(
        select(warnings).where(or_(warnings.c.at >= at, warnings.c.state.in_((SENT, HELD)))).order_by(warnings.c.id)
    )
    return [_warning(row) for row in rows]


def of_order(connection: Connection, event_id: str) -> Warning | None:
    """What an officer's order led to."""
    mine = (warnings.c.source == OFFICER, warnings.c.identifier == event_id)
    row = connection.execute(select(warnings).where(*mine)).first()
    return _warning(row) if row else None


def going(connection: Connection) -> list[Warning]:
    """What is in force, oldest first."""
    rows = connection.execute(select(warnings).where(warnings.c.state == SENT).order_by(warnings.c.id))
    return [_warning(row) for row in rows]


def chain(connection: Connection, root: int) -> list[Warning]:
    """A first warning with all that refer to it, oldest first."""
    mine = or_(warnings.c.id == root, warnings.c.first_id == root)
    return [_warning(row) for row in connection.execute(select(warnings).where(mine).order_by(warnings.c.id))]


def settle(connection: Connection, number: int, state: str, **values: Any) -> bool:
    """What waits for an officer is decided; false when it was decided before."""
    statement = update(warnings).where(warnings.c.id == number, warnings.c.state == HELD)
    return bool(connection.execute(statement.values(state=state, **values)).rowcount)


def close(connection: Connection, root: int) -> None:
    """The whole chain is over."""
    mine = or_(warnings.c.id == root, warnings.c.first_id == root)
    connection.execute(update(warnings).where(mine, warnings.c.state == SENT).values(state=OVER))


def supersede(connection: Connection, newer: Warning) -> None:
    """Of a chain only the newest is in force."""
    mine = or_(warnings.c.id == newer.root, warnings.c.first_id == newer.root)
    older = (mine, warnings.c.id != newer.id, warnings.c.state == SENT)
    connection.execute(update(warnings).where(*older).values(state=OVER))


def expired(connection: Connection, now: int) -> list[Warning]:
    """What was in force, or waited, and whose time is over."""
    over = (warnings.c.state.in_((SENT, HELD)), warnings.c.expires_at.is_not(None), warnings.c.expires_at <= now)
    return [_warning(row) for row in connection.execute(select(warnings).where(*over).order_by(warnings.c.id))]


def expire(connection: Connection, number: int) -> int:
    """It is over: what has not gone out of it does not go out any more; returns in how many rooms."""
    connection.execute(update(warnings).where(warnings.c.id == number).values(state=OVER))
    waiting = outbox.c.key.startswith(f"warning:{number}:", autoescape=True)
    result = connection.execute(update(outbox).where(waiting, outbox.c.state == "queued").values(state="cancelled"))
    return int(result.rowcount)


def rooms_of(connection: Connection, number: int) -> dict[str, str]:
    """Room id → state of the outbox row, for each room that a warning went to."""
    rows = connection.execute(
        select(outbox.c.room_id, outbox.c.state).where(outbox.c.key.startswith(f"warning:{number}:", autoescape=True))
    )
    return {row.room_id: row.state for row in rows}


def _warning(row: Row[Any]) -> Warning:
    return Warning(
        row.id, row.source, row.identifier, row.first_id, row.kind, bool(row.drill), row.state, row.why, row.words,
        tuple(row.districts), row.by, row.second, row.at, row.expires_at,
    )  # fmt: skip
