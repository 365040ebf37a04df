"""Whose invites the bot accepts. A pure rule; handlers carry it out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from bot.config import Config
from bot.event import IncomingEvent, Kind, Trust
from bot.matrix.events import clean, table, text, whole
from bot.outgoing import Action

LONGEST_NAME = 255
"""Of a room, in characters."""


def decide(config: Config, event: IncomingEvent) -> Action:
    """JOIN when the inviter's server is our own or an allowed one, else LEAVE (which declines)."""
    home = config.homeserver
    allowed = {home.server_name, *home.allowed_servers}
    return Action.JOIN if server_of(event.sender) in allowed else Action.LEAVE


def server_of(user_id: str) -> str:
    """The server part of a user id, "" when there is none. Never of a room id: v12 rooms have no server part."""
    localpart, colon, server = user_id.partition(":")
    return server if colon and localpart.startswith("@") else ""


def parse(room_id: str, state: Any, me: str, batch: str) -> IncomingEvent | None:
    """The invite to us in a room's stripped state, `None` when there is none.

    Only a member event about us with membership invite is one; others in the stripped state are decoration.
    `batch` (a sync token) names it where the homeserver gives no event id: told again it is the same row.
    """
    events: Iterable[Any] = state if isinstance(state, list) else ()
    for raw in events:
        source = table(clean(raw))
        if source.get("type") != "m.room.member" or source.get("state_key") != me:
            continue
        content = table(source.get("content"))
        sender = text(source.get("sender"))
        if content.get("membership") != "invite" or not sender:
            continue
        return IncomingEvent(
            event_id=text(source.get("event_id")) or _name(room_id, sender, batch),
            room_id=room_id,
            sender=sender,
            kind=Kind.INVITE,
            sent_at=whole(source.get("origin_server_ts")) or 0,
            trust=Trust.CLEAR,
            type="m.room.member",
            content={**content, "inviter_server": server_of(sender), "name": _room_name(events)},
            state_key=me,
            direct=content.get("is_direct") is True,
            encrypted_room=any(is_encryption(other) for other in events),
        )
    return None


def _room_name(events: Iterable[Any]) -> str:
    """What the room is called, as the inviter's server says; "" when it has no name."""
    sources = [table(clean(raw)) for raw in events]
    named = (table(one.get("content")).get("name") for one in sources if one.get("type") == "m.room.name")
    return next((text(name)[:LONGEST_NAME] for name in named), "")


def _name(*parts: str) -> str:
    """An id of our own. It stands in the audit for good, so it must not hold the inviter's name."""
    return "invite:" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_encryption(raw: Any) -> bool:
    """Whether this (stripped) state event switches encryption on."""
    return isinstance(raw, Mapping) and raw.get("type") == "m.room.encryption"
