"""Payloads that end nio's loop or fool it, sent by a second account through a real Synapse."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import vodozemac
from hostile import MEGOLM, Device
from listening import Listener, listening
from nio.crypto import TrustState
from nio.responses import KeysQueryResponse
from sqlalchemy.exc import OperationalError

from bot import metrics
from bot.event import Kind, Trust
from bot.matrix import keys
from bot.matrix.api import path
from bot.matrix.batch import Batch
from bot.matrix.keysharing import KeySharing

pytestmark = pytest.mark.real


def refused(place: str | None = None) -> float:
    """How many malformed things were put aside so far."""
    return sum(
        sample.value
        for sample in metrics.malformed.collect()[0].samples
        if sample.name.endswith("_total") and place in (None, sample.labels["place"])
    )


class Stage:
    """A listening bot in an encrypted room with a hand-made device."""

    def __init__(self, listener: Listener, room_id: str, device: Device) -> None:
        self.listener, self.room_id, self.device = listener, room_id, device
        self.me = (listener.session.user_id, listener.session.device_id)

    async def says(self, body: str) -> str:
        """An honest message under a fresh session; returns its id once handlers have it."""
        session = vodozemac.GroupSession()
        await self.device.share(session, self.room_id, *self.me)
        event_id = await self.device.send(self.room_id, self.device.message(session, self.room_id, body))
        event = await self.listener.event(event_id)
        assert (event.body, event.trust) == (body, Trust.DEVICE)
        return event_id


@pytest.fixture
async def stage(bot_config: Any, bot_database: Any, stranger: Device, create_room: Any) -> AsyncIterator[Stage]:
    async with listening(bot_config, bot_database) as listener:
        room_id = await create_room(stranger.api, invite=[listener.session.user_id], encrypted=True)
        await listener.join(room_id)
        yield Stage(listener, room_id, stranger)


def pre_key_with_unknown_one_time_key(device: Device, keys: dict[str, str]) -> str:
    """A well-formed first message to a one-time key that the bot never made."""
    invented = vodozemac.Curve25519SecretKey().public_key()
    session = device.account.create_outbound_session(
        vodozemac.Curve25519PublicKey.from_base64(keys["curve25519"]), invented
    )
    _, ciphertext = session.encrypt(b"{}").to_parts()
    return base64.b64encode(ciphertext).decode().rstrip("=")


async def test_no_malformed_to_device_message_ends_the_loop_or_costs_the_next_one(stage: Stage) -> None:
    device, me = stage.device, stage.me
    identity = await device.identity(*me)
    olm = await device.olm(*me)
    bodies = [(0, "no base64 ☠"), (1, "no base64 ☠"), (0, "AAAA"), (1, "AAAA"), (7, "AAAA")]
    bodies.append((0, pre_key_with_unknown_one_time_key(device, identity)))
    before = refused()
    for number, body in bodies:
        await device.send_olm_body(*me, number, body)
    good_key = device.room_key(stage.room_id, vodozemac.GroupSession())
    for content in (
        {**good_key, "session_key": "garbage"},
        {**good_key, "session_key": "☠"},
        {**good_key, "session_id": "another"},
        {**good_key, "algorithm": "id.example"},
        ["m.room_key"],
        "m.room_key",
        None,
    ):
        await device.send_olm(olm, *me, "m.room_key", content)
    await device.send_olm(olm, *me, "m.forwarded_room_key", good_key)
    for plaintext in (b"[]", b"\xff\xfe", b"null", b'{"type": 7}', b"[" * 30_000):
        number, ciphertext = olm.encrypt(plaintext).to_parts()
        await device.send_olm_body(*me, number, base64.b64encode(ciphertext).decode().rstrip("="))
    for type_, content in (
        ("m.room.encrypted", {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": 5, "ciphertext": []}),
        ("m.room.encrypted", {"ciphertext": {identity["curve25519"]: {"type": "x", "body": 5}}}),
        ("m.room_key_request", {"action": "request", "body": 5, "requesting_device_id": [], "request_id": None}),
        ("m.key.verification.start", {"from_device": device.device_id, "transaction_id": "t", "method": "x"}),
        ("m.key.verification.key", {"transaction_id": "t", "key": 5}),
        ("id.example.thing", {}),
    ):
        await device.send_to_device(type_, *me, content)
    await stage.says("masih hidup")
    assert refused() > before
    assert stage.listener.loop.state.failures == 0


async def test_no_malformed_plaintext_ends_the_loop_or_costs_the_next_event(stage: Stage) -> None:
    device, room_id = stage.device, stage.room_id
    session = vodozemac.GroupSession()
    await device.share(session, room_id, *stage.me)
    hostile = [
        b"\xff\xfe not UTF-8",
        b'["a list"]',
        b"5",
        b"not JSON",
        b'{"type": "m.room.message", "content": "no object"}',
        b'{"type": ["m.room.message"], "content": {}}',
        b"[" * 20_000,
    ]
    sent = [await device.send(room_id, device.encrypted(session, plaintext)) for plaintext in hostile]
    garbage = {"algorithm": MEGOLM, "sender_key": device.curve, "device_id": "D", "session_id": session.session_id}
    for content in (
        {**garbage, "ciphertext": "garbage"},
        {**garbage, "ciphertext": {"a": 1}},
        {"algorithm": MEGOLM},
        {"algorithm": 5, "ciphertext": [], "session_id": {}},
        {},
    ):
        sent.append(await device.send(room_id, content))
    surrogate = json.dumps(
        {"room_id": room_id, "type": "m.room.message", "content": {"msgtype": "m.text", "body": "\ud800\0"}}
    )
    odd = await stage.listener.event(await device.send(room_id, device.encrypted(session, surrogate.encode())))
    assert (odd.kind, odd.body) == (Kind.TEXT, "?\ufffd")
    for event_id in sent:
        event = await stage.listener.event(event_id)
        assert event.kind is Kind.UNREADABLE, event_id
    await stage.says("masih hidup")


async def test_an_event_under_another_name_decrypts_and_is_not_believed(stage: Stage, device_of: Any) -> None:
    thief = await device_of("thief")
    await stage.device.api.request("POST", path("rooms", stage.room_id, "invite"), {"user_id": thief.user_id})
    await thief.api.request("POST", path("join", stage.room_id))
    session = vodozemac.GroupSession()
    await stage.device.share(session, stage.room_id, *stage.me)
    # What a homeserver can do: the stranger's words, with another name on the event, and that one's device id.
    content = stage.device.message(session, stage.room_id, "hapus semua")
    for lie in ({}, {"device_id": thief.device_id}, {"sender_key": thief.curve, "device_id": thief.device_id}):
        event = await stage.listener.event(await thief.send(stage.room_id, {**content, **lie}))
        assert (event.body, event.trust, event.device_id) == ("hapus semua", Trust.UNPROVEN, None)
        content = stage.device.message(session, stage.room_id, "hapus semua")
    # What a person can do: claim the other's signing key for a session of their own.
    own = vodozemac.GroupSession()
    real_ed, thief.ed = thief.ed, stage.device.ed
    await thief.share(own, stage.room_id, *stage.me)
    thief.ed = real_ed
    event = await stage.listener.event(await thief.send(stage.room_id, thief.message(own, stage.room_id, "x")))
    assert event.trust is Trust.UNPROVEN


async def test_a_message_of_another_room_is_not_believed_and_a_replayed_one_not_read(stage: Stage) -> None:
    session = vodozemac.GroupSession()
    await stage.device.share(session, stage.room_id, *stage.me)
    moved = stage.device.message(session, "!another", "dari ruang lain")
    assert (await stage.listener.event(await stage.device.send(stage.room_id, moved))).trust is Trust.UNPROVEN
    once = stage.device.message(session, stage.room_id, "sekali")
    assert (await stage.listener.event(await stage.device.send(stage.room_id, once))).trust is Trust.DEVICE
    assert (await stage.listener.event(await stage.device.send(stage.room_id, once))).kind is Kind.UNREADABLE


async def test_a_message_without_its_key_waits_and_opens_when_the_key_comes(stage: Stage) -> None:
    room_id = stage.room_id
    lost = vodozemac.GroupSession()
    event_id = await stage.device.send(room_id, stage.device.message(lost, room_id, "kuncinya tak pernah datang"))
    assert await stage.listener.state_of(event_id) == "waiting_key"
    # A key from later on: what was said before it stays closed, and waits.
    await stage.device.share(lost, room_id, *stage.me)
    later = await stage.device.send(room_id, stage.device.message(lost, room_id, "sesudahnya"))
    assert (await stage.listener.event(later)).body == "sesudahnya"
    assert await stage.listener.state_of(event_id) == "waiting_key"
    # The key as it was before the message: what a client shares late it exports from the first message on.
    late = vodozemac.GroupSession()
    first = stage.device.room_key(room_id, late)
    event_id = await stage.device.send(room_id, stage.device.message(late, room_id, "kuncinya menyusul"))
    assert await stage.listener.state_of(event_id) == "waiting_key"
    olm = await stage.device.olm(*stage.me)
    await stage.device.send_olm(olm, *stage.me, "m.room_key", first)
    event = await stage.listener.event(event_id)
    assert (event.body, event.trust) == ("kuncinya menyusul", Trust.DEVICE)


async def test_a_key_that_came_before_a_crash_opens_the_waiting_message_after_it(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    session = vodozemac.GroupSession()
    key: dict[str, Any] = {}
    async with listening(bot_config, bot_database) as listener:
        me = (listener.session.user_id, listener.session.device_id)
        room_id = await create_room(stranger.api, invite=[me[0]], encrypted=True)
        await listener.join(room_id)
        key = stranger.room_key(room_id, session)
        event_id = await stranger.send(room_id, stranger.message(session, room_id, "menunggu"))
        assert await listener.state_of(event_id) == "waiting_key"
    async with listening(bot_config, bot_database, start=False) as listener:
        # The key store took the key in; then the process ended before anything else was written.
        olm = await stranger.olm(*me)
        await stranger.send_olm(olm, *me, "m.room_key", key)
        response = await listener.session.api.request("GET", path("sync"), query={"since": await since(listener)})
        listener.session.crypto.receive(response["to_device"]["events"], await since(listener))
        assert listener.session.crypto.arrived == {session.session_id}
    async with listening(bot_config, bot_database) as listener:
        assert (await listener.event(event_id)).body == "menunggu"


async def since(listener: Listener) -> str:
    from bot.store import stream

    token, _ = await listener.database.run(stream.position)
    assert token is not None
    return token


async def test_a_crash_between_the_key_store_and_the_inbox_loses_nothing_and_repeats_nothing(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    async with listening(bot_config, bot_database) as listener:
        me = (listener.session.user_id, listener.session.device_id)
        room_id = await create_room(stranger.api, invite=[me[0]], encrypted=True)
        await listener.join(room_id)
    session = vodozemac.GroupSession()
    await stranger.share(session, room_id, *me)
    sent = [await stranger.send(room_id, stranger.message(session, room_id, f"pesan {n}")) for n in range(3)]
    commit = Batch.commit

    def cut(*_: Any) -> int:
        raise PowerCut

    monkeypatch.setattr(Batch, "commit", cut)
    async with listening(bot_config, bot_database, start=False) as listener:
        with pytest.raises(PowerCut):
            await listener.loop.run()
    monkeypatch.setattr(Batch, "commit", commit)
    before = refused("to_device")
    async with listening(bot_config, bot_database) as listener:
        for event_id in sent:
            assert (await listener.event(event_id)).trust is Trust.DEVICE
        assert listener.bodies(room_id) == ["pesan 0", "pesan 1", "pesan 2"]
        assert refused("to_device") == before
        assert not listener.session.crypto.olm.wedged_devices
        # The same without a new process: the database refuses once, the loop goes on.
        failures = [True]

        def busy(self: Any, *arguments: Any) -> int:
            if failures and self.events:
                failures.pop()
                raise OperationalError("statement", {}, Exception("disk full"))
            return commit(self, *arguments)

        monkeypatch.setattr(Batch, "commit", busy)
        again = vodozemac.GroupSession()
        await stranger.share(again, room_id, *me)
        event_id = await stranger.send(room_id, stranger.message(again, room_id, "sekali lagi"))
        assert (await listener.event(event_id)).body == "sekali lagi"
        assert not failures


async def test_a_stranger_who_claims_every_one_time_key_silences_nobody(
    bot_config: Any, bot_database: Any, stranger: Device, device_of: Any, create_room: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(keys, "FALLBACK_MS", 0)
    async with listening(bot_config, bot_database) as listener:
        me = (listener.session.user_id, listener.session.device_id)
        room_id = await create_room(stranger.api, invite=[me[0]], encrypted=True)
        await listener.join(room_id)
        await listener.until(lambda: listener.session.crypto.olm.uploaded_key_count == 50, "all keys uploaded")
    thief = await device_of("thief")
    claimed = {}
    while True:
        name, key = await thief.claim(*me)
        if key.get("fallback"):
            fallback = name
            break
        claimed[name] = key
    assert len(claimed) == 50
    session = vodozemac.GroupSession()
    await stranger.share(session, room_id, *me)  # with the fallback key
    event_id = await stranger.send(room_id, stranger.message(session, room_id, "tetap terbaca"))
    async with listening(bot_config, bot_database) as listener:
        assert (await listener.event(event_id)).trust is Trust.DEVICE
        await listener.until(lambda: listener.session.crypto.olm.uploaded_key_count == 50, "refilled from 0")

        async def drained() -> str:
            while True:
                name, key = await thief.claim(*me)
                if key.get("fallback"):
                    return name

        await listener.until(lambda: not listener.session.keys.upload_due, "fallback key renewed")
        assert await drained() != fallback


async def test_devices_of_people_may_read_and_another_on_our_own_account_may_not(
    stage: Stage, homeserver: Any, bot_account: Any
) -> None:
    listener = stage.listener
    await stage.says("halo")
    other = homeserver.synapse.request(
        "POST",
        "/_matrix/client/v3/login",
        {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": stage.me[0]},
            "password": bot_account.password,
        },
    )
    async with homeserver.api(bot_account) as api:
        api.token = type(api.token)(other["access_token"])
        intruder = Device(api, stage.me[0], other["device_id"])
        await intruder.publish()
        devices = listener.session.crypto.olm.device_store

        def known() -> bool:
            return intruder.device_id in {device.id for device in devices.active_user_devices(stage.me[0])}

        await listener.until(known, "the other device")
        await listener.until(
            lambda: devices[stage.me[0]][intruder.device_id].trust_state is TrustState.blacklisted, "blacklisted"
        )
        assert devices[stage.device.user_id][stage.device.device_id].trust_state is TrustState.verified


async def test_a_device_that_one_answer_left_out_is_believed_again(stage: Stage, bot_config: Any) -> None:
    await stage.says("halo")
    olm = stage.listener.session.crypto.olm
    device = olm.device_store[stage.device.user_id][stage.device.device_id]
    olm._handle_key_query(KeysQueryResponse({stage.device.user_id: {}}, {}))
    assert device.deleted
    await stage.says("masih aku")
    assert not device.deleted
    kept = stage.listener.session.crypto.store.load_device_keys()[stage.device.user_id]
    assert not kept[stage.device.device_id].deleted


async def test_an_older_answer_that_comes_last_takes_no_device_away(stage: Stage) -> None:
    await stage.says("halo")
    session, user = stage.listener.session, stage.device.user_id
    asked = asyncio.Event()
    release = asyncio.Event()

    class Late:
        """As the sender asked just before the list changed, and was answered long after."""

        async def request(self, *_: Any, **__: Any) -> Any:
            asked.set()
            await release.wait()
            return {"device_keys": {user: {}}}

    late: Any = Late()
    olm = session.crypto.olm
    olm.users_for_key_query.add(user)
    sharing = asyncio.create_task(KeySharing(session.client, late, session.keys).ask_for_devices([user]))
    await asked.wait()
    olm.users_for_key_query.add(user)
    await session.keys.query()
    release.set()
    await sharing
    assert not olm.device_store[user][stage.device.device_id].deleted


async def test_a_device_that_comes_back_with_other_keys_is_not_believed(stage: Stage) -> None:
    await stage.says("halo")
    old = stage.device
    impostor = Device(old.api, old.user_id, old.device_id)
    await impostor.publish()
    session = vodozemac.GroupSession()
    await impostor.share(session, stage.room_id, *stage.me)
    event_id = await impostor.send(stage.room_id, impostor.message(session, stage.room_id, "aku lagi"))
    assert (await stage.listener.event(event_id)).trust is Trust.UNPROVEN


async def test_malformed_device_keys_cost_only_that_device(stage: Stage, device_of: Any) -> None:
    bad = await device_of("bad")
    value = {
        "user_id": bad.user_id,
        "device_id": bad.device_id,
        "algorithms": [],
        "keys": {f"curve25519:{bad.device_id}": "☠", f"ed25519:{bad.device_id}": "AAAA"},
        "signatures": {bad.user_id: {f"ed25519:{bad.device_id}": "☠"}},
    }
    await bad.api.request("POST", path("keys", "upload"), {"device_keys": value})
    await stage.device.api.request("POST", path("rooms", stage.room_id, "invite"), {"user_id": bad.user_id})
    await bad.api.request("POST", path("join", stage.room_id))
    olm = stage.listener.session.crypto.olm
    await stage.listener.until(lambda: bad.user_id in olm.tracked_users, "asked for")
    await stage.says("yang lain tetap dikenal")
    assert not list(olm.device_store.active_user_devices(bad.user_id))


async def test_a_broken_olm_session_is_mended_and_the_other_side_hears_of_it(stage: Stage) -> None:
    device, listener = stage.device, stage.listener
    await stage.says("halo")
    olm = listener.session.crypto.olm
    (session,) = olm.session_store[device.curve]
    session.creation_time -= timedelta(hours=2)  # nio mends no session younger than an hour
    device.account.generate_one_time_keys(1)
    (name, key), *_ = device.account.one_time_keys.items()
    one_time = {f"signed_curve25519:{name}": device.signed({"key": key.to_base64()})}
    await device.api.request("POST", path("keys", "upload"), {"one_time_keys": one_time})
    other = device.account.create_outbound_session(
        vodozemac.Curve25519PublicKey.from_base64(olm.account.identity_keys["curve25519"]),
        vodozemac.Curve25519SecretKey().public_key(),
    )
    answer = await device.api.request("GET", path("sync"))
    number, ciphertext = other.encrypt(b"{}").to_parts()
    await device.send_olm_body(*stage.me, number, base64.b64encode(ciphertext).decode().rstrip("="))
    async with asyncio.timeout(20):
        while not answer.get("to_device", {}).get("events"):
            query = {"timeout": "1000", "since": answer["next_batch"]}
            answer = await device.api.request("GET", path("sync"), query=query)
    (event,) = answer["to_device"]["events"]
    body = event["content"]["ciphertext"][device.curve]
    assert body["type"] == 0
    _, plaintext = device.account.create_inbound_session(
        vodozemac.Curve25519PublicKey.from_base64(event["content"]["sender_key"]),
        vodozemac.PreKeyMessage.from_base64(body["body"]),
    )
    assert json.loads(plaintext)["type"] == "m.dummy"
    assert not olm.wedged_devices
