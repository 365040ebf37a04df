"""What reaches handlers from a real Synapse: once, in order, after restarts and gaps, and only what was said to us."""

from __future__ import annotations

from typing import Any

import pytest
import vodozemac
from hostile import Device
from listening import Listener, listening
from proxy import Proxy
from sqlalchemy import select

from bot.event import Kind, Trust
from bot.matrix.api import path
from bot.outgoing import KEY_FIELD, Outgoing
from bot.rooms.power import CREATOR
from bot.store import outbox
from bot.store.tables import gaps, rooms
from bot.store.tables import outbox as outbox_table

pytestmark = pytest.mark.real


def text(body: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body, **more}


async def room_with(listener: Listener, device: Device, create_room: Any, **options: Any) -> str:
    room_id: str = await create_room(device.api, invite=[listener.session.user_id], **options)
    await listener.join(room_id)
    return room_id


async def say(device: Device, room_id: str, body: str, **more: Any) -> str:
    return await device.send(room_id, text(body, **more), "m.room.message")


async def test_the_first_question_in_a_direct_room_is_read_although_it_was_sent_before_the_bot_joined(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        me = (listener.session.user_id, listener.session.device_id)
        room_id = await create_room(stranger.api, invite=[me[0]], encrypted=True, is_direct=True)
        session = vodozemac.GroupSession()
        await stranger.share(session, room_id, *me)
        said = [f"pertanyaan {number}" for number in range(60)]  # more than a timeline holds
        for body in said:
            await stranger.send(room_id, stranger.message(session, room_id, body))
        await listener.join(room_id)
        await listener.until(lambda: listener.bodies(room_id) == said, "all of them, in order")


async def test_what_was_said_before_the_bot_joined_is_no_question_and_what_comes_after_is(
    bot_config: Any, bot_database: Any, stranger: Device, device_of: Any, create_room: Any
) -> None:
    other = await device_of("other")
    async with listening(bot_config, bot_database) as listener:
        room_id = await create_room(stranger.api, invite=[other.user_id, listener.session.user_id])
        await say(stranger, room_id, "before")
        await listener.join(room_id)
        await listener.event(await say(stranger, room_id, "after"))
        assert listener.bodies(room_id) == ["after"]


async def test_history_before_the_first_start_ever_is_not_answered(
    bot_config: Any, bot_database: Any, bot_account: Any, homeserver: Any, stranger: Device, create_room: Any
) -> None:
    room_id = await create_room(stranger.api, invite=[bot_account.user_id])
    async with homeserver.api(bot_account) as api:
        await api.request("POST", path("join", room_id))
    await say(stranger, room_id, "old")
    async with listening(bot_config, bot_database) as listener:
        await listener.event(await say(stranger, room_id, "new"))
        assert listener.bodies(room_id) == ["new"]


async def test_a_restart_from_the_token_knows_the_rooms_and_reads_what_was_missed_once(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        await listener.event(await say(stranger, room_id, "one"))
        device_id = listener.session.device_id
    await say(stranger, room_id, "two")
    for _ in range(2):
        async with listening(bot_config, bot_database) as listener:
            assert listener.session.device_id == device_id
            assert room_id in listener.session.client.rooms
            assert listener.session.user_id in listener.session.client.rooms[room_id].users
            await listener.until(lambda: listener.bodies(room_id) == ["one", "two"], "missed message")


async def test_a_limited_timeline_is_filled_oldest_first(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        await listener.event(await say(stranger, room_id, "0"))
    said = [str(number) for number in range(1, 181)]
    for body in said:
        await say(stranger, room_id, body)
    async with listening(bot_config, bot_database) as listener:
        await listener.until(lambda: len(listener.bodies(room_id)) > 180, "everything")
        assert listener.bodies(room_id) == ["0", *said]
        filled = [event.backfilled for event in listener.events(room_id) if event.type == "m.room.message"]
    assert filled == [False] + [True] * 130 + [False] * 50
    states = bot_database.run_blocking(lambda db: [row.state for row in db.execute(select(gaps))])
    assert states == ["filled"]


async def test_a_gap_that_cannot_be_filled_now_stays_open_and_is_filled_later(
    homeserver: Any, configure: Any, tmp_path: Any, bot_account: Any, bot_database: Any, stranger: Device,
    create_room: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.matrix.gaps.PAUSE", 0)
    monkeypatch.setattr("bot.matrix.sync.GAP_PAUSE_MS", 0)
    async with Proxy(homeserver.url) as proxy:
        config = configure(tmp_path / "bot", proxy.url, bot_account.user_id)
        async with listening(config, bot_database) as listener:
            room_id = await room_with(listener, stranger, create_room)
            await listener.event(await say(stranger, room_id, "0"))
        said = [str(number) for number in range(1, 71)]
        for body in said:
            await say(stranger, room_id, body)
        proxy.answer("/messages", 502, {"errcode": "M_UNKNOWN", "error": "injected"}, times=float("inf"))
        async with listening(config, bot_database) as listener:
            await listener.until(lambda: "70" in listener.bodies(room_id), "the live part")
            assert len(listener.bodies(room_id)) == 51
            proxy.heal()
            await listener.event(await say(stranger, room_id, "71"))
            await listener.until(lambda: len(listener.bodies(room_id)) == 72, "the gap")
            assert sorted(listener.bodies(room_id), key=int) == ["0", *said, "71"]


async def test_messages_until_a_kick_count_and_the_room_is_gone(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        kicked = await room_with(listener, stranger, create_room)
        banned = await room_with(listener, stranger, create_room)
        me = listener.session.user_id
        await say(stranger, kicked, "last words")
        await stranger.api.request("POST", path("rooms", kicked, "kick"), {"user_id": me})
        await stranger.api.request("POST", path("rooms", banned, "ban"), {"user_id": me})
        await listener.until(lambda: not listener.session.client.rooms, "out of both rooms")
        assert listener.bodies(kicked) == ["last words"]
        remembered = bot_database.run_blocking(lambda db: [row.last_event_id for row in db.execute(select(rooms))])
        assert remembered == [None, None]


async def test_an_invite_is_a_row_and_again_after_leaving(
    bot_config: Any, bot_database: Any, stranger: Device, device_of: Any, create_room: Any
) -> None:
    other = await device_of("other")
    async with listening(bot_config, bot_database) as listener:
        me = listener.session.user_id
        room_id = await create_room(stranger.api, invite=[other.user_id, me], is_direct=True)

        def invites() -> list[Any]:
            return [event for event in listener.events(room_id) if event.kind is Kind.INVITE]

        await listener.until(lambda: len(invites()) == 1, "the invite")
        assert (invites()[0].sender, invites()[0].state_key) == (stranger.user_id, me)
        assert invites()[0].content["inviter_server"] == "batang.test"
        await listener.session.api.request("POST", path("rooms", room_id, "leave"))
        await listener.until(lambda: room_id not in listener.session.client.invited_rooms, "declined")
        await stranger.api.request("POST", path("rooms", room_id, "invite"), {"user_id": me})
        await listener.until(lambda: len(invites()) == 2, "the second invite")


async def test_our_own_event_marks_the_outbox_row_and_is_no_row_for_handlers(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        by_key, by_txn = Outgoing("reply:$a", room_id), Outgoing("reply:$b", room_id)
        bot_database.run_blocking(lambda db: [outbox.append(db, each, 1) for each in (by_key, by_txn)])
        api = listener.session.api
        sent = {}
        # The first as an earlier device of ours sent it: only the key inside tells; the second names no key.
        for outgoing, txn, more in ((by_key, "foreign", {KEY_FIELD: by_key.txn_id}), (by_txn, by_txn.txn_id, {})):
            answer = await api.request("PUT", path("rooms", room_id, "send", "m.room.message", txn), text("x", **more))
            sent[outgoing.key] = answer["event_id"]

        def stored() -> dict[str, Any]:
            query = select(outbox_table).where(outbox_table.c.state == "sent")
            return bot_database.run_blocking(lambda db: {row.key: row.event_id for row in db.execute(query)})

        await listener.until(lambda: stored() == sent, "both marked")
        assert listener.bodies(room_id) == []


async def test_direct_is_two_members_whatever_the_room_is_called(
    bot_config: Any, bot_database: Any, stranger: Device, device_of: Any, create_room: Any
) -> None:
    other = await device_of("other")
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room, name="Ruang Kendali")
        assert (await listener.event(await say(stranger, room_id, "a"))).direct
        await stranger.api.request("POST", path("rooms", room_id, "invite"), {"user_id": other.user_id})
        assert not (await listener.event(await say(stranger, room_id, "b"))).direct
        # A display name that is no text: nio drops such a member; we must not.
        member = {"membership": "join", "displayname": {"a": 1}}
        await other.api.request("PUT", path("rooms", room_id, "state", "m.room.member", other.user_id), member)
        assert not (await listener.event(await say(stranger, room_id, "c"))).direct
        assert other.user_id in listener.session.client.rooms[room_id].users
        await other.api.request("POST", path("rooms", room_id, "leave"))
        assert (await listener.event(await say(stranger, room_id, "d"))).direct


async def test_odd_but_legal_events_are_read_from_their_source(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        clear = await room_with(listener, stranger, create_room)
        locked = await room_with(listener, stranger, create_room, encrypted=True)
        file = {"url": "mxc://b.test/x", "key": {"k": "k"}, "iv": "i", "hashes": {"sha256": "h"}}
        audio = {"msgtype": "m.audio", "body": "a"}
        # nio calls each of these a BadEvent: a file in a clear room, a plain url in an encrypted one.
        for room_id, source in ((clear, {"file": file}), (locked, {"url": "mxc://b.test/x"})):
            event = await listener.event(await stranger.send(room_id, {**audio, **source}, "m.room.message"))
            assert event.kind is Kind.AUDIO
            assert event.media is not None
            assert event.media.url == "mxc://b.test/x"
        place = {"msgtype": "m.location", "body": "sini", "geo_uri": "geo:-6.9,109.7"}
        assert (await listener.event(await stranger.send(clear, place, "m.room.message"))).kind is Kind.LOCATION
        poll = "org.matrix.msc3381.poll.start"
        assert (await listener.event(await stranger.send(clear, {poll: {}}, poll))).kind is Kind.OTHER
        # Server ACLs and policy rules are nothing that nio has a class for; they are state like any other.
        acl = {"allow": ["*"], "deny": [], "allow_ip_literals": False}
        rule = {"entity": "@tamu:b.test", "reason": "spam", "recommendation": "m.ban"}
        for type_, key, content in (("m.room.server_acl", "", acl), ("m.policy.rule.user", "rule:@tamu:b.test", rule)):
            where = path("rooms", clear, "state", type_, key)
            state = await listener.event((await stranger.api.request("PUT", where, content))["event_id"])
            assert (state.kind, state.type, state.state_key, state.content) == (Kind.STATE, type_, key, content)
        # A reaction in an encrypted room travels in clear: the homeserver's word only.
        target = await say(stranger, locked, "x")
        relation = {"rel_type": "m.annotation", "event_id": target, "key": "✅"}
        reaction = await listener.event(await stranger.send(locked, {"m.relates_to": relation}, "m.reaction"))
        assert (reaction.kind, reaction.trust, reaction.encrypted_room) == (Kind.REACTION, Trust.CLEAR, True)


async def test_the_founder_of_a_room_of_version_12_has_power_that_nio_does_not_see(
    bot_config: Any, bot_database: Any, stranger: Device, device_of: Any, create_room: Any
) -> None:
    second = await device_of("second")
    async with listening(bot_config, bot_database) as listener:
        creation = {"additional_creators": [second.user_id], "predecessor": {"room_id": "!before"}}
        room_id = await room_with(listener, stranger, create_room, room_version="12", creation_content=creation)
        assert ":" not in room_id
        power = listener.session.rooms.power
        assert (power(room_id, stranger.user_id), power(room_id, second.user_id)) == (CREATOR, CREATOR)
        assert power(room_id, listener.session.user_id) == 0
        levels = await stranger.api.request("GET", path("rooms", room_id, "state", "m.room.power_levels", ""))
        levels["users"][listener.session.user_id] = 50
        await stranger.api.request("PUT", path("rooms", room_id, "state", "m.room.power_levels", ""), levels)
        await listener.until(lambda: power(room_id, listener.session.user_id) == 50, "new power")


async def test_a_room_that_becomes_encrypted_is_remembered_as_such(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        state = path("rooms", room_id, "state", "m.room.encryption", "")
        await stranger.api.request("PUT", state, {"algorithm": "id.example.unknown"})
        await listener.until(lambda: listener.session.client.rooms[room_id].encrypted, "encrypted")
    async with listening(bot_config, bot_database, start=False) as listener:
        assert room_id in listener.session.client.encrypted_rooms


async def test_one_event_that_breaks_the_reader_costs_only_itself(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.matrix.batch import Reader

    add = Reader.add

    def breaking(self: Any, batch: Any, raw: Any, *rest: Any, **more: Any) -> None:
        if raw.get("content", {}).get("body") == "break":
            raise RuntimeError("a fault of ours")
        add(self, batch, raw, *rest, **more)

    monkeypatch.setattr(Reader, "add", breaking)
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        await say(stranger, room_id, "break")
        await listener.event(await say(stranger, room_id, "whole"))
        assert listener.bodies(room_id) == ["whole"]
