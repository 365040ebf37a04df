"""Signing in, staying the same device, being signed out, and a homeserver that stumbles."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
import vodozemac
from hostile import Device
from listening import listening
from proxy import Proxy
from sqlalchemy import select

from bot.matrix.api import Unreachable, path
from bot.matrix.login import FILE
from bot.matrix.session import MatrixSession, SessionError, SignedOut
from bot.store.tables import session as session_table

pytestmark = pytest.mark.real

FOREVER = float("inf")
INJECTED = {"errcode": "M_UNKNOWN", "error": "injected"}


def login(homeserver: Any, account: Any, **more: Any) -> dict[str, Any]:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": account.user_id},
        "password": account.password,
    }
    answer: dict[str, Any] = homeserver.synapse.request("POST", "/_matrix/client/v3/login", {**body, **more})
    return answer


async def test_the_session_file_is_private_and_the_device_stays_over_restarts(
    bot_config: Any, bot_database: Any
) -> None:
    devices = []
    for _ in range(2):
        async with listening(bot_config, bot_database) as listener:
            devices.append(listener.session.device_id)
    file = bot_config.crypto_dir / FILE
    assert devices[0] == devices[1]
    assert file.stat().st_mode & 0o777 == 0o600
    assert bot_config.crypto_dir.stat().st_mode & 0o777 == 0o700


async def test_the_key_store_is_encrypted_under_our_own_key(bot_config: Any, bot_database: Any) -> None:
    async with listening(bot_config, bot_database) as listener:
        assert listener.session.client.config.pickle_key == bot_config.pickle_key().get_secret_value()
        assert not listener.session.client.config.store_sync_tokens
        assert listener.session.client.config.max_limit_exceeded is not None
        assert listener.session.client.config.max_timeouts is not None
    bot_config.resolve(bot_config.secrets.pickle_key_file).write_text("f" * 64)
    with pytest.raises(SessionError, match="pickle_key_file"):
        await MatrixSession.open(bot_config, bot_database)


async def test_a_missing_key_store_is_an_error_and_not_a_new_identity(bot_config: Any, bot_database: Any) -> None:
    async with listening(bot_config, bot_database):
        pass
    for file in bot_config.crypto_dir.glob("keys-*"):
        file.unlink()
    with pytest.raises(SessionError, match="backup"):
        await MatrixSession.open(bot_config, bot_database)


async def test_an_access_token_signs_in_as_its_own_device(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any
) -> None:
    environ = {"KENTONGAN_ACCESS_TOKEN": bot_account.token, "KENTONGAN_PASSWORD": ""}
    config = configure(tmp_path / "bot", homeserver.url, bot_account.user_id, environ)
    async with listening(config, bot_database) as listener:
        assert listener.session.device_id == bot_account.device_id
    other = configure(tmp_path / "other", homeserver.url, "@someone:batang.test", environ)
    with pytest.raises(SessionError, match=bot_account.user_id):
        await MatrixSession.open(other, bot_database)


async def test_a_wrong_password_an_unreachable_homeserver_and_nothing_at_all(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any, monkeypatch: Any
) -> None:
    wrong = configure(tmp_path / "a", homeserver.url, bot_account.user_id, {"KENTONGAN_PASSWORD": "wrong"})
    with pytest.raises(SignedOut, match="password"):
        await MatrixSession.open(wrong, bot_database)
    nothing = configure(tmp_path / "b", homeserver.url, bot_account.user_id, {"KENTONGAN_PASSWORD": ""})
    with pytest.raises(SessionError, match="KENTONGAN_PASSWORD"):
        await MatrixSession.open(nothing, bot_database)
    monkeypatch.setattr("bot.matrix.api._backoff", lambda _: 0)
    away = configure(tmp_path / "c", "http://127.0.0.1:9", bot_account.user_id)
    with pytest.raises(Unreachable):
        await MatrixSession.open(away, bot_database)


async def test_a_deleted_device_ends_the_loop_and_says_what_to_do(
    homeserver: Any, bot_config: Any, bot_database: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        homeserver.synapse.request(
            "DELETE",
            f"/_synapse/admin/v2/users/{listener.session.user_id}/devices/{listener.session.device_id}",
            token=homeserver.admin_token,
        )
        assert listener.task is not None
        with pytest.raises(SignedOut, match=FILE) as gone:
            await asyncio.wait_for(listener.task, 20)
        assert not gone.value.soft
        listener.task = None
        first = listener.session.device_id
    with pytest.raises(SignedOut, match=FILE):
        await MatrixSession.open(bot_config, bot_database)
    (bot_config.crypto_dir / FILE).unlink()
    since = bot_database.run_blocking(lambda db: db.scalar(select(session_table.c.since)))
    async with listening(bot_config, bot_database) as listener:
        assert listener.session.device_id != first
        row = bot_database.run_blocking(lambda db: db.execute(select(session_table)).one())
        assert since is not None
        assert row.device_id == listener.session.device_id


async def test_a_soft_logout_ends_the_loop_and_the_next_start_is_the_same_device(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any, stranger: Device,
    create_room: Any,
) -> None:  # fmt: skip
    short = login(homeserver, bot_account, refresh_token=True)  # Synapse lets it run out after two seconds
    environ = {"KENTONGAN_ACCESS_TOKEN": short["access_token"], "KENTONGAN_PASSWORD": ""}
    config = configure(tmp_path / "bot", homeserver.url, bot_account.user_id, environ)
    async with listening(config, bot_database) as listener:
        assert listener.task is not None
        with pytest.raises(SignedOut, match="soft logout") as gone:
            await asyncio.wait_for(listener.task, 20)
        assert gone.value.soft
        listener.task = None
    with pytest.raises(SignedOut, match="password"):
        await MatrixSession.open(config, bot_database)
    config = configure(tmp_path / "bot", homeserver.url, bot_account.user_id)
    async with listening(config, bot_database) as listener:
        assert listener.session.device_id == short["device_id"]
        room_id = await create_room(stranger.api, invite=[bot_account.user_id], encrypted=True)
        await listener.join(room_id)
        session = vodozemac.GroupSession()
        await stranger.share(session, room_id, bot_account.user_id, short["device_id"])
        event_id = await stranger.send(room_id, stranger.message(session, room_id, "masih terbaca"))
        assert (await listener.event(event_id)).body == "masih terbaca"


async def test_a_failing_homeserver_is_asked_at_growing_intervals_and_nothing_is_lost(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any, stranger: Device,
    create_room: Any,
) -> None:  # fmt: skip
    async with Proxy(homeserver.url) as proxy:
        config = configure(tmp_path / "bot", proxy.url, bot_account.user_id)
        async with listening(config, bot_database) as listener:
            room_id = await create_room(stranger.api, invite=[bot_account.user_id])
            await listener.join(room_id)
            state = listener.loop.state
            fault = proxy.answer("/sync", 500, INJECTED, times=FOREVER)
            await listener.until(lambda: state.failures >= 4, "failures")
            assert not state.synced
            before, started = fault.met, time.monotonic()
            event_id = await stranger.send(room_id, {"msgtype": "m.text", "body": "tetap sampai"}, "m.room.message")
            await listener.until(lambda: fault.met >= before + 5, "more tries")
            # Pauses are between half of and the whole 0.2 s here; 4,157 requests in 3 s is what nio makes of it.
            assert (fault.met - before) / (time.monotonic() - started) < 12
            proxy.heal()
            assert (await listener.event(event_id)).body == "tetap sampai"
            # The row can be read as soon as it is committed, a moment before the loop hears of it.
            await listener.until(lambda: state.synced, "a good sync")
            assert state.failures == 0


@pytest.mark.parametrize("spelling", ["body", "header"])
async def test_a_429_is_waited_out_as_long_as_the_homeserver_says(
    spelling: str, homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any
) -> None:
    body = {"errcode": "M_LIMIT_EXCEEDED", "error": "slowly"} | ({"retry_after_ms": 1000} if spelling == "body" else {})
    async with Proxy(homeserver.url) as proxy:
        config = configure(tmp_path / "bot", proxy.url, bot_account.user_id)
        async with listening(config, bot_database):
            headers = {"Retry-After": "1"} if spelling == "header" else {}
            refused = proxy.answer("/sync", 429, body, headers=headers)
            await proxy.met(refused)
            count = len(proxy.requests("/sync"))
            before, after = (await proxy.seen("/sync", count + 1))[count - 1 : count + 1]
            assert after.at - before.at >= 1


async def test_garbage_instead_of_json_is_waited_out(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any
) -> None:
    async with Proxy(homeserver.url) as proxy:
        config = configure(tmp_path / "bot", proxy.url, bot_account.user_id)
        async with listening(config, bot_database) as listener:
            turns = listener.loop.state.turns
            garbage = proxy.answer("/sync", 200, {"rooms": "none", "to_device": 5}, times=2)
            await listener.until(lambda: garbage.met == 2 and listener.loop.state.turns > turns, "recovered")


async def test_keys_are_saved_before_they_are_published(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any, stranger: Device,
    create_room: Any,
) -> None:  # fmt: skip
    async with Proxy(homeserver.url) as proxy:
        config = configure(tmp_path / "bot", proxy.url, bot_account.user_id)
        # Synapse has the keys, the bot never hears so, and ends.
        proxy.answer("/keys/upload", 400, INJECTED, forwarded=True)
        with pytest.raises(Exception, match="injected"):
            await MatrixSession.open(config, bot_database)
        device_id = json.loads((config.crypto_dir / FILE).read_text())["device_id"]
        room_id = await create_room(stranger.api, invite=[bot_account.user_id], encrypted=True)
        session = vodozemac.GroupSession()
        await stranger.share(session, room_id, bot_account.user_id, device_id)
        async with listening(config, bot_database) as listener:
            await listener.join(room_id)
            event_id = await stranger.send(room_id, stranger.message(session, room_id, "dengan kunci lama"))
            assert (await listener.event(event_id)).body == "dengan kunci lama"


async def test_a_stop_is_prompt_even_in_the_middle_of_a_long_poll(bot_config: Any, bot_database: Any) -> None:
    async with listening(bot_config, bot_database) as listener:
        await listener.session.api.request("GET", path("account", "whoami"))
        assert listener.task is not None
        started = time.monotonic()
        listener.loop.stop()
        await asyncio.wait_for(listener.task, 2)
        assert time.monotonic() - started < 1
