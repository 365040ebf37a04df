"""Warnings in between: one row for each message of a source and each order, unique by (source, identifier)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import outbox, warnings

OFFICER = "officer"
SENT, HELD, OVER, UNSAID = "sent", "held", "over", "unsaid"


@dataclass(frozen=True)
class Warning:
    """A warning as decided."""

    id: int
    source: str
    """nowcast | quakes | cap:NAME | officer"""
    identifier: str
    """The source's own (of a CAP alert its name), or the order's event id."""
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
    sent_at: int | None
    expires_at: int | None
    open_end: bool
    refers: tuple[str, ...]

    @property
    def said(self) -> bool:
        """Whether it was for people to hear."""
        return self.words is not None and self.state in (SENT, OVER)

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
    row = {"source": source, "identifier": identifier, "at": at, "drill": 0, "districts": [], "open_end": 0, **values}
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
    """Every message decided since then, or in force or waiting however old, in the order of that."""
    wanted = or_(warnings.c.at >= at, warnings.c.state.in_((SENT, HELD)))
    rows = connection.execute(select(warnings).where(wanted).order_by(warnings.c.at, warnings.c.id))
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
    """A first warning with all of its chain, in the order in which they were decided."""
    mine = or_(warnings.c.id == root, warnings.c.first_id == root)
    rows = connection.execute(select(warnings).where(mine).order_by(warnings.c.at, warnings.c.id))
    return [_warning(row) for row in rows]


def unite(connection: Connection, roots: Collection[int]) -> None:
    """Chains that one message belongs to are one, under the oldest."""
    oldest, *others = sorted(roots)
    mine = or_(warnings.c.id.in_(others), warnings.c.first_id.in_(others))
    connection.execute(update(warnings).where(mine).values(first_id=oldest))


def heard(connection: Connection, root: int, *, before: int) -> list[Warning]:
    """What people heard of a chain and was not taken back, the first first; without that of number `before`."""
    said = [one for one in chain(connection, root) if one.said and one.id != before]
    ends = [at for at, one in enumerate(said) if one.kind == "cancel"]
    return said[ends[-1] + 1 :] if ends else said


def waiting(connection: Connection) -> list[Warning]:
    """What waits for officers, oldest first."""
    rows = connection.execute(select(warnings).where(warnings.c.state == HELD).order_by(warnings.c.id))
    return [_warning(row) for row in rows]


def settle(connection: Connection, number: int, state: str, **values: Any) -> bool:
    """What waits for officers is decided; false when it was decided before."""
    statement = update(warnings).where(warnings.c.id == number, warnings.c.state == HELD)
    return bool(connection.execute(statement.values(state=state, **values)).rowcount)


def close(connection: Connection, root: int) -> None:
    """What of a chain is in force is so no longer."""
    mine = or_(warnings.c.id == root, warnings.c.first_id == root)
    connection.execute(update(warnings).where(mine, warnings.c.state == SENT).values(state=OVER))


def supersede(connection: Connection, newer: Warning) -> None:
    """Of a chain only the newest is in force."""
    mine = or_(warnings.c.id == newer.root, warnings.c.first_id == newer.root)
    older = (mine, warnings.c.id != newer.id, warnings.c.state == SENT)
    connection.execute(update(warnings).where(*older).values(state=OVER))


def over(connection: Connection, numbers: Collection[int]) -> None:
    """These are not in force any more."""
    connection.execute(update(warnings).where(warnings.c.id.in_(numbers), warnings.c.state == SENT).values(state=OVER))


def expire(connection: Connection, now: int) -> list[Warning]:
    """What was in force is over when its time is; returns what waited for officers, which is theirs no longer."""
    late = (warnings.c.expires_at.is_not(None), warnings.c.expires_at <= now)
    connection.execute(update(warnings).where(warnings.c.state == SENT, *late).values(state=OVER))
    rows = connection.execute(select(warnings).where(warnings.c.state == HELD, *late).order_by(warnings.c.id))
    return [_warning(row) for row in rows]


def rooms_of(connection: Connection, number: int) -> dict[str, str]:
    """Room id → state of the outbox row, for each room that a warning went to."""
    rows = connection.execute(
        select(outbox.c.room_id, outbox.c.state).where(outbox.c.key.startswith(f"warning:{number}:", autoescape=True))
    )
    return {row.room_id: row.state for row in rows}


def _warning(row: Row[Any]) -> Warning:
    return Warning(
        row.id, row.source, row.identifier, row.first_id, row.kind, bool(row.drill), row.state, row.why, row.words,
        tuple(row.districts), row.by, row.second, row.at, row.sent_at, row.expires_at, bool(row.open_end),
        tuple(row.refers or ()),
    )  # fmt: skip
