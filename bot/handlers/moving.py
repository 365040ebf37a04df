"""Cards that could not leave the operations room at once, because something of them was on its way there."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import board
from bot.handlers.desk import Desk
from bot.store import copies


def resume(connection: Connection, desk: Desk, now: int) -> int:
    """Move what can be moved now; returns how many cards."""
    return sum(
        board.relocate(connection, desk, one.incident_id, now) for one in copies.older(connection, copies.MOVE, now)
    )
