"""The state that a room of the files should have, as Matrix spells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rooms import acl
from bot.rooms.admission import Admission
from bot.rooms.agencies import Agencies
from bot.rooms.change import REFERENCE
from bot.rooms.found import creators_rule
from bot.rooms.model import Room, Rooms

MEGOLM = "m.megolm.v1.aes-sha2"
DAY_MS = 86_400_000
JOIN_RULES = {
    "public": "public", "knock": "knock", "space": "restricted", "agencies": "restricted", "invite": "invite",
}  # fmt: skip
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

LOCKED_POWER = 50
"""Needed to speak in a channel that was locked."""
SAYING = ("m.room.message", "m.room.encrypted", "m.reaction", "m.sticker", "m.call.invite")
"""What people send: where it has a power of its own, a lock must lift that, too."""
USUAL_POWER = {"speak": 0, "invite": 0, "kick": 50, "ban": 50, "redact": 50, "state": 100, "notify": 50}

StateEvent = tuple[str, str, dict[str, Any]]
"""(type, state key, content)."""


@dataclass(frozen=True)
class Held:
    """What those who keep order did in a room and what still holds: it goes before the files."""

    muted: Mapping[str, int] = field(default_factory=dict)
    """User id → power to which they were brought down."""
    locked: bool = False
    closed: bool = False
    """Its door was shut against a wave of people: the join rule stays as it stands."""
    banned_servers: frozenset[str] = frozenset()
    """Names and patterns."""


NOTHING_HELD = Held()


def state(room: Room, rooms: Rooms, agencies: Agencies, server_name: str) -> list[StateEvent]:
    """Everything but what creation sets in its own way (name, topic, canonical alias, power levels) and the ACL."""
    events: list[StateEvent] = []
    if room.retention is not None:
        events.append(("m.room.retention", "", {"max_lifetime": room.retention * DAY_MS}))
    if room.encryption:
        events.append(("m.room.encryption", "", {"algorithm": MEGOLM}))
    events += [
        ("m.room.join_rules", "", join_rules(room, rooms, agencies)),
        ("m.room.history_visibility", "", {"history_visibility": room.history}),
        ("m.room.guest_access", "", {"guest_access": "forbidden"}),
    ]
    if spaces := spaces_of(room, rooms, agencies):
        key = f"{REFERENCE}{spaces[0].name}"
        events.append(("m.space.parent", key, {"via": [server_name], "canonical": True}))
    return events


def spaces_of(room: Room, rooms: Rooms, agencies: Agencies) -> list[Room]:
    """The spaces in which a room is shown, its home first.

    The operations room is in none: anybody can look into ours. What is for agencies alone stands in theirs only.
    """
    if room.kind != "channel":
        return []
    theirs = [rooms.agency_space] if rooms.agency_space is not None else []
    if room.join == "agencies":
        return theirs
    return [rooms.space, *(theirs if agencies.in_room(room) else [])]


def join_rules(room: Room, rooms: Rooms, agencies: Agencies) -> dict[str, Any]:
    """Content of m.room.join_rules: members of each space in which the room is shown come in by themselves."""
    content: dict[str, Any] = {"join_rule": JOIN_RULES[room.join]}
    if content["join_rule"] == "restricted":
        content["allow"] = [
            {"type": "m.room_membership", "room_id": f"{REFERENCE}{space.name}"}
            for space in spaces_of(room, rooms, agencies)
        ]
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
    agencies: Agencies,
    *,
    me: str,
    server_name: str,
    version: str,
    creators: tuple[str, ...],
    found: Mapping[str, Any] | None = None,
    keep: Mapping[str, int] | None = None,
    held: Held = NOTHING_HELD,
) -> dict[str, Any]:
    """Content of m.room.power_levels.

    Since version 12 creators must not be listed in it; before that we list ourselves with 100. Entries of
    `found` that the files say nothing about are kept; `keep` names people whose power stays. `held` goes before
    the files: whoever was muted stays so, and nobody speaks in what was locked.
    """
    new_rules = creators_rule(version)
    power = {
        name: fallback if (value := getattr(room.power, name)) is None else value
        for name, fallback in USUAL_POWER.items()
    }
    # A break-glass account that came too late to be a creator gets the most that can be given.
    named = Admission(room, rooms, agencies, server_name).powers
    users = dict(keep or {}) | dict.fromkeys(rooms.creators(server_name), 100) | named | dict(held.muted)
    if new_rules:
        users = {user: level for user, level in users.items() if user not in creators}
    else:
        users[me] = 100
    old_events = (found or {}).get("events")
    events = dict(old_events) if isinstance(old_events, Mapping) else {}
    events |= dict.fromkeys(GUARDED, power["state"])
    events["m.room.tombstone"] = TOMBSTONE_V12 if new_rules else 100
    speak = power["speak"]
    if held.locked:
        speak = max(speak, LOCKED_POWER)
        events |= {type_: LOCKED_POWER for type_ in SAYING if events.get(type_, LOCKED_POWER) < LOCKED_POWER}
    old_notifications = (found or {}).get("notifications")
    notifications = dict(old_notifications) if isinstance(old_notifications, Mapping) else {}
    return {
        **(found or {}),
        "users": users,
        "users_default": 0,
        "events": events,
        "events_default": speak,
        "state_default": power["state"],
        "invite": power["invite"],
        "kick": power["kick"],
        "ban": power["ban"],
        "redact": power["redact"],
        "notifications": {**notifications, "room": power["notify"]},
    }


def creation(
    room: Room, rooms: Rooms, agencies: Agencies, *, me: str, server_name: str, version: str, held: Held = NOTHING_HELD
) -> dict[str, Any]:
    """Body of POST /createRoom that leaves nothing to add but invites, a picture and the space's child entry."""
    creators = (me, *rooms.creators(server_name)) if creators_rule(version) else ()
    creation_content: dict[str, Any] = {}
    if room.is_space:
        creation_content["type"] = "m.space"
    if not room.federate:
        creation_content["m.federate"] = False
    if creators[1:]:
        creation_content["additional_creators"] = list(creators[1:])
    initial = state(room, rooms, agencies, server_name)
    allowed = Admission(room, rooms, agencies, server_name).acl(held.banned_servers)
    if room.federate and acl.fault(allowed, server_name) is None:
        initial.append((acl.TYPE, "", allowed))
    body: dict[str, Any] = {
        # Never trusted_private_chat: in version 12 it turns everybody invited into a creator for good.
        "preset": "public_chat" if room.join == "public" else "private_chat",
        "visibility": "private",
        "room_version": version,
        "room_alias_name": room.alias,
        "name": room.title,
        "creation_content": creation_content,
        "initial_state": [{"type": type_, "state_key": key, "content": content} for type_, key, content in initial],
        "power_level_content_override": power_levels(
            room, rooms, agencies, me=me, server_name=server_name, version=version, creators=creators, held=held
        ),
    }
    if room.topic:
        body["topic"] = room.topic
    return body
