"""Who may act as an officer: the files say so, for the operations room, and only for accounts of our own server."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers.desk import Desk
from bot.rooms.model import Officer

_CLEAR = frozenset((Kind.REACTION, Kind.REDACTION))


def officer(connection: Connection, desk: Desk, event: IncomingEvent) -> Officer | None:
    """The officer who sent an event of a room of officers; `None` when its sender has no power there.

    Display names never count. In an encrypted room a message must come from a known device of its sender: a
    homeserver can put anybody's name on an event. Reactions are never encrypted by today's clients, redactions never
    by any, so they cannot be held to that; nothing may depend on one that could do harm.
    """
    server = desk.config.homeserver.server_name
    one = desk.content.rooms.officer(event.sender, server)
    there = desk.room(connection, event.room_id)
    room = there if there is not None and there.kind == "private" else desk.content.rooms.operations
    if one is None or not event.sender.endswith(f":{server}") or not one.works_in(room):
        return None
    if one.power <= (room.power.speak or 0):
        return None
    if event.encrypted_room and event.kind not in _CLEAR and event.trust is not Trust.DEVICE:
        return None
    return one


def by_officer(desk: Desk, event: IncomingEvent) -> bool:
    """Whether an officer of our own server says something in a channel that the files give them power in."""
    server = desk.config.homeserver.server_name
    one = desk.content.rooms.officer(event.sender, server)
    return one is not None and event.sender.endswith(f":{server}")
