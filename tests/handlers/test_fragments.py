"""Short messages in a row; choices by reaction; photos that are not kept."""

from __future__ import annotations

import asyncio
import json

import pytest
from handlers_world import DIRECT, NOW, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import Kind, Media
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.fragments import HOLD_MS
from bot.outgoing import Action
from bot.store import inbox as store
from bot.store.database import Database
from bot.store.tables import inbox, outbox


async def test_a_sure_question_is_answered_at_once(arrive: Take, event: Event, engine: Engine) -> None:
    await arrive(event("biaya skck berapa"))
    assert len(sent(engine)) == 1


async def test_fragments_are_read_as_one_question_and_answered_once(
    arrive: Take, take: Take, event: Event, engine: Engine
) -> None:
    first, second = event("sim"), event("yang c biayanya berapa")
    await arrive(first)
    assert sent(engine) == []
    await arrive(second)
    [reply] = sent(engine)
    assert reply["key"] == f"reply:{second.event_id}"
    assert "Rp100.000" in reply["content"]["body"]
    assert audited(engine)[0] == "dialogue.joined"
    await take()
    assert len(sent(engine)) == 1


async def test_a_fragment_without_a_rest_is_answered_when_its_time_is_over(
    arrive: Take, event: Event, engine: Engine, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(event("sim"))
    with engine.connect() as connection:
        assert store.next_due(connection) == NOW + HOLD_MS
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + HOLD_MS - 1)
    await consumer.work_off()
    assert sent(engine) == []
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + HOLD_MS)
    await consumer.work_off()
    assert len(sent(engine)) == 1
    with engine.connect() as connection:
        assert store.next_due(connection) is None


async def test_the_words_of_others_are_not_joined(arrive: Take, event: Event, engine: Engine) -> None:
    other = event("yang c biayanya berapa", sender="@lain:batang.test", room="!lain", direct=True)
    await arrive(event("sim"), other)
    assert {row["room_id"] for row in sent(engine)} <= {"!lain"}, "the first still waits for its own rest"
    assert "dialogue.joined" not in audited(engine)


async def test_a_sure_question_after_something_else_is_answered_by_itself(
    arrive: Take, event: Event, engine: Engine
) -> None:
    await arrive(event("qwerty"), event("biaya skck berapa"))
    [reply] = sent(engine)
    assert "Rp30.000" in reply["content"]["body"]


async def test_after_an_outage_the_halves_of_a_question_are_put_together_by_when_they_were_sent(
    arrive: Take, event: Event, engine: Engine
) -> None:
    hour = NOW - 3_600_000
    first, second = event("sim", sent_at=hour), event("yang c biayanya berapa", sent_at=hour + 6_000)
    await arrive(first, second)
    [reply] = sent(engine)
    assert reply["key"] == f"reply:{second.event_id}"
    assert "Rp100.000" in reply["content"]["body"]


async def test_after_an_outage_what_was_sent_hours_apart_is_answered_one_by_one_in_order(
    arrive: Take, event: Event, engine: Engine
) -> None:
    hour = 3_600_000
    early, late = event("sim", sent_at=NOW - 3 * hour), event("qwerty", sent_at=NOW - hour)
    last = event("biaya skck berapa", sent_at=NOW - hour + 60_000)
    await arrive(early, late, last)
    assert [row["key"] for row in sent(engine)] == [f"reply:{one.event_id}" for one in (early, late, last)]
    assert "dialogue.joined" not in audited(engine)


async def test_two_late_comers_at_once_do_not_become_one_question_when_they_were_sent_apart(
    arrive: Take, take: Take, event: Event, engine: Engine
) -> None:
    early, late = event("sim", sent_at=NOW - 60_000), event("yang c biayanya berapa", sent_at=NOW - 500)
    await arrive(early)
    assert sent(engine) == [], "its rest may still be on the way"
    await take(late)
    assert [row["key"] for row in sent(engine)] == [f"reply:{one.event_id}" for one in (early, late)]


async def test_a_fragment_pending_at_a_kill_waits_for_the_first_sync_and_is_answered_once_with_its_rest(
    arrive: Take, event: Event, engine: Engine, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = event("sim", sent_at=NOW - 500), event("yang c biayanya berapa", sent_at=NOW + 1_500)
    await arrive(first)  # held, and here the bot is killed
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 60_000)
    fetched = False
    after = Consumer(
        database,
        desk,
        invite_rule=lambda event: Action.LEAVE,
        wake_sender=lambda: None,
        wake_listener=lambda: None,
        caught_up=lambda: fetched,
    )
    await after.work_off()
    assert sent(engine) == [], "the first sync may bring the rest"
    await database.run(lambda connection: store.append(connection, [second], NOW + 60_000))
    fetched = True
    await after.work_off()
    await after.work_off()
    [reply] = sent(engine)
    assert reply["key"] == f"reply:{second.event_id}"
    assert "Rp100.000" in reply["content"]["body"]


async def test_a_fragment_pending_at_a_kill_without_a_rest_is_answered_once(
    arrive: Take, event: Event, engine: Engine, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = event("sim")
    await arrive(first)
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 60_000)
    for _ in range(2):  # two restarts
        after = Consumer(
            database, desk, invite_rule=lambda event: Action.LEAVE, wake_sender=lambda: None,
            wake_listener=lambda: None,
        )  # fmt: skip
        await after.work_off()
    assert [row["key"] for row in sent(engine)] == [f"reply:{first.event_id}"]


async def test_the_loop_answers_a_left_fragment_as_soon_as_the_first_sync_is_through(
    arrive: Take, event: Event, engine: Engine, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(event("sim"))
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 60_000)
    fetched = False
    answered = asyncio.Event()
    after = Consumer(
        database, desk, invite_rule=lambda event: Action.LEAVE, wake_sender=answered.set, wake_listener=lambda: None,
        caught_up=lambda: fetched,
    )  # fmt: skip
    loop = asyncio.create_task(after.run())
    try:
        await after.work_off()
        assert not answered.is_set()
        fetched = True
        await asyncio.wait_for(answered.wait(), 30)
    finally:
        loop.cancel()
    assert len(sent(engine)) == 1


async def test_an_emergency_waits_for_nothing(arrive: Take, event: Event, engine: Engine) -> None:
    await arrive(event("qwerty"), event("tolong ada maling di rumah saya"))
    assert "110" in sent(engine)[0]["content"]["body"]


async def test_an_option_is_chosen_by_its_keycap_on_the_last_answer_only(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event("menu"))
    asked = sent(engine)[-1]["key"]
    with engine.begin() as connection:
        connection.execute(update(outbox).values(event_id="$asked", state="sent"))
    for key in ("❤️", "99\ufe0f\u20e3", "👍"):
        await take(event(key, kind=Kind.REACTION, type="m.reaction", target="$asked"))
    assert sent(engine)[-1]["key"] == asked
    choice = event("8\ufe0f\u20e3", kind=Kind.REACTION, type="m.reaction", target="$asked")
    await take(choice)
    reply = sent(engine)[-1]
    assert reply["key"] == f"reply:{choice.event_id}"
    assert "m.relates_to" not in reply["content"], "a reaction cannot be replied to"
    await take(event("1\ufe0f\u20e3", kind=Kind.REACTION, type="m.reaction", target="$asked"))
    assert sent(engine)[-1] == reply


async def test_of_a_photo_neither_address_nor_key_nor_name_is_kept(take: Take, event: Event, engine: Engine) -> None:
    media = Media("mxc://batang.test/ktp", "image/jpeg", filename="ktp budi.jpg", file={"key": {"k": "rahasia"}})
    photo = event("ktp budi.jpg", kind=Kind.IMAGE, content={"file": {"url": "mxc://batang.test/ktp"}})
    await take(photo.__class__(**{**photo.__dict__, "media": media}))
    with engine.connect() as connection:
        kept = json.dumps(connection.scalar(select(inbox.c.payload)))
    for secret in ("mxc://", "rahasia", "budi"):
        assert secret not in kept
    assert "hapus" in sent(engine, DIRECT)[0]["content"]["body"]
