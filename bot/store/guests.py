"""People of other servers in our rooms, as far as the bot's syncs have told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.rooms.model import server_of
from bot.store.tables import members, rooms


@dataclass(frozen=True)
class Guests:
    """The members whom one server has in one room."""

    count: int
    since_at: int
    """When the first of them came, as we learnt it; milliseconds since the epoch."""


def guests(connection: Connection) -> dict[str, dict[str, Guests]]:
    """Server → name of a room in the files → its people there now."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = connection.execute(
        select(rooms.c.name, members.c.user_id, members.c.since_at)
        .join(rooms, rooms.c.room_id == members.c.room_id)
        .where(rooms.c.name.is_not(None), members.c.membership == "join")
    )
    for row in rows:
        found[server_of(row.user_id)][row.name].append(row.since_at)
    return {
        server: {name: Guests(len(times), min(times)) for name, times in inside.items()}
        for server, inside in found.items()
    }
