"""The officers' hand on bulletins on a real Synapse: previews answered with Element's SDK, and a subscriber's copy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from bot_world import BotWorld, bot_world
from second_client import Node, SecondClient, Seen
from sqlalchemy import select
from timetable import reschedule, schedule

from bot.demo.process import kentongan
from bot.demo.world import OPERATIONS, next_whole_minute
from bot.store.tables import bulletins, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SECONDS = 120
SLOTS = ("pagi", "malam")
WORDS = "Hujan lebat sampai malam. Hindari **jalan pantai**, @room perahu ditambat dulu."
AHEAD = timedelta(minutes=25)
"""Far enough for every answer, however slow the machine; then the slots are moved to now."""


async def heard(client: SecondClient, world: BotWorld, room: str, text: str) -> Seen:
    """An encrypted message of the bot with these words."""
    return await client.wait_for(
        lambda seen: seen.sender == world.bot_id and seen.room_id == room and text in seen.body and seen.encrypted,
        SECONDS,
    )


async def edited(client: SecondClient, world: BotWorld, card: Seen, text: str) -> Seen:
    """An edit of that card to these words."""

    def edit(seen: Seen) -> bool:
        relation = seen.wire_content.get("m.relates_to") or {}
        new: Mapping[str, Any] = seen.content.get("m.new_content") or {}
        return relation.get("event_id") == card.event_id and text in str(new.get("body", ""))

    return await client.wait_for(edit, SECONDS)


def noon() -> ZoneInfo:
    """A timezone in which it is about noon: no slot of this test lies across midnight."""
    return ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")


async def test_officers_change_and_skip_bulletins_and_a_subscriber_has_a_copy(tmp_path: Path) -> None:
    async with bot_world(tmp_path, start=False, bulletins={"enabled": True}) as world, Node() as node:
        schedule(world, SLOTS, None)
        zone = noon()
        config = yaml.safe_load(world.world.config_path.read_text())
        world.world.config_path.write_text(yaml.safe_dump(config | {"timezone": zone.key}, sort_keys=False))
        world.start()
        await world.bot.until("ready")
        url = world.homeserver.url
        await asyncio.to_thread(world.homeserver.register, "siti", "a-password")
        officer = await node.login(url, "petugas", world.world.account("petugas").password, signed_only=True)
        citizen = await node.login(url, "siti", "a-password", signed_only=True)
        channel = await citizen.join(world.world.aliases()["ojol"])
        operations = await officer.join(world.world.aliases()[OPERATIONS])
        direct = await citizen.dm(world.bot_id)
        for client, room in ((citizen, channel), (officer, operations), (citizen, direct)):
            await client.wait_member(room, world.bot_id)
        await citizen.text(direct, "!buletin pagi ikut")
        await heard(citizen, world, direct, "!buletin pagi stop")
        subscribed = datetime.now(zone)
        await officer.text(operations, "!buletin catatan")
        await heard(officer, world, operations, "Tidak ada catatan")  # the officer's keys have arrived

        at = datetime.now(zone) + AHEAD
        await reschedule(world, SLOTS, at, preview=30)
        morning = await heard(officer, world, operations, "Pratinjau Buletin Pagi")
        night = await heard(officer, world, operations, "Pratinjau Buletin Malam")
        assert morning.content["m.mentions"] == {}
        assert "Juga ke 1 pelanggan" in morning.body
        assert f"{at:%H.%M}" in morning.body

        # Other words for the morning, a reason against the night.
        await officer.text(operations, WORDS, reply_to=morning.event_id)
        changed_card = await edited(officer, world, morning, "Hujan lebat")
        assert "Selamat pagi" not in changed_card.content["m.new_content"]["body"]
        await officer.react(operations, night.event_id, "⛔")
        why = await heard(officer, world, operations, "Apa sebabnya")
        assert why.thread_root == night.event_id
        await officer.text(operations, "pemadaman listrik di kantor", reply_to=why.event_id)
        await edited(officer, world, night, "pemadaman listrik di kantor")
        assert not world.rows(select(bulletins.c.id)), "nothing goes out before its time"

        # The slots come: the first minute after somebody asked for a copy, which may have begun.
        await reschedule(world, SLOTS, next_whole_minute(subscribed, at_least=timedelta()), preview=30)
        said = await heard(citizen, world, channel, "Hujan lebat")
        copy = await heard(citizen, world, direct, "Hujan lebat")
        for message in (said, copy):
            assert message.content["m.mentions"] == {}
            assert "<strong>jalan pantai</strong>" in message.content["formatted_body"]
            assert "@room" not in message.body
            assert "110" in message.body.splitlines()[-1]
        await edited(officer, world, morning, "Terbit di 3 kanal")
        await edited(officer, world, night, "Tidak terbit di 3 kanal")

        # Too late, and told so.
        late = await officer.text(operations, "ganti: Hujan sudah reda", reply_to=morning.event_id)
        answer = await heard(officer, world, operations, "Terlambat: buletin ini sudah terbit")
        assert answer.reply_to == late

        rows = world.rows(select(bulletins.c.slot, bulletins.c.room_id, bulletins.c.state, bulletins.c.reason))
        sent = {row.room_id for row in rows if row.slot == "pagi" and row.state == "queued"}
        assert sent == {world.rooms[name] for name in ("ojol", "nelayan", "desa-siaga")} | {direct}
        assert {(row.state, row.reason) for row in rows if row.slot == "malam"} == {("skipped", "officer")}
        assert len(rows) == len({(row.slot, row.room_id) for row in rows}) == 7
        await world.until(lambda: not world.waiting(), "nothing waits")
        for room in (channel, direct):
            heard_there = [
                seen
                for seen in citizen.events.values()
                if seen.sender == world.bot_id and seen.room_id == room and seen.type == "m.room.message"
            ]
            assert len([seen for seen in heard_there if "Hujan lebat" in seen.body]) == 1
            assert all(seen.content.get("m.mentions") == {} for seen in heard_there), "nobody's phone rings by name"
        assert len(world.rows(select(outbox.c.key).where(outbox.c.key.startswith("bulletin:")))) == 4
        assert await kentongan("audit", "verify", config=world.world.config_path)
