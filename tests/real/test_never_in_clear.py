"""Rooms whose encryption the bot has not heard of yet: nothing leaves it in clear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy import Proxy
from second_client import Node
from speaking import speaking

from bot.config import Config
from bot.demo.homeserver import EmbeddedHomeserver
from bot.matrix.api import path
from bot.matrix.sync import SyncLoop
from bot.outgoing import Action, Outgoing
from bot.store.database import Database, connect
from bot.store.tables import metadata

pytestmark = pytest.mark.real

PASSWORD = "test-password-not-secret"


async def test_where_the_homeserver_encrypts_new_rooms_by_itself_nothing_is_said_in_clear(
    tmp_path: Path, configure: Callable[..., Config]
) -> None:
    settings = {"encryption_enabled_by_default_for_room_type": "all"}
    with EmbeddedHomeserver(tmp_path / "synapse", settings=settings) as synapse:
        account, citizen = synapse.register("bot", PASSWORD), synapse.register("warga", PASSWORD)
        async with Node() as node, Proxy(synapse.url) as proxy:
            config = configure(tmp_path / "bot", proxy.url, account["user_id"])
            config.pickle_key()
            config.data_dir.mkdir(parents=True, exist_ok=True)
            database = Database(connect(config.database_url))
            metadata.create_all(database.engine)
            client = await node.login(synapse.url, citizen["user_id"], PASSWORD, signed_only=False)
            async with speaking(config, database) as bot:
                # Nobody asked for encryption; the bot joins and speaks before a sync can have brought the room.
                invited = await client.dm(bot.session.user_id, encrypt=False)
                bot.put(Outgoing("join", invited, action=Action.JOIN))
                bot.say(invited, "selamat datang")
                # The same for a room that the bot opens itself.
                opened = (
                    await bot.session.api.request(
                        "POST", path("createRoom"), {"preset": "private_chat", "invite": [client.user_id]}
                    )
                )["room_id"]
                bot.say(opened, "ruang baru")
                bot.put(Outgoing("berkas", opened, _report(tmp_path), upload=str(tmp_path / "laporan.csv")))
                await client.join(opened)
                for room, body in ((invited, "selamat datang"), (opened, "ruang baru")):
                    await bot.sent(f"say:{body}")
                    state = path("rooms", room, "state", "m.room.encryption", "")
                    assert (await bot.session.api.request("GET", state))["algorithm"] == "m.megolm.v1.aes-sha2"
                await bot.sent("berkas")
                event_id = await bot.sent(bot.say(invited, "ada yang bisa dibantu?"))
                seen = await client.wait_for(lambda e: e.event_id == event_id and not e.failure)
                assert (seen.body, seen.encrypted) == ("ada yang bisa dibantu?", True)
            kinds = {asked.path.split("/send/")[1].split("/")[0] for asked in proxy.requests("/send/")}
            assert kinds == {"m.room.encrypted"}
            assert not [asked for asked in proxy.asked if b"waktu,tempat" in asked.body]
            database.close()


async def test_a_clear_room_that_was_encrypted_while_the_bot_was_out_gets_nothing_in_clear(
    homeserver: Any, bot_account: Any, configure: Callable[..., Config], bot_config: Config, bot_database: Database,
    create_room: Any,
) -> None:  # fmt: skip
    owner = homeserver.register("petugas")
    async with homeserver.api(owner) as api, Proxy(homeserver.url) as proxy:
        config = configure(bot_config.file.parent, proxy.url, bot_account.user_id)
        async with speaking(config, bot_database) as bot:
            room = await create_room(api, invite=[bot.session.user_id])
            await bot.listener.join(room)
            await bot.sent(bot.say(room, "terbuka"))
            await api.request("POST", path("rooms", room, "kick"), {"user_id": bot.session.user_id})
            await bot.listener.until(lambda: room not in bot.session.client.rooms, "the kick")
            bot.listener.loop.stop()
            await bot.listener.task
            state = path("rooms", room, "state", "m.room.encryption", "")
            await api.request("PUT", state, {"algorithm": "m.megolm.v1.aes-sha2"})
            await api.request("POST", path("rooms", room, "invite"), {"user_id": bot.session.user_id})
            before = len(proxy.requests("state/m.room.encryption"))
            bot.put(Outgoing("join", room, action=Action.JOIN))
            bot.say(room, "rahasia")
            await bot.settled("join")
            await proxy.seen("state/m.room.encryption", before + 1)
            bot.listener.loop = SyncLoop(bot.session, bot_database, long_poll_ms=2000)
            bot.listener.task = asyncio.create_task(bot.listener.loop.run())
            await bot.sent("say:rahasia")
        kinds = [asked.path.split("/send/")[1].split("/")[0] for asked in proxy.requests("/send/")]
        assert kinds == ["m.room.message", "m.room.encrypted"]


def _report(folder: Path) -> dict[str, Any]:
    (folder / "laporan.csv").write_bytes(b"waktu,tempat\n" * 10)
    return {"msgtype": "m.file", "body": "laporan.csv", "info": {"mimetype": "text/csv"}}
