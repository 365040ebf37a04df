"""The homeserver goes away, stumbles, throttles, and comes back with a gap: the bot waits, and answers everything once.

People talk to the homeserver directly; the proxy stands between it and the bot alone.
"""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio
from bot_world import BotWorld, bot_world
from proxy import Proxy

from bot.matrix.person import Person

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

ANYTHING = "/_matrix"
FOREVER = float("inf")
OUTAGE_SECONDS = 6
MISSED = 65
TIMELINE = 50
"""What one sync brings of a room at most; see bot.matrix.sync."""
TEXTS = ("biaya sim c berapa pak", "syarat skck apa saja", "stnk saya hilang lapor ke mana", "berapa gaji kapolres")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    """Late after a second, so that a stop of a few seconds counts as one of hours."""
    late = ("bot.handlers.questions.LATE_MS=1000",)
    folder = tmp_path_factory.mktemp("outages")
    speech = {"workers": 1, "late_seconds": 1}
    # One citizen asks more here than a person may in ten minutes; that pause has tests of its own.
    async with bot_world(folder, proxied=True, constants=late, speech=speech, chat={"max_answers": 1000}) as world:
        yield world


@pytest.fixture
def proxy(world: BotWorld) -> Proxy:
    assert world.proxy is not None
    return world.proxy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def citizen(world: BotWorld) -> Person:
    return await world.person("warga", joins=["ojol"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(world: BotWorld, citizen: Person) -> str:
    return await world.direct(citizen)


async def ask(world: BotWorld, citizen: Person, room: str, count: int) -> list[str]:
    return [await world.say(citizen, room, TEXTS[number % len(TEXTS)]) for number in range(count)]


async def assert_answered_once_and_in_order(world: BotWorld, citizen: Person, room: str, questions: list[str]) -> None:
    await world.reply(citizen, questions[-1], 120)
    await world.settle((citizen, room))
    assert world.counted(citizen, questions) == dict.fromkeys(questions, 1)
    order = [citizen.seen.index(world.replies(citizen, question)[0]) for question in questions]
    assert order == sorted(order)


def status(world: BotWorld) -> int:
    """The status of /healthz; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(world.bot._health, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def gauge(world: BotWorld, name: str) -> float:
    """A value of /metrics."""
    with urllib.request.urlopen(world.bot._health.replace("healthz", "metrics"), timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


@pytest.mark.parametrize("fault", ["500", "drop", "html"])
async def test_an_outage_is_waited_out_with_growing_pauses(
    fault: str, world: BotWorld, proxy: Proxy, citizen: Person, room: str
) -> None:
    await world.until_health(ready=True)
    began = time.monotonic()
    if fault == "drop":
        outage = proxy.drop(ANYTHING, times=FOREVER)
    elif fault == "html":
        outage = proxy.answer(ANYTHING, 502, b"<html>Bad gateway</html>", times=FOREVER)
    else:
        outage = proxy.answer(ANYTHING, 500, {"errcode": "M_UNKNOWN", "error": "Internal server error"}, times=FOREVER)
    questions = await ask(world, citizen, room, 4)
    await world.until_health(ready=False, synced=False, live=True, database=True)
    assert status(world) == 503
    await world.until(lambda: time.monotonic() - began > OUTAGE_SECONDS, "an outage long enough to be counted in")
    asked = [one.at for one in proxy.asked if one.at >= began]
    lasted = time.monotonic() - began
    proxy.heal()

    # 4,157 requests in three seconds is what the library's own loop makes of this.
    # Two loops (sync and sender) with five tries each in this time, some of them twice on a fresh connection.
    assert 3 <= len(asked) == outage.met < 4 * lasted
    await world.until_health(ready=True)
    assert status(world) == 200
    await assert_answered_once_and_in_order(world, citizen, room, questions)


async def test_a_throttling_homeserver_is_given_the_time_it_asks_for(
    world: BotWorld, proxy: Proxy, citizen: Person, room: str
) -> None:
    throttled = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 2500}
    sends = proxy.answer("/send/", 429, throttled, times=3)
    questions = await ask(world, citizen, room, 6)
    await proxy.met(sends, 3, 60)

    assert gauge(world, "kentongan_outbox_depth") >= 1
    assert gauge(world, "kentongan_outbox_age_seconds") > 0
    refused = [one.at for one in proxy.requests("/send/")][-3:]
    assert min(later - earlier for earlier, later in pairwise(refused)) >= 2.5
    await assert_answered_once_and_in_order(world, citizen, room, questions)

    syncs = proxy.answer("/sync", 429, throttled, headers={"Retry-After": "3"}, times=2)
    questions = await ask(world, citizen, room, 2)
    await proxy.met(syncs, 2, 60)
    first, second = [one.at for one in proxy.requests("/sync")][-2:]
    assert second - first >= 3
    await assert_answered_once_and_in_order(world, citizen, room, questions)


async def test_answers_that_get_lost_on_the_way_are_not_said_twice(
    world: BotWorld, proxy: Proxy, citizen: Person, room: str
) -> None:
    lost = proxy.swallow("/send/m.room.encrypted", times=3)

    questions = await ask(world, citizen, room, 3)

    await proxy.met(lost, 3, 60)
    await assert_answered_once_and_in_order(world, citizen, room, questions)


async def test_what_a_limited_timeline_left_out_is_answered_too(
    world: BotWorld, proxy: Proxy, citizen: Person, room: str
) -> None:
    other = await world.direct(citizen)
    outage = proxy.drop("/sync", times=FOREVER)
    # The long poll under way may still bring the first message; from here on nothing comes through.
    first = await world.say(citizen, room, TEXTS[0])
    await proxy.met(outage, 1, 60)
    assert MISSED > TIMELINE
    missed = await ask(world, citizen, room, MISSED)
    note = await world.note(citizen, world.rooms["ojol"])
    elsewhere = await ask(world, citizen, other, 2)
    proxy.heal()

    await assert_answered_once_and_in_order(world, citizen, room, [first, *missed])
    await assert_answered_once_and_in_order(world, citizen, other, elsewhere)
    assert "jalan" in (await world.reply(citizen, note)).body.lower()
    assert "gap_filled" in world.log.read_text()


async def test_a_homeserver_that_loses_power_is_found_again(world: BotWorld, citizen: Person, room: str) -> None:
    (question,) = await ask(world, citizen, room, 1)
    await asyncio.to_thread(world.homeserver.stop, kill=True)
    await world.until_health(synced=False)
    await asyncio.to_thread(world.homeserver.start)

    await world.until_health(ready=True)
    (another,) = await ask(world, citizen, room, 1)
    await assert_answered_once_and_in_order(world, citizen, room, [question, another])


async def test_what_was_said_while_the_bot_was_stopped_is_answered_once_and_marked_late(
    world: BotWorld, citizen: Person, room: str
) -> None:
    assert await world.stop() == 0
    questions = await ask(world, citizen, room, 5)
    notes = [await world.note(citizen, world.rooms["ojol"], name) for name in ("macet", "pohon")]
    late_from = time.monotonic() + 1.5
    world.start()
    await world.until_health(ready=True)
    assert time.monotonic() > late_from, "a start takes longer than what counts as late here"

    await assert_answered_once_and_in_order(world, citizen, room, questions)
    assert all("baru terbaca sekarang" in world.replies(citizen, question)[0].body for question in questions)
    for note in notes:
        reply = await world.reply(citizen, note)
        assert "baru terbaca sekarang" in reply.body.lower()
        assert len(world.replies(citizen, note)) == 1
        assert world.transmission(note).state == "heard"
