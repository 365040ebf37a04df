"""Where each person's conversation with Chat Pak Polisi stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from bot.store.tables import conversations


def load(connection: Connection, room_id: str, user_id: str) -> dict[str, Any] | None:
    """The stored state, `None` when there is none."""
    state = connection.scalar(
        select(conversations.c.state).where(conversations.c.room_id == room_id, conversations.c.user_id == user_id)
    )
    return dict(state) if state is not None else None


def save(connection: Connection, room_id: str, user_id: str, state: dict[str, Any], now: int) -> None:
    """Replace the state."""
    connection.execute(
        delete(conversations).where(conversations.c.room_id == room_id, conversations.c.user_id == user_id)
    )
    connection.execute(conversations.insert().values(room_id=room_id, user_id=user_id, state=state, updated_at=now))
