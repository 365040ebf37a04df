"""What an order is once it is read, and what else a message may be that was meant as one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.moderation.terms import Term
from bot.moderation.verbs import Verb

EVERYWHERE = "semua"
"""The room of an order for all channels."""
MAX_MESSAGES = 200
"""Messages that one order takes back."""
SLOWEST = 3600
"""Seconds between two messages in slow mode, at most."""


class Fault(StrEnum):
    """What is wrong with an order that was meant."""

    MISSPELT = "misspelt"
    NO_TARGET = "no_target"
    NOT_A_PERSON = "not_a_person"
    """A display name, or an address that is none."""
    NO_PEOPLE_HERE = "no_people_here"
    ONE_AT_A_TIME = "one_at_a_time"
    NO_SERVER = "no_server"
    NO_ROOM = "no_room"
    UNKNOWN_ROOM = "unknown_room"
    WHICH_ROOM = "which_room"
    NO_ROOM_HERE = "no_room_here"
    BAD_TERM = "bad_term"
    TERM_LAST = "term_last"
    NO_TERM_HERE = "no_term_here"
    BAD_AMOUNT = "bad_amount"
    NO_REASON = "no_reason"
    NO_ADDRESS = "no_address"
    """Not the address of a policy list's room."""
    NO_PROTECTION = "no_protection"
    ON_OR_OFF = "on_or_off"
    UNSIGNED = "unsigned"
    """Words behind an order without `!` that may be talk between officers."""
    QUESTION = "question"
    ONE_ORDER = "one_order"


@dataclass(frozen=True)
class Slip:
    """An order was meant, and it is not clear which, or on whom; nothing may be done."""

    verb: Verb
    fault: Fault
    words: str = ""
    """What could not be read."""


@dataclass(frozen=True)
class Order:
    """An order as written."""

    verb: Verb
    targets: tuple[str, ...] = ()
    """Full user ids, the server's name or glob, the protection, or the list's address. Empty: whoever wrote the message
    that is replied to."""
    room: str | None = None
    """A channel's name in rooms.yaml, or EVERYWHERE; `None` for the room it is said in, or for none."""
    term: Term | None = None
    amount: int | None = None
    """Messages to take back, or seconds of slow mode."""
    reason: str = ""
    trial: bool = False
    """Only say what would happen."""
    topic: Verb | None = None
    """What help is asked about."""


@dataclass(frozen=True)
class Place:
    """Where and when an order is given, which decides how it reads."""

    server: str
    """Ours: a name without one is there."""
    channels: Mapping[str, str]
    """What a channel may be called, in lower case → its name in rooms.yaml."""
    now: datetime
    """Local time."""
    protections: Mapping[str, str] = field(default_factory=dict)
    """What a protection may be called, in lower case → its name in protections.yaml."""
    here: str | None = None
    """The channel it is said in; `None` for the operations room."""
    unsigned: bool = False
    """Under the card of a complaint a whole order counts without its `!`, too."""
    replies: bool = False
    """It replies to somebody's message, so that they need not be named."""
