"""What a homeserver may say that is dishonest or broken: events signed with the agency's key, sent straight to ours.

The agency's own Synapse never sees them. Nothing here checks what it signs: times, shapes and sizes are the caller's.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import ssl
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from federation import Federation
from signedjson.key import read_signing_keys
from signedjson.sign import sign_json
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import add_hashes_and_signatures
from synapse.events import make_event_from_dict

from bot.clock import now_ms

TRANSACTION = 25
"""Events in one transaction; fifty may be (server-server API, "Transactions")."""


@dataclass
class Refusal:
    """What our server said no to."""

    event_id: str
    error: str


@dataclass
class _Room:
    version: str
    head: str
    depth: int
    auth: dict[tuple[str, str], str] = field(default_factory=dict)
    """(type, state key) → event id."""


class RawServer:
    """Speaks for the agency's server; `token` is of a member there, to learn where a room stands."""

    def __init__(self, servers: Federation, token: str) -> None:
        self._servers, self._token = servers, token
        self.name = servers.agency.server_name
        with (servers.agency.folder / "signing.key").open() as stream:
            (self._key,) = read_signing_keys(stream)
        self._rooms: dict[str, _Room] = {}
        self._trust = ssl.create_default_context(cafile=servers.authority)

    async def say(self, room_id: str, sender: str, *contents: Any, type: str = "m.room.message") -> list[str]:
        """Messages with these contents; their ids."""
        return await self.send(room_id, *({"type": type, "sender": sender, "content": one} for one in contents))

    async def send(self, room_id: str, *drafts: dict[str, Any]) -> list[str]:
        """Events made of {"type", "sender", "content"} and whatever else stands there. Their ids, refused ones too."""
        room = await self._room(room_id)
        signed = [self._sign(room_id, room, draft) for draft in drafts]
        self.refused: list[Refusal] = []
        for start in range(0, len(signed), TRANSACTION):
            part = signed[start : start + TRANSACTION]
            answer = await self._request("PUT", f"send/{secrets.token_hex(8)}", {
                "origin": self.name, "origin_server_ts": now_ms(), "pdus": [event for _, event in part],
            })  # fmt: skip
            for event_id, outcome in answer["pdus"].items():
                if outcome.get("error"):
                    self.refused.append(Refusal(event_id, outcome["error"]))
            await self._taken()
        return [event_id for event_id, _ in signed]

    async def _taken(self) -> None:
        """Until our server has looked at all of it: when more than some hundred wait there, it throws them away."""
        database = f"file:{self._servers.ours.folder / 'homeserver.db'}?mode=ro"
        async with asyncio.timeout(180):
            while True:
                with closing(sqlite3.connect(database, uri=True)) as there:
                    if there.execute("SELECT count(*) FROM federation_inbound_events_staging").fetchone() == (0,):
                        return
                await asyncio.sleep(0.05)

    def _sign(self, room_id: str, room: _Room, draft: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        needed = [("m.room.power_levels", ""), ("m.room.member", draft["sender"])]
        if int(room.version) < 12:
            needed.append(("m.room.create", ""))
        if draft["type"] == "m.room.member":
            needed += [("m.room.join_rules", ""), ("m.room.member", draft["state_key"])]
        room.depth += 1
        event = {
            "room_id": room_id,
            "origin_server_ts": now_ms(),
            "depth": room.depth,
            "prev_events": [room.head],
            "auth_events": list(dict.fromkeys(room.auth[key] for key in needed if key in room.auth)),
            **draft,
        }
        version = KNOWN_ROOM_VERSIONS[room.version]
        add_hashes_and_signatures(version, event, self.name, self._key)
        event_id = str(make_event_from_dict(json.loads(json.dumps(event)), version).event_id)
        room.head = event_id
        return event_id, event

    async def _room(self, room_id: str) -> _Room:
        if room_id not in self._rooms:
            here = f"/_matrix/client/v3/rooms/{quote(room_id)}"
            ask = self._servers.agency.request
            state: Any = await asyncio.to_thread(ask, "GET", f"{here}/state", None, self._token)
            auth = {(one["type"], one["state_key"]): one["event_id"] for one in state}
            (create,) = (one for one in state if one["type"] == "m.room.create")
            latest = await asyncio.to_thread(ask, "GET", f"{here}/messages?dir=b&limit=1", None, self._token)
            head = latest["chunk"][0]["event_id"]
            self._rooms[room_id] = _Room(create["content"].get("room_version", "1"), head, 1000, auth)
        return self._rooms[room_id]

    async def learn(self, room_id: str) -> None:
        """Look where the room stands, while the agency's server still hears of it."""
        await self._room(room_id)

    def forget(self, room_id: str) -> None:
        """What comes next follows what the agency's own server has by then."""
        self._rooms.pop(room_id, None)

    async def _request(self, method: str, path: str, content: dict[str, Any]) -> dict[str, Any]:
        ours = self._servers.ours.server_name
        uri = f"/_matrix/federation/v1/{path}"
        claim = {"method": method, "uri": uri, "origin": self.name, "destination": ours, "content": content}
        ((key, signature),) = sign_json(claim, self.name, self._key)["signatures"][self.name].items()
        parts = {"origin": self.name, "destination": ours, "key": key, "sig": signature}
        header = "X-Matrix " + ",".join(f'{name}="{value}"' for name, value in parts.items())
        async with (  # fmt: skip
            aiohttp.ClientSession() as client,
            client.request(
                method,
                f"https://127.0.0.1:{ours.partition(':')[2]}{uri}",
                json=content,
                ssl=self._trust,
                headers={"Authorization": header, "Host": ours},
                server_hostname=ours.partition(":")[0],
            ) as response,
        ):
            answer: dict[str, Any] = await response.json()
            if answer.get("error") == "Too many concurrent transactions":
                await asyncio.sleep(0.2)
                return await self._request(method, path, content)
            assert response.status == 200, answer
            return answer
