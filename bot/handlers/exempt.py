"""Against whom nothing is done: those who keep order themselves, and those who are here for an agency."""

from __future__ import annotations

from bot.handlers.desk import Desk
from bot.moderation.authority import Exempt, Why
from bot.rooms import power
from bot.rooms.found import FoundRoom


def exempt(desk: Desk, room: FoundRoom | None, user_id: str) -> bool:
    """Whether protections leave a person alone in a room: the bot, people of the files, and who may put others out."""
    listed = user_id == desk.me or in_files(desk, user_id) or desk.content.is_liaison(user_id)
    return listed or may_kick(room, user_id)


def in_files(desk: Desk, user_id: str) -> bool:
    """Whether the files name a person: officers of our own server and spare accounts. Display names never count."""
    server = desk.config.homeserver.server_name
    rooms = desk.content.rooms
    if user_id in rooms.creators(server):
        return True
    return user_id.partition(":")[2] == server and rooms.officer(user_id, server) is not None


def may_kick(room: FoundRoom | None, user_id: str) -> bool:
    """Whether a person's power in the room reaches what kicking takes, creators included."""
    if room is None:
        return False
    return room.power(user_id) >= max(1, power.needed(room.content("m.room.power_levels"), "kick"))


def may_notify(room: FoundRoom | None, user_id: str) -> bool:
    """Whether a person may call the whole room (client-server API, m.room.power_levels, `notifications`)."""
    if room is None:
        return False
    notifications = (room.content("m.room.power_levels") or {}).get("notifications")
    needed = power.level(notifications.get("room"), 50) if isinstance(notifications, dict) else 50
    return room.power(user_id) >= needed


def why_exempt(desk: Desk) -> Exempt:
    """Why an officer can order nothing against a person, as the files say it."""

    def why(user_id: str) -> Why | None:
        if user_id == desk.me:
            return Why.THE_BOT
        if in_files(desk, user_id):
            return Why.AN_OFFICER
        return Why.A_LIAISON if desk.content.is_liaison(user_id) else None

    return why
