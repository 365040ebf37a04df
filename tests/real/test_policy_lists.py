"""Policy lists on a real Synapse: looked at, followed by a code, obeyed as they change; a protection switched off."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from ordering import SECONDS, Scene, scene
from pydantic import SecretStr
from second_client import SecondClientError
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.demo.world import OPERATIONS
from bot.matrix.api import HomeserverApi, path
from bot.store.tables import acts, groups, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

ALIAS = "daftar-tetangga"
SOONER = "bot.handlers.policies._PAUSE_MS=2000"
"""Changes that follow each other are each obeyed after two seconds instead of thirty."""


async def write_rule(api: HomeserverApi, room: str, name: str, entity: str | None) -> None:
    content: dict[str, Any] = {}
    if entity is not None:
        content = {"entity": entity, "recommendation": "m.ban", "reason": "penipuan pulsa"}
    await api.request("PUT", path("rooms", room, "state", "m.policy.rule.user", name), content)


async def preview(one: Scene, address: str) -> str:
    """What the bot shows of a list once it is in its room."""
    opened = await one.order(f"!daftarcekal lihat {address}")
    assert "sedang dibuka" in opened.body
    shown = await one.officer.wait_for(
        lambda seen: seen.sender == one.world.bot_id and "Pratinjau daftar cekal" in seen.body, SECONDS
    )
    assert shown.encrypted
    return shown.body


async def test_a_list_kept_by_somebody_else_is_followed_by_a_code_and_obeyed_as_it_changes(tmp_path: Path) -> None:
    async with scene(tmp_path, most_percent=50, constants=(SOONER,)) as one:
        world, server = one.world, one.member.user_id.partition(":")[2]
        clients = {}
        for name in ("pemilik", "tono", "siti", "tamu"):
            await asyncio.to_thread(world.homeserver.register, name, "a-password")
            clients[name] = await one.node.login(world.homeserver.url, name, "a-password", signed_only=True)
        for name, alias in world.world.aliases().items():
            if name not in (OPERATIONS, "ojol"):  # who bans from all channels is in all of them
                with contextlib.suppress(SecondClientError):
                    await one.officer.join(alias)
        owner, bad, late = clients["pemilik"], clients["tono"], clients["siti"]
        for client in (bad, late):
            await client.join(one.channel)
            await one.officer.wait_member(one.channel, client.user_id)
        async with HomeserverApi(world.homeserver.url, SecretStr(owner.access_token)) as api:
            made = await api.request("POST", path("createRoom"), {"preset": "public_chat", "name": "Daftar"})
            room = str(made["room_id"])
            # An alias that the room's own state does not name: only the homeserver's answer tells what is behind it.
            await api.request("PUT", path("directory", "room", f"#{ALIAS}:{server}"), {"room_id": room})
            await clients["tamu"].join(room)  # a third person there: it still is no group to be asked about
            await write_rule(api, room, "a", bad.user_id)
            address = f"#{ALIAS}:{server}"
            assert bad.user_id in await preview(one, address)
            assert not world.rows(select(acts)), "looking follows nothing"

            asked = await one.order(f"!daftarcekal ikut {address}")
            assert bad.user_id in asked.body
            done = await one.order(re.findall(r"Ketik (\d{6}) di sini", asked.body)[0])
            assert "diikuti" in done.body
            await one.officer.wait_member(one.channel, bad.user_id, "ban")
            # Their SDK asks nobody while it thinks that they are in.
            await bad.wait_member(one.channel, bad.user_id, "ban")
            with pytest.raises(SecondClientError):
                await bad.join(one.channel)

            await write_rule(api, room, "b", late.user_id)
            await one.officer.wait_member(one.channel, late.user_id, "ban")

            await write_rule(api, room, "a", None)
            await one.officer.wait_member(one.channel, bad.user_id, "leave")
            await bad.join(one.channel)
            assert {row.target for row in world.rows(select(acts).where(acts.c.ended_at.is_(None)))} == {late.user_id}
            assert not world.rows(select(groups)), "officers were not asked about a group"

        let_go = await one.order(f"!daftarcekal lepas {address}")
        assert "tidak diikuti lagi" in let_go.body
        await one.officer.wait_member(one.channel, late.user_id, "leave")
        assert await kentongan("audit", "verify", config=world.world.config_path)


async def test_a_flood_passes_while_its_protection_is_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        world = one.world
        off = await one.order("!perlindungan banjir mati 1 jam di ojol lomba 17-an")
        assert "mati sampai" in off.body
        sent = [await one.member.text(one.channel, f"hore {number}") for number in range(12)]
        await one.officer.wait_for(lambda seen: seen.event_id == sent[-1] and seen.body, SECONDS)
        listed = await one.order("!perlindungan di ojol")
        assert "banjir" in listed.body
        swept = [row.key for row in world.rows(select(outbox.c.key)) if row.key.startswith("sweep:")]
        assert swept == []
        await one.order("!perlindungan banjir nyala di ojol")
        again = []
        with contextlib.suppress(SecondClientError):  # until the homeserver lets them write no more
            for number in range(12):
                again.append(await one.member.text(one.channel, f"hore lagi {number}"))
        await one.carried_out(":mute")
        await one.member.wait_for(lambda seen: seen.event_id == again[0] and seen.redacted, SECONDS)
