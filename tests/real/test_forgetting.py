"""Searched by an officer, then forgotten at its author's request: on a real Synapse, both with Element's SDK."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bot_world import BotWorld, bot_world
from second_client import Node, SecondClient, Seen
from sqlalchemy import select

from bot.demo.world import OPERATIONS
from bot.store.tables import incidents, members, metadata, outbox, room_state

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]

SECONDS = 90
SECRET = "zebrakuda"


async def heard(client: SecondClient, world: BotWorld, text: str) -> Seen:
    """A message of the bot with these words."""
    return await client.wait_for(
        lambda seen: seen.sender == world.bot_id and text in seen.body and not seen.redacted, SECONDS
    )


async def gone(client: SecondClient, event_id: str) -> None:
    await client.wait_for(lambda seen: seen.event_id == event_id and seen.redacted, SECONDS)


async def test_a_report_is_found_and_then_forgotten_here_and_on_the_homeserver(tmp_path: Path) -> None:
    async with bot_world(tmp_path, speech={"workers": 1}) as world, Node() as node:
        await asyncio.to_thread(world.homeserver.register, "siti", "a-password")
        account = world.world.account("petugas")
        officer = await node.login(world.homeserver.url, "petugas", account.password, signed_only=True)
        reporter = await node.login(world.homeserver.url, "siti", "a-password", signed_only=True)
        channel = await reporter.join(world.world.aliases()["ojol"])
        operations = await officer.join(world.world.aliases()[OPERATIONS])
        private = await reporter.dm(world.bot_id)
        for client, room in ((reporter, channel), (officer, operations), (reporter, private)):
            await client.wait_member(room, world.bot_id)

        note = await reporter.text(channel, f"banjir di Kalimanggis selutut, dekat rumah {SECRET}")
        answer = await heard(reporter, world, "Tercatat untuk petugas (#1)")
        card = await heard(officer, world, SECRET)

        await officer.text(operations, "!cari banjir kalimangis 7 hari")
        found = await heard(officer, world, "1 catatan")
        assert "dibaca sebagai" in found.body
        assert f"/{card.event_id.replace('$', '%24')}?via=" in found.body

        await reporter.text(private, "hapus data saya")
        await heard(reporter, world, "Tidak bisa dikembalikan")
        await reporter.text(private, "ya, hapus")
        kept = await heard(reporter, world, "masih ditangani polisi")
        assert "#1" in kept.body
        closed = select(incidents.c.id).where(incidents.c.status == "selesai")
        assert world.rows(closed) == []

        # Closed by the officer: the rest goes by itself, and everywhere.
        await officer.react(operations, card.event_id, "🏁")
        await world.until(lambda: world.rows(closed), "the incident to be closed")
        await heard(reporter, world, "sudah selesai; isinya")
        await gone(officer, card.event_id)
        for event_id in (note, answer.event_id):
            await gone(reporter, event_id)
        waiting = select(outbox.c.id).where(outbox.c.state == "queued")
        await world.until(lambda: not world.rows(waiting), "everything to be sent")
        rows = [(table.name, str(row)) for table in metadata.sorted_tables for row in world.rows(select(table))]
        assert [row for row in rows if SECRET in row[1]] == []
        # In which rooms they are, and that they made one of them, everybody there can see on the homeserver itself.
        named = [name for name, row in rows if reporter.user_id in row]
        there = world.rows(select(members.c.room_id).where(members.c.user_id == reporter.user_id))
        made = select(room_state.c.room_id).where(room_state.c.sender == reporter.user_id)
        assert {row[0] for row in there} == {channel, private}
        assert {row[0] for row in world.rows(made)} <= {private}
        assert set(named) <= {"members", "room_state"}
        world.assert_log_is_discreet()
