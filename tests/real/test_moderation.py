"""Order kept in a channel of a real Synapse, by orders from Element's SDK: encrypted, from signed devices."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from bot_world import BotWorld, bot_world
from second_client import Node, SecondClient, SecondClientError, Seen
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.demo.world import OPERATIONS
from bot.matrix.api import HomeserverApi, path
from bot.store.tables import acts, audit, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SECONDS = 120


@dataclass
class Scene:
    """A district with an officer and a member in a channel."""

    world: BotWorld
    node: Node
    officer: SecondClient
    member: SecondClient
    operations: str
    channel: str

    async def answer(self, order: str) -> Seen:
        """What the bot says to an order."""

        def found(seen: Seen) -> bool:
            return seen.sender == self.world.bot_id and seen.reply_to == order and seen.encrypted and bool(seen.body)

        return await self.officer.wait_for(found, SECONDS)

    async def order(self, text: str) -> Seen:
        """Given in the operations room; the bot's answer."""
        return await self.answer(await self.officer.text(self.operations, text))

    async def confirm(self, text: str) -> Seen:
        """The same with the code that is asked for."""
        asked = await self.order(text)
        return await self.order(re.findall(r"Ketik (\d{6}) di sini", asked.body)[0])

    async def state(self, type_: str) -> dict[str, Any]:
        """What stands in the channel."""
        async with HomeserverApi(self.world.homeserver.url, _secret(self.officer.access_token)) as api:
            return await api.request("GET", path("rooms", self.channel, "state", type_, ""))

    async def carried_out(self, part: str) -> None:
        """Until the homeserver has taken that step of an act."""

        def sent() -> bool:
            rows = self.world.rows(select(outbox.c.key, outbox.c.state))
            return any(row.key.startswith("act:") and row.key.endswith(part) and row.state == "sent" for row in rows)

        await self.world.until(sent, part, SECONDS)


def _secret(token: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(token)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with bot_world(folder, start=False) as world, Node() as node:
        rights = {"roles": {"petugas": {"may": ["semua"]}}}
        (world.world.folder / "rooms" / "moderation.yaml").write_text(yaml.safe_dump(rights))
        world.start()
        await world.until_health(live=True, synced=True)
        url = world.homeserver.url
        officer = await node.login(url, "petugas", world.world.account("petugas").password, signed_only=True)
        member = await node.login(url, "warga", world.world.account("warga").password, signed_only=True)
        operations = await officer.join(world.world.aliases()[OPERATIONS])
        channel = await officer.join(world.world.aliases()["ojol"])
        await member.join(channel)
        for client, room in ((officer, operations), (officer, channel), (member, channel)):
            await client.wait_member(room, world.bot_id)
        yield Scene(world, node, officer, member, operations, channel)


async def refused(client: SecondClient, room: str) -> None:
    """The homeserver does not let them write."""
    with pytest.raises(SecondClientError, match=r"M_FORBIDDEN|power level|not allowed|permission"):
        await client.text(room, "boleh?")


async def test_a_mute_holds_over_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        world, member = one.world, one.member
        offending = await member.text(one.channel, "jual pulsa murah")
        await one.officer.wait_for(lambda seen: seen.event_id == offending and seen.body, SECONDS)
        order = await one.officer.text(one.channel, "!bisukan 1 menit jualan", reply_to=offending)
        told = await member.wait_for(lambda seen: "hanya bisa membaca" in seen.body, SECONDS)
        assert told.encrypted
        assert told.thread_root == offending
        assert told.content["m.mentions"] == {"user_ids": [member.user_id]}
        await one.carried_out(":mute")
        await refused(member, one.channel)
        await one.officer.wait_for(lambda seen: seen.type == "m.reaction" and seen.sender == world.bot_id, SECONDS)
        pinned = await one.officer.wait_for(lambda seen: "dipakai pertama kali" in seen.body, SECONDS)
        assert pinned.room_id == one.operations

        await world.stop(kill=True)
        world.start()
        await one.carried_out(":end")
        await member.text(one.channel, "maaf, tidak lagi")
        over = await one.officer.wait_for(lambda seen: "Masa bisu" in seen.body, SECONDS)
        assert over.room_id == one.operations
        [row] = world.rows(select(acts))
        assert (row.kind, row.target, row.event_id, row.ended_by) == ("mute", member.user_id, order, "kentongan")

        # Who leaves and comes back is muted still.
        await one.order("!bisukan @warga 1 hari di ojol jualan lagi")
        await world.until(
            lambda: len(
                [
                    r
                    for r in world.rows(select(outbox.c.key, outbox.c.state))
                    if r.key == "act:2:mute" and r.state == "sent"
                ]
            ),
            "muted",
        )
        await member.do("leave", room=one.channel)
        await one.officer.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)
        await refused(member, one.channel)
        await one.order("!suarakan @warga di ojol")
        await world.until(
            lambda: [
                r
                for r in world.rows(select(outbox.c.key, outbox.c.state))
                if r.key == "act:2:end" and r.state == "sent"
            ],
            "can write",
        )
        await member.text(one.channel, "terima kasih")
        assert await kentongan("audit", "verify", config=world.world.config_path)


async def test_grave_acts_wait_for_their_code_and_an_unproven_device_orders_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        world, member = one.world, one.member
        sent = [await member.text(one.channel, f"promo {number}") for number in range(3)]
        await one.officer.wait_for(lambda seen: seen.event_id == sent[-1] and seen.body, SECONDS)

        # A session that the officer has not verified.
        url, password = world.homeserver.url, world.world.account("petugas").password
        loose = await one.node.login(url, "petugas", password, signed_only=False, cross_sign=False)
        await loose.wait_member(one.operations, world.bot_id)
        doubtful = await loose.text(one.operations, "!keluarkan @warga di ojol spam")
        answer = await one.officer.wait_for(
            lambda seen: seen.sender == world.bot_id and seen.reply_to == doubtful and bool(seen.body), SECONDS
        )
        assert "Verifikasi sesi ini" in answer.body

        swept = await one.order("!hapus 2 @warga di ojol spam")
        assert "2 pesan @warga dihapus" in swept.body
        for event_id in sent[1:]:
            await member.wait_for(lambda seen, gone=event_id: seen.event_id == gone and seen.redacted, SECONDS)
        assert not member.events[sent[0]].redacted

        await one.confirm("!kunci di ojol hoaks beredar")
        await one.carried_out(":lock")
        await refused(member, one.channel)
        await one.officer.text(one.channel, "mohon tenang")
        await one.order("!buka kunci di ojol")
        await one.carried_out(":end")
        await member.text(one.channel, "siap")

        await one.order("!keluarkan @warga di ojol ribut")
        await one.officer.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)
        await one.officer.wait_member(one.channel, member.user_id)

        asked = await one.order("!cekal @warga 30 hari di ojol penipuan")
        code = re.findall(r"Ketik (\d{6}) di sini", asked.body)[0]
        await world.stop(kill=True)
        world.start()
        typed = await loose.text(one.operations, code)
        answer = await one.officer.wait_for(
            lambda seen: seen.sender == world.bot_id and seen.reply_to == typed and bool(seen.body), SECONDS
        )
        assert "Verifikasi sesi ini" in answer.body
        await one.order(code)
        await one.officer.wait_member(one.channel, member.user_id, "ban")
        with pytest.raises(SecondClientError):
            await member.join(one.channel)
        await one.order("!cabut cekal @warga di ojol")
        await one.officer.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)

        kinds = {row.kind for row in world.rows(select(audit.c.kind))}
        assert {"act.kick", "act.ban", "act.lock", "act.redact", "order.unproven", "order.code_asked"} <= kinds
        assert await kentongan("audit", "verify", config=world.world.config_path)
