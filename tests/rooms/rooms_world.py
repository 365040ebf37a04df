"""An in-memory homeserver that follows the parts of the specification that rooms as code relies on."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

SERVER = "batang.test"
ME = f"@kentongan:{SERVER}"
ROOMS = """
defaults:
  bulletins: [pagi]
space: {alias: kamtibmas, title: Kamtibmas, encryption: false, power: {speak: 100}}
operations:
  ruang-kendali: {title: Ruang Kendali, join: invite, history: joined, federate: false, power: {invite: 100}}
channels:
  ojol: {title: Ojol, topic: Jalan raya}
  nelayan: {title: Nelayan, join: space, districts: [Batang]}
"""
OFFICERS = """
break_glass: ["@brankas"]
roles:
  komandan: {title: K, power: 100, members: ["@komandan"]}
  petugas: {title: P, power: 50, members: ["@petugas", "@petugas2:batang.test"]}
"""


class Refused(Exception):
    def __init__(self, status: int, errcode: str) -> None:
        self.status = status
        self.errcode = errcode
        super().__init__(f"{status} {errcode}")


class PowerCut(Exception):
    """The program ends here."""


class FakeHomeserver:
    def __init__(self, *, versions: tuple[str, ...] = ("10", "11", "12")) -> None:
        self.rooms: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        self.senders: dict[tuple[str, str, str], str] = {}
        self.aliases: dict[str, str] = {}
        self.versions = versions
        self.writes: list[tuple[str, str]] = []
        self.creations = 0
        self.kicked: list[tuple[str, str]] = []
        self.uploads: list[bytes] = []
        self.cut_before: int | None = None
        """Writes after which the power goes, with the write left undone."""
        self.cut_after: int | None = None
        """The same, with the write done and its answer lost."""

    async def request(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, wait: bool = True
    ) -> dict[str, Any]:
        parts = [unquote(part) for part in path.removeprefix("/_matrix/client/v3/").split("/")]
        if method == "GET":
            return self._get(parts)
        if self.cut_before is not None and len(self.writes) >= self.cut_before:
            raise PowerCut
        answer = self._write(method, parts, body or {})
        self.writes.append((method, path))
        if self.cut_after is not None and len(self.writes) > self.cut_after:
            raise PowerCut
        return answer

    async def upload(self, data: bytes, mimetype: str, name: str) -> str:
        self.uploads.append(data)
        return f"mxc://{SERVER}/{len(self.uploads)}"

    def make(self, room_id: str, creator: str, *, version: str = "12", alias: str | None = None, **create: Any) -> None:
        """A room made by somebody else."""
        self.rooms[room_id] = {}
        self.put(room_id, "m.room.create", "", {"room_version": version, **create}, creator)
        self.put(room_id, "m.room.member", creator, {"membership": "join"}, creator)
        users = {} if version == "12" else {creator: 100}
        self.put(room_id, "m.room.power_levels", "", {"users": users, "state_default": 50}, creator)
        if alias:
            self.aliases[alias] = room_id

    def put(self, room_id: str, type_: str, key: str, content: dict[str, Any], sender: str = ME) -> None:
        self.rooms[room_id][(type_, key)] = content
        self.senders[(room_id, type_, key)] = sender

    def content(self, room_id: str, type_: str, key: str = "") -> dict[str, Any]:
        return self.rooms[room_id][(type_, key)]

    def _joined(self, room_id: str) -> bool:
        return self.rooms.get(room_id, {}).get(("m.room.member", ME), {}).get("membership") == "join"

    def _get(self, parts: list[str]) -> dict[str, Any]:
        match parts:
            case ["capabilities"]:
                return {
                    "capabilities": {
                        "m.room_versions": {"default": "10", "available": dict.fromkeys(self.versions, "stable")}
                    }
                }
            case ["directory", "room", alias]:
                if alias not in self.aliases:
                    raise Refused(404, "M_NOT_FOUND")
                return {"room_id": self.aliases[alias], "servers": [SERVER]}
            case ["rooms", room_id, "state"]:
                if not self._joined(room_id):
                    raise Refused(403, "M_FORBIDDEN")
                return {
                    "chunk": [
                        {
                            "type": type_,
                            "state_key": key,
                            "content": content,
                            "sender": self.senders[(room_id, type_, key)],
                        }
                        for (type_, key), content in self.rooms[room_id].items()
                    ]
                }
            case ["rooms", room_id, "joined_members"]:
                state = self.rooms[room_id].items()
                return {
                    "joined": {
                        key: {} for (type_, key), content in state
                        if type_ == "m.room.member" and content["membership"] == "join"
                    }
                }  # fmt: skip
            case ["rooms", room_id, "state", type_, *key]:
                if not self._joined(room_id):
                    raise Refused(403, "M_FORBIDDEN")
                state = self.rooms[room_id]
                if (type_, "".join(key)) not in state:
                    raise Refused(404, "M_NOT_FOUND")
                return state[(type_, "".join(key))]
        raise AssertionError(parts)

    def _write(self, method: str, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match parts:
            case ["createRoom"]:
                return {"room_id": self._create(body)}
            case ["join", room_id]:
                rule = self.rooms[room_id].get(("m.room.join_rules", ""), {}).get("join_rule")
                invited = self.rooms[room_id].get(("m.room.member", ME), {}).get("membership") == "invite"
                if rule != "public" and not invited:
                    raise Refused(403, "M_FORBIDDEN")
                self.put(room_id, "m.room.member", ME, {"membership": "join"})
                return {"room_id": room_id}
            case ["rooms", room_id, "invite"]:
                user = body["user_id"]
                if self.rooms[room_id].get(("m.room.member", user), {}).get("membership") in ("join", "ban"):
                    raise Refused(403, "M_FORBIDDEN")
                self.put(room_id, "m.room.member", user, {"membership": "invite"})
                return {}
            case ["rooms", room_id, "kick"]:
                member = self.rooms[room_id].get(("m.room.member", body["user_id"]), {})
                if member.get("membership") not in ("join", "invite"):
                    raise Refused(403, "M_FORBIDDEN")
                self.put(room_id, "m.room.member", body["user_id"], {"membership": "leave"})
                self.kicked.append((room_id, body["user_id"]))
                return {}
            case ["rooms", room_id, "state", type_, *key]:
                create = self.content(room_id, "m.room.create")
                if type_ == "m.room.power_levels" and create["room_version"] == "12" and ME in body["users"]:
                    raise Refused(403, "M_FORBIDDEN")
                assert "rooms:" not in str((body, key)), "a reference left this program"
                self.put(room_id, type_, "".join(key), body)
                return {"event_id": "$x"}
            case ["directory", "room", alias] if method == "PUT":
                if alias in self.aliases:
                    raise Refused(409, "M_UNKNOWN")
                self.aliases[alias] = body["room_id"]
                return {}
            case ["directory", "room", alias] if method == "DELETE":
                del self.aliases[alias]
                return {}
        raise AssertionError(parts)

    def _create(self, body: dict[str, Any]) -> str:
        alias = f"#{body['room_alias_name']}:{SERVER}"
        if alias in self.aliases:
            raise Refused(400, "M_ROOM_IN_USE")
        assert "rooms:" not in str(body), "a reference left this program"
        version = body["room_version"]
        users = body["power_level_content_override"]["users"]
        if version == "12" and ME in users:
            raise Refused(400, "M_INVALID_PARAM")
        if version != "12" and ME not in users:
            raise Refused(400, "M_BAD_JSON")
        self.creations += 1
        room_id = f"!room{self.creations}"
        self.rooms[room_id] = {}
        self.aliases[alias] = room_id
        self.put(room_id, "m.room.create", "", {"room_version": version, **body["creation_content"]})
        self.put(room_id, "m.room.member", ME, {"membership": "join"})
        self.put(room_id, "m.room.power_levels", "", body["power_level_content_override"])
        self.put(room_id, "m.room.canonical_alias", "", {"alias": alias})
        self.put(room_id, "m.room.name", "", {"name": body["name"]})
        if "topic" in body:
            text = body["topic"]
            self.put(room_id, "m.room.topic", "", {"topic": text, "m.topic": {"m.text": [{"body": text}]}})
        for event in body["initial_state"]:
            self.put(room_id, event["type"], event["state_key"], event["content"])
        return room_id
