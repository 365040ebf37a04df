"""Many channels instead of the shipped three, for claims and benchmarks about announcing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from bot.demo.world import World
from bot.matrix.api import HomeserverApi, path
from bot.matrix.person import Person
from bot.outgoing import KEY_FIELD, transaction_id

AT_ONCE = 8


OTHERS = ("space", "ruang-kendali", "ruang-ppa")


def many_channels(world: World, number: int, *, encrypted: int = 0) -> None:
    """Rewrite rooms.yaml: so many channels, the shipped ones among them; the first of the others are encrypted."""
    file = world.folder / "rooms" / "rooms.yaml"
    rooms = yaml.safe_load(file.read_text())
    # Nobody is invited: it is about sending, and invitations are another limit.
    rooms["defaults"] |= {"invite_officers": False, "encryption": False}
    rooms["operations"]["ruang-kendali"] |= {"encryption": True, "invite_officers": True}
    rooms["private"]["ruang-ppa"] |= {"encryption": True}
    for one in range(number - len(rooms["channels"])):
        rooms["channels"][f"kanal-{one:03}"] = {"title": f"Kanal {one}", "encryption": one < encrypted}
    file.write_text(yaml.safe_dump(rooms, allow_unicode=True, sort_keys=False))


def channels(rooms: Mapping[str, str]) -> list[str]:
    """Of all rooms by name the ids of the channels."""
    return [room_id for name, room_id in rooms.items() if name not in OTHERS]


async def join_all(api: HomeserverApi, room_ids: Sequence[str]) -> None:
    """This person becomes a member everywhere."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def join(room_id: str) -> None:
        async with gate:
            await api.request("POST", path("join", room_id), {})

    await asyncio.gather(*(join(room_id) for room_id in room_ids))


def counted(reader: Person, keys: dict[str, str]) -> Counter[str]:
    """Room id → how often the message of that key (room id → key) stands there, as the reader sees it."""
    marks = {transaction_id(key): room_id for room_id, key in keys.items()}
    seen: dict[str, Any] = {}
    for one in reader.seen:
        room_id = marks.get(str(one.content.get(KEY_FIELD)))
        if room_id == one.room_id:
            seen[one.event_id] = room_id
    return Counter(seen.values())
