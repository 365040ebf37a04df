"""How people come in, on a real Synapse, with Element's SDK: greeted once, groups that wait for a word, codes."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from bot_world import BotWorld, bot_world
from casechat import SECONDS, heard, shown
from second_client import Node, SecondClient, Seen
from sqlalchemy import select

from bot.demo.process import ProcessError, kentongan
from bot.demo.world import OPERATIONS
from bot.matrix.api import ApiError, HomeserverApi, path
from bot.store.tables import audit, audit_payloads, inbox

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

PASSWORD = "a-password"
TOKENS = {"enable_registration": True, "registration_requires_token": True}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    folder = tmp_path_factory.mktemp("entry")
    welcome = {"batch_seconds": 1}
    async with bot_world(folder, settings=TOKENS, greet="thread", welcome=welcome, speech={"workers": 1}) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(world: BotWorld) -> AsyncIterator[Node]:
    async with Node() as node:
        yield node


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(world: BotWorld, node: Node) -> SecondClient:
    password = world.world.account("petugas").password
    client = await node.login(world.homeserver.url, "petugas", password, signed_only=True)
    room = await client.join(world.world.aliases()[OPERATIONS])
    await client.wait_member(room, world.bot_id)
    return client


async def person(world: BotWorld, node: Node, name: str) -> SecondClient:
    await asyncio.to_thread(world.homeserver.register, name, PASSWORD)
    return await node.login(world.homeserver.url, name, PASSWORD, signed_only=True)


def greets(seen: Seen, world: BotWorld, someone: SecondClient) -> bool:
    named = (seen.content.get("m.mentions") or {}).get("user_ids", [])
    return seen.sender == world.bot_id and someone.user_id in named and "Selamat datang" in seen.body


async def test_a_newcomer_is_greeted_once_over_a_restart_and_a_second_joining(
    world: BotWorld, node: Node, officer: SecondClient
) -> None:
    alias = world.world.aliases()["ojol"]
    ali = await person(world, node, "ali")
    channel = await ali.join(alias)
    await officer.join(alias)

    greeting = await ali.wait_for(lambda seen: greets(seen, world, ali), SECONDS)
    assert greeting.encrypted
    assert greeting.thread_root is not None
    assert greeting.content["m.mentions"] == {"user_ids": [ali.user_id]}
    for word in ("mikrofon", "110", "hapus data saya"):
        assert word in greeting.body

    await world.stop(kill=True)
    bea = await person(world, node, "bea")
    await bea.join(alias)  # while the bot is away
    await ali.do("leave", room=channel)
    await ali.join(alias)
    world.start()
    second = await bea.wait_for(lambda seen: greets(seen, world, bea), SECONDS)
    assert second.thread_root == greeting.thread_root, "one thread of greetings"
    assert second.content["m.mentions"] == {"user_ids": [bea.user_id]}

    note = await ali.text(channel, "lapor ada pohon tumbang di desa Plelen, jalan tertutup")
    answer = await ali.message_from(world.bot_id, channel, after=note)
    assert "dicatat" in answer.body.lower() or "tercatat" in answer.body.lower()
    everything = [seen for client in (ali, bea, officer) for seen in client.events.values()]
    assert len({seen.event_id for seen in everything if greets(seen, world, ali)}) == 1
    assert not any(greets(seen, world, officer) for seen in everything)
    assert not any("soal data Anda" in seen.body for seen in ali.events.values() if seen.thread_root == note)


async def test_a_group_waits_for_an_officers_word_and_goes_by_it(
    world: BotWorld, node: Node, officer: SecondClient
) -> None:
    host, friend = await person(world, node, "bu-rt"), await person(world, node, "tetangga")
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    options = {"preset": "private_chat", "name": "Arisan RT 5", "invite": [world.bot_id, friend.user_id],
               "initial_state": [encryption]}  # fmt: skip
    group = (await host.do("create_room", options=options, wait_for_encryption=True))["room_id"]
    await friend.join(group)
    await host.wait_member(group, world.bot_id)
    await heard(host, world, "belum mendengarkan apa pun", room=group)
    card = await heard(officer, world, "Arisan RT 5")
    assert host.user_id in card.body

    early = await host.text(group, "berapa biaya skck?", mentions=[world.bot_id])
    await world.until(lambda: handled(world, early), "the question came in")
    await officer.react(world.rooms[OPERATIONS], card.event_id, "✅")
    await heard(host, world, "sudah mengizinkan", room=group)
    await shown(officer, world, "Diizinkan")
    asked = await host.text(group, "berapa biaya sim c?", mentions=[world.bot_id])
    answer = await host.wait_for(lambda seen: seen.sender == world.bot_id and seen.reply_to == asked, SECONDS)
    assert "sim c" in answer.body.lower()
    assert not any(seen.reply_to == early for seen in host.events.values())
    [kept] = world.rows(select(inbox.c.payload).where(inbox.c.event_id == early))[0]
    assert kept["body"] == ""

    await officer.text(world.rooms[OPERATIONS], "tolak", thread=card.event_id)
    await heard(host, world, "pamit", room=group)
    await host.wait_member(group, world.bot_id, "leave")
    await host.do("invite", room=group, user=world.bot_id)
    declined = select(audit.c.kind).where(audit.c.kind == "invite.leave")
    await world.until(lambda: world.rows(declined), "the next invite is declined")


def handled(world: BotWorld, event_id: str) -> bool:
    return bool(world.rows(select(inbox.c.id).where(inbox.c.event_id == event_id, inbox.c.state == "done")))


async def test_a_code_makes_as_many_accounts_as_it_says_until_it_is_revoked(
    world: BotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await asyncio.to_thread(world.homeserver.register, "admin", PASSWORD, admin=True)
    monkeypatch.setenv("KENTONGAN_ADMIN_TOKEN", admin["access_token"])
    config = world.world.config_path

    async def command(*arguments: str) -> str:
        return await kentongan("rooms", "token", *arguments, config=config)

    once, twice = (await command("new", "--uses", "1")).strip(), (await command("new", "--uses", "2")).strip()
    assert await register(world, once) is None
    assert await register(world, once) == 401  # used up
    assert await register(world, twice) is None
    rows = {row["code"]: row for row in map(json.loads, (await command("list", "--json")).splitlines())}
    assert (rows[f"{once[:4]}…"]["done"], rows[f"{once[:4]}…"]["valid"]) == (1, False)
    assert (rows[f"{twice[:4]}…"]["done"], rows[f"{twice[:4]}…"]["valid"]) == (1, True)
    await command("revoke", twice)
    assert await register(world, twice) == 401
    with pytest.raises(ProcessError, match="tidak ada kode itu"):
        await command("revoke", twice)

    joined = audit.join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
    mine = audit.c.kind.startswith("registration.")
    steps = world.rows(select(audit.c.kind, audit_payloads.c.payload).select_from(joined).where(mine))
    assert [step.kind for step in steps] == ["registration.made", "registration.made", "registration.revoked"]
    assert not [code for code in (once, twice) if code in str(steps)], "who holds the record can make no account"

    nobody = await asyncio.to_thread(world.homeserver.register, "warga-biasa", PASSWORD)
    monkeypatch.setenv("KENTONGAN_ADMIN_TOKEN", nobody["access_token"])
    with pytest.raises(ProcessError, match="no server administrator"):
        await command("new")


async def register(world: BotWorld, code: str) -> int | None:
    """Make an account with a code as a client does; `None` when it was made, else the status of the refusal."""
    account: dict[str, Any] = {"username": f"baru-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(12)}
    async with HomeserverApi(world.homeserver.url) as api:
        with pytest.raises(ApiError) as begun:
            await api.request("POST", path("register"), account)
        session = begun.value.body["session"]
        stages = [{"type": "m.login.registration_token", "token": code}, {"type": "m.login.dummy"}]
        for stage in stages:
            auth = {**stage, "session": session}
            try:
                made = await api.request("POST", path("register"), {**account, "auth": auth})
            except ApiError as error:
                if stage["type"] in error.body.get("completed", ()):
                    continue  # the next stage
                return error.status
            assert made["user_id"].endswith(f":{world.homeserver.server_name}")
            return None
    return None
