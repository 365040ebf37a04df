"""A flood in an encrypted channel on a real Synapse ends, and no report is lost in it, not even the flooder's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bot_world import bot_world
from second_client import Node, SecondClientError, Seen
from sqlalchemy import select

from bot.store.tables import acts, incidents, outbox, transmissions

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SECONDS = 120
EMERGENCY = "tolong kebakaran rumah di desa Plelen, ada orang terjebak"
CRASH = "kecelakaan di desa Sembung, dua orang luka"


async def test_a_flood_is_swept_and_its_sender_muted_while_reports_in_it_are_logged_and_answered(
    tmp_path: Path,
) -> None:
    async with bot_world(tmp_path, speech={"workers": 1}) as world, Node() as node:
        url = world.homeserver.url
        for name in ("tono", "siti"):
            await asyncio.to_thread(world.homeserver.register, name, "a-password")
        officer = await node.login(url, "petugas", world.world.account("petugas").password, signed_only=True)
        flooder = await node.login(url, "tono", "a-password", signed_only=True)
        neighbour = await node.login(url, "siti", "a-password", signed_only=True)
        channel = await flooder.join(world.world.aliases()["ojol"])
        await neighbour.join(world.world.aliases()["ojol"])
        await officer.join(world.world.aliases()["ruang-kendali"])
        for client in (flooder, neighbour):
            await client.wait_member(channel, world.bot_id)
            await client.wait_member(channel, flooder.user_id)
            await client.wait_member(channel, neighbour.user_id)

        sent = [await flooder.text(channel, f"wkwkwk lucu {number}") for number in range(5)]
        own = await flooder.text(channel, EMERGENCY)
        other = await neighbour.text(channel, CRASH)
        for start in range(5, 65, 5):
            answers = await asyncio.gather(
                *(flooder.text(channel, f"wkwkwk lucu {number}") for number in range(start, start + 5)),
                return_exceptions=True,
            )
            sent += [one for one in answers if isinstance(one, str)]
            if any(isinstance(one, SecondClientError) for one in answers):
                break  # the homeserver lets them write no more

        muted = select(acts).where(acts.c.kind == "mute", acts.c.target == flooder.user_id)
        await world.until(lambda: world.rows(muted), "the mute")

        def is_mute(seen: Seen) -> bool:
            users = seen.content.get("users") or {}
            return seen.type == "m.room.power_levels" and users.get(flooder.user_id) == -1

        await neighbour.wait_for(is_mute, SECONDS)
        with pytest.raises(SecondClientError):
            await flooder.text(channel, "masih bisa?")
        await world.until(lambda: not world.waiting(), "nothing waits", SECONDS)
        for event_id in sent:
            await neighbour.wait_for(
                lambda seen, event_id=event_id: seen.event_id == event_id and seen.redacted, SECONDS
            )

        kept = {row[0] for row in world.rows(select(transmissions.c.event_id))}
        assert {own, other} <= kept
        assert "darurat" in {row[0] for row in world.rows(select(incidents.c.urgency))}
        for event_id, client in ((own, flooder), (other, neighbour)):
            answer = await client.wait_for(
                lambda seen, event_id=event_id: seen.sender == world.bot_id and seen.thread_root == event_id, SECONDS
            )
            assert answer.encrypted
            assert not neighbour.events[event_id].redacted
            assert not flooder.events[event_id].redacted
        keys = [row[0] for row in world.rows(select(outbox.c.key).order_by(outbox.c.id))]
        swept = [key for key in keys if key.startswith("sweep:")]
        assert sorted(swept) == sorted(f"sweep:{event_id}" for event_id in sent), "all of the flood, each once"
        cards = [key for key in keys if key.startswith("complaint:")]
        assert cards[0] == "complaint:1"
        assert len([key for key in cards if ":edit:" not in key]) == 1
        card = await officer.wait_for(lambda seen: seen.sender == world.bot_id and "Aduan #1" in seen.body, SECONDS)
        assert "pesan beruntun" in card.body
        # Muted in the channel, they still reach officers.
        room = await flooder.dm(world.bot_id)
        await flooder.wait_member(room, world.bot_id)
        asked = await flooder.text(room, "syarat bikin sim c apa aja pak?")
        await flooder.message_from(world.bot_id, room, after=asked, seconds=SECONDS)
