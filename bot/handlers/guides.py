"""The guide of a channel (`guide` in rooms.yaml): sent once for each wording, and pinned.

`rooms apply` cannot do it: in an encrypted room only the bot's own device can speak. An officer who takes the pin away
again has a reason, so it is set once, too.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from bot.handlers.desk import Desk
from bot.markup import render
from bot.outgoing import Action, Outgoing, Priority
from bot.rooms.model import Room
from bot.store import outbox, rooms, roomstate

PINNED = "m.room.pinned_events"


def pin(connection: Connection, desk: Desk, now: int) -> int:
    """Bring each channel's guide up to what the files say; returns how many steps that took."""
    done = 0
    for room in desk.content.rooms.channels:
        known = rooms.by_name(connection, room.name)
        if known is not None and roomstate.found(connection, known.room_id) is not None:
            done += _guide(connection, desk, room, known.room_id, now)
    return done


def _guide(connection: Connection, desk: Desk, room: Room, room_id: str, now: int) -> int:
    wording = hashlib.sha256(room.guide.encode()).hexdigest()[:12] if room.guide else "none"
    key = f"guide:{room_id}:{wording}"
    if room.guide:
        message = render(room.guide).content(notice=True)
        if outbox.append(connection, Outgoing(key, room_id, message, priority=Priority.NOTICE), now):
            desk.record(connection, "room.guide", room_id, {"room": room.name, "wording": wording}, now)
            return 1
    event_id = outbox.event_id(connection, key) if room.guide else None
    if room.guide and event_id is None:
        return 0  # not sent yet
    pinned = _pinned(connection, room_id)
    earlier = [one for one in pinned if (outbox.key_of(connection, one) or "").startswith("guide:")]
    wanted = ([event_id] if event_id else []) + [one for one in pinned if one not in earlier]
    if wanted == pinned:
        return 0
    # Without a guide the key names what is taken down, so that one put up again later can be taken down again.
    cause = wording if room.guide else f"none:{':'.join(earlier)}"
    change = {"state_key": "", "merge": {"pinned": wanted}}
    row = Outgoing(f"guide-pin:{room_id}:{cause}", room_id, change, Action.STATE, PINNED, Priority.NOTICE)
    return int(outbox.append(connection, row, now))


def _pinned(connection: Connection, room_id: str) -> list[str]:
    there = roomstate.found(connection, room_id)
    pinned = (there.content(PINNED) or {}).get("pinned") if there is not None else None
    return [one for one in pinned if isinstance(one, str)] if isinstance(pinned, list) else []
