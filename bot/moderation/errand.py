"""An order with everything in it settled: what is confirmed by a code and then carried out. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bot.moderation.terms import Term
from bot.moderation.verbs import Verb


@dataclass(frozen=True)
class Errand:
    """What exactly is to be done. It is stored as JSON while it waits, so that no edit of the order changes it."""

    verb: Verb
    order_id: str
    """Event id of the order."""
    targets: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    """Names in rooms.yaml."""
    term: Term | None = None
    amount: int | None = None
    reason: str = ""
    about: str | None = None
    """Event id of the message that the order replied to."""
    about_room: str | None = None
    proof: str = ""
    """The officer's master key."""
    device: str | None = None
    everywhere: bool = False
    """It was ordered for all channels, not for those that there happen to be."""
    new_key: str | None = None
    """Of `percaya`: the key that is accepted."""

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Errand:
        """Inverse of `to_json`."""
        term = Term(**row["term"]) if row.get("term") else None
        lists = {"targets": tuple(row["targets"]), "rooms": tuple(row["rooms"])}
        return cls(**{**row, **lists, "verb": Verb(row["verb"]), "term": term})


def needs_code(errand: Errand, *, people: int, messages: int) -> bool:
    """Whether it hits many, or what cannot be undone at once; up to `people` and `messages` it needs none."""
    if errand.verb in (Verb.BAN, Verb.BAN_SERVER, Verb.LOCK, Verb.VOUCH, Verb.LIST_FOLLOW):
        return True
    if errand.verb is Verb.LIST_LEAVE:
        return False  # only takes back
    if errand.everywhere and errand.verb in (Verb.PROTECT_OFF, Verb.PROTECT_ON):
        return True
    if errand.verb in (Verb.UNMUTE, Verb.UNBAN, Verb.UNBAN_SERVER, Verb.UNLOCK, Verb.FAST) and len(errand.rooms) <= 1:
        return len(errand.targets) > people
    if len(errand.rooms) > 1 or len(errand.targets) > people:
        return True
    return errand.verb is Verb.REDACT and (errand.amount or 0) > messages
