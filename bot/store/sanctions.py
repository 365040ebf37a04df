"""What those who keep order did to a room's power levels and what still holds, as rooms as code must respect it."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from bot.rooms.wanted import Held
from bot.store import rooms
from bot.store.tables import acts

MUTE, LOCK = "mute", "lock"
MUTED_POWER = -1
"""Below the power that speaking takes in any room."""


def held(connection: Connection) -> dict[str, Held]:
    """Name of a room in the files → what holds there.

    An act whose time is over holds until it has been lifted: whoever lifts it also writes the power levels.
    """
    named = {room.room_id: room for room in rooms.named(connection).values()}
    channels = [room.name for room in named.values() if room.kind == "channel"]
    muted: dict[str, dict[str, int]] = defaultdict(dict)
    locked: set[str] = set()
    standing = select(acts.c.kind, acts.c.room_id, acts.c.target)
    for act in connection.execute(standing.where(acts.c.kind.in_((MUTE, LOCK)), acts.c.ended_at.is_(None))):
        where = channels if act.room_id is None else [named[act.room_id].name] if act.room_id in named else []
        for name in where:
            if act.kind == LOCK:
                locked.add(name)
            else:
                muted[name][act.target] = MUTED_POWER
    return {name: Held(muted.get(name, {}), name in locked) for name in {*muted, *locked}}
