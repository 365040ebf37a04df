"""An agency on a homeserver of its own, over real federation; its people use Element's SDK, encrypted."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from agency_world import AGENCY_SPACE, Stage, agency_world
from bot_world import NOTES
from casechat import SECONDS, connect_agency, heard, shown
from federation import Federation, federation
from second_client import SecondClient, SecondClientError
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.demo.world import OPERATIONS
from bot.store.tables import audit, incident_links, incidents, transcripts

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

REPORT = "lapor ada pohon tumbang menutup jalan di Bandar, motor tidak bisa lewat"
QUESTION = "biaya sim c berapa pak"


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
    """The agency's liaison, in the channel."""
    return await stage.liaison()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def posko(stage: Stage, liaison: SecondClient) -> str:
    """The agency's own room on its own server, with the bot in it, as the files name it."""
    room = await liaison.dm(stage.world.bot_id)
    await liaison.wait_member(room, stage.world.bot_id)
    await connect_agency(stage.world, room)
    return room


async def test_a_liaison_enters_a_channel_of_ours_by_way_of_the_space(stage: Stage, liaison: SecondClient) -> None:
    channel = stage.rooms["ojol"]
    await stage.officer.wait_member(channel, liaison.user_id)
    answer = await stage.ours("GET", f"/rooms/{channel}/state/m.room.member/{liaison.user_id}")
    assert answer["membership"] == "join"
    assert answer["join_authorised_via_users_server"].endswith(f":{stage.servers.ours.server_name}")
    assert liaison.user_id.endswith(f":{stage.servers.agency.server_name}")


async def test_somebody_of_the_other_server_who_is_not_in_the_space_stays_outside(stage: Stage) -> None:
    stranger = await stage.of_agency("asing")
    doors = [(stage.alias("ojol"),), (stage.alias("space"),), (stage.rooms[OPERATIONS], stage.servers.ours.server_name)]
    for door in doors:
        with pytest.raises(SecondClientError, match="403"):
            await stranger.join(*door)
    joined = await stage.ours("GET", f"/rooms/{stage.rooms['ojol']}/joined_members")
    assert stranger.user_id not in joined["joined"]


async def test_a_question_from_the_other_server_is_answered_as_anybodys(stage: Stage, liaison: SecondClient) -> None:
    mentions = [stage.world.bot_id]
    asked = await liaison.text(stage.rooms["ojol"], QUESTION, mentions=mentions)
    for client in (liaison, stage.officer):
        answer = await heard(client, stage.world, "100.000", room=stage.rooms["ojol"])
        assert answer.thread_root == asked


async def test_a_report_from_the_other_server_is_logged_and_has_its_card(stage: Stage, liaison: SecondClient) -> None:
    report = await liaison.text(stage.rooms["ojol"], REPORT)
    answer = await liaison.wait_for(
        lambda seen: seen.thread_root == report and "Tercatat untuk petugas" in seen.body, SECONDS
    )
    number = answer.body.partition("(#")[2].partition(")")[0]
    card = await heard(stage.officer, stage.world, f"#{number}", room=stage.rooms[OPERATIONS])
    assert "Bandar" in card.body
    row = stage.world.transmission(report)
    assert row.sender == liaison.user_id
    assert row.purpose == "report"


async def test_a_voice_note_is_fetched_from_the_other_server_and_heard(stage: Stage, liaison: SecondClient) -> None:
    note = await liaison.voice(stage.rooms["ojol"], NOTES / "kebakaran.ogg", 7000)
    answer = await liaison.wait_for(lambda seen: seen.thread_root == note and "pasar" in seen.body.lower(), SECONDS)
    assert answer.encrypted
    row = stage.world.transmission(note)
    (text,) = stage.world.rows(select(transcripts.c.text).where(transcripts.c.transmission_id == row.id))[-1]
    assert {"pasar", "api"} <= set(re.findall(r"[a-z]+", text.lower())), "what every processor hears of it"
    linked = select(incident_links.c.incident_id).where(incident_links.c.transmission_id == row.id)
    (number,) = (await stage.world.until(lambda: stage.world.rows(linked), "the log's entry"))[-1]
    card = await heard(stage.officer, stage.world, f"#{number}", room=stage.rooms[OPERATIONS])
    assert not card.failure
    kept = stage.world.world.folder / "data" / row.media_path
    assert kept.read_bytes() == (NOTES / "kebakaran.ogg").read_bytes()


async def test_a_report_passed_on_is_read_over_there_and_their_word_comes_back_as_theirs(
    stage: Stage, liaison: SecondClient, posko: str, tmp_path: Path
) -> None:
    world, officer, operations = stage.world, stage.officer, stage.rooms[OPERATIONS]
    reporter = await stage.citizen("siti")
    await stage.enter(reporter)
    note = await reporter.voice(stage.rooms["ojol"], NOTES / "kecelakaan.ogg", 7000)
    answer = await reporter.wait_for(
        lambda seen: seen.thread_root == note and "Tercatat untuk petugas" in seen.body, SECONDS
    )
    number = answer.body.partition("(#")[2].partition(")")[0]
    card = await heard(officer, world, f"#{number}", room=operations)
    await officer.text(operations, "teruskan BPBD", thread=card.event_id)

    relay = await heard(liaison, world, f"laporan #{number}", room=posko)
    sound = await liaison.wait_for(
        lambda seen: seen.room_id == posko and seen.content.get("msgtype") == "m.audio", SECONDS
    )
    assert sound.thread_root == relay.event_id
    await liaison.download(sound.content, tmp_path / "heard.ogg")
    assert (tmp_path / "heard.ogg").read_bytes() == (NOTES / "kecelakaan.ogg").read_bytes()
    assert reporter.user_id not in relay.body
    await shown(officer, world, "Diteruskan ke BPBD")

    await liaison.react(posko, relay.event_id, "👍")
    sign = await heard(officer, world, "👍 dari BPBD", room=operations)
    await liaison.text(posko, "tim meluncur", thread=relay.event_id)
    word = await heard(officer, world, "tim meluncur", room=operations)
    for seen in (sign, word):
        assert seen.thread_root == card.event_id
        assert "BPBD" in seen.body
    statement = select(audit.c.subject).where(audit.c.kind == "incident.agency")
    await world.until(lambda: len(world.rows(statement)) == 2, "both in the audit")
    assert world.rows(select(incidents.c.status).where(incidents.c.id == int(number))) == [("diteruskan",)]


async def test_only_an_allowed_server_brings_the_bot_into_its_rooms(stage: Stage) -> None:
    """The same invitation, before and after the operator lets that server in."""
    world = stage.world
    host = await stage.of_agency("tuan-rumah")

    async def allow(*servers: str) -> None:
        document = yaml.safe_load(world.world.config_path.read_text())
        document["homeserver"]["allowed_servers"] = list(servers)
        await world.stop()
        world.world.config_path.write_text(yaml.safe_dump(document))
        world.start()
        await world.bot.until("ready", "synced")

    await allow()
    declined = await host.dm(world.bot_id)
    await host.wait_member(declined, world.bot_id, "leave")
    await allow(stage.servers.agency.server_name)
    joined = await host.dm(world.bot_id)
    await host.wait_member(joined, world.bot_id, "join")
    asked = await host.text(joined, QUESTION)
    await host.message_from(world.bot_id, joined, after=asked)
    kinds = [row.kind for row in world.rows(select(audit.c.kind).where(audit.c.kind.startswith("invite.")))]
    assert kinds[-2:] == ["invite.leave", "invite.join"]


async def test_an_agency_taken_out_is_put_out_first_and_shut_out_then(stage: Stage, liaison: SecondClient) -> None:
    """The last word on this stage: nobody of theirs is in any room of ours afterwards, and nobody comes back."""
    out = await kentongan("rooms", "agency", "view", "bpbd", "--json", config=stage.world.world.config_path)
    seen = {one["room"]: one for one in map(json.loads, out.splitlines())}
    assert (seen["ojol"]["sight"], seen["ojol"]["encrypted"]) == ("inside", True)
    assert seen["ojol"]["since_at"]
    assert seen[OPERATIONS]["sight"] == "never"

    out = await kentongan(
        "rooms", "agency", "remove", "bpbd", "--apply", "--json", config=stage.world.world.config_path
    )
    steps = [line for line in map(json.loads, out.splitlines()) if line["kind"] == "step" and line["room"] == "ojol"]
    changes = [line["change"] for line in steps]
    assert changes.index("RemoveMember") < next(i for i, one in enumerate(steps) if "m.room.server_acl" in one["text"])
    for room in ("ojol", AGENCY_SPACE):
        answer = await stage.ours("GET", f"/rooms/{stage.rooms[room]}/joined_members")
        assert not [user for user in answer["joined"] if user.endswith(f":{stage.servers.agency.server_name}")]
        with pytest.raises(SecondClientError, match="403"):
            await liaison.join(stage.rooms[room], stage.servers.ours.server_name)
