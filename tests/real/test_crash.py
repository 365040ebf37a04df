"""`kill -9` at random moments while questions and voice notes flow: nothing lost, nothing said twice."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.person import Person
from bot.store.tables import inbox, incident_links, outbox, transcripts, transmissions
from bot.voice.audio import describe

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
KILLS = 30
QUESTIONS = 60
NOTES = 20
DIRECT_ROOMS = 6


async def test_thirty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    world = World(tmp_path / "world", load_config(ROOT / "config.yaml"))
    world.clear()
    world.homeserver.start()
    bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
    people: list[Person] = []
    try:
        world.register()
        world.write_configuration()
        await kentongan("rooms", "apply", config=world.config_path)
        ojol = world.homeserver.resolve(world.aliases()["ojol"])
        bot.start()
        await bot.until("synced")

        citizen, driver = people = [
            Person(world.homeserver.url, account.user_id, world.folder / "people" / account.role)
            for account in world.accounts[:2]
        ]
        for person, account in zip(people, world.accounts[:2], strict=True):
            await person.enter(account.password)
        direct = [await citizen.direct_room(world.bot_id) for _ in range(DIRECT_ROOMS)]
        for room in direct:
            await citizen.wait_for_member(room, world.bot_id)
        await driver.join(ojol)
        await driver.wait_for_member(ojol, world.bot_id)

        questions: list[str] = []
        notes: list[str] = []
        flowing = asyncio.gather(_ask(citizen, direct, questions), _speak(driver, ojol, notes))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 5))
            bot.stop(kill=True)
            bot.start()
        await flowing
        await bot.until("ready", seconds=180)
        await _until_idle(world)
        # Whatever the bot said before this answer has been seen by the time this answer is.
        for person, room in ((citizen, direct[0]), (driver, await _open(driver, world.bot_id))):
            last = await person.say(room, "menu")
            await person.wait(lambda seen, last=last: _answers(seen) == last, 60, what="answer after the crashes")

        replies = Counter(_answers(seen) for seen in citizen.seen if seen.sender == world.bot_id)
        assert {question: replies[question] for question in questions} == dict.fromkeys(questions, 1)
        threads = Counter(
            seen.relation.get("event_id")
            for seen in driver.seen
            if seen.sender == world.bot_id and seen.content.get("id.kentongan.key") and _is_transcript(seen, notes)
        )
        assert {note: threads[note] for note in notes} == dict.fromkeys(notes, 1)
        unreadable = [seen for person in people for seen in person.seen if seen.type == "m.room.encrypted"]
        assert unreadable == [], "every message of the bot can be decrypted"
        _assert_log(world, notes)
        verified = await kentongan("audit", "verify", config=world.config_path)
        assert verified
    finally:
        bot.stop()
        await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
        world.homeserver.stop()


async def _ask(citizen: Person, rooms: list[str], sent: list[str]) -> None:
    texts = itertools.cycle(["biaya sim c berapa", "syarat skck", "stnk saya hilang lapor ke mana", "gaji kapolres"])
    for number in range(QUESTIONS):
        sent.append(await citizen.say(rooms[number % len(rooms)], next(texts)))
        await asyncio.sleep(1.2)


async def _speak(driver: Person, room: str, sent: list[str]) -> None:
    notes = itertools.cycle(sorted((ROOT / "tests" / "notes").glob("*.ogg"), key=lambda path: path.stat().st_size)[:4])
    for _ in range(NOTES):
        note = next(notes)
        duration_ms, waveform = describe(note)
        sent.append(await driver.say_aloud(room, note, duration_ms=duration_ms, waveform=waveform))
        await asyncio.sleep(3.5)


async def _open(person: Person, bot_id: str) -> str:
    room = await person.direct_room(bot_id)
    await person.wait_for_member(room, bot_id)
    return room


async def _until_idle(world: World, seconds: float = 300) -> None:
    """Until no row waits anywhere."""
    engine = create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}")
    waiting: list[object] = []
    for _ in range(int(seconds / 0.5)):
        with engine.connect() as connection:
            waiting = [
                *connection.scalars(select(inbox.c.event_id).where(inbox.c.state == "new")),
                *connection.scalars(select(outbox.c.key).where(outbox.c.state == "queued")),
                *connection.scalars(select(transmissions.c.event_id).where(transmissions.c.state == "queued")),
            ]
        if not waiting:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"still waiting after {seconds} s: {waiting}")


def _assert_log(world: World, notes: list[str]) -> None:
    engine = create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}")
    with engine.connect() as connection:
        entries = Counter(connection.scalars(select(transmissions.c.event_id)))
        heard = Counter(connection.scalars(select(transcripts.c.transmission_id)))
        linked = Counter(connection.scalars(select(incident_links.c.transmission_id)))
        failed = list(connection.scalars(select(inbox.c.event_id).where(inbox.c.state == "failed")))
    assert {note: entries[note] for note in notes} == dict.fromkeys(notes, 1)
    assert set(heard.values()) == {1}
    assert set(linked.values()) <= {1}
    assert failed == []


def _answers(seen: object) -> object:
    return (seen.relation.get("m.in_reply_to") or {}).get("event_id")  # type: ignore[attr-defined]


def _is_transcript(seen: object, notes: list[str]) -> bool:
    """Thread replies other than the once-told privacy notice."""
    from bot.outgoing import transaction_id

    return any(seen.content["id.kentongan.key"] == transaction_id(f"reply:{note}") for note in notes)  # type: ignore[attr-defined]
