"""Keeping order over real federation: locks, mutes, a server banned, a channel that moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from agency_world import AGENCY_SPACE, Stage, agency_world
from casechat import SECONDS
from federation import Federation, federation
from rawserver import RawServer
from second_client import SecondClient, SecondClientError, Seen

from bot.demo.process import kentongan

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

REPORT = "lapor ada pohon tumbang menutup jalan di {place}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation")) as both:
        yield both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, servers: Federation) -> AsyncIterator[Stage]:
    async with agency_world(tmp_path_factory.mktemp("police"), servers) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def liaison(stage: Stage) -> SecondClient:
    return await stage.liaison()


async def logged(stage: Stage, client: SecondClient, room: str, place: str) -> str:
    """A report there is answered in its thread; its event id."""
    report = await client.text(room, REPORT.format(place=place))
    await client.wait_for(lambda seen: seen.thread_root == report and "Tercatat untuk petugas" in seen.body, SECONDS)
    return report


async def test_a_channel_that_was_upgraded_goes_on_in_its_new_room_with_the_agency_and_a_mute_ends_there(
    stage: Stage, liaison: SecondClient
) -> None:
    old, world = stage.rooms["ojol"], stage.world
    await logged(stage, liaison, old, "Bandar")
    muted = await stage.citizen("pedagang")
    await stage.enter(muted)
    await stage.order(f"!bisukan {muted.user_id} 30 detik di ojol jualan")
    await power(muted, old, lambda levels: levels["users"].get(muted.user_id, 0) < 0)
    await world.stop()  # one process an account: the bot's own session upgrades
    answer = await stage.ours("POST", f"/rooms/{old}/upgrade", {"new_version": "12"}, token=own_token(stage))
    new = answer["replacement_room"]
    levels = await stage.ours("GET", f"/rooms/{new}/state/m.room.power_levels", token=own_token(stage))
    assert levels["users"][muted.user_id] < 0, "the homeserver has copied it"
    await kentongan("rooms", "apply", config=world.world.config_path)
    world.start()
    await world.bot.until("ready", "synced")

    assert await asyncio.to_thread(stage.servers.ours.resolve, stage.alias("ojol")) == new
    for client in (stage.officer, liaison, muted):
        assert await client.join(stage.alias("ojol")) == new
    await liaison.wait_member(new, world.bot_id)
    await logged(stage, liaison, new, "Limpung")
    await power(muted, new, lambda levels: levels["users"].get(muted.user_id, 0) == 0)
    await muted.text(new, "maaf, tidak lagi")
    stage.rooms["ojol"] = new


def own_token(stage: Stage) -> str:
    session = stage.world.world.folder / "data" / "crypto" / "session.json"
    return str(json.loads(session.read_text())["access_token"])


async def power(client: SecondClient, room: str, fits: Callable[[dict[str, Any]], bool]) -> None:
    """Until the newest power levels that this client has seen there fit."""

    def newest(_: Seen) -> bool:
        levels = [seen for seen in client.events.values()
                  if seen.room_id == room and seen.type == "m.room.power_levels"]  # fmt: skip
        return bool(levels) and fits(levels[-1].content)

    await client.wait_for(newest, SECONDS)


async def test_a_locked_channel_takes_nothing_from_the_other_server(stage: Stage, liaison: SecondClient) -> None:
    channel = stage.rooms["ojol"]
    await stage.confirm("!kunci di ojol hoaks beredar")
    await power(liaison, channel, lambda levels: levels["events_default"] > 0)
    with pytest.raises(SecondClientError, match="403"):
        await liaison.text(channel, "boleh?")
    await stage.order("!buka kunci di ojol")
    await power(liaison, channel, lambda levels: levels["events_default"] == 0)
    await logged(stage, liaison, channel, "Subah")


async def test_a_mute_of_their_member_holds_on_their_own_server_over_a_killed_bot_and_ends_by_itself(
    stage: Stage,
) -> None:
    channel, world = stage.rooms["ojol"], stage.world
    member = await stage.of_agency("relawan")
    space = await asyncio.to_thread(stage.servers.ours.resolve, stage.alias(AGENCY_SPACE))
    await stage.ours("POST", f"/rooms/{space}/invite", {"user_id": member.user_id}, token=own_token(stage))
    await member.join(stage.alias(AGENCY_SPACE))
    await member.join(stage.alias("ojol"))
    await stage.officer.wait_member(channel, member.user_id)
    await stage.order(f"!bisukan {member.user_id} 30 detik di ojol jualan")
    await power(member, channel, lambda levels: levels["users"].get(member.user_id, 0) < 0)
    await world.stop(kill=True)
    with pytest.raises(SecondClientError, match="403"):
        await member.text(channel, "boleh?")
    world.start()
    await power(member, channel, lambda levels: levels["users"].get(member.user_id, 0) == 0)
    await member.text(channel, "maaf, tidak lagi")


async def test_a_server_that_is_banned_can_post_nothing_until_it_is_let_in_again(
    stage: Stage, liaison: SecondClient
) -> None:
    channel, theirs = stage.rooms["ojol"], stage.servers.agency.server_name
    raw = RawServer(stage.servers, liaison.access_token)
    await liaison.text(channel, "masih boleh")
    await raw.learn(channel)
    await stage.confirm(f"!cekal server {theirs} 30 hari di ojol banjir pesan")
    for client in (stage.officer, liaison):
        await client.wait_member(channel, liaison.user_id, "leave")
    await stage.world.until(lambda: not stage.world.waiting(), "the list is shut")
    with pytest.raises(SecondClientError, match="403"):
        await liaison.text(channel, "masih di sini")
    await raw.say(channel, liaison.user_id, {"msgtype": "m.text", "body": "lewat jalan lain"})
    assert [one.error for one in raw.refused] == ["Server is banned from room"]
    joined = await stage.ours("GET", f"/rooms/{channel}/joined_members")
    assert not [user for user in joined["joined"] if user.endswith(theirs)]

    await stage.order(f"!cabut cekal server {theirs} di ojol")
    await stage.world.until(lambda: not stage.world.waiting(), "it is open again")
    assert await liaison.join(stage.alias("ojol")) == channel
    await liaison.wait_member(channel, stage.world.bot_id)
