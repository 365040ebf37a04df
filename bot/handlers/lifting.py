"""The end of an act: what it changed in the homeserver is put back, as far as nobody else has a hand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.handlers import publishing
from bot.handlers.desk import Desk
from bot.moderation.acl import acl_with_denied, acl_without_denied
from bot.outgoing import Action, Outgoing, Priority
from bot.rooms import acl, wanted
from bot.rooms.change import REFERENCE
from bot.rooms.found import FoundRoom
from bot.rooms.model import server_of
from bot.rooms.power import level
from bot.rooms.wanted import LOCKED_POWER, SAYING
from bot.store import acts, outbox, rooms, roomstate, sanctions
from bot.store.acts import Act

MUTED, CLOSE = sanctions.MUTED_POWER, sanctions.CLOSE
POWER_LEVELS, ACL, JOIN_RULES = "m.room.power_levels", acl.TYPE, "m.room.join_rules"


def lift(connection: Connection, desk: Desk, act: Act, by: str, now: int) -> bool:
    """It holds no longer, here and in the homeserver; false when it was over, or cannot be undone yet.

    Another act that holds for the same stays in force: two officers' mutes, of which one ends.
    """
    if act.kind == CLOSE and _as_written(connection, desk, act) is None:
        return False  # it stays shut, and is looked at again
    if not acts.end(connection, act.id, by, now):
        return False
    publishing.retract(connection, desk, act, by, now)
    if act.room_id is None or acts.in_force(connection, now, kind=act.kind, room_id=act.room_id, target=act.target):
        return True
    outgoing = _undoing(connection, desk, act, act.room_id, now)
    if outgoing is not None:
        outbox.append(connection, outgoing, now)
    return True


def close(room_id: str, rule: str, key: str) -> Outgoing:
    """Nobody comes in as before: by knocking, or not at all."""
    return state(key, room_id, JOIN_RULES, set={"join_rule": rule})


def lock(found: FoundRoom, key: str) -> Outgoing:
    """From now on speaking there takes an officer's power, in every way of saying something."""
    raised = {type_: LOCKED_POWER for type_ in SAYING if _own_level(found, type_, LOCKED_POWER) < LOCKED_POWER}
    merge: dict[str, Any] = {"events_default": LOCKED_POWER} | ({"events": raised} if raised else {})
    return state(key, found.room_id, POWER_LEVELS, merge=merge)


def unlock(room_id: str, speak: int, raised: Iterable[str], key: str) -> Outgoing:
    """Speaking takes what the files say; what the lock had raised beside it has no power of its own any more."""
    lowered = dict.fromkeys(raised)
    merge: dict[str, Any] = {"events_default": speak} | ({"events": lowered} if lowered else {})
    return state(key, room_id, POWER_LEVELS, merge=merge)


def power(room_id: str, user_id: str, level: int | None, key: str) -> Outgoing:
    """A person's power there; `None`: as everybody has."""
    return state(key, room_id, POWER_LEVELS, merge={"users": {user_id: level}})


def state(key: str, room_id: str, type_: str, **content: Any) -> Outgoing:
    """A setting of a room, ahead of what is said."""
    change = {"state_key": "", **content}
    return Outgoing(key, room_id, change, action=Action.STATE, type=type_, priority=Priority.WARNING)


def membership(key: str, room_id: str, action: Action, user_id: str, reason: str = "") -> Outgoing:
    """Somebody is put out or let in again."""
    content = {"user_id": user_id} | ({"reason": reason} if reason else {})
    return Outgoing(key, room_id, content, action=action, priority=Priority.WARNING)


def speaking(desk: Desk, connection: Connection, room_id: str) -> int:
    """The power that speaking takes there by the files."""
    room = desk.room(connection, room_id)
    return (room.power.speak if room is not None else None) or 0


def bare(connection: Connection, desk: Desk, kind: str, target: str, room_id: str, key: str) -> Outgoing | None:
    """The same where no act of ours is on record: somebody did it in Element, or it is older than our memory."""
    found = roomstate.found(connection, room_id, [target] if target.startswith("@") else [])
    if found is None:
        return None
    levels = found.content(POWER_LEVELS) or {}
    if kind == "mute":
        users = levels.get("users")
        theirs = users.get(target) if isinstance(users, dict) else None
        return power(room_id, target, None, key) if level(theirs, 0) < 0 else None
    if kind == "ban":
        banned = found.membership(target) == "ban"
        return membership(key, room_id, Action.UNBAN, target) if banned else None
    if kind == "lock":
        normal = speaking(desk, connection, room_id)
        raised = [one for one in SAYING if _own_level(found, one, normal) == LOCKED_POWER]
        return unlock(room_id, normal, raised, key) if found.needed_for("events_default") > normal else None
    if kind == "server_ban":
        current = found.content(ACL)
        denied = isinstance(current, dict) and target in (current.get("deny") or [])
        return state(key, room_id, ACL, set=acl_without_denied(current, [target])) if denied else None
    return None


def servers(connection: Connection, room_id: str, key: str, now: int, *, dropped: str = "") -> Outgoing:
    """The room's list of servers as it stands, with every ban that holds, and without the one that is over.

    The list can only be written whole, and our snapshot of it may be older than what we wrote last: so the bans are
    taken from our own record.
    """
    found = roomstate.found(connection, room_id)
    current = acl_without_denied(found.content(ACL) if found else None, [dropped])
    holding = [one.target for one in acts.in_force(connection, now, kind="server_ban", room_id=room_id)]
    return state(key, room_id, ACL, set=acl_with_denied(current, holding))


def may_deny(connection: Connection, desk: Desk, room_id: str, server: str) -> bool:
    """Whether the room's list with this server denied can be sent at all: one that shuts us out ends the room."""
    found = roomstate.found(connection, room_id)
    wanted = acl_with_denied(found.content(ACL) if found else None, [server])
    return acl.fault(wanted, server_of(desk.me)) is None


def _own_level(found: FoundRoom, type_: str, default: int) -> int:
    """The power that a type has for itself, beside `events_default`."""
    events = (found.content(POWER_LEVELS) or {}).get("events")
    return level(events[type_], default) if isinstance(events, Mapping) and type_ in events else default


def _undoing(connection: Connection, desk: Desk, act: Act, room_id: str, now: int) -> Outgoing | None:
    key = f"act:{act.id}:end"
    if act.kind == "mute":
        found = roomstate.found(connection, room_id)
        users = ((found.content(POWER_LEVELS) if found else None) or {}).get("users")
        theirs = users.get(act.target) if isinstance(users, dict) else None
        if theirs not in (None, MUTED, act.amount):
            return None  # somebody has given them another power since: that stays
        return power(room_id, act.target, act.amount, key)
    if act.kind == "ban":
        return membership(key, room_id, Action.UNBAN, act.target)
    if act.kind == "lock":
        row = outbox.content(connection, f"act:{act.id}:lock") or {}
        raised = (row.get("merge") or {}).get("events") or {}
        return unlock(room_id, speaking(desk, connection, room_id), raised, key)
    if act.kind == "server_ban":
        return servers(connection, room_id, key, now, dropped=act.target)
    if act.kind == CLOSE:
        return state(key, room_id, JOIN_RULES, set=_as_written(connection, desk, act))
    return None


def _as_written(connection: Connection, desk: Desk, act: Act) -> dict[str, Any] | None:
    """The join rule of the files; `None` while the room or the space that it points at is unknown."""
    room = desk.room(connection, act.room_id) if act.room_id is not None else None
    if room is None:
        return None
    rules = wanted.join_rules(room, desk.content.rooms, desk.content.agencies)
    for one in rules.get("allow", ()):
        space = rooms.by_name(connection, str(one["room_id"]).removeprefix(REFERENCE))
        if space is None:
            return None
        one["room_id"] = space.room_id
    return rules
