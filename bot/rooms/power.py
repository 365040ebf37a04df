"""What a user may do in a room, from the raw state.

nio reads `m.room.power_levels` alone. Since room version 12 the creators stand above every level and are absent
from it, so nio takes the founder of a room for a guest (MSC4289).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CREATOR = 2**53
"""Above any level that can be written; a v12 creator's power is endless."""

_DEFAULTS = {"ban": 50, "kick": 50, "redact": 50, "invite": 0, "state_default": 50, "events_default": 0}


def creators(create: Mapping[str, Any]) -> frozenset[str]:
    """Who has endless power in the room of this m.room.create event: nobody before version 12."""
    content = _table(create.get("content"))
    if not endless(content.get("room_version")):
        return frozenset()
    more = content.get("additional_creators")
    names = [create.get("sender"), *(more if isinstance(more, list) else [])]
    return frozenset(name for name in names if isinstance(name, str))


def power_of(user_id: str, create: Mapping[str, Any] | None, power_levels: Mapping[str, Any] | None) -> int:
    """The user's effective power level.

    `create` is the m.room.create event, `power_levels` the content of m.room.power_levels; `None` when the room
    has none, which gives its creator 100 and everybody else 0 (client-server API, m.room.power_levels).
    """
    create = create or {}
    if user_id in creators(create):
        return CREATOR
    if power_levels is None:
        first = _table(create.get("content")).get("creator") or create.get("sender")
        return 100 if first == user_id else 0
    users = _table(power_levels.get("users"))
    return level(users[user_id] if user_id in users else power_levels.get("users_default"), 0)


def needed(power_levels: Mapping[str, Any] | None, action: str) -> int:
    """The level that `ban`, `kick`, `redact`, `invite`, `state_default` or `events_default` takes."""
    default = _DEFAULTS[action]
    if power_levels is None:
        return 0 if action == "state_default" else default
    return level(power_levels.get(action), default)


def needed_to_send(power_levels: Mapping[str, Any] | None, event_type: str, *, state: bool = False) -> int:
    """The level that sending an event of this type takes."""
    default = needed(power_levels, "state_default" if state else "events_default")
    return level(_table((power_levels or {}).get("events")).get(event_type), default)


def level(value: Any, default: int) -> int:
    """A level as written: whole numbers, or strings of them as old rooms have; anything else is the default."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value.strip()) if len(value) < 20 else default
        except ValueError:
            return default
    return default


def endless(version: Any) -> bool:
    """Whether creators of a room of this version have endless power. Unstable versions name themselves."""
    if not isinstance(version, str):
        return False
    return (version.isascii() and version.isdigit() and int(version[:6]) >= 12) or version == "org.matrix.hydra.11"


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
