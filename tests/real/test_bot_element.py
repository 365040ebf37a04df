"""Element Web's own SDK, giving keys only to devices that their owner has signed, talks to the whole bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from bot_world import NOTES, BotWorld, bot_world
from second_client import Node, SecondClient

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    async with bot_world(tmp_path_factory.mktemp("element"), speech={"workers": 1}) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(world: BotWorld) -> AsyncIterator[SecondClient]:
    await asyncio.to_thread(world.homeserver.register, "budi", "a-password")
    async with Node() as node:
        yield await node.login(world.homeserver.url, "budi", "a-password", signed_only=True)


async def test_it_asks_in_a_direct_room_and_reads_the_answer(world: BotWorld, client: SecondClient) -> None:
    room = await client.dm(world.bot_id)
    await client.wait_member(room, world.bot_id)

    asked = await client.text(room, "syarat bikin sim c apa aja pak?")

    answer = await client.message_from(world.bot_id, room, after=asked)
    assert answer.encrypted
    assert answer.reply_to == asked
    assert "sim c" in answer.body.lower()
    assert "sumber" in answer.body.lower()
    assert (await client.do("shield", room=room, event_id=answer.event_id))["colour"] == 0


async def test_its_voice_note_gets_a_transcript_in_its_thread(world: BotWorld, client: SecondClient) -> None:
    room = await client.join(world.world.aliases()["ojol"])
    await client.wait_member(room, world.bot_id)

    note = await client.voice(room, NOTES / "kecelakaan.ogg", 7000)

    heard = await client.wait_for(
        lambda seen: seen.sender == world.bot_id and seen.thread_root == note and "kecelakaan" in seen.body.lower()
    )
    assert heard.encrypted
    assert heard.content["msgtype"] == "m.notice"
    assert world.transmission(note).state == "heard"


async def test_a_voice_question_of_the_sdk_is_answered(world: BotWorld, client: SecondClient, tmp_path: Path) -> None:
    room = await client.dm(world.bot_id)
    await client.wait_member(room, world.bot_id)

    asked = await client.voice(room, NOTES / "sim.ogg", 4000)

    answer = await client.message_from(world.bot_id, room, after=asked)
    assert "saya dengar" in answer.body.lower()
    assert answer.failure is None
