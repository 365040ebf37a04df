"""An officer who orders in the operations room of a real Synapse, with Element's SDK, and a member of a channel."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from bot_world import BotWorld, bot_world
from pydantic import SecretStr
from second_client import Node, SecondClient, SecondClientError, Seen
from sqlalchemy import select

from bot.demo.world import OPERATIONS
from bot.matrix.api import HomeserverApi, path
from bot.store.tables import outbox

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
        async with HomeserverApi(self.world.homeserver.url, SecretStr(self.officer.access_token)) as api:
            return await api.request("GET", path("rooms", self.channel, "state", type_, ""))

    async def carried_out(self, part: str) -> None:
        """Until the homeserver has taken that step of an act."""

        def sent() -> bool:
            rows = self.world.rows(select(outbox.c.key, outbox.c.state))
            return any(row.key.startswith("act:") and row.key.endswith(part) and row.state == "sent" for row in rows)

        await self.world.until(sent, part, SECONDS)


@asynccontextmanager
async def scene(
    folder: Path, *, most_percent: int | None = None, constants: Sequence[str] = ()
) -> AsyncIterator[Scene]:
    """`most_percent`: of the few people here a policy list may hit so many; `constants`: see `bot_world`."""
    async with bot_world(folder, start=False, constants=constants) as world, Node() as node:
        rights = {"roles": {"petugas": {"may": ["semua"]}}}
        (world.world.folder / "rooms" / "moderation.yaml").write_text(yaml.safe_dump(rights))
        if most_percent is not None:
            file = world.world.folder / "rooms" / "protections.yaml"
            protections = yaml.safe_load(file.read_text())
            protections["policies"]["most_percent"] = most_percent
            file.write_text(yaml.safe_dump(protections, allow_unicode=True))
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
