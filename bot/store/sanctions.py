"""What those who keep order did to a room and what still holds, as rooms as code must respect it."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from bot.rooms.wanted import Held
from bot.store import rooms
from bot.store.tables import acts

MUTE, LOCK, CLOSE, SERVER_BAN = "mute", "lock", "close", "server_ban"
MUTED_POWER = -1
"""Below the power that speaking takes in any room."""


def held(connection: Connection) -> dict[str, Held]:
    """Name of a room in the files → what holds there.

    An act whose time is over holds until it has been lifted: whoever lifts it also writes the room's state.
    """
    named = {room.room_id: room for room in rooms.named(connection).values()}
    channels = [room.name for room in named.values() if room.kind == "channel"]
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    standing = select(acts.c.kind, acts.c.room_id, acts.c.target).where(
        acts.c.kind.in_((MUTE, LOCK, CLOSE, SERVER_BAN)), acts.c.ended_at.is_(None)
    )
    for act in connection.execute(standing):
        where = channels if act.room_id is None else [named[act.room_id].name] if act.room_id in named else []
        for name in where:
            found[name][act.kind].add(act.target)
    return {
        name: Held(
            muted=dict.fromkeys(sorted(kinds[MUTE]), MUTED_POWER),
            locked=LOCK in kinds,
            closed=CLOSE in kinds,
            banned_servers=frozenset(kinds[SERVER_BAN]),
        )
        for name, kinds in found.items()
    }
