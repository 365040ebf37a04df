"""The bot and a client that exchanges keys with cross-signed devices only (MSC4153)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy import Proxy
from second_client import Node
from speaking import Speaker, speaking

from bot.config import Config
from bot.matrix import crosssigning, identities
from bot.matrix.api import path
from bot.matrix.session import MatrixSession
from bot.store.database import Database

pytestmark = pytest.mark.real


async def encrypted_dm(client: Any, bot: Speaker) -> str:
    """A DM of the client with the bot, both in it."""
    room = await client.dm(bot.session.user_id)
    await bot.listener.join(room)
    await client.wait_member(room, bot.session.user_id)
    return str(room)


async def test_a_client_that_enforces_cross_signing_and_the_bot_read_each_other(
    homeserver: Any, bot_config: Config, bot_database: Database
) -> None:
    citizen = homeserver.register("warga")
    async with Node() as node, speaking(bot_config, bot_database) as bot:
        await crosssigning.ensure(bot.session, bot_config)
        client = await node.login(homeserver.url, citizen.user_id, citizen.password)
        room = await encrypted_dm(client, bot)
        question = await client.text(room, "syarat bikin sim c apa aja pak?")
        event = await bot.listener.event(question)
        assert (event.body, event.trust) == ("syarat bikin sim c apa aja pak?", "device")
        assert event.master_key
        assert (await identities.ask(bot.session.api, citizen.user_id)).master == event.master_key
        bot.say(room, "KTP asli dan surat sehat.", content={"m.relates_to": {"m.in_reply_to": {"event_id": question}}})
        answer = await client.message_from(bot.session.user_id, room)
        assert (answer.body, answer.encrypted, answer.reply_to) == ("KTP asli dan surat sehat.", True, question)
        assert await client.do("device_status", user=bot.session.user_id, device=bot.session.device_id) == {
            "known": True,
            "signed_by_owner": True,
        }
        assert (await client.do("shield", room=room, event_id=answer.event_id))["colour"] == 0


async def test_a_device_that_its_owner_has_not_signed_is_known_and_belongs_to_nobody(
    homeserver: Any, bot_config: Config, bot_database: Database
) -> None:
    citizen = homeserver.register("warga")
    async with Node() as node, speaking(bot_config, bot_database) as bot:
        await crosssigning.ensure(bot.session, bot_config)
        client = await node.login(
            homeserver.url, citizen.user_id, citizen.password, signed_only=False, cross_sign=False
        )
        room = await encrypted_dm(client, bot)
        event = await bot.listener.event(await client.text(room, "halo"))
        assert (event.trust, event.master_key) == ("device", None)


async def test_without_cross_signing_the_same_client_and_the_bot_cannot_read_each_other(
    homeserver: Any, bot_config: Config, bot_database: Database
) -> None:
    citizen = homeserver.register("warga")
    async with Node() as node, speaking(bot_config, bot_database) as bot:
        client = await node.login(homeserver.url, citizen.user_id, citizen.password)
        room = await encrypted_dm(client, bot)
        question = await client.text(room, "halo")
        assert await bot.listener.state_of(question) == "waiting_key"
        reply = await bot.sent(bot.say(room, "halo juga"))
        seen = await client.wait_for(lambda event: event.event_id == reply)
        assert seen.failure is not None


async def test_at_the_next_start_one_look_is_enough(
    homeserver: Any, bot_config: Config, bot_account: Any, bot_database: Database, configure: Callable[..., Config]
) -> None:
    async with Proxy(homeserver.url) as proxy:
        config = configure(bot_config.file.parent, proxy.url, bot_account.user_id)
        session = await MatrixSession.open(config, bot_database)
        await crosssigning.ensure(session, config)
        await session.close()
        again = await MatrixSession.open(config, bot_database)
        before = len(proxy.asked)
        await crosssigning.ensure(again, config)
        await again.close()
        assert [asked.path for asked in proxy.asked[before:]] == [path("keys", "query")]
        assert (config.crypto_dir / crosssigning.FILE).stat().st_mode & 0o777 == 0o600


async def test_a_crash_after_the_keys_and_before_the_signature_is_mended_at_the_next_start(
    homeserver: Any, bot_config: Config, bot_account: Any, bot_database: Database, configure: Callable[..., Config]
) -> None:
    async with Proxy(homeserver.url) as proxy:
        config = configure(bot_config.file.parent, proxy.url, bot_account.user_id)
        session = await MatrixSession.open(config, bot_database)
        proxy.answer("signatures/upload", 403, {"errcode": "M_FORBIDDEN", "error": "no"})
        with pytest.raises(Exception, match="M_FORBIDDEN"):
            await crosssigning.ensure(session, config)
        await crosssigning.ensure(session, config)
        seeds = crosssigning.read_seeds(config.crypto_dir / crosssigning.FILE, session.user_id, config.pickle_key())
        assert seeds is not None
        shown = await crosssigning.published(session.api, session.user_id, session.device_id)
        assert crosssigning.shortcomings(shown, seeds, session.user_id) == []
        await session.close()


async def test_keys_that_somebody_else_set_up_are_left_alone_and_named(
    homeserver: Any, bot_config: Config, bot_account: Any, bot_database: Database
) -> None:
    async with Node() as node:
        await node.login(homeserver.url, bot_account.user_id, bot_account.password)
        session = await MatrixSession.open(bot_config, bot_database)
        before = await crosssigning.published(session.api, session.user_id, session.device_id)
        with pytest.raises(crosssigning.CrossSigningError, match="already has cross-signing keys"):
            await crosssigning.ensure(session, bot_config)
        after = await crosssigning.published(session.api, session.user_id, session.device_id)
        assert after.public("master") == before.public("master")
        assert not (bot_config.crypto_dir / crosssigning.FILE).exists()
        await session.close()


async def test_a_new_device_of_the_same_account_is_signed_with_the_same_keys(
    homeserver: Any, bot_config: Config, bot_database: Database
) -> None:
    first = await MatrixSession.open(bot_config, bot_database)
    await crosssigning.ensure(first, bot_config)
    master = (await crosssigning.published(first.api, first.user_id, first.device_id)).public("master")
    await first.close()
    (bot_config.crypto_dir / "session.json").unlink()
    second = await MatrixSession.open(bot_config, bot_database)
    assert second.device_id != first.device_id
    await crosssigning.ensure(second, bot_config)
    shown = await crosssigning.published(second.api, second.user_id, second.device_id)
    assert shown.public("master") == master
    await second.close()


async def test_a_homeserver_that_wants_the_password_for_the_keys_gets_it(
    homeserver: Any, bot_config: Config, bot_account: Any, bot_database: Database, configure: Callable[..., Config]
) -> None:
    async with Proxy(homeserver.url) as proxy:
        config = configure(bot_config.file.parent, proxy.url, bot_account.user_id)
        session = await MatrixSession.open(config, bot_database)
        flows = {"session": "s1", "flows": [{"stages": ["m.login.password"]}], "params": {}}
        proxy.answer("device_signing/upload", 401, flows)
        await crosssigning.ensure(session, config)
        second = proxy.requests("device_signing/upload")[1].json()
        assert second["auth"]["session"] == "s1"
        await session.close()


def test_seeds_open_only_for_their_account_and_their_key(tmp_path: Path) -> None:
    from pydantic import SecretStr

    file, key = tmp_path / "seeds", SecretStr("k" * 32)
    seeds = crosssigning.Seeds.new()
    crosssigning.write_seeds(file, "@bot:batang.test", key, seeds)
    assert crosssigning.read_seeds(file, "@bot:batang.test", key) == seeds
    assert seeds.master.hex() not in file.read_text()
    for user, wrong in (("@other:batang.test", key), ("@bot:batang.test", SecretStr("x" * 32))):
        with pytest.raises(crosssigning.CrossSigningError, match="does not open"):
            crosssigning.read_seeds(file, user, wrong)
    file.write_text(file.read_text()[:-20])
    with pytest.raises(crosssigning.CrossSigningError, match="does not open"):
        crosssigning.read_seeds(file, "@bot:batang.test", key)
