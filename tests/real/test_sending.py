"""What the bot says reaches the room once, in order, readable by its members, through whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nio.crypto import Olm
from proxy import Asked, Proxy
from second_client import Node, SecondClient
from speaking import Speaker, age, put, row, speaking, timeline
from sqlalchemy import select, update

from bot.config import Config
from bot.demo.homeserver import EmbeddedHomeserver
from bot.matrix import media
from bot.matrix.api import HomeserverApi, path
from bot.matrix.cryptostore import CryptoStore
from bot.outgoing import KEY_FIELD, Action, Outgoing, Priority, transaction_id
from bot.store.database import Database, connect
from bot.store.tables import metadata, outbox
from bot.store.tables import rooms as room_rows

pytestmark = pytest.mark.real

NO_KEYS = {"errcode": "M_UNKNOWN", "error": "injected"}


def sends(asked: Asked) -> bool:
    """A message, encrypted or not, going to a room."""
    return asked.method == "PUT" and "/send/m.room." in asked.path


@pytest.fixture
async def node() -> Any:
    async with Node() as started:
        yield started


@pytest.fixture
async def proxy(homeserver: Any) -> Any:
    async with Proxy(homeserver.url) as started:
        yield started


@pytest.fixture
def config(bot_config: Config, bot_account: Any, proxy: Proxy, configure: Callable[..., Config]) -> Config:
    """The bot's configuration, through the proxy."""
    return configure(bot_config.file.parent, proxy.url, bot_account.user_id)


async def citizen(node: Node, homeserver: Any) -> SecondClient:
    """Somebody whose client takes messages of any device."""
    account = homeserver.register("warga")
    return await node.login(homeserver.url, account.user_id, account.password, signed_only=False)


async def shared_room(client: SecondClient, bot: Speaker, *, encrypt: bool = True) -> str:
    """A DM of the client with the bot, both in it."""
    room = await client.dm(bot.session.user_id, encrypt=encrypt)
    await bot.listener.join(room)
    await client.wait_member(room, bot.session.user_id)
    return room


async def test_a_failed_key_claim_delays_the_message_and_hangs_nothing(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot)
        claim = proxy.answer("keys/claim", 500, NO_KEYS, times=2)
        bot.say(room, "satu")
        bot.say(room, "dua")
        await proxy.met(claim, 2)
        first, second = await bot.sent("say:satu"), await bot.sent("say:dua")
        for event_id, body in ((first, "satu"), (second, "dua")):
            seen = await client.wait_for(lambda event, wanted=event_id: event.event_id == wanted and not event.failure)
            assert seen.body == body


async def test_a_message_waits_until_every_key_is_delivered(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot)
        # Three tries of the first batch and one of the second round fail.
        batches = proxy.answer("sendToDevice/m.room.encrypted", 502, NO_KEYS, times=4)
        bot.say(room, "rahasia")
        await proxy.met(batches, 4)
        assert not proxy.requests(sends)
        event_id = await bot.sent("say:rahasia")
        assert (await client.wait_for(lambda e: e.event_id == event_id and not e.failure)).body == "rahasia"
        sessions = {a.json()["session_id"] for a in proxy.requests(sends)}
        assert len(sessions) == 1


async def test_a_device_that_comes_later_reads_what_comes_later(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database
) -> None:
    account = homeserver.register("warga")
    async with speaking(bot_config, bot_database) as bot:
        phone = await node.login(homeserver.url, account.user_id, account.password, signed_only=False)
        room = await shared_room(phone, bot)
        await bot.sent(bot.say(room, "hanya untuk ponsel"))
        tablet = await node.login(
            homeserver.url, account.user_id, account.password, signed_only=False, cross_sign=False
        )
        olm = bot.session.client.olm
        await bot.listener.until(
            lambda: tablet.device_id in olm.device_store[phone.user_id] or phone.user_id in olm.users_for_key_query,
            "the new device is known, or known to be asked for",
        )
        later = await bot.sent(bot.say(room, "untuk keduanya"))
        for client in (phone, tablet):
            seen = await client.wait_for(lambda e: e.event_id == later and not e.failure)
            assert seen.body == "untuk keduanya"


async def test_who_has_left_cannot_read_on_and_who_comes_can(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    first, second = await citizen(node, homeserver), await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(first, bot)
        await bot.sent(bot.say(room, "satu"))
        await first.do("invite", room=room, user=second.user_id)
        await second.join(room)
        members = bot.session.client.rooms[room].users
        await bot.listener.until(lambda: second.user_id in members and not members[second.user_id].invited, "the join")
        both = await bot.sent(bot.say(room, "dua"))
        assert (await second.wait_for(lambda e: e.event_id == both and not e.failure)).body == "dua"
        await second.do("leave", room=room)
        await bot.listener.until(lambda: second.user_id not in members, "the leave")
        await bot.sent(bot.say(room, "tiga"))
        used = [asked.json()["session_id"] for asked in proxy.requests(sends)]
        assert len(set(used)) == 3
        last = [asked.json() for asked in proxy.requests("sendToDevice")][-1]
        assert second.user_id not in last["messages"]


async def test_while_nothing_changes_a_message_is_one_request(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot)
        await bot.sent(bot.say(room, "pembuka"))
        await bot.listener.event(await client.text(room, "oke"))
        await bot.listener.until(lambda: not bot.session.client.olm.users_for_key_query, "device lists")
        await bot.sent(bot.say(room, "pembuka kedua"))
        before = len(proxy.asked)
        event_id = await bot.sent(bot.say(room, "lanjutan"))
        # Until the sync loop has had the bot's own message back, and what came with it: that costs no request either.
        newest = select(room_rows.c.last_event_id).where(room_rows.c.room_id == room)
        await bot.listener.until(lambda: bot.database.run_blocking(lambda db: db.scalar(newest)) == event_id, "echo")
        turns = bot.listener.loop.state.turns
        await bot.listener.event(await client.text(room, "ya"))
        await bot.listener.until(lambda: bot.listener.loop.state.turns > turns, "the next sync")
        since = [a.path for a in proxy.asked[before:] if "/sync" not in a.path]
        where = path("rooms", room, "send", "m.room.encrypted", transaction_id("say:lanjutan"))
        assert since == [where.replace("%21", "!")]


async def test_after_a_restart_a_rooms_first_message_costs_one_request_more(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    """nio keeps no outbound Megolm session: a new one is shared, over Olm sessions that were kept."""
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot)
        await bot.sent(bot.say(room, "sebelum"))
    before = len(proxy.asked)
    async with speaking(config, bot_database) as bot:
        event_id = await bot.sent(bot.say(room, "sesudah"))
        assert (await client.wait_for(lambda e: e.event_id == event_id and not e.failure)).body == "sesudah"
        since = proxy.asked[before:]
        assert [a.path for a in since if "/keys/claim" in a.path] == []
        assert len([a for a in since if "/sendToDevice/" in a.path]) == 1


async def test_a_voice_note_from_elements_sdk_is_fetched_and_decrypted(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database, tmp_path: Path
) -> None:
    client = await citizen(node, homeserver)
    note = tmp_path / "note.ogg"
    note.write_bytes(bytes(range(256)) * 200)
    async with speaking(config, bot_database) as bot:
        for encrypt in (True, False):
            room = await shared_room(client, bot, encrypt=encrypt)
            event = await bot.listener.event(await client.voice(room, note, 4200, waveform=[0, 512, 1024]))
            assert event.media is not None
            assert (event.media.voice, event.media.duration_ms, event.media.file is not None) == (True, 4200, encrypt)
            target = tmp_path / f"fetched-{encrypt}"
            _, size = await media.download(bot.session.api, event.media, target, max_bytes=10**6)
            assert (size, target.read_bytes()) == (51200, note.read_bytes())
            with pytest.raises(media.MediaTooLarge):
                await media.download(bot.session.api, event.media, target, max_bytes=1000)
            lying = await bot.listener.event(await client.voice(room, note, 4200, claim={"size": 10}))
            assert lying.media is not None
            with pytest.raises(media.MediaTooLarge):
                await media.download(bot.session.api, lying.media, tmp_path / "x", max_bytes=1000)
        token = bot.session.client.access_token
        asked = proxy.requests("/media/download/")
        assert len(asked) == 4
        assert all(token not in a.path + a.query and a.headers["Authorization"] == f"Bearer {token}" for a in asked)


async def test_an_encrypted_room_that_no_sync_has_brought_gets_nothing_in_clear(
    homeserver: Any, proxy: Proxy, config: Config, bot_account: Any, bot_database: Database, create_room: Any
) -> None:
    owner = homeserver.register("warga")
    async with homeserver.api(owner) as api, speaking(config, bot_database, start=False) as bot:
        room = await create_room(api, invite=[bot.session.user_id], encrypted=True)
        bot.put(Outgoing("join", room, action=Action.JOIN))
        bot.say(room, "selamat datang")
        await bot.settled("join")
        await proxy.seen("state/m.room.encryption")
        bot.listener.task = asyncio.create_task(bot.listener.loop.run())
        await bot.sent("say:selamat datang")
        assert [asked.path.split("/send/")[1].split("/")[0] for asked in proxy.requests(sends)] == ["m.room.encrypted"]


async def test_an_answer_that_is_lost_leaves_one_event(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot)
        lost = proxy.swallow(sends, times=1)
        event_id = await bot.sent(bot.say(room, "sekali saja"))
        assert lost.met == 1
        assert len(proxy.requests(sends)) == 2
        assert [event["event_id"] for event in await timeline(bot, room)] == [event_id]


async def test_a_kill_between_sending_and_marking_leaves_one_event(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await citizen(node, homeserver)
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with speaking(bot_config, bot_database) as bot:
        room = await shared_room(client, bot)
        await bot.sent(bot.say(room, "pembuka"))
        carry_out = bot.sender._delivery.carry_out

        async def then_die(*arguments: Any) -> None:
            await carry_out(*arguments)
            await never()

        monkeypatch.setattr(bot.sender._delivery, "carry_out", then_die)
        bot.say(room, "sekali saja")
        async with asyncio.timeout(30):
            await reached.wait()
    assert row(bot_database, "say:sekali saja").state == "queued"
    async with speaking(bot_config, bot_database) as bot:
        event_id = await bot.sent("say:sekali saja")
        events = await timeline(bot, room)
        assert len(events) == 2
        assert events[-1]["event_id"] == event_id


@pytest.mark.parametrize("encrypt", [True, False])
async def test_an_old_row_whose_event_is_there_is_not_sent_again(
    homeserver: Any, node: Node, proxy: Proxy, config: Config, bot_database: Database, encrypt: bool
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(config, bot_database) as bot:
        room = await shared_room(client, bot, encrypt=encrypt)
        event_id = await bot.sent(bot.say(room, "kemarin"))
        before = len(proxy.requests(sends))
        requeue(bot_database, "say:kemarin")
        age(bot_database, "say:kemarin", 21)
        bot.sender.wake()
        assert await bot.sent("say:kemarin") == event_id
        assert len(proxy.requests(sends)) == before
        put(bot_database, Outgoing("say:hilang", room, {"msgtype": "m.text", "body": "belum pernah"}))
        age(bot_database, "say:hilang", 21)
        bot.sender.wake()
        assert await bot.sent("say:hilang") != event_id
        assert len(await timeline(bot, room)) == 2


@pytest.mark.parametrize("keys_kept", [True, False])
async def test_what_an_earlier_device_sent_is_not_sent_again(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database, keys_kept: bool
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(bot_config, bot_database) as bot:
        room = await shared_room(client, bot)
        question = await client.text(room, "halo?")
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": question}}}
        event_id = await bot.sent(bot.say(room, "halo", content=relation))
        old_store = bot_config.crypto_dir / f"keys-{bot.session.device_id}.db"
    requeue(bot_database, "say:halo")
    (bot_config.crypto_dir / "session.json").unlink()
    async with speaking(bot_config, bot_database) as bot:
        assert old_store.exists()
        if keys_kept:
            export = bot_config.crypto_dir / "export"
            exported(old_store, bot_config, export)
            await bot.session.client.import_keys(str(export), "kata")
        assert await bot.sent("say:halo") == event_id
        assert len(await timeline(bot, room)) == 1


async def test_signing_in_again_as_the_same_device_sends_nothing_twice(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(bot_config, bot_database) as bot:
        room = await shared_room(client, bot)
        event_id = await bot.sent(bot.say(room, "halo"))
        device = bot.session.device_id
    requeue(bot_database, "say:halo")
    saved = bot_config.crypto_dir / "session.json"
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": bot_config.homeserver.user_id},
        "password": "test-password-not-secret",
        "device_id": device,
    }
    async with HomeserverApi(homeserver.url) as api:
        token = (await api.request("POST", path("login"), login))["access_token"]
    saved.write_text(json.dumps(json.loads(saved.read_text()) | {"access_token": token}))
    async with speaking(bot_config, bot_database) as bot:
        assert bot.session.device_id == device
        assert await bot.sent("say:halo") == event_id
        assert len(await timeline(bot, room)) == 1


async def test_attachments_reactions_edits_and_redactions_arrive(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database, tmp_path: Path
) -> None:
    client = await citizen(node, homeserver)
    report = tmp_path / "laporan.csv"
    report.write_bytes(b"waktu,tempat\n" * 500)
    async with speaking(bot_config, bot_database) as bot:
        for encrypt in (True, False):
            room = await shared_room(client, bot, encrypt=encrypt)
            name = f"{'sandi' if encrypt else 'terang'}"
            content = {"msgtype": "m.file", "body": "laporan.csv", "info": {"mimetype": "text/csv"}}
            edited = {
                "msgtype": "m.text",
                "body": "* baru",
                "m.new_content": {"msgtype": "m.text", "body": "baru"},
                "m.relates_to": {"rel_type": "m.replace", "event_id": f"outbox:{name}:kartu"},
            }
            reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": f"outbox:{name}:kartu", "key": "✅"}}
            bot.put(
                Outgoing(f"{name}:edit", room, edited, priority=Priority.WARNING),
                Outgoing(f"{name}:kartu", room, {"msgtype": "m.text", "body": "lama"}),
                Outgoing(f"{name}:tanda", room, reaction, type="m.reaction"),
                Outgoing(f"{name}:berkas", room, content, upload=str(report)),
                Outgoing(
                    f"{name}:hapus",
                    room,
                    {"event_id": f"outbox:{name}:berkas", "reason": "keliru"},
                    action=Action.REDACTION,
                    priority=Priority.BULLETIN,
                ),
            )
            card = await bot.sent(f"{name}:kartu")
            edit = await client.wait_for(lambda e, r=room: e.room_id == r and e.content.get("m.new_content"))
            assert (edit.wire_content["m.relates_to"]["event_id"], edit.encrypted) == (card, encrypt)
            tick = await client.wait_for(lambda e, r=room: e.room_id == r and e.type == "m.reaction")
            assert (tick.content["m.relates_to"]["event_id"], tick.encrypted) == (card, False)
            sent = await client.wait_for(lambda e, r=room: e.room_id == r and e.content.get("msgtype") == "m.file")
            assert ("file" in sent.content, "url" in sent.content) == (encrypt, not encrypt)
            fetched = await client.download(sent.content, tmp_path / f"{name}.csv")
            assert fetched.read_bytes() == report.read_bytes()
            assert sent.content["info"] == {"mimetype": "text/csv", "size": 6500}
            assert sent.content[KEY_FIELD] == transaction_id(f"{name}:berkas")
            assert KEY_FIELD not in (sent.wire_content if encrypt else {})
            await bot.sent(f"{name}:hapus")
            await client.wait_for(lambda e, wanted=sent.event_id: e.event_id == wanted and e.redacted)


async def test_a_reaction_that_is_there_already_counts_as_sent(
    homeserver: Any, node: Node, bot_config: Config, bot_database: Database
) -> None:
    client = await citizen(node, homeserver)
    async with speaking(bot_config, bot_database) as bot:
        room = await shared_room(client, bot)
        target = await client.text(room, "lapor!")
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": "✅"}}
        bot.put(Outgoing("satu", room, content, type="m.reaction"))
        first = await bot.sent("satu")
        bot.put(Outgoing("dua", room, content, type="m.reaction"))
        assert await bot.sent("dua") == first


async def test_a_room_that_is_closed_to_us_does_not_hold_up_the_others(
    homeserver: Any, bot_config: Config, bot_database: Database, create_room: Any
) -> None:
    owner = homeserver.register("petugas")
    async with homeserver.api(owner) as api, speaking(bot_config, bot_database) as bot:
        open_, closed, encrypted = [
            await create_room(api, invite=[bot.session.user_id], encrypted=encrypted)
            for encrypted in (False, False, True)
        ]
        for room in (open_, closed, encrypted):
            await bot.listener.join(room)
        await bot.sent(bot.say(encrypted, "pembuka"))
        for room in (closed, encrypted):
            await api.request("POST", path("rooms", room, "kick"), {"user_id": bot.session.user_id})
        for number in range(3):
            bot.say(closed, f"tertutup {number}")
        bot.say(encrypted, "tertutup")
        bot.say("!tidak-ada:batang.test", "tidak ada")
        bot.put(Outgoing("pergi", closed, action=Action.LEAVE))
        await bot.sent(bot.say(open_, "terbuka"))
        for key in ("say:tertutup 0", "say:tertutup 1", "say:tertutup 2", "say:tertutup", "say:tidak ada"):
            assert (await bot.settled(key)).state == "failed", key
        assert (await bot.settled("pergi")).state == "sent"


async def test_under_synapses_default_limits_everything_arrives_once_and_warnings_first(
    tmp_path: Path, configure: Callable[..., Config]
) -> None:
    """rc_message as Synapse ships it: a burst of ten, then one in five seconds."""
    limits = {"rc_message": {"per_second": 0.2, "burst_count": 10}}
    with EmbeddedHomeserver(tmp_path / "synapse", settings=limits) as synapse:
        account = synapse.register("bot", "test-password-not-secret")
        async with Proxy(synapse.url) as proxy:
            config = configure(tmp_path / "bot", proxy.url, account["user_id"])
            config.pickle_key()
            config.data_dir.mkdir(parents=True, exist_ok=True)
            database = Database(connect(config.database_url))
            metadata.create_all(database.engine)
            async with speaking(config, database) as bot:
                api = bot.session.api
                rooms = [
                    (await api.request("POST", path("createRoom"), {"preset": "private_chat"}))["room_id"]
                    for _ in range(4)
                ]
                await bot.listener.until(lambda: set(rooms) <= set(bot.session.client.rooms), "the rooms")
                news = [f"kabar {number}" for number in range(11)]
                put(
                    database,
                    *(
                        Outgoing(
                            body, rooms[number % 4], {"msgtype": "m.text", "body": body}, priority=Priority.BULLETIN
                        )
                        for number, body in enumerate(news)
                    ),
                )
                bot.sender.wake()
                async with asyncio.timeout(60):
                    while bot.sender.held == 0:
                        await asyncio.sleep(0.02)
                bot.say(rooms[0], "awas banjir", priority=Priority.WARNING)
                warning = await bot.settled("say:awas banjir")
                assert any(
                    row(database, body).state == "queued" or row(database, body).sent_at > warning.sent_at
                    for body in news
                )
                for body in news:
                    await bot.sent(body, 120)
                total = [event["content"]["body"] for room in rooms for event in await timeline(bot, room)]
                assert sorted(total) == sorted([*news, "awas banjir"])
                # One request at a time feels the way after a refusal: no storm.
                assert len(proxy.requests(sends)) <= len(total) + 10
            database.close()


def requeue(database: Database, key: str) -> None:
    """As if the process had died before it marked the row."""
    values = {"state": "queued", "event_id": None, "sent_at": None}
    database.run_blocking(lambda db: db.execute(update(outbox).where(outbox.c.key == key).values(values)))


def exported(store: Path, config: Config, target: Path) -> None:
    """The Megolm keys of an earlier device's store, as an encrypted export."""
    device = store.name.removeprefix("keys-").removesuffix(".db")
    old = CryptoStore(
        config.homeserver.user_id, device, str(store.parent), config.pickle_key().get_secret_value(), store.name
    )
    Olm(config.homeserver.user_id, device, old).export_keys(str(target), "kata", count=1000)
    old.close()
