"""Duties that come round: done once for each period, whatever is restarted in between."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from bot.store.tables import heartbeats


def last(connection: Connection, name: str) -> str | None:
    """The period for which a duty was done last."""
    return connection.scalar(select(heartbeats.c.done_for).where(heartbeats.c.name == name))


def due(connection: Connection, name: str, period: str, now: int) -> bool:
    """True the first time it is asked for a period (a local date, an hour); do the duty in the same transaction."""
    if connection.scalar(select(heartbeats.c.done_for).where(heartbeats.c.name == name)) == period:
        return False
    connection.execute(delete(heartbeats).where(heartbeats.c.name == name))
    connection.execute(heartbeats.insert().values(name=name, at=now, done_for=period))
    return True
