"""Buletin Kamtibmas: a slot may be due; the database decides."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from bot.bulletins.announce import Announced, Announcer
from bot.bulletins.due import Target
from bot.bulletins.region import region
from bot.handlers.desk import Desk
from bot.store import rooms


def announce(connection: Connection, desk: Desk, now: int) -> list[Announced]:
    """Decide everything that is due; safe to call at any time, by anybody, twice."""
    announcer = Announcer(
        bulletins=desk.content.bulletins,
        targets=targets(connection, desk),
        zone=desk.config.zone,
        grace=dt.timedelta(minutes=desk.config.bulletins.grace_minutes),
        version=desk.content.version,
        title=desk.content.rules.title,
        region=region(desk.content.bulletins.sources, desk.content.gazetteer),
    )
    return announcer.run(
        connection, now, audit=lambda kind, subject, payload: desk.record(connection, kind, subject, payload, now)
    )


def targets(connection: Connection, desk: Desk) -> list[Target]:
    """The rooms that exist and hear bulletins."""
    known = rooms.named(connection)
    return [
        Target(room.name, known[room.name].room_id, room.title, room.bulletins)
        for room in desk.content.rooms.all
        if room.bulletins and room.name in known
    ]
