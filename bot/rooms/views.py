"""What the server of another agency holds of our rooms, and what it does not. Pure.

A server gets a room's events from when its first person joined; all before it that the history's visibility lets its
people see can be fetched as well. What is encrypted it keeps without being able to read it: that can its people alone,
with their devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.rooms import acl
from bot.rooms.agencies import Agency
from bot.rooms.found import FoundRoom
from bot.rooms.model import Room, Rooms, server_of


class Sight(StrEnum):
    """How far a server is in a room."""

    INSIDE = "inside"
    """Somebody of it is a member: it receives everything said there."""
    OLD = "old"
    """It was there and keeps what it received; nothing new reaches it."""
    OPEN = "open"
    """It may come in and nobody has."""
    SHUT = "shut"
    """It may not come in."""
    NEVER = "never"
    """No other server ever gets in: fixed when the room was made."""
    UNKNOWN = "unknown"
    """The room is not made, or we are not in it."""


@dataclass(frozen=True)
class View:
    """One of our rooms as an agency's server has it."""

    room: str
    title: str
    sight: Sight
    members: int = 0
    """Its people who are in the room now."""
    invited: int = 0
    history: str = ""
    """m.room.history_visibility."""
    encrypted: bool = False


def views(agency: Agency, rooms: Rooms, found: dict[str, FoundRoom]) -> list[View]:
    """Every room of the files, in their order."""
    return [_view(agency, room, found.get(room.name)) for room in rooms.all]


def _view(agency: Agency, room: Room, there: FoundRoom | None) -> View:
    if there is None or not there.readable:
        return View(room.name, room.title, Sight.UNKNOWN)
    standing = {
        key: content.get("membership")
        for (type_, key), content in there.state.items()
        if type_ == "m.room.member" and server_of(key) in agency.servers
    }
    joined = sum(one == "join" for one in standing.values())
    if not there.federates:
        sight = Sight.NEVER
    elif joined:
        sight = Sight.INSIDE
    elif any(one in ("leave", "ban") for one in standing.values()):
        sight = Sight.OLD
    elif any(acl.permits(there.content(acl.TYPE), one) for one in agency.servers):
        sight = Sight.OPEN
    else:
        sight = Sight.SHUT
    return View(
        room.name,
        room.title,
        sight,
        members=joined,
        invited=sum(one == "invite" for one in standing.values()),
        history=str((there.content("m.room.history_visibility") or {}).get("history_visibility", "shared")),
        encrypted=there.content("m.room.encryption") is not None,
    )
