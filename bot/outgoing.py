"""What we decided to do in a room: the value a handler leaves in the outbox.

An `Outgoing` is identified by its `key`, made from what caused it ("reply:$event", "bulletin:pagi:2026-11-22:!room").
The same cause always gives the same key, the key gives the Matrix transaction id: written twice it is
one row, sent twice it is one event.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

KEY_FIELD = "id.kentongan.key"
"""Content field that carries the key's transaction id, so that our own events can be recognised in a timeline."""

REFERENCE = "outbox:"
"""A string value "outbox:KEY" anywhere in `content` stands for the event id that KEY's row received."""


class Action(StrEnum):
    """What the sender does for a row."""

    EVENT = "event"
    REDACTION = "redaction"
    """`content` is {"event_id", "reason"}."""
    JOIN = "join"
    LEAVE = "leave"
    """Also declines an invite."""
    INVITE = "invite"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    """These four: `content` is {"user_id", "reason"}; somebody who is in or out already is left so."""
    STATE = "state"
    """A state event of `type`: `content` is {"state_key", "set": content}, or {"state_key", "merge": changes} to change
    what stands there then, as JSON Merge Patch does (RFC 7396: null takes a key away). What stands so already is not
    sent again."""


class Priority(IntEnum):
    """Order under a rate limit; lower goes first."""

    WARNING = 0
    REPLY = 1
    CARD = 2
    NOTICE = 3
    BULLETIN = 4
    RECORDING = 5
    """A bulletin's voice: when every room has read it."""


@dataclass(frozen=True)
class Outgoing:
    """One act in one room."""

    key: str
    room_id: str
    content: dict[str, Any] = field(default_factory=dict)
    action: Action = Action.EVENT
    type: str = "m.room.message"
    priority: Priority = Priority.REPLY
    not_before: int = 0
    """Earliest time to send, milliseconds since the epoch."""
    not_after: int | None = None
    """From then on it is not sent any more: what it says would not be true. `None`: it keeps."""
    upload: str | None = None
    """Path of a file to upload first; its mxc URI or EncryptedFile goes into `content`."""

    @property
    def txn_id(self) -> str:
        """Deterministic Matrix transaction id (client-server API, "Transaction identifiers")."""
        return transaction_id(self.key)


def transaction_id(key: str) -> str:
    """The transaction id of a key: 32 hex digits."""
    return "k" + hashlib.sha256(key.encode()).hexdigest()[:31]
