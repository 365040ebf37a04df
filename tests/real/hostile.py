"""A Matrix device made by hand from vodozemac and raw HTTP: it can say anything, well formed or not."""

from __future__ import annotations

import json
import secrets
from typing import Any

import vodozemac
from nio.api import Api
from unpaddedbase64 import encode_base64

from bot.matrix.api import HomeserverApi, path

MEGOLM = "m.megolm.v1.aes-sha2"
OLM = "m.olm.v1.curve25519-aes-sha2"


class Device:
    """One device of one account, with keys of its own."""

    def __init__(self, api: HomeserverApi, user_id: str, device_id: str) -> None:
        self.api, self.user_id, self.device_id = api, user_id, device_id
        self.account = vodozemac.Account()
        self.curve = self.account.curve25519_key.to_base64()
        self.ed = self.account.ed25519_key.to_base64()

    def signed(self, value: dict[str, Any]) -> dict[str, Any]:
        signature = self.account.sign(Api.to_canonical_json(value).encode()).to_base64()
        return {**value, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}

    async def publish(self) -> None:
        """Upload device keys."""
        keys = {f"curve25519:{self.device_id}": self.curve, f"ed25519:{self.device_id}": self.ed}
        value = {"user_id": self.user_id, "device_id": self.device_id, "algorithms": [OLM, MEGOLM], "keys": keys}
        await self.api.request("POST", path("keys", "upload"), {"device_keys": self.signed(value)})

    async def claim(self, user_id: str, device_id: str) -> tuple[str, dict[str, Any]]:
        """One of the other device's one-time keys: (key id, key object)."""
        body = {"one_time_keys": {user_id: {device_id: "signed_curve25519"}}}
        answer = await self.api.request("POST", path("keys", "claim"), body)
        claimed: dict[str, Any] = answer["one_time_keys"][user_id][device_id]
        return next(iter(claimed.items()))

    async def identity(self, user_id: str, device_id: str) -> dict[str, str]:
        """The other device's identity keys: {"curve25519", "ed25519"}."""
        answer = await self.api.request("POST", path("keys", "query"), {"device_keys": {user_id: []}})
        keys = answer["device_keys"][user_id][device_id]["keys"]
        return {name.split(":")[0]: key for name, key in keys.items()}

    async def olm(self, user_id: str, device_id: str) -> vodozemac.Session:
        """A new Olm session to the other device."""
        keys = await self.identity(user_id, device_id)
        _, one_time = await self.claim(user_id, device_id)
        return self.account.create_outbound_session(
            vodozemac.Curve25519PublicKey.from_base64(keys["curve25519"]),
            vodozemac.Curve25519PublicKey.from_base64(one_time["key"]),
        )

    async def send_to_device(self, type_: str, user_id: str, device_id: str, content: Any) -> None:
        await self.api.request(
            "PUT",
            path("sendToDevice", type_, secrets.token_hex(8)),
            {"messages": {user_id: {device_id: content}}},
        )

    async def send_olm_body(self, user_id: str, device_id: str, type_: int, body: str) -> None:
        """An Olm message whose ciphertext is `body`, whatever that is."""
        keys = await self.identity(user_id, device_id)
        content = {
            "algorithm": OLM,
            "sender_key": self.curve,
            "ciphertext": {keys["curve25519"]: {"type": type_, "body": body}},
        }
        await self.send_to_device("m.room.encrypted", user_id, device_id, content)

    async def send_olm(
        self, session: vodozemac.Session, user_id: str, device_id: str, type_: str, content: Any
    ) -> None:
        """A well-formed Olm payload around any content."""
        keys = await self.identity(user_id, device_id)
        payload = {
            "sender": self.user_id,
            "sender_device": self.device_id,
            "keys": {"ed25519": self.ed},
            "recipient": user_id,
            "recipient_keys": {"ed25519": keys["ed25519"]},
            "type": type_,
            "content": content,
        }
        number, ciphertext = session.encrypt(json.dumps(payload).encode()).to_parts()
        await self.send_olm_body(user_id, device_id, number, encode_base64(ciphertext))

    def room_key(self, room_id: str, session: vodozemac.GroupSession) -> dict[str, Any]:
        return {
            "algorithm": MEGOLM,
            "room_id": room_id,
            "session_id": session.session_id,
            "session_key": session.session_key.to_base64(),
        }

    async def share(self, session: vodozemac.GroupSession, room_id: str, user_id: str, device_id: str) -> None:
        """Give the other device the room key."""
        olm = await self.olm(user_id, device_id)
        await self.send_olm(olm, user_id, device_id, "m.room_key", self.room_key(room_id, session))

    def encrypted(self, session: vodozemac.GroupSession, plaintext: bytes, **more: Any) -> dict[str, Any]:
        """Content of an m.room.encrypted event around any plaintext."""
        return {
            "algorithm": MEGOLM,
            "sender_key": self.curve,
            "device_id": self.device_id,
            "session_id": session.session_id,
            "ciphertext": session.encrypt(plaintext).to_base64(),
            **more,
        }

    def message(self, session: vodozemac.GroupSession, room_id: str, body: str, **more: Any) -> dict[str, Any]:
        """An encrypted text."""
        content = {"msgtype": "m.text", "body": body, **more}
        payload = {"room_id": room_id, "type": "m.room.message", "content": content}
        return self.encrypted(session, json.dumps(payload).encode())

    async def send(self, room_id: str, content: Any, type_: str = "m.room.encrypted") -> str:
        """Send an event; returns its id."""
        txn = secrets.token_hex(8)
        return str((await self.api.request("PUT", path("rooms", room_id, "send", type_, txn), content))["event_id"])
