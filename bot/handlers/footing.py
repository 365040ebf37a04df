"""Whether we can still do our work in our own rooms: told to the officers once, each time it is lost.

Looked up in what the store knows of the rooms rather than in single events: a state reset takes power away without
an event that says so. What follows is people's to decide; the bot goes on with what it still may do.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, select

from bot.event import IncomingEvent
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.rooms.found import FoundRoom
from bot.store import outbox, rooms, roomstate
from bot.store.rooms import KnownRoom
from bot.store.tables import inbox, room_state

log = structlog.get_logger()

_OUT = ("leave", "ban")
_LOOK_BACK = 20
"""So many of a room's latest member events may stand after the one that put us out."""


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Tell of each named room where we lost our place or power that our work needs; returns how many were told."""
    return sum(_look(connection, desk, room, now) for room in rooms.named(connection).values())


def _look(connection: Connection, desk: Desk, room: KnownRoom, now: int) -> bool:
    title = escape(_title(desk, room))
    found = roomstate.found(connection, room.room_id, [desk.me])
    if found is None or found.membership(desk.me) != "join":
        out = _put_out(connection, room.room_id, desk.me)
        if out is None:
            return False
        words = phrases.PUT_OUT.format(room=title, who=escape(out.sender))
        return _tell(connection, desk, room, f"out:{out.event_id}", words, now)
    lacking = missing(found, desk.me)
    if not lacking:
        return False
    words = phrases.POWER_LOST.format(room=title, acts=", ".join(lacking))
    return _tell(connection, desk, room, f"power:{_power_event(connection, room.room_id)}", words, now)


def missing(found: FoundRoom, me: str) -> list[str]:
    """What we may not do there, in the officers' words."""
    power = found.power(me)
    needs = {name: found.needed_for(action) for action, name in phrases.ROOM_ACTS.items()}
    return [name for name, level in needs.items() if power < level]


def _tell(connection: Connection, desk: Desk, room: KnownRoom, what: str, words: str, now: int) -> bool:
    """In the operations room; when that is the room in question, in the other room of officers, if there is one."""
    where = desk.operations_room(connection)
    if where == room.room_id:
        where = desk.private_room(connection)
    key = f"footing:{room.room_id}:{what}"
    if where is None or where == room.room_id:
        return False
    content = render(words).content()
    if not outbox.append(connection, Outgoing(key, where, content, priority=Priority.WARNING), now):
        return False
    log.warning("footing_lost", room=room.room_id, name=room.name, what=what.partition(":")[0])
    desk.record(connection, "room.footing", key, {"room": room.room_id, "what": what}, now)
    return True


def _put_out(connection: Connection, room_id: str, me: str) -> IncomingEvent | None:
    """The event by which somebody put us out; `None` when we never were in, or left by ourselves."""
    latest = (
        select(inbox.c.payload)
        .where(inbox.c.room_id == room_id, inbox.c.kind == "member", inbox.c.payload.is_not(None))
        .order_by(inbox.c.id.desc())
        .limit(_LOOK_BACK)
    )
    for (payload,) in connection.execute(latest):
        event = IncomingEvent.from_json(payload)
        if event.state_key == me:
            return event if event.content.get("membership") in _OUT else None
    return None


def _power_event(connection: Connection, room_id: str) -> str:
    """Which power levels these are: told once for each."""
    here = (room_state.c.room_id == room_id, room_state.c.type == "m.room.power_levels", room_state.c.state_key == "")
    return connection.scalar(select(room_state.c.event_id).where(*here)) or ""


def _title(desk: Desk, room: KnownRoom) -> str:
    known = desk.content.rooms.by_name(room.name)
    return known.title if known else room.name
