"""Whether an order surely comes from the officer in whose name it came.

Encrypted, by a device that is known as theirs, signed under their cross-signing key, and that key the one which they
showed first. A homeserver can put anybody's name on an event and give anybody a new key; it cannot sign with the old.
The first key is taken on trust and told in the operations room, so that it can be compared.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection

from bot.event import IncomingEvent, Trust
from bot.handlers import sites
from bot.handlers.desk import Desk
from bot.markup import escape, render
from bot.moderation import words
from bot.store import officerkeys


class Doubt(StrEnum):
    """Why an order is not proven."""

    CLEAR = "clear"
    UNKNOWN_DEVICE = "unknown_device"
    UNSIGNED = "unsigned"
    OTHER_KEY = "other_key"


def prove(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> Doubt | None:
    """What is in doubt about an officer's order; `None` when nothing is. The first key shown is theirs from then on."""
    if event.trust is Trust.CLEAR or not event.encrypted_room:
        return Doubt.CLEAR
    if event.trust is not Trust.DEVICE:
        return Doubt.UNKNOWN_DEVICE
    if event.master_key is None:
        return Doubt.UNSIGNED
    pin = officerkeys.pinned(connection, event.sender)
    if pin is None:
        _pin(connection, event, event.master_key, desk, now)
        return None
    if pin.master_key == event.master_key:
        return None
    _refuse(connection, event, event.master_key, pin.master_key, desk, now)
    return Doubt.OTHER_KEY


def shown(master_key: str) -> str:
    """A key as people compare it: in fours."""
    return " ".join(master_key[at : at + 4] for at in range(0, len(master_key), 4))


def _pin(connection: Connection, event: IncomingEvent, key: str, desk: Desk, now: int) -> None:
    officerkeys.pin(connection, event.sender, key, now)
    payload = {"officer": event.sender, "key": key, "device": event.device_id}
    desk.record(connection, "officer.pinned", event.event_id, payload, now)
    text = words.PINNED.format(who=escape(event.sender), key=shown(key))
    desk.tell_operations(connection, f"pinned:{event.event_id}", render(text).content(notice=True), now)


def _refuse(connection: Connection, event: IncomingEvent, key: str, known: str, desk: Desk, now: int) -> None:
    payload = {"officer": event.sender, "key": key, "known": known, "device": event.device_id}
    desk.record(connection, "officer.key_refused", event.event_id, payload, now)
    if not officerkeys.refuse(connection, event.sender, key):
        return  # told before
    text = words.OTHER_KEY.format(
        who=escape(event.sender), name=sites.name(desk, event.sender), known=shown(known), key=shown(key)
    )
    desk.tell_operations(connection, f"other-key:{event.event_id}", render(text).content(), now)
