"""A bot that answers our answers does not go on for ever; danger and officers are reached all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from handlers_world import DIRECT, NOW, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine

from bot.config import Chat
from bot.event import Kind, Media
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.store.database import Database

MINUTE = 60_000
At = Callable[[int], None]


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, config=desk.config.model_copy(update={"chat": Chat(max_answers=3, window_minutes=10)}))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """It is now so many milliseconds later."""
    return lambda later: monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + later)


def keys(engine: Engine, room: str = DIRECT) -> list[str]:
    return [row["key"] for row in sent(engine, room)]


async def test_an_echo_of_our_answers_is_answered_so_often_then_told_once_in_a_notice_and_then_nothing(
    arrive: Take, event: Event, engine: Engine
) -> None:
    body = "biaya skck berapa"
    for _ in range(20):
        await arrive(event(body))
        last = sent(engine, DIRECT)[-1]["content"]
        body = last["body"] if last["msgtype"] == "m.text" else body
    assert len(keys(engine)) == 4
    last = sent(engine, DIRECT)[-1]
    assert last["key"].startswith("pause:")
    assert last["content"]["msgtype"] == "m.notice", "bots do not answer notices"
    assert "110" in last["content"]["body"]
    assert audited(engine).count("chat.paused") == 1
    assert audited(engine).count("chat.silent") == 17


async def test_when_the_window_has_passed_it_answers_again(arrive: Take, event: Event, engine: Engine, at: At) -> None:
    for _ in range(5):
        await arrive(event("biaya skck berapa"))
    at(10 * MINUTE - 1)
    await arrive(event("biaya skck berapa"))
    assert len(keys(engine)) == 4
    at(10 * MINUTE)
    again = event("biaya skck berapa")
    await arrive(again)
    assert keys(engine)[-1] == f"reply:{again.event_id}"


async def test_slow_questions_never_come_to_a_pause(arrive: Take, event: Event, engine: Engine, at: At) -> None:
    for number in range(12):
        at(number * 5 * MINUTE)
        await arrive(event("biaya skck berapa"))
    assert len(keys(engine)) == 12
    assert "chat.paused" not in audited(engine)


async def test_a_restart_in_a_pause_neither_ends_nor_repeats_it(
    arrive: Take, event: Event, engine: Engine, database: Database, consumer: Consumer, at: At
) -> None:
    for _ in range(5):
        await arrive(event("biaya skck berapa"))
    before = keys(engine)
    consumer.desk = replace(consumer.desk)  # everything in memory made anew
    at(5 * MINUTE)
    await arrive(event("biaya skck berapa"))
    assert keys(engine) == before


async def test_others_are_answered_meanwhile(arrive: Take, event: Event, engine: Engine) -> None:
    for _ in range(5):
        await arrive(event("biaya skck berapa"))
    other = event("biaya skck berapa", sender="@lain:batang.test", room="!lain", direct=True)
    await arrive(other)
    assert keys(engine, "!lain") == [f"reply:{other.event_id}"]


async def test_danger_gets_through_with_all_that_follows(arrive: Take, event: Event, engine: Engine) -> None:
    for _ in range(6):
        await arrive(event("biaya skck berapa"))
    cry = event("tolong ada maling di rumah saya")
    await arrive(cry)
    assert keys(engine)[-1] == f"reply:{cry.event_id}"
    assert "110" in sent(engine, DIRECT)[-1]["content"]["body"]
    place = event(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7"})
    agreed = event("ya")
    await arrive(place, agreed)
    assert keys(engine)[-2:] == [f"reply:{place.event_id}", f"reply:{agreed.event_id}"]
    assert [row["key"] for row in sent(engine, OPERATIONS)] == ["card:1", "ticket:1"]


async def test_an_echo_of_a_cry_is_answered_a_few_times_only(arrive: Take, event: Event, engine: Engine) -> None:
    for _ in range(30):
        await arrive(event("tolong ada maling di rumah saya"), event("batal"))
    assert len(keys(engine)) < 15


async def test_who_asks_for_a_person_gets_one_and_what_he_writes_goes_over_in_silence(
    arrive: Take, event: Event, engine: Engine
) -> None:
    for _ in range(5):
        await arrive(event("biaya skck berapa"))
    await arrive(event("mau bicara sama petugas"))
    assert keys(engine, OPERATIONS) == ["ticket:1"]
    before = keys(engine)
    for _ in range(3):
        await arrive(event("biaya skck berapa"), event("mau bicara sama petugas"))
    assert keys(engine) == before
    assert len(keys(engine, OPERATIONS)) == 7


async def test_photos_sent_in_a_loop_are_not_answered_for_ever(arrive: Take, event: Event, engine: Engine) -> None:
    for _ in range(9):
        await arrive(event("a.jpg", kind=Kind.IMAGE, media=Media("mxc://batang.test/a", "image/jpeg")))
    assert len(keys(engine)) == 4
