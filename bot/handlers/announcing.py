"""Buletin Kamtibmas: a slot may be due; the database decides."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from bot.bulletins import waiting
from bot.bulletins.announce import Announced, Announcer, copies
from bot.bulletins.due import Target
from bot.bulletins.region import region
from bot.handlers.desk import Desk
from bot.store import inbox, rooms, subscriptions
from bot.voice.speech import synthesiser


def announce(connection: Connection, desk: Desk, now: int, *, patient: bool = False) -> list[Announced] | None:
    """Decide everything that is due; safe to call at any time, by anybody, twice.

    `patient`: what waits to be read in the operations room may be a word about this very bulletin; `None`: not now.
    """
    operations = desk.operations_room(connection)
    if patient and operations is not None and inbox.unread(connection, operations):
        return None
    for one in subscriptions.lapsed(connection, now):
        subscriptions.remove(connection, one.user_id, [one.slot])
        desk.record(connection, "bulletin.unsubscribed", one.room_id, {"slot": one.slot, "why": "lapsed"}, now)
    return _everybody(connection, desk).run(
        connection, now, audit=lambda kind, subject, payload: desk.record(connection, kind, subject, payload, now)
    )


def renew(connection: Connection, desk: Desk, now: int) -> int:
    """What waits to be sent stays true, or is withdrawn; returns how many were withdrawn. A duty."""
    return waiting.renew(
        _everybody(connection, desk), connection, now,
        lambda kind, subject, payload: desk.record(connection, kind, subject, payload, now),
    )  # fmt: skip


def _everybody(connection: Connection, desk: Desk) -> Announcer:
    """For the channels and whoever has a private copy."""
    return announcer_of(desk, [*targets(connection, desk), *copies(connection, desk.content.rooms.space.title)])


def announcer_of(desk: Desk, heard_by: list[Target]) -> Announcer:
    """By the content that holds now."""
    return Announcer(
        bulletins=desk.content.bulletins,
        targets=heard_by,
        zone=desk.config.zone,
        grace=dt.timedelta(minutes=desk.config.bulletins.grace_minutes),
        version=desk.content.version,
        title=desk.content.rules.title,
        region=region(desk.content.bulletins.sources, desk.content.gazetteer),
        reading=desk.content.reading if synthesiser(desk.config.bulletins, desk.config.base) else None,
    )


def targets(connection: Connection, desk: Desk) -> list[Target]:
    """The rooms that exist and hear bulletins."""
    known = rooms.named(connection)
    return [
        Target(room.name, known[room.name].room_id, room.title, room.bulletins)
        for room in desk.content.rooms.all
        if room.bulletins and room.name in known
    ]
