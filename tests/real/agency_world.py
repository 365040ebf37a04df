"""The police's world beside an agency's homeserver, with people on both who use Element's SDK."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from bot_world import BotWorld, bot_world
from casechat import SECONDS
from federation import PASSWORD, Federation
from second_client import Node, SecondClient, Seen

from bot.demo.world import OPERATIONS, World

AGENCY_SPACE, LIAISON = "instansi", "penghubung"


@dataclass
class Stage:
    """The police's world, the agency's server, and people on both."""

    world: BotWorld
    servers: Federation
    node: Node
    officer: SecondClient
    rooms: dict[str, str] = field(default_factory=dict)
    """Those that the officer is in."""

    async def citizen(self, name: str) -> SecondClient:
        """Somebody on the police's server."""
        await asyncio.to_thread(self.servers.ours.register, name, PASSWORD)
        return await self.node.login(self.servers.ours.url, name, PASSWORD, signed_only=True)

    async def of_agency(self, name: str) -> SecondClient:
        """Somebody with an account on the agency's server."""
        await asyncio.to_thread(self.servers.register, name)
        return await self.node.login(self.servers.agency.url, name, PASSWORD, signed_only=True)

    async def liaison(self) -> SecondClient:
        """The agency's liaison, invited to its space when the rooms were made, in the channel."""
        client = await self.node.login(self.servers.agency.url, LIAISON, PASSWORD, signed_only=True)
        await self._enter(client, AGENCY_SPACE)
        return client

    async def enter(self, client: SecondClient) -> None:
        """An officer invites to the space, and who is there goes on into the channel."""
        await self.officer.do("invite", room=self.rooms["space"], user=client.user_id)
        await self._enter(client, "space")

    async def _enter(self, client: SecondClient, space: str) -> None:
        await client.join(self.alias(space))
        assert await client.join(self.alias("ojol")) == self.rooms["ojol"]
        await client.wait_member(self.rooms["ojol"], self.world.bot_id)

    async def order(self, text: str) -> Seen:
        """The officer's order in the operations room; the bot's answer to it."""
        given = await self.officer.text(self.rooms[OPERATIONS], text)
        return await self.officer.wait_for(
            lambda seen: seen.sender == self.world.bot_id and seen.reply_to == given and bool(seen.body), SECONDS
        )

    async def confirm(self, text: str) -> Seen:
        """The same with the code that is asked for."""
        asked = await self.order(text)
        return await self.order(re.findall(r"Ketik (\d{6}) di sini", asked.body)[0])

    async def ours(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> dict[str, Any]:
        """A raw call to the police's server, as the officer if nobody else is named."""
        where = f"/_matrix/client/v3{path}"
        return await asyncio.to_thread(
            self.servers.ours.request, method, where, body, token or self.officer.access_token
        )

    def alias(self, room: str) -> str:
        return self.world.world.aliases()[room]


def change_rooms(world: World, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite rooms.yaml before it is applied."""
    file = world.folder / "rooms" / "rooms.yaml"
    rooms = yaml.safe_load(file.read_text())
    change(rooms)
    file.write_text(yaml.safe_dump(rooms, allow_unicode=True))


def _with_agency(world: World, servers: Federation, version: str) -> None:
    """The space is by invitation, and who is in it or in the agencies' may enter the channel."""

    def change(rooms: dict[str, Any]) -> None:
        rooms["version"] = version
        rooms["space"]["join"] = "invite"
        rooms["channels"]["ojol"]["join"] = "space"
        rooms["agencies"] = {AGENCY_SPACE: {"title": "Instansi", "power": {"speak": 100, "invite": 100}}}

    change_rooms(world, change)
    agency = {
        "title": "BPBD",
        "servers": [servers.agency.server_name],
        "liaisons": [servers.register(LIAISON)],
        "channels": ["ojol"],
    }
    (world.folder / "rooms" / "instansi.yaml").write_text(yaml.safe_dump({"agencies": {"bpbd": agency}}))
    rights = {"roles": {"petugas": {"may": ["semua"]}}}
    (world.folder / "rooms" / "moderation.yaml").write_text(yaml.safe_dump(rights))


AS_EVER = ("bot.rounds.DUTY_SECONDS=10",)
"""Two servers follow each other's changes; what comes round more often than with people overtakes them."""


@asynccontextmanager
async def agency_world(folder: Path, servers: Federation, *, version: str = "12", **more: Any) -> AsyncIterator[Stage]:
    """The bot on the police's server, the agency's server allowed to invite it, an officer in the rooms."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(
            bot_world(
                folder,
                synapse=servers.ours,
                prepare=lambda world: _with_agency(world, servers, version),
                homeserver={"allowed_servers": [servers.agency.server_name]},
                speech={"workers": 1},
                **{"constants": AS_EVER, **more},
            )
        )
        node = await stack.enter_async_context(Node())
        password = world.world.account("petugas").password
        officer = await node.login(world.homeserver.url, "petugas", password, signed_only=True)
        stage = Stage(world, servers, node, officer)
        for room in ("space", OPERATIONS, AGENCY_SPACE, "ojol"):
            stage.rooms[room] = await officer.join(stage.alias(room))
            await officer.wait_member(stage.rooms[room], world.bot_id)
        yield stage
