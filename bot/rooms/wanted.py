"""The state that a room of the files should have, as Matrix spells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.rooms.change import REFERENCE
from bot.rooms.found import creators_rule
from bot.rooms.model import Room, Rooms

MEGOLM = "m.megolm.v1.aes-sha2"
JOIN_RULES = {"public": "public", "knock": "knock", "space": "restricted", "invite": "invite"}
# Types that some clients and presets open to moderators; ours follow the file alone.
GUARDED = (
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.guest_access",
    "m.room.power_levels",
    "m.room.encryption",
    "m.room.server_acl",
    "m.room.pinned_events",
)
TOMBSTONE_V12 = 150
"""Room version 12 keeps upgrades for creators (MSC4289)."""

USUAL_POWER = {"speak": 0, "invite": 0, "kick": 50, "ban": 50, "redact": 50, "state": 100, "notify": 50}

StateEvent = tuple[str, str, dict[str, Any]]
"""(type, state key, content)."""


def state(room: Room, server_name: str) -> list[StateEvent]:
    """Everything but name, topic, canonical alias and power levels, which creation sets in its own way."""
    events: list[StateEvent] = []
    if room.encryption:
        events.append(("m.room.encryption", "", {"algorithm": MEGOLM}))
    events += [
        ("m.room.join_rules", "", join_rules(room)),
        ("m.room.history_visibility", "", {"history_visibility": room.history}),
        ("m.room.guest_access", "", {"guest_access": "forbidden"}),
    ]
    if room.kind == "channel":  # the operations room is not shown in a space that anybody can look into
        events.append(("m.space.parent", f"{REFERENCE}space", {"via": [server_name], "canonical": True}))
    return events


def join_rules(room: Room) -> dict[str, Any]:
    """Content of m.room.join_rules."""
    content: dict[str, Any] = {"join_rule": JOIN_RULES[room.join]}
    if room.join == "space":
        content["allow"] = [{"type": "m.room_membership", "room_id": f"{REFERENCE}space"}]
    return content


def topic(room: Room) -> dict[str, Any]:
    """Content of m.room.topic, with the block that newer clients read first (spec 1.15, m.topic)."""
    return {"topic": room.topic, "m.topic": {"m.text": [{"body": room.topic}]}}


def space_child(server_name: str, position: int) -> dict[str, Any]:
    """Content of m.space.child; `position` keeps the order of the file."""
    return {"via": [server_name], "order": f"{position:03d}", "suggested": True}


def power_levels(
    room: Room,
    rooms: Rooms,
    *,
    me: str,
    server_name: str,
    version: str,
    creators: tuple[str, ...],
    found: Mapping[str, Any] | None = None,
    keep: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Content of m.room.power_levels.

    Since version 12 creators must not be listed in it; before that we list ourselves with 100. Entries of
    `found` that the files say nothing about are kept; `keep` names people whose power we cannot lower.
    """
    new_rules = creators_rule(version)
    power = {
        name: fallback if (value := getattr(room.power, name)) is None else value
        for name, fallback in USUAL_POWER.items()
    }
    # A break-glass account that came too late to be a creator gets the most that can be given.
    users = dict(keep or {}) | dict.fromkeys(rooms.creators(server_name), 100) | rooms.powers_in(room, server_name)
    if new_rules:
        users = {user: level for user, level in users.items() if user not in creators}
    else:
        users[me] = 100
    old_events = (found or {}).get("events")
    events = dict(old_events) if isinstance(old_events, Mapping) else {}
    events |= dict.fromkeys(GUARDED, power["state"])
    events["m.room.tombstone"] = TOMBSTONE_V12 if new_rules else 100
    old_notifications = (found or {}).get("notifications")
    notifications = dict(old_notifications) if isinstance(old_notifications, Mapping) else {}
    return {
        **(found or {}),
        "users": users,
        "users_default": 0,
        "events": events,
        "events_default": power["speak"],
        "state_default": power["state"],
        "invite": power["invite"],
        "kick": power["kick"],
        "ban": power["ban"],
        "redact": power["redact"],
        "notifications": {**notifications, "room": power["notify"]},
    }


def creation(room: Room, rooms: Rooms, *, me: str, server_name: str, version: str) -> dict[str, Any]:
    """Body of POST /createRoom that leaves nothing to add but invites and the space's child entry."""
    creators = (me, *rooms.creators(server_name)) if creators_rule(version) else ()
    creation_content: dict[str, Any] = {}
    if room.kind == "space":
        creation_content["type"] = "m.space"
    if not room.federate:
        creation_content["m.federate"] = False
    if creators[1:]:
        creation_content["additional_creators"] = list(creators[1:])
    body: dict[str, Any] = {
        # Never trusted_private_chat: in version 12 it turns everybody invited into a creator for good.
        "preset": "public_chat" if room.join == "public" else "private_chat",
        "visibility": "private",
        "room_version": version,
        "room_alias_name": room.alias,
        "name": room.title,
        "creation_content": creation_content,
        "initial_state": [
            {"type": type_, "state_key": key, "content": content} for type_, key, content in state(room, server_name)
        ],
        "power_level_content_override": power_levels(
            room, rooms, me=me, server_name=server_name, version=version, creators=creators
        ),
    }
    if room.topic:
        body["topic"] = room.topic
    return body
