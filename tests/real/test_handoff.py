"""A citizen asks for a person: the ticket in the encrypted operations room, both ways, over a kill, to its end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from bot_world import ROOT, BotWorld, bot_world

from bot.demo.process import kentongan
from bot.demo.world import OFFICERS, OPERATIONS
from bot.matrix.person import Person, Seen

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

NOTE = ROOT / "bot" / "demo" / "note.ogg"


@dataclass
class Talk:
    """A citizen in a DM and an officer in the operations room."""

    world: BotWorld
    citizen: Person
    officer: Person
    direct: str
    operations: str

    async def ticket(self) -> tuple[int, Seen]:
        """The officer's card of the citizen's ticket, and its number."""
        card = await self.heard(self.officer, "Tiket #")
        found = re.search(r"Tiket #(\d+)", card.body)
        assert found is not None
        return int(found[1]), card

    async def heard(self, person: Person, text: str) -> Seen:
        """What the bot says to a person."""
        return await person.wait(
            lambda seen: seen.sender == self.world.bot_id and text in seen.body, 90, what=f"message with '{text}'"
        )

    async def heard_by(self, person: Person, matches: Callable[[Seen], bool], what: str) -> Seen:
        """The like, by other signs."""
        return await person.wait(lambda seen: seen.sender == self.world.bot_id and matches(seen), 90, what=what)

    def from_bot(self, person: Person) -> list[Seen]:
        """All that the bot has said to a person."""
        return [seen for seen in person.seen if seen.sender == self.world.bot_id and seen.content]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    async with bot_world(tmp_path_factory.mktemp("handoff"), speech={"workers": 1}) as world:
        yield world


@pytest.fixture(scope="module")
def officers() -> list[str]:
    """One for each test: whoever joins the operations room reads only what is said from then on."""
    return list(OFFICERS)


@pytest_asyncio.fixture(loop_scope="module")
async def talk(world: BotWorld, officers: list[str]) -> AsyncIterator[Talk]:
    citizen = await world.person("warga")
    direct = await world.direct(citizen)
    officer = await world.account(officers.pop(0), joins=[OPERATIONS])
    yield Talk(world, citizen, officer, direct, world.rooms[OPERATIONS])
    await kentongan("audit", "verify", config=world.world.config_path)


async def test_an_officer_and_a_citizen_talk_through_the_bot_and_a_kill_repeats_nothing(talk: Talk) -> None:
    world, citizen, officer = talk.world, talk.citizen, talk.officer
    await citizen.say(talk.direct, "mau bicara sama petugas, nik saya 3325011234567890")
    number, card = await talk.ticket()
    await talk.heard(citizen, f"#{number}")
    thread = {"rel_type": "m.thread", "event_id": card.event_id}

    await officer.say(talk.operations, "Selamat siang, ada yang bisa dibantu?", **{"m.relates_to": thread})
    await talk.heard(citizen, "ada yang bisa dibantu?")
    await world.stop(kill=True)
    await citizen.say(talk.direct, "surat saya tertinggal di kantor")
    world.start()
    await talk.heard(officer, "surat saya tertinggal di kantor")
    await officer.say(talk.operations, "Selesai", **{"m.relates_to": thread})
    await talk.heard(citizen, f"selesai (tiket #{number})")
    await citizen.say(talk.direct, "biaya skck berapa")
    await talk.heard(citizen, "Rp30.000")

    for person, text in ((citizen, "ada yang bisa dibantu?"), (officer, "surat saya tertinggal"), (officer, "🎫")):
        assert [text in seen.body for seen in talk.from_bot(person)].count(True) == 1, text
    assert all(seen.encrypted for seen in talk.from_bot(officer) if seen.type == "m.room.message")
    told_officer, told_citizen = (
        str([seen.content for seen in talk.from_bot(person)]) for person in (officer, citizen)
    )
    assert "3325011234567890" not in told_officer
    assert citizen.user_id not in told_officer
    assert officer.user_id not in told_citizen


async def test_edits_redactions_and_voices_go_over_both_ways_also_when_made_while_the_bot_was_down(
    talk: Talk,
) -> None:
    world, citizen, officer = talk.world, talk.citizen, talk.officer
    await citizen.say(talk.direct, "mau bicara sama petugas")
    _, card = await talk.ticket()
    thread = {"rel_type": "m.thread", "event_id": card.event_id}
    reply = await officer.say(talk.operations, "Datang jam sembilan", **{"m.relates_to": thread})
    copy = await talk.heard(citizen, "jam sembilan")
    said = await citizen.say(talk.direct, "surat saya tertinggal di loket")
    there = await talk.heard(officer, "di loket")

    await world.stop(kill=True)
    await officer.edit(talk.operations, reply, "Datang jam sepuluh")
    await citizen.edit(talk.direct, said, "surat saya tertinggal di kantin")
    rash = await citizen.say(talk.direct, "rahasia sekali")
    await citizen.take_back(talk.direct, rash)
    world.start()
    edited = await talk.heard(citizen, "jam sepuluh")
    assert edited.relation == {"rel_type": "m.replace", "event_id": copy.event_id}
    edited = await talk.heard(officer, "di kantin")
    assert edited.relation == {"rel_type": "m.replace", "event_id": there.event_id}

    await officer.say_aloud(
        talk.operations, NOTE, duration_ms=3000, waveform=[1, 2], **{"m.relates_to": thread, "body": "budi.ogg"}
    )
    voice = await talk.heard_by(citizen, lambda seen: seen.content.get("msgtype") == "m.audio", "the voice")
    assert "budi" not in str(voice.content)
    assert voice.encrypted

    await officer.take_back(talk.operations, reply)
    await citizen.take_back(talk.direct, said)
    for person, gone in ((citizen, copy), (officer, there)):
        await talk.heard_by(person, _redacts(gone.event_id), "the redaction")
    assert "rahasia sekali" not in str([seen.content for seen in talk.from_bot(officer)])
    for person, text in ((citizen, "jam sepuluh"), (officer, "di kantin")):
        assert [text in seen.body for seen in talk.from_bot(person)].count(True) == 1, text
    assert officer.user_id not in str([seen.content for seen in talk.from_bot(citizen)])


def _redacts(event_id: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.type == "m.room.redaction" and seen.content.get("redacts") == event_id
