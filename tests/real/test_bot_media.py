"""Hostile and broken media, sent by a neighbour's phone into a real channel: said politely, logged, survived."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from bot_world import NOTES, BotWorld, MemoryWatch, bot_world
from sqlalchemy import select

from bot.matrix.person import Person, Seen
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store.tables import outbox, transcripts

sys.path.insert(0, str(NOTES))

import broken_media as media

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

MOST_MB = 1500
HEARD = "jalan"
"""A word of the good note that the model hears."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    """One bot for all notes: what one leaves behind would show at the next."""
    async with bot_world(tmp_path_factory.mktemp("media")) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def memory(world: BotWorld) -> AsyncIterator[MemoryWatch]:
    async with MemoryWatch(world) as watch:
        yield watch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver(world: BotWorld) -> Person:
    return await world.person("pengemudi", joins=["ojol"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def huge(world: BotWorld, driver: Person) -> dict[str, Any]:
    """80 MB on the homeserver, encrypted."""
    file = world.world.folder / "huge"
    media.beyond_the_size_cap(file)
    return await world.attachment(driver, file.read_bytes())


def voice(attached: dict[str, Any], *, mimetype: str = "audio/ogg", **info: Any) -> dict[str, Any]:
    """A voice message's content (MSC3245)."""
    return {
        "msgtype": "m.audio",
        "body": "Voice message",
        "info": {"duration": 4000, "mimetype": mimetype, **info},
        "org.matrix.msc1767.audio": {"duration": 4000, "waveform": [0, 100, 1024]},
        "org.matrix.msc3245.voice": {},
        **attached,
    }


async def assert_refused(world: BotWorld, driver: Person, event_id: str, reason: str) -> None:
    """One short, silent, polite word in the note's thread; the log has the note, marked; so have the officers."""
    reply = await world.reply(driver, event_id)
    assert reply.encrypted
    assert reply.content["msgtype"] == "m.notice"
    assert reply.content["m.mentions"] == {}
    assert reply.relation["rel_type"] == "m.thread"
    assert reply.relation["event_id"] == event_id
    assert "maaf" in reply.body.lower()
    assert "110" in reply.body
    assert len(reply.body) < 300
    row = world.transmission(event_id)
    assert (row.state, row.error, row.room_id) == ("unreadable", reason, world.rooms["ojol"])
    told = world.rows(select(outbox.c.content).where(outbox.c.room_id == world.rooms["ruang-kendali"]))
    assert any(event_id.lstrip("$") in str(content) for (content,) in told), "the officers have a link to it"


async def assert_heard(world: BotWorld, driver: Person, event_id: str, word: str = HEARD) -> Seen:
    reply = await world.reply(driver, event_id)
    assert word in reply.body.lower()
    assert reply.relation["event_id"] == event_id
    assert world.transmission(event_id).state == "heard"
    return reply


async def test_a_good_note_is_heard_to_begin_with(world: BotWorld, memory: MemoryWatch, driver: Person) -> None:
    await assert_heard(world, driver, await world.note(driver, world.rooms["ojol"]))


@pytest.mark.parametrize("name", [name for name in media.HOPELESS if name != "eighty_megabytes"])
async def test_a_hopeless_note_is_refused_and_the_next_one_heard(
    name: str, world: BotWorld, memory: MemoryWatch, driver: Person, tmp_path: Path
) -> None:
    make, reason = media.HOPELESS[name]
    file = tmp_path / name
    await asyncio.to_thread(make, file)
    data = file.read_bytes()
    content = voice(await world.attachment(driver, data), size=len(data))

    hopeless = await driver.send(world.rooms["ojol"], content)
    good = await world.note(driver, world.rooms["ojol"])

    await assert_refused(world, driver, hopeless, reason)
    await assert_heard(world, driver, good)
    assert memory.peak_mb < MOST_MB


@pytest.mark.parametrize("claim", [{"size": 80_000_000}, {"size": 9_000}, {}], ids=["honest", "lying", "silent"])
async def test_eighty_megabytes_are_not_swallowed_whatever_their_size_is_said_to_be(
    claim: dict[str, int], world: BotWorld, memory: MemoryWatch, driver: Person, huge: dict[str, Any]
) -> None:
    before = memory.peak_mb

    event_id = await driver.send(world.rooms["ojol"], voice(huge, **claim))
    good = await world.note(driver, world.rooms["ojol"])

    await assert_refused(world, driver, event_id, "too_large")
    await assert_heard(world, driver, good)
    assert memory.peak_mb < min(MOST_MB, before + 100)
    assert not list((world.world.folder / "data" / "audio").glob("*.part"))


@pytest.mark.parametrize("make", [media.lying_wav, media.short_wav], ids=["a WAV that lies", "a second"])
async def test_silence_is_logged_and_said_so(
    make: Any, world: BotWorld, memory: MemoryWatch, driver: Person, tmp_path: Path
) -> None:
    make(tmp_path / "a.wav")
    attached = await world.attachment(driver, (tmp_path / "a.wav").read_bytes())

    event_id = await driver.send(world.rooms["ojol"], voice(attached, mimetype="audio/wav"))

    reply = await world.reply(driver, event_id)
    assert "tidak terdengar" in reply.body.lower()
    assert world.transmission(event_id).state == "heard"
    number = world.transmission(event_id).id
    ((words, flags),) = world.rows(
        select(transcripts.c.text, transcripts.c.flags).where(transcripts.c.transmission_id == number)
    )
    assert (words, flags) == ("", ["no_speech"])
    assert memory.peak_mb < MOST_MB


async def test_an_attachment_that_was_swapped_or_is_gone_is_refused(world: BotWorld, driver: Person) -> None:
    good = (NOTES / "macet.ogg").read_bytes()
    one, other = [await world.attachment(driver, data) for data in (good, good[::-1])]
    swapped = {"file": {**one["file"], "url": other["file"]["url"]}}
    gone = {"file": {**one["file"], "url": f"mxc://{world.homeserver.server_name}/ThereIsNoSuchFile"}}

    first = await driver.send(world.rooms["ojol"], voice(swapped))
    second = await driver.send(world.rooms["ojol"], voice(gone))

    await assert_refused(world, driver, first, "tampered")
    await assert_refused(world, driver, second, "gone")


async def test_sound_from_other_clients_counts_too(world: BotWorld, driver: Person) -> None:
    """Plain m.audio without MSC3245; a clear attachment in an encrypted message; a clear message altogether."""
    good = (NOTES / "macet.ogg").read_bytes()
    room = world.rooms["ojol"]
    plain = {"msgtype": "m.audio", "body": "rekaman.ogg", "info": {"mimetype": "audio/ogg", "size": len(good)}}
    sealed, open_ = await world.attachment(driver, good), await world.attachment(driver, good, encrypt=False)

    without_voice = await driver.send(room, {**plain, **sealed})
    clear_url = await driver.send(room, {**plain, **open_})
    clear_event = await world.post_clear(driver, room, {**plain, **open_})

    for event_id in (without_voice, clear_url, clear_event):
        reply = await assert_heard(world, driver, event_id)
        assert reply.encrypted, "the room stays as closed as it was"


async def test_a_note_whose_worker_is_killed_is_heard_again_and_a_second_time_set_aside(
    world: BotWorld, driver: Person
) -> None:
    before = {process.pid for process in world.workers()}
    assert before

    once = await world.note(driver, world.rooms["ojol"], "panjang")
    await kill_while_hearing(world, once)
    await assert_heard(world, driver, once, "kecelakaan")
    assert not before & {process.pid for process in world.workers()}

    twice = await world.note(driver, world.rooms["ojol"], "panjang")
    for _ in range(2):
        await kill_while_hearing(world, twice)
    await assert_refused(world, driver, twice, "crash")

    await assert_heard(world, driver, await world.note(driver, world.rooms["ojol"]))


async def test_the_memory_was_really_watched_and_each_note_answered_once(
    world: BotWorld, memory: MemoryWatch, driver: Person
) -> None:
    await world.settle((driver, await world.direct(driver)))
    print(f"peak {memory.peak_mb:.0f} MB PSS in {memory.samples} samples")
    assert memory.samples > 100
    assert 300 < memory.peak_mb < MOST_MB
    said = [seen for seen in driver.seen if seen.sender == world.bot_id and seen.type == "m.room.message"]
    marks = [seen.content[KEY_FIELD] for seen in said]
    assert len(marks) == len(set(marks))
    assert marks.count(transaction_id(f"privacy:{driver.user_id}")) == 1


async def kill_while_hearing(world: BotWorld, event_id: str) -> None:
    """SIGKILL to every speech worker while one hears the note; returns when the death is counted."""
    row = world.transmission(event_id)
    crashes = row.crashes if row is not None else 0

    def spent() -> dict[int, float]:
        return {process.pid: sum(process.cpu_times()[:2]) for process in world.workers()}

    def opened() -> bool:
        return any((world.world.folder / "data" / "scratch").glob("*.pcm"))

    await world.until(opened, "the note is opened")
    start = await asyncio.to_thread(spent)
    await world.until(
        lambda: any(now > start.setdefault(pid, now) + 0.3 for pid, now in spent().items()), "a worker that works"
    )
    for process in world.workers():
        process.kill()
    await world.until(lambda: world.transmission(event_id).crashes > crashes, "the death is counted")
