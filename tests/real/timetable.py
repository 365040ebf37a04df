"""Slots of a running bot's bulletins, moved to where a claim needs them."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from datetime import datetime

import yaml
from bot_world import BotWorld
from sqlalchemy import select

from bot.store.tables import audit


def schedule(world: BotWorld, slots: Collection[str], at: datetime | None, *, preview: int = 0) -> None:
    """These slots at that local minute with a preview so many minutes before; every other one on no day at all."""
    path = world.world.folder / "rooms" / "bulletins.yaml"
    file = yaml.safe_load(path.read_text())
    for name, slot in file["slots"].items():
        slot["days"] = []
        if at is not None and name in slots:
            slot.pop("days")
            slot |= {"time": f"{at:%H:%M}", "preview": {"minutes": preview, "silence": "send"}}
    path.write_text(yaml.safe_dump(file, allow_unicode=True, sort_keys=False))


async def reschedule(world: BotWorld, slots: Collection[str], at: datetime, *, preview: int = 0) -> None:
    """The running bot follows a new schedule."""
    changed = select(audit.c.id).where(audit.c.kind == "content.changed")
    before = len(world.rows(changed))
    schedule(world, slots, at, preview=preview)
    os.kill(world.bot.pid, signal.SIGHUP)
    await world.until(lambda: len(world.rows(changed)) > before, "the new content")
