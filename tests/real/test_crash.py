"""`kill -9` at random moments while questions and voice notes flow: nothing lost, nothing said twice."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from pathlib import Path

import pytest
from bot_world import NOTES, BotWorld, bot_world
from sqlalchemy import select

from bot.config import Speech
from bot.demo.process import kentongan
from bot.matrix.person import Person, Seen
from bot.store.tables import inbox, incident_links, transcripts, transmissions

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

KILLS = 30
QUESTIONS = 60
SPOKEN = 20
DIRECT_ROOMS = 6
IDLE_SECONDS = 300


async def test_thirty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    speech = {"notice_seconds": Speech().notice_seconds}
    async with bot_world(tmp_path, bulletins={"enabled": True}, speech=speech) as world:
        citizen = await world.person("warga")
        driver = await world.person("pengemudi", joins=["ojol"])
        direct = [await world.direct(citizen) for _ in range(DIRECT_ROOMS)]

        questions: list[str] = []
        notes: list[str] = []
        flowing = asyncio.gather(_ask(world, citizen, direct, questions), _speak(world, driver, notes))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 5))
            await world.stop(kill=True)
            world.start()
        await flowing
        await world.bot.until("ready", seconds=180)
        await world.until(lambda: not world.waiting(), "no row waits anywhere", IDLE_SECONDS)
        # Whatever the bot said before this answer has been seen by the time this answer is.
        for person, room in ((citizen, direct[0]), (driver, await world.direct(driver))):
            await world.reply(person, await world.say(person, room, "menu"))

        replies = Counter(_answers(seen) for seen in citizen.seen if seen.sender == world.bot_id)
        assert {question: replies[question] for question in questions} == dict.fromkeys(questions, 1)
        assert world.counted(driver, notes) == dict.fromkeys(notes, 1)
        unreadable = [seen for person in world.people for seen in person.seen if seen.type == "m.room.encrypted"]
        assert unreadable == [], "every message of the bot can be decrypted"
        _assert_log(world, notes)
        assert await kentongan("audit", "verify", config=world.world.config_path)


async def _ask(world: BotWorld, citizen: Person, rooms: list[str], sent: list[str]) -> None:
    texts = itertools.cycle(["biaya sim c berapa", "syarat skck", "stnk saya hilang lapor ke mana", "gaji kapolres"])
    for number in range(QUESTIONS):
        sent.append(await world.say(citizen, rooms[number % len(rooms)], next(texts)))
        await asyncio.sleep(1.2)


async def _speak(world: BotWorld, driver: Person, sent: list[str]) -> None:
    names = itertools.cycle(path.stem for path in sorted(NOTES.glob("*.ogg"), key=lambda path: path.stat().st_size)[:4])
    for _ in range(SPOKEN):
        sent.append(await world.note(driver, world.rooms["ojol"], next(names)))
        await asyncio.sleep(3.5)


def _assert_log(world: BotWorld, notes: list[str]) -> None:
    entries = Counter(event_id for (event_id,) in world.rows(select(transmissions.c.event_id)))
    heard = Counter(number for (number,) in world.rows(select(transcripts.c.transmission_id)))
    linked = Counter(number for (number,) in world.rows(select(incident_links.c.transmission_id)))
    assert {note: entries[note] for note in notes} == dict.fromkeys(notes, 1)
    assert set(heard.values()) == {1}
    assert set(linked.values()) <= {1}
    assert world.rows(select(inbox.c.event_id).where(inbox.c.state == "failed")) == []


def _answers(seen: Seen) -> object:
    return (seen.relation.get("m.in_reply_to") or {}).get("event_id")
