"""Somebody changes the rooms by hand while the bot runs: the officers hear of it, and what may be put right is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from bot_world import BotWorld, bot_world
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.matrix.api import path
from bot.store.tables import audit, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

OFTEN = ("bot.matrix.drift.FIRST_SECONDS=1.0", "bot.matrix.drift.MINUTE_SECONDS=0.05")
GUIDE = "**Panduan.** Tekan mikrofon, sebut apa, di mana, kapan."


def write(world: BotWorld) -> None:
    """An officer who may change rooms, a guide, and what may be repaired."""
    folder = world.world.folder / "rooms"
    rooms, officers = (yaml.safe_load((folder / name).read_text()) for name in ("rooms.yaml", "officers.yaml"))
    rooms["repair"] = ["topic", "power_levels"]
    rooms["channels"]["ojol"]["guide"] = GUIDE
    officers["roles"]["petugas"]["power"] = 100
    (folder / "rooms.yaml").write_text(yaml.safe_dump(rooms))
    (folder / "officers.yaml").write_text(yaml.safe_dump(officers))


async def test_meddling_is_told_and_repaired_only_where_the_file_says_so(tmp_path: Path) -> None:
    async with bot_world(tmp_path, start=False, constants=OFTEN, speech={"workers": 1}) as world:
        write(world)
        await kentongan("rooms", "apply", config=world.world.config_path)
        officer = await world.account("petugas", joins=["ojol", "ruang-kendali"])
        ojol, operations = world.rooms["ojol"], world.rooms["ruang-kendali"]
        world.start()

        guide = await officer.wait(lambda seen: seen.body.startswith("Panduan."), what="guide")

        async def state(type_: str) -> dict[str, Any]:
            async with world.api(officer) as api:
                return await api.request("GET", path("rooms", ojol, "state", type_, ""))

        async def put(type_: str, content: dict[str, Any]) -> None:
            async with world.api(officer) as api:
                await api.request("PUT", path("rooms", ojol, "state", type_, ""), content)

        pins = select(outbox.c.key).where(outbox.c.key.startswith("guide-pin:"), outbox.c.state == "sent")
        await world.until(lambda: world.rows(pins), "guide pinned")
        assert (await state("m.room.pinned_events"))["pinned"] == [guide.event_id]

        topic, levels = await state("m.room.topic"), await state("m.room.power_levels")
        stranger = world.world.account("warga").user_id
        await put("m.room.topic", {"topic": "Jual pulsa"})
        await put("m.room.power_levels", {**levels, "users": {**levels["users"], stranger: 50}})
        await put("m.room.name", {"name": "Warung"})

        def told(words: str) -> Any:
            return lambda seen: seen.room_id == operations and words in seen.body

        repaired = await officer.wait(told("Jual pulsa"), what="card on the topic")
        assert "sudah dikembalikan" in repaired.body
        assert officer.user_id in repaired.body
        await officer.wait(told("Warung → Ojol Kamtibmas"), what="card on the name")
        rows = select(audit.c.id).where(audit.c.kind == "rooms.repaired")
        await world.until(lambda: len(world.rows(rows)) == 2, "two repairs in the audit")
        assert (await state("m.room.topic"))["topic"] == topic["topic"]
        assert await state("m.room.power_levels") == levels
        assert (await state("m.room.name"))["name"] == "Warung"

        await kentongan("rooms", "apply", config=world.world.config_path)
        await officer.wait(told("kembali sesuai"), what="word that all is well")
        assert (await state("m.room.name"))["name"] == "Ojol Kamtibmas"
        assert await kentongan("audit", "verify", config=world.world.config_path)
