"""A hostile or broken server in the same rooms, and ours when its rooms are turned against it: the bot goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from agency_world import Stage, agency_world
from casechat import SECONDS, connect_agency, heard
from federation import Federation, federation
from rawserver import RawServer
from second_client import SecondClient
from sqlalchemy import func, select

from bot.clock import now_ms
from bot.demo.world import OPERATIONS
from bot.store.tables import audit, inbox, outbox

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

QUESTION = "biaya sim c berapa pak"
EMERGENCY = "lapor ada rumah terbakar di {place}, ada orang di dalam"
LARGEST = 60_000
"""Bytes: with its envelope just below what an event may have (server-server API, "Size limits")."""
AHEAD = 20 * 3_600_000
"""Milliseconds: further ahead than this the signing key is not valid, and our server refuses the event."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation")) as both:
        yield both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, servers: Federation) -> AsyncIterator[Stage]:
    quick = ("bot.rounds.DUTY_SECONDS=0.5",)
    folder = tmp_path_factory.mktemp("police")
    # In rooms before version 12 the bot's power stands in a list, and can be taken away.
    async with agency_world(folder, servers, version="10", constants=quick) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def liaison(stage: Stage) -> SecondClient:
    return await stage.liaison()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def citizen(stage: Stage) -> SecondClient:
    citizen = await stage.citizen("siti")
    await stage.enter(citizen)
    return citizen


@pytest.fixture
def raw(servers: Federation, liaison: SecondClient) -> RawServer:
    return RawServer(servers, liaison.access_token)


async def answered(stage: Stage, client: SecondClient, room: str) -> None:
    """A question is answered there, in its thread or as a reply."""
    asked = await client.text(room, QUESTION, mentions=[stage.world.bot_id])
    await client.wait_for(
        lambda seen: seen.sender == stage.world.bot_id and "100.000" in seen.body
        and asked in (seen.thread_root, seen.reply_to), SECONDS,
    )  # fmt: skip


async def unharmed(stage: Stage, *event_ids: str) -> None:
    """All of these reached the bot; no handler failed, no sync was given up."""
    world = stage.world

    def missing() -> set[str]:
        return set(event_ids) - {row.event_id for row in world.rows(select(inbox.c.event_id))}

    await world.until(lambda: not missing(), f"all of {len(event_ids)} events")
    await world.until(lambda: not world.waiting(), "nothing waits", 240)
    assert world.rows(select(audit.c.subject).where(audit.c.kind == "handler.failed")) == []
    log = world.log.read_text()
    assert [line for line in log.splitlines() if '"sync_fault"' in line or '"handler.failed"' in line] == []
    assert stage.world.bot.health()["synced"]


NONSENSE: tuple[dict[str, Any], ...] = (
    {},
    {"allow": "*", "deny": 5, "allow_ip_literals": "yes"},
    {"allow": [1, None, {"allow": []}], "deny": [[[]]]},
    {"users": [], "events": "all", "ban": {}, "kick": [], "state_default": None},
    {"entity": 5, "recommendation": ["m.ban"], "reason": {}},
    {"entity": "@*:*", "recommendation": "m.ban", "reason": "x" * 20_000},
    {"name": {"a": 1}, "topic": ["x"], "url": 5, "displayname": [], "avatar_url": {}},
    {"join_rule": 7, "allow": {"type": "m.room_membership"}, "history_visibility": [], "guest_access": None},
    {"alias": 5, "alt_aliases": {"#a:b": 1}, "pinned": "all of them", "algorithm": ["m.megolm.v1.aes-sha2"]},
    {"replacement_room": {"a": 1}, "body": 5, "via": "here", "suggested": "yes", "order": []},
    {"membership": "join"},
    {"m.topic": {"m.text": "x"}, "deep": [[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]},
    {"body": "\u202e\u0000\ud7ff" + "ö" * 100, "ключ": {"": ""}},
)
TYPES = (
    "m.room.server_acl", "m.room.name", "m.room.topic", "m.room.avatar", "m.room.join_rules",
    "m.room.history_visibility", "m.room.guest_access", "m.room.canonical_alias", "m.room.pinned_events",
    "m.room.encryption", "m.room.tombstone", "m.room.third_party_invite", "m.space.child", "m.space.parent",
    "m.policy.rule.user", "m.policy.rule.server", "m.policy.rule.room", "m.room.retention", "id.example.thing",
    "m.room.power_levels",
)  # fmt: skip
CRAZY_POWER: tuple[dict[str, Any], ...] = (
    {"users": {"@nobody:nowhere": "fifty"}, "users_default": "0"},
    {"users": {"no user id": 1}, "events": {"m.room.message": "-7"}, "ban": " 50 "},
    {"events_default": 0, "kick": 1.5, "redact": 5e300, "notifications": []},
    {"users_default": -(2**53) + 1, "events_default": -(2**53) + 1},
)


@pytest.mark.parametrize("version", ["12", "5"])
async def test_no_state_of_another_servers_room_harms_the_bot(
    stage: Stage, liaison: SecondClient, raw: RawServer, version: str
) -> None:
    """In a room of theirs where the bot sits, everything that state can be is written, straight from their server."""
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    options = {"room_version": version, "preset": "private_chat", "is_direct": True,
               "invite": [stage.world.bot_id], "initial_state": [encryption]}  # fmt: skip
    room = (await liaison.do("create_room", options=options, wait_for_encryption=True))["room_id"]
    await liaison.wait_member(room, stage.world.bot_id)
    await answered(stage, liaison, room)

    me = liaison.user_id
    drafts = [
        {"type": type_, "sender": me, "state_key": key, "content": content}
        for type_ in TYPES
        for number, content in enumerate(NONSENSE)
        for key in ["" if number % 2 else f"key {number}"]
        if (type_, key) != ("m.room.server_acl", "")
    ]
    drafts += [{"type": "m.room.member", "sender": me, "state_key": me, "content": {"membership": "join", **more}}
               for more in ({"displayname": "x" * LARGEST}, {"displayname": {"a": [1]}, "avatar_url": 5},
                            {"displayname": "\u202e" * 5000, "is_direct": "yes", "reason": []})]  # fmt: skip
    drafts += [{"type": "m.room.power_levels", "sender": me, "state_key": "", "content": content}
               for content in CRAZY_POWER]  # fmt: skip
    # Any ACL that makes no sense shuts its own server out: that comes last.
    drafts += [{"type": "m.room.server_acl", "sender": me, "state_key": "", "content": content}
               for content in NONSENSE]  # fmt: skip
    sent = []
    for start in range(0, len(drafts), 25):
        raw.forget(room)  # a change of power that our server refuses takes all that follows it along
        ids = await raw.send(room, *drafts[start : start + 25])
        refused = {one.event_id for one in raw.refused}
        sent += [one for one in ids if one not in refused]
    assert len(sent) > len(drafts) * 0.9, "nearly all of it is what a homeserver lets through"

    other = await liaison.dm(stage.world.bot_id)
    await liaison.wait_member(other, stage.world.bot_id)
    await answered(stage, liaison, other)
    await unharmed(stage)


def hostile_messages(me: str) -> list[dict[str, Any]]:
    """Contents of messages, reactions and edits that no client sends."""
    relation = {"rel_type": ["m.thread"], "event_id": {"a": 1}, "m.in_reply_to": "x", "key": 5}
    return [
        {},
        {"msgtype": "m.text"},
        {"msgtype": ["m.text"], "body": {"a": 1}},
        {"msgtype": "m.text", "body": "x" * LARGEST},
        {"msgtype": "m.text", "body": "lapor " * 9000},
        {"msgtype": "m.text", "body": "banjir", "format": "org.matrix.custom.html", "formatted_body": "<b>" * 15_000},
        {"msgtype": "m.text", "body": "halo", "m.relates_to": relation},
        {"msgtype": "m.text", "body": "halo", "m.relates_to": [relation]},
        {"msgtype": "m.text", "body": "halo", "m.mentions": {"user_ids": [me] * 2000, "room": "yes"}},
        {"msgtype": "m.text", "body": "halo", "m.mentions": [me]},
        {"msgtype": "m.audio", "body": 5, "url": "mxc://../../etc/passwd", "info": {"duration": -1, "size": "big"}},
        {"msgtype": "m.audio", "body": "x", "url": "http://127.0.0.1:1/", "org.matrix.msc3245.voice": {}},
        {"msgtype": "m.audio", "body": "x", "file": {"url": "mxc://a/b", "key": "k", "iv": [], "hashes": 5}},
        {"msgtype": "m.audio", "body": "x", "url": "mxc://a b/c\nd", "info": {"duration": 2**53 - 1}},
        {"msgtype": "m.location", "body": "x", "geo_uri": "geo:999999999999,1e9"},
        {"msgtype": "m.image", "body": "x" * 20_000, "url": "mxc://nowhere.example/none", "info": {"w": -1}},
    ]  # fmt: skip


async def test_no_message_of_another_server_harms_the_bot(
    stage: Stage, liaison: SecondClient, citizen: SecondClient, raw: RawServer
) -> None:
    channel = stage.rooms["ojol"]
    contents = hostile_messages(stage.world.bot_id)
    sent = await raw.say(channel, liaison.user_id, *contents)
    sent += await raw.say(channel, liaison.user_id, *contents, type="m.reaction")
    sent += await raw.say(channel, liaison.user_id, *contents, type="m.room.encrypted")
    edits = [{**one, "m.new_content": one, "m.relates_to": {"rel_type": "m.replace", "event_id": sent[4]}}
             for one in contents if len(json.dumps(one)) < LARGEST // 2]  # fmt: skip
    sent += await raw.say(channel, liaison.user_id, *edits)
    refused = {one.event_id for one in raw.refused}
    await answered(stage, citizen, channel)
    await unharmed(stage, *(one for one in sent if one not in refused))


@pytest.mark.parametrize(("clock", "place"), [("ahead", "Sembung"), ("1970", "Limpung")])
async def test_a_report_rings_whatever_the_clock_of_its_server_says(
    stage: Stage, liaison: SecondClient, raw: RawServer, clock: str, place: str
) -> None:
    channel, world = stage.rooms["ojol"], stage.world
    before = now_ms()
    claim = before + AHEAD if clock == "ahead" else 0
    draft = {"type": "m.room.message", "sender": liaison.user_id, "origin_server_ts": claim,
             "content": {"msgtype": "m.text", "body": EMERGENCY.format(place=place)}}  # fmt: skip
    (event_id,) = await raw.send(channel, draft)
    card = await stage.officer.wait_for(
        lambda seen: seen.sender == world.bot_id and seen.room_id == stage.rooms[OPERATIONS]
        and EMERGENCY.format(place=place) in seen.body and "Status" in seen.body, SECONDS,
    )  # fmt: skip
    assert card.content["msgtype"] == "m.text", "a notice rings no phone"
    assert "Kebakaran" in card.body
    assert before <= world.transmission(event_id).sent_at <= now_ms()
    await unharmed(stage, event_id)


async def test_a_flood_from_another_server_drowns_nobody_else(
    stage: Stage, liaison: SecondClient, citizen: SecondClient, raw: RawServer
) -> None:
    channel = stage.rooms["ojol"]
    flood = [{"msgtype": "m.text", "body": f"lapor ada banjir di Batang nomor {number}"} for number in range(60)]
    sent = await raw.say(channel, liaison.user_id, *flood)
    assert raw.refused == []
    await answered(stage, citizen, channel)
    await unharmed(stage, *sent)


@asynccontextmanager
async def nobody_answers(port: int) -> AsyncIterator[None]:
    """Who connects there is let in and hears nothing: worse than a port that is closed."""

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None


async def test_an_agency_whose_server_is_away_holds_up_nobody_and_has_all_of_it_afterwards(
    stage: Stage, liaison: SecondClient, citizen: SecondClient
) -> None:
    world, officer, agency = stage.world, stage.officer, stage.servers.agency
    channel, operations = stage.rooms["ojol"], stage.rooms[OPERATIONS]
    posko = await liaison.dm(world.bot_id)
    await liaison.wait_member(posko, world.bot_id)
    await answered(stage, liaison, posko)
    await connect_agency(world, posko, categories=["pohon_tumbang"])

    await asyncio.to_thread(agency.stop)
    async with nobody_answers(int(agency.server_name.rpartition(":")[2])):
        await world.stop()
        world.start()
        await world.bot.until("ready", "synced")
        report = await citizen.text(channel, "lapor ada pohon tumbang menutup jalan di Bandar")
        answer = await citizen.wait_for(
            lambda seen: seen.thread_root == report and "Tercatat untuk petugas" in seen.body, SECONDS
        )
        number = answer.body.partition("(#")[2].partition(")")[0]
        card = await heard(officer, world, f"#{number}", room=operations)
        await officer.text(operations, "teruskan BPBD", thread=card.event_id)
        await heard(officer, world, "Sudah masuk ruang BPBD", room=operations)
        await answered(stage, citizen, channel)
    await asyncio.to_thread(agency.start)

    relay = await heard(liaison, world, f"laporan #{number}", room=posko)
    await liaison.wait_for(lambda seen: seen.event_id == answer.event_id and seen.failure is None, SECONDS)
    await liaison.text(posko, "baru tersambung lagi, tim meluncur", thread=relay.event_id)
    word = await heard(officer, world, "baru tersambung lagi", room=operations)
    assert word.thread_root == card.event_id
    relays = [seen for seen in liaison.events.values() if seen.room_id == posko and f"laporan #{number}" in seen.body]
    assert len(relays) == 1


async def test_a_room_turned_against_the_bot_is_told_to_the_officers_once_and_the_rest_goes_on(
    stage: Stage, liaison: SecondClient, citizen: SecondClient
) -> None:
    """As after a state reset: our power is gone, the history open to later members, and then we are put out."""
    world, officer, operations = stage.world, stage.officer, stage.rooms[OPERATIONS]
    channel = stage.rooms["ojol"]
    session = json.loads((world.world.folder / "data" / "crypto" / "session.json").read_text())
    mine = session["access_token"]
    levels = await stage.ours("GET", f"/rooms/{channel}/state/m.room.power_levels")
    seen = "/state/m.room.history_visibility"
    await stage.ours("PUT", f"/rooms/{channel}{seen}", {"history_visibility": "invited"}, token=mine)
    users = {**levels["users"], world.bot_id: 0, officer.user_id: 100}
    await stage.ours("PUT", f"/rooms/{channel}/state/m.room.power_levels", {**levels, "users": users}, token=mine)
    told = await heard(officer, world, "tidak (lagi) boleh", room=operations)
    assert "Ojol Kamtibmas" in told.body
    await answered(stage, citizen, channel)

    await stage.ours("POST", f"/rooms/{channel}/kick", {"user_id": world.bot_id, "reason": "keliru"})
    out = await heard(officer, world, "Saya dikeluarkan dari", room=operations)
    assert officer.user_id in out.body
    direct = await citizen.dm(world.bot_id)
    await citizen.wait_member(direct, world.bot_id)
    await answered(stage, citizen, direct)
    await world.stop()
    world.start()
    await world.bot.until("ready", "synced")
    await answered(stage, citizen, direct)
    statement = select(func.count()).select_from(outbox).where(outbox.c.key.startswith("footing:"))
    assert world.rows(statement) == [(2,)]
