"""Newcomers: greeted once a person and channel, together when they come together, and told about their data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from casework_world import ANI, deliver, staffed
from handlers_world import DIRECT, ME, NOW, OJOL, Event, Take, audited, sent
from sqlalchemy import Engine

from bot.event import Kind, Trust
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.outgoing import Action
from bot.rooms.agencies import Agencies, Agency
from bot.store import inbox, notices, rooms, roomstate
from bot.store.database import Database
from bot.store.roomstate import StateEvent

ALI, BEA, CICI = "@ali:batang.test", "@bea:batang.test", "@cici:batang.test"
SECOND = 1000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


class Clock:
    def __init__(self) -> None:
        self.now = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: clock.now)
    return clock


@pytest.fixture
def member(event: Event, clock: Clock, database: Database, consumer: Consumer) -> Take:
    """A member event of a channel as a sync brings it: the snapshot and the inbox in one commit."""

    async def make(
        person: str, membership: str = "join", *, room: str = OJOL, by: str | None = None, **values: Any
    ) -> None:
        base = {"sent_at": clock.now - 200}
        one = event(room=room, kind=Kind.MEMBER, type="m.room.member", state_key=person, sender=by or person,
                    content={"membership": membership}, direct=False, **{**base, **values})  # fmt: skip
        change = StateEvent(room, "m.room.member", person, by or person, one.content, sent_at=one.sent_at)

        def store(connection: Any) -> None:
            inbox.append(connection, [one], clock.now)
            roomstate.apply(connection, change, clock.now)

        await database.run(store)
        await consumer.work_off()

    return make


def channel(desk: Desk, **said: str | None) -> Desk:
    """The desk with other notices in the first channel."""
    first, *others = desk.content.rooms.channels
    told = first.notices.model_copy(update=said)
    changed = (first.model_copy(update={"notices": told}), *others)
    described = desk.content.rooms.model_copy(update={"channels": changed})
    return replace(desk, content=replace(desk.content, rooms=described))


def greetings(engine: Engine, room: str = OJOL) -> list[dict[str, Any]]:
    rows = [
        row for row in sent(engine, room) if row["key"].startswith(f"welcome:{room}:") and row["state"] != "cancelled"
    ]
    return [row for row in rows if row["action"] == Action.EVENT]


def people(row: dict[str, Any]) -> list[str]:
    return list(row["content"]["m.mentions"]["user_ids"])


async def test_a_newcomer_is_greeted_in_the_channels_thread_with_rules_notice_and_the_emergency_number(
    member: Take, engine: Engine
) -> None:
    await member(ALI)
    root, greeting = sent(engine, OJOL)
    assert root["key"] == f"welcome:{OJOL}"
    assert root["content"]["msgtype"] == "m.notice"
    assert root["content"]["m.mentions"] == {}
    content = greeting["content"]
    assert content["m.relates_to"]["rel_type"] == "m.thread"
    assert content["m.relates_to"]["event_id"] == f"outbox:welcome:{OJOL}"
    assert people(greeting) == [ALI]
    for word in ("mikrofon", "110", "Polres Batang", "hapus data saya", "30 hari"):
        assert word in content["body"]
    assert "https://matrix.to/#/@ali:batang.test" in content["formatted_body"]
    assert audited(engine) == ["welcome"]


async def test_who_come_within_a_short_time_share_one_greeting(member: Take, engine: Engine, clock: Clock) -> None:
    await member(ALI)
    clock.now += 20 * SECOND
    await member(BEA)
    clock.now += 50 * SECOND
    await member(CICI)
    first, second = greetings(engine)
    assert (people(first), people(second)) == ([ALI, BEA], [CICI])
    assert first["not_before"] == NOW + 60 * SECOND
    assert "@ali dan @bea" in first["content"]["body"].replace(" (https://matrix.to/#/@ali:batang.test)", "").replace(
        " (https://matrix.to/#/@bea:batang.test)", ""
    )
    assert len([row for row in sent(engine, OJOL) if row["key"] == f"welcome:{OJOL}"]) == 1


async def test_once_a_person_and_channel_whatever_they_do(member: Take, engine: Engine, clock: Clock) -> None:
    await member(ALI)
    deliver(engine)
    for membership in ("join", "leave", "join", "join"):  # a new name, gone, back, another name
        clock.now += 3600 * SECOND
        await member(ALI, membership)
    assert len(greetings(engine)) == 1
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", "!nelayan", kind="channel", alias=None, now=NOW)
    await member(ALI, room="!nelayan")
    [elsewhere] = greetings(engine, "!nelayan")
    assert people(elsewhere) == [ALI]
    assert "hapus data saya" not in elsewhere["content"]["body"], "what becomes of their data they know already"


async def test_who_was_there_before_is_not_greeted_for_changing_their_profile(
    member: Take, engine: Engine, clock: Clock
) -> None:
    with engine.begin() as connection:
        there = StateEvent(OJOL, "m.room.member", ALI, ALI, {"membership": "join"}, sent_at=NOW - 10**9)
        roomstate.replace(connection, OJOL, [there], NOW)
    await member(ALI)
    await member(ALI, sent_at=NOW + 10**9)  # from a server whose clock is ahead
    assert sent(engine) == []


async def test_a_join_from_a_server_whose_clock_is_ahead_counts(member: Take, engine: Engine) -> None:
    await member(ALI, sent_at=NOW + 10**9)
    assert [people(row) for row in greetings(engine)] == [[ALI]]


async def test_a_rebuilt_channel_greets_nobody_again(member: Take, engine: Engine) -> None:
    await member(ALI)
    deliver(engine)
    with engine.begin() as connection:
        rooms.record(connection, "ojol", "!ojol-v13", kind="channel", alias="#ojol:batang.test", now=NOW)
    await member(ALI, room="!ojol-v13")
    await member(BEA, room="!ojol-v13")
    assert [people(row) for row in greetings(engine, "!ojol-v13")] == [[BEA]]


async def test_a_rush_is_greeted_but_not_one_by_one(member: Take, engine: Engine, desk: Desk, clock: Clock) -> None:
    most = desk.config.welcome.most_per_minute
    for number in range(most + 30):
        clock.now += 100
        await member(f"@orang{number}:batang.test")
    [greeting] = greetings(engine)
    assert people(greeting) == [f"@orang{number}:batang.test" for number in range(most)]
    assert "teman-teman lain" in greeting["content"]["body"]
    assert audited(engine).count("welcome.crowd") == 30
    with engine.begin() as connection:
        assert notices.first_time(connection, "@orang39:batang.test", "privacy", NOW), "nobody told them yet"
        assert not notices.first_time(connection, "@orang0:batang.test", "privacy", NOW)


async def test_officers_ourselves_and_other_rooms_get_no_greeting(member: Take, engine: Engine) -> None:
    for person, room in ((ANI, OJOL), (ME, OJOL), (ALI, "!kendali"), (ALI, DIRECT)):
        await member(person, room=room)
    assert sent(engine) == []


async def test_an_agencys_liaison_gets_no_greeting(
    member: Take, engine: Engine, consumer: Consumer, desk: Desk
) -> None:
    posko = "@posko:bpbd.example"
    agency = Agency(key="bpbd", title="BPBD", names=(), room=None, categories=(), liaisons=(posko,))
    consumer.desk = replace(desk, content=replace(desk.content, agencies=Agencies(all=(agency,))))
    await member(posko)
    assert sent(engine) == []


async def test_an_agencys_room_greets_nobody(member: Take, engine: Engine, consumer: Consumer, desk: Desk) -> None:
    agency = Agency(key="bpbd", title="BPBD", names=(), room="ojol", categories=())
    consumer.desk = replace(desk, content=replace(desk.content, agencies=Agencies(all=(agency,))))
    await member(ALI)
    assert sent(engine) == []


async def test_who_is_gone_again_before_the_greeting_is_not_named(member: Take, engine: Engine) -> None:
    await member(ALI)
    await member(BEA)
    await member(ALI, "ban", by=ANI)
    assert [people(row) for row in greetings(engine)] == [[BEA]]
    assert "@ali" not in str(greetings(engine)[0]["content"])
    assert "hapus data saya" in greetings(engine)[0]["content"]["body"]
    await member(BEA, "leave", by=ME)  # by a protection of ours
    assert greetings(engine) == []


async def test_a_word_spoken_while_the_greeting_waits_brings_it_at_once(
    member: Take, engine: Engine, take: Take, event: Event, clock: Clock
) -> None:
    await member(ALI)
    clock.now += 5 * SECOND
    await take(event("lapor ada pohon tumbang di Subah", room=OJOL, sender=ALI, direct=False))
    [greeting] = greetings(engine)
    assert greeting["not_before"] <= clock.now
    assert not any(row["key"].startswith("privacy:") for row in sent(engine)), "the notice counts as given"


async def test_who_knows_the_notice_already_hears_only_the_rules(
    member: Take, engine: Engine, take: Take, event: Event
) -> None:
    await take(event(room=DIRECT, kind=Kind.AUDIO, sender=ALI))
    assert [row["key"] for row in sent(engine, DIRECT)] == [f"privacy:{ALI}"]
    await member(ALI)
    body = greetings(engine)[0]["content"]["body"]
    assert "mikrofon" in body
    assert "hapus data saya" not in body


@pytest.mark.parametrize("known", [True, False])
async def test_by_dm_where_there_is_one_and_in_the_thread_where_there_is_none(
    member: Take, engine: Engine, take: Take, event: Event, consumer: Consumer, desk: Desk, known: bool
) -> None:
    consumer.desk = channel(desk, greet="dm")
    if known:
        await take(event("menu", sender=ALI))
    await member(ALI)
    dm = [row for row in sent(engine, DIRECT) if row["key"].startswith("welcome-dm:")]
    assert (len(dm), len(greetings(engine))) == ((1, 0) if known else (0, 1))
    if known:
        assert "Ojol Kamtibmas" in dm[0]["content"]["body"]
        assert "hapus data saya" in dm[0]["content"]["body"]
        assert "m.relates_to" not in dm[0]["content"]


@pytest.mark.parametrize("said", [{"greet": "none"}, {"welcome": None, "privacy": None}])
async def test_a_channel_can_greet_nobody(
    member: Take, engine: Engine, consumer: Consumer, desk: Desk, said: dict[str, Any]
) -> None:
    consumer.desk = channel(desk, **said)
    await member(ALI)
    assert sent(engine) == []


async def test_names_are_words_in_the_greeting(member: Take, engine: Engine) -> None:
    odd = "@*ali*_[x](https://evil.example):batang.test"
    await member(odd)
    html = greetings(engine)[0]["content"]["formatted_body"]
    assert "evil.example</a>" not in html
    assert 'href="https://evil' not in html
    assert "<em>" not in html


async def test_who_is_forgotten_is_in_no_greeting(member: Take, engine: Engine, take: Take, event: Event) -> None:
    await member(ALI)
    deliver(engine)
    for words in ("hapus data saya", "ya, hapus"):
        await take(event(words, sender=ALI, trust=Trust.DEVICE))
    [greeting] = greetings(engine)[:1]
    assert greeting["content"] is None
    redacted = [row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == Action.REDACTION]
    assert f"outbox:{greeting['key']}" in redacted
