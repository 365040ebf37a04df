"""How surely an encrypted event comes from the person it names.

Megolm proves that the event was made with a session, not whose session it is: whoever holds the ciphertext, or
a homeserver, can put another sender's name on it and it still decrypts. What ties it to a person is that the
session came over Olm from a device whose keys that person's device list names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from bot.event import Trust


class Device(Protocol):
    """The part of a known device that counts here (nio's OlmDevice)."""

    @property
    def id(self) -> str: ...
    @property
    def curve25519(self) -> str: ...
    @property
    def ed25519(self) -> str: ...


def trust_of(
    devices: Iterable[Device],
    *,
    sender_key: str,
    signing_key: str,
    forwarded: bool,
    inner_room: object,
    outer_room: str,
) -> tuple[Trust, str | None]:
    """(trust, id of the sender's device).

    `devices` are the known, not deleted devices of the event's sender; `sender_key` (curve25519) and
    `signing_key` (claimed ed25519) belong to the Megolm session that decrypted it, never to what the event
    says of itself. A session that reached us through somebody else (`forwarded`) proves nothing.
    """
    if forwarded or inner_room != outer_room:
        return Trust.UNPROVEN, None
    for device in devices:
        if device.curve25519 == sender_key and device.ed25519 == signing_key:
            return Trust.DEVICE, device.id
    return Trust.UNPROVEN, None
