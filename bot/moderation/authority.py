"""Who may do what to whom, in one room: the files and the homeserver both have to say yes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.moderation.rules import Rules
from bot.moderation.verbs import Right
from bot.rooms.found import CREATOR, FoundRoom
from bot.rooms.model import Officer, Room

_POWER_LEVELS, _ACL = "m.room.power_levels", "m.room.server_acl"


class Why(StrEnum):
    """Why an order is refused."""

    NOT_AN_OFFICER = "not_an_officer"
    NOT_YOUR_ROOM = "not_your_room"
    NOT_YOUR_RIGHT = "not_your_right"
    ROOM_UNKNOWN = "room_unknown"
    """Nothing is known of the room: it has not been made, or the bot is not in it."""
    NOT_INSIDE = "not_inside"
    """The officer is not in the room."""
    TOO_LITTLE = "too_little"
    """The officer's power in the room is below what the homeserver itself asks for."""
    THEIRS_IS_HIGHER = "theirs_is_higher"
    THE_BOT = "the_bot"
    AN_OFFICER = "an_officer"
    A_LIAISON = "a_liaison"
    A_CREATOR = "a_creator"
    BOT_TOO_LITTLE = "bot_too_little"


@dataclass(frozen=True)
class Refusal:
    """An order that is not carried out."""

    why: Why
    room: str = ""
    """The room's title."""
    target: str = ""
    has: int = 0
    needs: int = 0
    right: Right | None = None


Exempt = Callable[[str], Why | None]
"""Why nothing may be done to a person, whoever asks; `None` for everybody else."""


def may(officer: Officer | None, right: Right, rules: Rules) -> Refusal | None:
    """Whether somebody's role gives them that right at all."""
    if officer is None:
        return Refusal(Why.NOT_AN_OFFICER)
    if right not in rules.rights(officer.role, officer.power):
        return Refusal(Why.NOT_YOUR_RIGHT, right=right)
    return None


def judge(
    officer: Officer | None, sender: str, right: Right, rules: Rules, room: Room, found: FoundRoom | None, *, me: str
) -> Refusal | None:
    """Whether `sender` may do this in the room, before it is asked to whom; and whether the bot can carry it out."""
    if (refusal := may(officer, right, rules)) is not None or officer is None:
        return refusal
    if not officer.works_in(room):
        return Refusal(Why.NOT_YOUR_ROOM, room.title)
    if found is None:
        return Refusal(Why.ROOM_UNKNOWN, room.title)
    if found.membership(sender) != "join":
        return Refusal(Why.NOT_INSIDE, room.title)
    needed = level_for(found, right)
    if found.power(sender) < needed:
        return Refusal(Why.TOO_LITTLE, room.title, has=found.power(sender), needs=needed)
    own = max(needed, bot_level_for(found, right))
    if found.power(me) < own:
        return Refusal(Why.BOT_TOO_LITTLE, room.title, has=found.power(me), needs=own)
    return None


def judge_target(sender: str, target: str, room: Room, found: FoundRoom, exempt: Exempt, *, me: str) -> Refusal | None:
    """Whether it may hit this person: nobody of ours, and nobody whose power reaches the officer's or the bot's."""
    if (why := exempt(target)) is not None:
        return Refusal(why, room.title, target)
    theirs = found.power(target)
    if theirs >= CREATOR:
        return Refusal(Why.A_CREATOR, room.title, target)
    if theirs >= found.power(sender):
        return Refusal(Why.THEIRS_IS_HIGHER, room.title, target, has=found.power(sender), needs=theirs)
    if theirs >= found.power(me):
        return Refusal(Why.BOT_TOO_LITTLE, room.title, target, has=found.power(me), needs=theirs + 1)
    return None


def level_for(found: FoundRoom, right: Right) -> int:
    """The power that the homeserver asks for the kin act: silence somebody, and you might as well remove them."""
    if right is Right.REDACT:
        return found.needed_for("redact")
    if right in (Right.BAN, Right.BAN_SERVER, Right.POLICIES):
        return found.needed_for("ban")
    return found.needed_for("kick")


def bot_level_for(found: FoundRoom, right: Right) -> int:
    """What the bot needs itself: it silences, locks and shuts servers out by state."""
    if right in (Right.MUTE, Right.LOCK):
        return found.needed(_POWER_LEVELS)
    if right is Right.BAN_SERVER:
        return max(found.needed(_ACL), found.needed_for("kick"))
    if right in (Right.BAN, Right.POLICIES):
        return max(found.needed_for("ban"), found.needed_for("kick"))  # lifting one asks for both
    if right is Right.SLOW:
        return found.needed_for("redact")
    if right is Right.WARN:
        return found.needed_for("events_default")
    return 0
