"""What stands on the homeserver: values that the survey fills and the plan reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rooms import power
from bot.rooms.power import CREATOR

__all__ = ["CREATOR", "Found", "FoundRoom", "creators", "creators_rule"]

StateKey = tuple[str, str]
"""(event type, state key)."""


@dataclass(frozen=True)
class FoundRoom:
    """A room that an alias or our own records lead to."""

    room_id: str
    alias_target: str | None
    """Room that the wanted alias points to now."""
    recorded: bool = False
    """Our store already holds this room under this name."""
    successor: bool = False
    """It replaced, by an upgrade, the room that our store holds."""
    readable: bool = True
    """False: we are not in it, so nothing below is known."""
    state: Mapping[StateKey, Mapping[str, Any]] = field(default_factory=dict)
    senders: Mapping[StateKey, str] = field(default_factory=dict)
    """Who sent each state event."""

    def content(self, type_: str, key: str = "") -> Mapping[str, Any] | None:
        """Content of a state event, `None` when there is none."""
        return self.state.get((type_, key))

    @property
    def version(self) -> str:
        """Room version; rooms that do not say are version 1 (client-server API, m.room.create)."""
        return str((self.content("m.room.create") or {}).get("room_version", "1"))

    @property
    def federates(self) -> bool:
        """Whether other servers may take part; fixed for ever at creation."""
        return (self.content("m.room.create") or {}).get("m.federate", True) is not False

    @property
    def creators(self) -> tuple[str, ...]:
        """Who outranks everybody: nobody before version 12."""
        return creators(self.content("m.room.create") or {}, self.senders.get(("m.room.create", "")), self.version)

    def power(self, user_id: str) -> int:
        """Effective power of a user, creators included."""
        create = {"content": self.content("m.room.create") or {}, "sender": self.senders.get(("m.room.create", ""))}
        return power.power_of(user_id, create, self.content("m.room.power_levels"))

    def needed(self, type_: str) -> int:
        """Power needed to send a state event of a type."""
        return power.needed_to_send(self.content("m.room.power_levels"), type_, state=True)

    def needed_for(self, action: str) -> int:
        """Power needed to `ban`, `kick`, `redact`, `invite`, or to speak (`events_default`)."""
        return power.needed(self.content("m.room.power_levels"), action)

    def membership(self, user_id: str) -> str | None:
        """join, invite, leave, ban, knock, or `None` when never seen."""
        return (self.content("m.room.member", user_id) or {}).get("membership")

    def left_by_choice(self, user_id: str) -> bool:
        """Whether the person left or declined, rather than was removed."""
        return self.membership(user_id) == "leave" and self.senders.get(("m.room.member", user_id)) == user_id

    def powerful(self) -> dict[str, int]:
        """Everybody above the common power, creators included."""
        levels = self.content("m.room.power_levels") or {}
        users = levels.get("users")
        listed = {str(user): self.power(str(user)) for user in users} if isinstance(users, Mapping) else {}
        common = power.level(levels.get("users_default"), 0)
        return {user: level for user, level in listed.items() if level > common} | dict.fromkeys(self.creators, CREATOR)

    def members(self) -> list[str]:
        """Joined and invited people."""
        return sorted(
            key
            for (type_, key), content in self.state.items()
            if type_ == "m.room.member" and content.get("membership") in ("join", "invite")
        )


@dataclass(frozen=True)
class Found:
    """Everything the survey saw."""

    me: str
    """Our user id."""
    rooms: Mapping[str, FoundRoom]
    """Name in rooms/ → what stands under it; names without a room are absent."""
    versions: frozenset[str] = frozenset()
    """Room versions that the homeserver offers; empty when it does not say."""


def creators(create: Mapping[str, Any], sender: str | None, version: str) -> tuple[str, ...]:
    """Creators of a room whose version gives them power (room version 12; MSC4289), its maker first."""
    if not creators_rule(version):
        return ()
    more = create.get("additional_creators")
    listed = [str(one) for one in more] if isinstance(more, list) else []
    return tuple(dict.fromkeys([*([sender] if sender else []), *listed]))


def creators_rule(version: str) -> bool:
    """Whether creators outrank power levels in this room version."""
    return power.endless(version)
