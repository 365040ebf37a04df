"""Whose device it is by cross-signing, rather than by the homeserver's word.

A device list is what a homeserver says; a device that its owner's self-signing key signed, which their master key
signed, is the owner's (client-server API, "Cross-signing"). Whether the master key itself is still the one that was
shown first is for `bot.handlers.proof` to say, which pins it. Kept in memory: asked for anew after each start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.matrix.api import HomeserverApi, path
from bot.matrix.events import table, text
from bot.matrix.guard import guarded
from bot.matrix.signatures import MASTER, SELF_SIGNING, verified


@dataclass(frozen=True)
class Identity:
    """A person's cross-signing as their homeserver showed it; only what the signatures bear out."""

    master: str = ""
    """Public half of the master key, unpadded base64; "" without cross-signing."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Device id → its ed25519 key, of devices signed under that master key."""


class Identities:
    """Everybody whose keys have been asked for since the start."""

    def __init__(self) -> None:
        self._known: dict[str, Identity] = {}

    def knows(self, user_id: str) -> bool:
        """Whether this person's keys have been seen since the start."""
        return user_id in self._known

    def master_of(self, user_id: str, device_id: str, ed25519: str) -> str | None:
        """The master key under which this device of the person is signed; `None` when it is under none."""
        one = self._known.get(user_id)
        return one.master if one is not None and one.devices.get(device_id) == ed25519 else None

    def learn(self, user_ids: Any, answer: Mapping[str, Any]) -> None:
        """Take from a /keys/query answer what it says of these people."""
        for user_id in user_ids:
            one = Identity()
            with guarded("cross_signing", user=user_id):
                one = _identity(user_id, answer)
            self._known[user_id] = one


async def ask(api: HomeserverApi, user_id: str) -> Identity:
    """What the homeserver shows of one person now. Raises ApiError, Unreachable."""
    return _identity(user_id, await api.request("POST", path("keys", "query"), {"device_keys": {user_id: []}}))


def _identity(user_id: str, answer: Mapping[str, Any]) -> Identity:
    master_object = table(table(answer.get("master_keys")).get(user_id))
    signing_object = table(table(answer.get("self_signing_keys")).get(user_id))
    master, signing = _public(master_object, user_id, MASTER), _public(signing_object, user_id, SELF_SIGNING)
    if not master or not signing or not verified(signing_object, user_id, f"ed25519:{master}", master):
        return Identity()
    devices = {}
    for device_id, device in table(table(answer.get("device_keys")).get(user_id)).items():
        key = text(table(table(device).get("keys")).get(f"ed25519:{device_id}"))
        # A device's object must name its owner and itself: a signature counts for what was signed.
        genuine = table(device).get("user_id") == user_id and table(device).get("device_id") == device_id
        if key and genuine and verified(device, user_id, f"ed25519:{signing}", signing):
            devices[device_id] = key
    return Identity(master, devices)


def _public(key: Mapping[str, Any], user_id: str, usage: str) -> str:
    """The one public key of a cross-signing key object, "" when it is malformed or for another usage or person."""
    usages, keys = key.get("usage"), table(key.get("keys"))
    if key.get("user_id") != user_id or not isinstance(usages, list) or usage not in usages or len(keys) != 1:
        return ""
    name, public = next(iter(keys.items()))
    return public if isinstance(public, str) and name == f"ed25519:{public}" else ""
