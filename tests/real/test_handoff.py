"""A citizen asks for a person: the ticket in the encrypted operations room, both ways, over a kill, to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import OPERATIONS, World
from bot.matrix.person import Person

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


async def test_an_officer_and_a_citizen_talk_through_the_bot_and_a_kill_repeats_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "world", load_config(ROOT / "config.yaml"))
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

        async def heard(person: Person, text: str) -> object:
            return await person.wait(
                lambda seen: seen.sender == world.bot_id and text in seen.body, 90, what=f"message with '{text}'"
            )

        await citizen.say(direct, "mau bicara sama petugas, nik saya 3325011234567890")
        card = await heard(officer, "Tiket #1")
        await heard(citizen, "#1")
        thread = {"rel_type": "m.thread", "event_id": card.event_id}  # type: ignore[attr-defined]

        await officer.say(operations, "Selamat siang, ada yang bisa dibantu?", **{"m.relates_to": thread})
        await heard(citizen, "ada yang bisa dibantu?")
        bot.stop(kill=True)
        await citizen.say(direct, "surat saya tertinggal di kantor")
        bot.start()
        await heard(officer, "surat saya tertinggal di kantor")
        await officer.say(operations, "Selesai", **{"m.relates_to": thread})
        await heard(citizen, "selesai (tiket #1)")
        await citizen.say(direct, "biaya skck berapa")
        await heard(citizen, "Rp30.000")

        from_bot = {
            person: [seen for seen in person.seen if seen.sender == world.bot_id and seen.content] for person in people
        }
        for person, text in ((citizen, "ada yang bisa dibantu?"), (officer, "surat saya tertinggal"), (officer, "🎫")):
            assert [text in seen.body for seen in from_bot[person]].count(True) == 1, text
        assert all(seen.encrypted for seen in from_bot[officer] if seen.type == "m.room.message")
        told_officer, told_citizen = (str([seen.content for seen in from_bot[person]]) for person in (officer, citizen))
        assert "3325011234567890" not in told_officer
        assert citizen.user_id not in told_officer
        assert officer.user_id not in told_citizen
        await kentongan("audit", "verify", config=world.config_path)
    finally:
        bot.stop()
        await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
        world.homeserver.stop()
