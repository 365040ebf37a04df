"""What people on Element's SDK read of the bot's casework, waited for; and an agency that reports are passed on to."""

from __future__ import annotations

import os
import signal
from typing import Any

import yaml
from bot_world import BotWorld
from second_client import SecondClient, Seen
from sqlalchemy import func, select

from bot.store.tables import audit

SECONDS = 120


async def heard(client: SecondClient, world: BotWorld, text: str, *, room: str | None = None) -> Seen:
    """An encrypted message of the bot with these words."""

    def found(seen: Seen) -> bool:
        return (
            seen.sender == world.bot_id
            and text in seen.body
            and not seen.redacted
            and seen.encrypted
            and room in (None, seen.room_id)
        )

    return await client.wait_for(found, SECONDS)


async def shown(client: SecondClient, world: BotWorld, text: str) -> Seen:
    """An edit of the card to these words."""

    def edit(seen: Seen) -> bool:
        new = seen.content.get("m.new_content") or {}
        return seen.sender == world.bot_id and text in str(new.get("body", "")) and seen.encrypted

    return await client.wait_for(edit, SECONDS)


async def gone(client: SecondClient, event_id: str) -> None:
    """The event was redacted."""
    await client.wait_for(lambda seen: seen.event_id == event_id and seen.redacted, SECONDS)


async def connect_agency(world: BotWorld, room: str, **more: Any) -> None:
    """The files name the agency's room and who is on duty; the running bot reads them anew."""
    rooms = world.world.folder / "rooms"
    written = yaml.safe_load((rooms / "instansi.yaml").read_text())["agencies"]["bpbd"]
    part = {name: written[name] for name in ("servers", "liaisons", "channels") if name in written}
    agency = {**part, "title": "BPBD", "room": room, "categories": ["laka_lantas"], **more}
    (rooms / "instansi.yaml").write_text(yaml.safe_dump({"agencies": {"bpbd": agency}}))
    shift = {"since": "00:00", "until": "24:00", "members": ["@petugas"]}
    (rooms / "piket.yaml").write_text(yaml.safe_dump({"shifts": [shift]}))
    changed = select(func.count()).select_from(audit).where(audit.c.kind == "content.changed")
    before = world.rows(changed)[0][0]
    os.kill(world.bot.pid, signal.SIGHUP)
    await world.until(lambda: world.rows(changed)[0][0] > before, "the new content")
