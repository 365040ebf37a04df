"""What officers wrote down about people, and how often protections struck. Read by officers alone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bot.store.tables import remarks, strikes


@dataclass(frozen=True)
class Remark:
    """One remark."""

    by: str
    words: str
    at: int
    """Milliseconds."""


def add(connection: Connection, user_id: str, words: str, *, by: str, now: int) -> None:
    """Write it down."""
    connection.execute(remarks.insert().values(user_id=user_id, by=by, words=words, at=now))


def about(connection: Connection, user_id: str, limit: int) -> list[Remark]:
    """What was written about a person, newest first."""
    rows = connection.execute(
        select(remarks).where(remarks.c.user_id == user_id).order_by(remarks.c.id.desc()).limit(limit)
    )
    return [Remark(row.by, row.words, row.at) for row in rows]


def struck(connection: Connection, user_id: str, since: int) -> int:
    """How often a protection struck a person since then."""
    counted = select(func.count()).select_from(strikes).where(strikes.c.user_id == user_id, strikes.c.at >= since)
    return int(connection.scalar(counted) or 0)
