"""Names of places that a room spoke of lately: what speech recognition should expect there again."""

from __future__ import annotations

from sqlalchemy import Connection, select

from bot.store.tables import incidents

LATELY_MS = 7 * 24 * 3_600_000
_REPORTS = 30


def recent_places(connection: Connection, room_id: str, now: int) -> list[str]:
    """Names at the scenes of a room's last incidents, the newest first, each once."""
    rows = connection.scalars(
        select(incidents.c.places)
        .where(incidents.c.room_id == room_id, incidents.c.opened_at >= now - LATELY_MS)
        .order_by(incidents.c.opened_at.desc())
        .limit(_REPORTS)
    )
    return list(dict.fromkeys(place["name"] for places in rows for place in places if place["role"] == "scene"))
