"""When the bot speaks, when it keeps quiet, and in what form."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

import nio
import pytest
import pytest_asyncio
import yaml
from bot_world import BotWorld, bot_world, config_beside
from proxy import Asked
from sqlalchemy import create_engine, select

from bot.clock import now_ms
from bot.demo.process import BotProcess
from bot.matrix.person import Person, Seen
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store import groups
from bot.store.tables import audit, outbox

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

QUESTION = "biaya sim c berapa pak"
FARAWAY = "@orang:jauh.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    """A key may be late by two seconds here, by a minute outside."""
    quick = ("bot.handlers.duties.KEY_GRACE_MS=2000", "bot.rounds.DUTY_SECONDS=0.5")
    async with bot_world(tmp_path_factory.mktemp("rooms"), proxied=True, constants=quick) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def citizen(world: BotWorld) -> Person:
    return await world.person("warga")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(world: BotWorld, citizen: Person) -> str:
    return await world.direct(citizen)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver(world: BotWorld) -> Person:
    return await world.person("pengemudi", joins=["ojol"])


async def group(
    world: BotWorld, owner: Person, *members: Person, bots: tuple[str, ...] = (), data: tuple[str, ...] = ("data",)
) -> str:
    """A private encrypted room with these people and the bot(s), whom officers let speak; `data`: their folders."""
    bots = bots or (world.bot_id,)
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    body = {
        "preset": "private_chat",
        "invite": [*bots, *(person.user_id for person in members)],
        "initial_state": [encryption],
    }
    async with world.api(owner) as api:
        room = str((await api.request("POST", "/_matrix/client/v3/createRoom", body))["room_id"])
    for person in members:
        await person.join(room)
    for user in (*bots, *(person.user_id for person in members)):
        await owner.wait_for_member(room, user)
    for folder in data:
        database = world.world.folder / folder / "kentongan.db"
        await world.until(lambda database=database: allow(database, room), "the officers are asked")
    return room


def allow(database: Path, room: str) -> bool:
    """As an officer's word does; how that comes stands in test_entry.py. False while nobody has been asked."""
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.begin() as connection:
            if groups.find(connection, room) is None:
                return False
            groups.decide(connection, room, groups.ALLOWED, "@petugas:batang.test", now_ms())
            return True
    finally:
        engine.dispose()


def from_bot(world: BotWorld, person: Person, room: str) -> list[Seen]:
    return [
        seen
        for seen in person.seen
        if seen.sender == world.bot_id and seen.room_id == room and seen.type in ("m.room.message", "m.room.encrypted")
    ]


async def test_an_answer_is_a_text_that_pings_nobody(world: BotWorld, citizen: Person, room: str) -> None:
    reply = await world.reply(citizen, await world.say(citizen, room, QUESTION))

    assert reply.encrypted
    assert reply.content["msgtype"] == "m.text"
    assert reply.content["m.mentions"] == {}
    assert reply.content["format"] == "org.matrix.custom.html"
    assert "100.000" in reply.body


async def test_a_spoken_question_is_repeated_and_answered(world: BotWorld, citizen: Person, room: str) -> None:
    reply = await world.reply(citizen, await world.note(citizen, room, "sim"))

    assert "saya dengar" in reply.body.lower()
    assert "membuat" in reply.body.lower()
    assert reply.content["msgtype"] == "m.text"
    assert reply.content["m.mentions"] == {}
    assert reply.relation.get("rel_type") is None


async def test_notices_edits_and_reactions_are_not_answered(world: BotWorld, citizen: Person, room: str) -> None:
    before = len(from_bot(world, citizen, room))
    first = await world.say(citizen, room, QUESTION)
    await world.reply(citizen, first)
    await citizen.send(room, {"msgtype": "m.notice", "body": "syarat skck apa saja"})
    new = {"msgtype": "m.text", "body": "syarat skck apa saja"}
    relation = {"rel_type": "m.replace", "event_id": first}
    await citizen.send(room, {**new, "body": "* syarat skck", "m.new_content": new, "m.relates_to": relation})
    async with world.api(citizen) as api:
        where = f"/_matrix/client/v3/rooms/{room}/send/m.reaction/{secrets.token_hex(4)}"
        annotation = {"rel_type": "m.annotation", "event_id": first, "key": "👍"}
        await api.request("PUT", where, {"m.relates_to": annotation})

    await world.settle((citizen, room))

    assert len(from_bot(world, citizen, room)) == before + 2  # the question's and the last word's


async def test_a_group_of_three_is_listened_to_only_when_it_speaks_to_the_bot(
    world: BotWorld, citizen: Person, driver: Person
) -> None:
    room = await group(world, citizen, driver)
    await world.say(citizen, room, QUESTION)
    await world.note(citizen, room)
    mention = {"m.mentions": {"user_ids": [world.bot_id]}}
    asked = await world.say(citizen, room, f"kentongan, {QUESTION}", **mention)
    answer = await world.reply(citizen, asked)
    assert "100.000" in answer.body
    follow = {"m.relates_to": {"m.in_reply_to": {"event_id": answer.event_id}}, "m.mentions": {}}
    followed = await world.say(citizen, room, "kalau syaratnya apa saja?", **follow)
    await world.reply(citizen, followed)

    await world.settle()

    assert len(from_bot(world, citizen, room)) == 3, "with the word at the door"


async def test_a_channels_chatter_is_left_alone_and_reports_and_mentions_are_not(
    world: BotWorld, driver: Person
) -> None:
    room = world.rooms["ojol"]
    before = len(from_bot(world, driver, room))
    await world.say(driver, room, "selamat pagi semua, sudah pada ngopi belum")
    asked = await world.say(driver, room, QUESTION, **{"m.mentions": {"user_ids": [world.bot_id]}})
    reply = await world.reply(driver, asked)
    assert reply.content["msgtype"] == "m.text"
    assert reply.relation["event_id"] == asked, "in a thread, so that the channel stays a channel"

    first = await world.say(driver, room, "lapor ada kecelakaan dua motor di depan pasar, satu orang luka")
    second = await world.note(driver, room)
    for report in (first, second):
        said = await world.reply(driver, report)
        assert said.content["msgtype"] == "m.notice"
        assert said.content["m.mentions"] == {}
        assert said.relation["event_id"] == report
    await world.settle()

    mark = transaction_id(f"privacy:{driver.user_id}")
    notices = [seen for seen in from_bot(world, driver, room) if seen.content.get(KEY_FIELD) == mark]
    assert len(notices) == 1, "what happens with a recording is told once a person"
    assert notices[0].content["msgtype"] == "m.notice"
    assert len(from_bot(world, driver, room)) == before + 4


async def test_an_invite_from_a_server_that_is_not_allowed_is_declined(
    world: BotWorld, citizen: Person, room: str
) -> None:
    """The homeserver's word for such an invite is put into one of its own answers."""
    assert world.proxy is not None
    there = "!ruang:jauh.example"
    member = {
        "type": "m.room.member",
        "state_key": world.bot_id,
        "sender": FARAWAY,
        "content": {"membership": "invite", "is_direct": True},
    }

    def invited(asked: Asked) -> dict[str, Any]:
        since = dict(part.split("=", 1) for part in asked.query.split("&"))["since"]
        return {"next_batch": since, "rooms": {"invite": {there: {"invite_state": {"events": [member]}}}}}

    world.proxy.answer(lambda asked: "/sync" in asked.path and "since=" in asked.query, 200, invited)
    await world.settle((citizen, room))  # ends the long poll that is under way

    (left,) = await world.proxy.seen(f"/rooms/{there}/leave")
    assert left.method == "POST"
    assert world.proxy.requests(f"/join/{there}") == []
    declined = world.rows(select(audit.c.subject).where(audit.c.kind == "invite.leave"))
    assert len(declined) == 1


async def test_a_message_without_its_key_is_told_of_once_and_answered_when_the_key_comes(
    world: BotWorld, citizen: Person
) -> None:
    stubborn = await world.person("bungkam")
    room = await world.direct(stubborn)
    client = stubborn._client
    client.olm.create_outbound_group_session(room)
    session = client.olm.outbound_group_sessions[room]
    key = session.session_key  # as it is before the first message: it opens all of them
    session.shared = True  # as a client behaves that gives its keys to nobody
    questions = [await world.say(stubborn, room, text) for text in (QUESTION, "syarat skck apa saja")]

    told = await stubborn.wait(
        lambda seen: seen.sender == world.bot_id and "kunci" in seen.body.lower(), 60, what="a word about the key"
    )
    assert told.relation["m.in_reply_to"]["event_id"] == questions[0]
    assert told.content["msgtype"] == "m.notice"

    session.shared = False
    with patch.object(type(session), "session_key", PropertyMock(return_value=key)):
        shared = await client.share_group_session(room, ignore_unverified_devices=True)
    assert isinstance(shared, nio.ShareGroupSessionResponse)

    for question, word in zip(questions, ("100.000", "skck"), strict=True):
        assert word in (await world.reply(stubborn, question)).body.lower()
    await world.settle()
    assert len(from_bot(world, stubborn, room)) == 3


async def test_two_bots_left_alone_have_nothing_to_say_to_each_other(world: BotWorld, citizen: Person) -> None:
    name = "kentongan-tetangga"
    account = await asyncio.to_thread(world.homeserver.register, name, "a-password")
    (world.world.folder / "tetangga.password").write_text("a-password")
    home = {"user_id": account["user_id"], "password_file": "tetangga.password", "url": world.homeserver.url}
    config = config_beside(world, "tetangga", homeserver=home, paths={"data": "tetangga"}, speech={"workers": 1})
    bot = BotProcess(config, health_port(config), world.world.folder / "tetangga.log")
    bot.start()
    try:
        await bot.until("synced")
        both = (world.bot_id, account["user_id"])
        room = await group(world, citizen, bots=both, data=("data", "tetangga"))
        asked = await world.say(citizen, room, f"{QUESTION}?", **{"m.mentions": {"user_ids": list(both)}})
        for user in both:
            await citizen.wait(
                lambda seen, user=user: seen.sender == user and _answers(seen) == asked, 60, what=f"answer of {user}"
            )
        # Now each of them sits in a room with one other person, which makes every message there a question.
        answers = [
            await world.say(citizen, room, f"jadi {QUESTION}?", **{"m.mentions": {"user_ids": list(both)}})
            for _ in range(2)
        ]
        async with world.api(citizen) as api:
            await api.request("POST", f"/_matrix/client/v3/rooms/{room}/leave", {})
        await world.settle((citizen, await world.direct(citizen)))
        statement = select(outbox.c.key).where(outbox.c.room_id == room, outbox.c.action == "event")
        mine = sorted(key for (key,) in world.rows(statement) if not key.startswith("group-hello:"))
        assert mine == sorted(f"reply:{event_id}" for event_id in (asked, *answers))
    finally:
        assert await asyncio.to_thread(bot.stop) == 0


def _answers(seen: Seen) -> Any:
    return (seen.relation.get("m.in_reply_to") or {}).get("event_id")


def health_port(config: Path) -> int:
    return int(yaml.safe_load(config.read_text())["server"]["port"])
