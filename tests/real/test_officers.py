"""A report from the channel to its end on a real Synapse; reporter, officer and agency use Element's SDK."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from bot_world import NOTES, BotWorld, bot_world
from casechat import SECONDS, connect_agency, gone, heard, shown
from second_client import Node
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.demo.world import OPERATIONS
from bot.store.tables import incident_history, incidents, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


async def test_a_report_goes_its_whole_way_through_the_chat(tmp_path: Path) -> None:
    async with bot_world(tmp_path, speech={"workers": 1}) as world, Node() as node:
        url = world.homeserver.url
        for name in ("siti", "posko"):
            await asyncio.to_thread(world.homeserver.register, name, "a-password")
        officer = await node.login(url, "petugas", world.world.account("petugas").password, signed_only=True)
        reporter = await node.login(url, "siti", "a-password", signed_only=True)
        agency = await node.login(url, "posko", "a-password", signed_only=True)
        channel = await reporter.join(world.world.aliases()["ojol"])
        operations = await officer.join(world.world.aliases()[OPERATIONS])
        posko = await agency.dm(world.bot_id)
        for client, room in ((reporter, channel), (officer, operations), (agency, posko)):
            await client.wait_member(room, world.bot_id)
        await connect_agency(world, posko)

        note = await reporter.voice(channel, NOTES / "kecelakaan.ogg", 7000)
        card = await heard(officer, world, "#1")
        assert "Status: baru" in card.body
        assert card.content["m.mentions"] == {"user_ids": [officer.user_id]}
        answer = await heard(reporter, world, "Tercatat untuk petugas (#1)")
        assert answer.thread_root == note
        recording = await officer.wait_for(lambda seen: seen.content.get("msgtype") == "m.audio", SECONDS)
        assert recording.thread_root == card.event_id
        await officer.download(recording.content, tmp_path / "heard.ogg")
        assert (tmp_path / "heard.ogg").read_bytes() == (NOTES / "kecelakaan.ogg").read_bytes()

        # Taken by a reaction; the card says by whom, the reporter that somebody is at it.
        await officer.react(operations, card.event_id, "👀")
        await shown(officer, world, "ditinjau oleh @petugas")
        told = await heard(reporter, world, "sedang ditinjau petugas")
        assert told.thread_root == note

        # Both ways, each in their own thread.
        await officer.text(operations, "di sebelah mana pak?", thread=card.event_id)
        question = await heard(reporter, world, "di sebelah mana pak?")
        assert question.thread_root == note
        await reporter.text(channel, "sebelah utara pasar", thread=note)
        reply = await heard(officer, world, "sebelah utara pasar")
        assert reply.thread_root == card.event_id

        # Passed on over a kill: once, with the recording, and the card says that it arrived.
        await world.stop(kill=True)
        order = await officer.text(operations, "teruskan BPBD", thread=card.event_id)
        world.start()
        relay = await heard(agency, world, "laporan #1")
        sound = await agency.wait_for(lambda seen: seen.content.get("msgtype") == "m.audio", SECONDS)
        assert sound.thread_root == relay.event_id
        await heard(officer, world, "Sudah masuk ruang BPBD")
        await shown(officer, world, "Diteruskan ke BPBD")
        await agency.text(posko, "tim meluncur", thread=relay.event_id)
        await heard(officer, world, "tim meluncur")

        # Done, and not done after all.
        await officer.react(operations, card.event_id, "🏁")
        await heard(reporter, world, "selesai ditangani")
        await reporter.text(channel, "belum selesai pak", thread=note)
        await heard(reporter, world, "kami buka lagi")

        # A reaction withdrawn is undone.
        drive = await officer.react(operations, card.event_id, "🚓")
        await world.until(lambda: _status(world) == "ditangani", "ditangani")
        await officer.redact(operations, drive)
        await world.until(lambda: _status(world) == "baru", "baru")

        # The reporter takes the note back: every copy goes, the work can go on.
        await reporter.redact(channel, note)
        await gone(reporter, answer.event_id)
        await gone(officer, card.event_id)
        await gone(officer, recording.event_id)
        await gone(agency, relay.event_id)
        await gone(agency, sound.event_id)
        again = await heard(officer, world, "isinya sudah dihapus")
        assert again.thread_root == card.event_id
        await officer.react(operations, again.event_id, "🏁")
        await world.until(lambda: _status(world) == "selesai", "selesai")
        await world.until(lambda: not world.waiting(), "nothing waits")

        for client, stranger in ((officer, reporter), (reporter, officer), (agency, officer), (agency, reporter)):
            seen = [one.content for one in client.events.values() if one.sender == world.bot_id]
            assert stranger.user_id not in json.dumps(seen), "nobody is named on the other side"
        relays = [row.key for row in world.rows(select(outbox.c.key)) if row.key.startswith("relay:")]
        root = f"relay:1:bpbd:{order}"
        sent = sorted(key for key in relays if not key.endswith(":redacted"))
        assert sent == sorted(
            [root, f"{root}:audio", "relay:1:bpbd:told:1:selesai", "relay:1:bpbd:told:2:open", *_gone(sent)]
        ), "the report, its recording and each piece of news, once"
        assert len(_gone(sent)) == 1, "and once that it was withdrawn"
        steps = [row.action for row in world.rows(select(incident_history.c.action).order_by(incident_history.c.id))]
        assert [step for step in steps if step in ("undone", "reopened", "withdrawn")] == [
            "reopened",
            "undone",
            "withdrawn",
        ]
        assert await kentongan("audit", "verify", config=world.world.config_path)


def _gone(keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("relay:1:bpbd:gone:")]


def _status(world: BotWorld) -> str:
    return str(world.rows(select(incidents.c.status))[0][0])
