"""A member's ⚠️ and the client's own "report" land on one card; an officer's 🗑️ takes the message away for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from bot_world import bot_world
from pydantic import SecretStr
from second_client import Node, Seen
from sqlalchemy import select

from bot.matrix.api import HomeserverApi, path
from bot.store.tables import complaints, inbox, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SECONDS = 120
BAD = "jual obat kuat murah, minat chat saya ya"


async def test_complaints_of_both_kinds_stand_on_one_card_and_are_acted_on_by_reactions(tmp_path: Path) -> None:
    token = tmp_path / "admin.token"
    home = {"admin_token_file": str(token)}
    constants = ("bot.matrix.eventreports.EVERY_SECONDS=1",)
    async with (
        bot_world(tmp_path, start=False, constants=constants, homeserver=home, speech={"workers": 1}) as world,
        Node() as node,
    ):
        url = world.homeserver.url
        admin = await asyncio.to_thread(world.homeserver.register, "pengawas", "an-admins-password", admin=True)
        token.write_text(admin["access_token"])
        world.start()
        await world.until_health(ready=True)
        for name in ("tono", "siti", "rini"):
            await asyncio.to_thread(world.homeserver.register, name, "a-password")
        officer = await node.login(url, "petugas", world.world.account("petugas").password, signed_only=True)
        author, first, second = [
            await node.login(url, name, "a-password", signed_only=True) for name in ("tono", "siti", "rini")
        ]
        operations = await officer.join(world.world.aliases()["ruang-kendali"])
        await officer.join(world.world.aliases()["ojol"])
        channel = await author.join(world.world.aliases()["ojol"])
        for client in (first, second):
            await client.join(world.world.aliases()["ojol"])
        for client in (author, first, second):
            await client.wait_member(channel, world.bot_id)
            for other in (author, first, second):
                await client.wait_member(channel, other.user_id)

        bad = await author.text(channel, BAD)
        await first.wait_for(lambda seen: seen.event_id == bad and seen.body == BAD, SECONDS)
        sign = await first.react(channel, bad, "⚠️")
        card = await officer.wait_for(lambda seen: seen.sender == world.bot_id and "Aduan #1" in seen.body, SECONDS)
        assert card.encrypted
        assert "1 orang mengadukan" in card.body
        assert BAD.split(",")[0] in card.body

        async with HomeserverApi(url, SecretStr(second.access_token)) as api:
            await api.request("POST", path("rooms", channel, "report", bad), {"reason": "menipu tetangga saya"})

        def shown(words: str) -> Callable[[Seen], bool]:
            def edit(seen: Seen) -> bool:
                new = seen.content.get("m.new_content") or {}
                return seen.sender == world.bot_id and words in str(new.get("body", ""))

            return edit

        both = await officer.wait_for(shown("2 orang mengadukan"), SECONDS)
        assert "menipu tetangga saya" in both.content["m.new_content"]["body"]

        # Withdrawn: one complaint less.
        await first.redact(channel, sign)
        await officer.wait_for(shown("1 orang mengadukan"), SECONDS)

        mute = await officer.react(operations, card.event_id, "🔇")
        await officer.wait_for(shown("dibisukan sampai"), SECONDS)
        await officer.redact(operations, mute)
        await officer.wait_for(shown("(dicabut)"), SECONDS)
        await world.until(lambda: not world.waiting(), "their power to be given back", SECONDS)
        again = await author.text(channel, "maaf pak")
        await first.wait_for(lambda seen: seen.event_id == again, SECONDS)

        await officer.react(operations, card.event_id, "🗑️")
        for client in (author, first, second):
            await client.wait_for(lambda seen: seen.event_id == bad and seen.redacted, SECONDS)
        await world.until(lambda: not world.waiting(), "nothing waits", SECONDS)
        assert len(world.rows(select(complaints.c.id))) == 1
        assert world.rows(select(inbox.c.event_id).where(inbox.c.event_id == bad))
        failed = world.rows(select(outbox.c.key).where(outbox.c.state == "failed"))
        assert failed == []
