"""Reads what stands on the homeserver. Changes nothing there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.rooms.found import Found, FoundRoom
from bot.rooms.homeserver import Homeserver, look, path
from bot.rooms.model import Rooms

MAX_UPGRADES = 20
"""Tombstones followed from one room; more is a loop that somebody made."""


async def survey(
    api: Homeserver,
    rooms: Rooms,
    *,
    me: str,
    recorded: Mapping[str, str],
    on_progress: Callable[[int, int, str], None] | None = None,
) -> Found:
    """Look for each room of the files by its alias, else by our own record (`recorded`: name → room id).

    Upgraded rooms are followed to the newest one that we are in.
    """
    server_name = me.split(":", 1)[1]
    found: dict[str, FoundRoom] = {}
    for number, room in enumerate(rooms.all):
        if on_progress:
            on_progress(number, len(rooms.all), room.name)
        answer = await look(api, path("directory", "room", room.full_alias(server_name)))
        target = str(answer["room_id"]) if answer and "room_id" in answer else None
        known = recorded.get(room.name)
        here = await _room(api, target or known, target, known, me)
        if here is not None and not here.readable and known and known != target:
            here = await _room(api, known, target, known, me) or here
        if here is not None and (here.readable or target):
            found[room.name] = here
    return Found(me, found, await _versions(api))


async def _room(
    api: Homeserver, room_id: str | None, target: str | None, known: str | None, me: str
) -> FoundRoom | None:
    if room_id is None:
        return None
    here = await _read(api, room_id, target, known, me)
    for _ in range(MAX_UPGRADES):
        replacement = (here.content("m.room.tombstone") or {}).get("replacement_room")
        if not isinstance(replacement, str):
            break
        newer = await _read(api, replacement, target, known, me)
        if not newer.readable:
            break
        here = replace(newer, successor=here.recorded or here.successor)
    return here


async def _read(api: Homeserver, room_id: str, target: str | None, known: str | None, me: str) -> FoundRoom:
    answer = await look(api, path("rooms", room_id, "state"))
    state: dict[tuple[str, str], dict[str, Any]] = {}
    senders: dict[tuple[str, str], str] = {}
    for event in (answer or {}).get("chunk", []):
        key = (str(event.get("type")), str(event.get("state_key", "")))
        content = event.get("content")
        state[key] = content if isinstance(content, dict) else {}
        senders[key] = str(event.get("sender"))
    # A room that we left still shows us its state as it was then.
    joined = state.get(("m.room.member", me), {}).get("membership") == "join"
    return FoundRoom(
        room_id=room_id,
        alias_target=target,
        recorded=known == room_id,
        readable=joined,
        state=state if joined else {},
        senders=senders if joined else {},
    )


async def _versions(api: Homeserver) -> frozenset[str]:
    answer = await look(api, path("capabilities"))
    versions = (answer or {}).get("capabilities", {}).get("m.room_versions", {})
    available = versions.get("available", {}) if isinstance(versions, dict) else {}
    return frozenset(str(one) for one in available) if isinstance(available, dict) else frozenset()
