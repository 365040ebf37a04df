"""What a person is told once and never again."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.store.inbox import insert_or_ignore
from bot.store.tables import notices


def first_time(connection: Connection, user_id: str, notice: str, now: int) -> bool:
    """True exactly once for a person and a notice; tell them in the same transaction."""
    return insert_or_ignore(connection, notices, {"user_id": user_id, "notice": notice, "at": now})
