"""What a person is told once and never again."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from bot.store.inbox import insert_or_ignore
from bot.store.tables import notices


def first_time(connection: Connection, user_id: str, notice: str, now: int) -> bool:
    """True exactly once for a person and a notice; tell them in the same transaction."""
    return insert_or_ignore(connection, notices, {"user_id": user_id, "notice": notice, "at": now})


def told_since(connection: Connection, notice: str, since: int) -> int:
    """How many people were told it since then."""
    told = select(func.count()).select_from(notices).where(notices.c.notice == notice, notices.c.at > since)
    return int(connection.scalar(told) or 0)
