"""A citizen asks for a person: the ticket in the encrypted operations room, both ways, over a kill, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import OPERATIONS, World
from bot.matrix.person import Person, Seen

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
NOTE = ROOT / "bot" / "demo" / "note.ogg"


@dataclass
class Talk:
    """The bot on a homeserver with a citizen in a DM and an officer in the operations room."""

    world: World
    bot: BotProcess
    citizen: Person
    officer: Person
    direct: str
    operations: str

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


@asynccontextmanager
async def talking(folder: Path) -> AsyncIterator[Talk]:
    world = World(folder / "world", load_config(ROOT / "config.yaml"))
    world.clear()
    world.homeserver.start()
    bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
    people: list[Person] = []
    try:
        world.register()
        world.write_configuration()
        await kentongan("rooms", "apply", config=world.config_path)
        operations = world.homeserver.resolve(world.aliases()[OPERATIONS])
        bot.start()
        await bot.until("synced")
        for role in ("warga", "petugas"):
            account = world.account(role)
            person = Person(world.homeserver.url, account.user_id, world.folder / "people" / role)
            await person.enter(account.password)
            people.append(person)
        citizen, officer = people
        direct = await citizen.direct_room(world.bot_id)
        await citizen.wait_for_member(direct, world.bot_id)
        await officer.join(operations)
        await officer.wait_for_member(operations, world.bot_id)
        yield Talk(world, bot, citizen, officer, direct, operations)
        await kentongan("audit", "verify", config=world.config_path)
    finally:
        bot.stop()
        await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
        world.homeserver.stop()


async def test_an_officer_and_a_citizen_talk_through_the_bot_and_a_kill_repeats_nothing(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        citizen, officer, bot = talk.citizen, talk.officer, talk.bot
        await citizen.say(talk.direct, "mau bicara sama petugas, nik saya 3325011234567890")
        card = await talk.heard(officer, "Tiket #1")
        await talk.heard(citizen, "#1")
        thread = {"rel_type": "m.thread", "event_id": card.event_id}

        await officer.say(talk.operations, "Selamat siang, ada yang bisa dibantu?", **{"m.relates_to": thread})
        await talk.heard(citizen, "ada yang bisa dibantu?")
        bot.stop(kill=True)
        await citizen.say(talk.direct, "surat saya tertinggal di kantor")
        bot.start()
        await talk.heard(officer, "surat saya tertinggal di kantor")
        await officer.say(talk.operations, "Selesai", **{"m.relates_to": thread})
        await talk.heard(citizen, "selesai (tiket #1)")
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
    tmp_path: Path,
) -> None:
    async with talking(tmp_path) as talk:
        citizen, officer, bot = talk.citizen, talk.officer, talk.bot
        await citizen.say(talk.direct, "mau bicara sama petugas")
        card = await talk.heard(officer, "Tiket #1")
        thread = {"rel_type": "m.thread", "event_id": card.event_id}
        reply = await officer.say(talk.operations, "Datang jam sembilan", **{"m.relates_to": thread})
        copy = await talk.heard(citizen, "jam sembilan")
        said = await citizen.say(talk.direct, "surat saya tertinggal di loket")
        there = await talk.heard(officer, "di loket")

        bot.stop(kill=True)
        await officer.edit(talk.operations, reply, "Datang jam sepuluh")
        await citizen.edit(talk.direct, said, "surat saya tertinggal di kantin")
        rash = await citizen.say(talk.direct, "rahasia sekali")
        await citizen.take_back(talk.direct, rash)
        bot.start()
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
