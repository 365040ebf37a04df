"""Our own policy list: bans by officers for all channels stand on it for the agencies, as long as they hold."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers.desk import Desk
from bot.moderation.policies import LONGEST
from bot.outgoing import Action, Outgoing, Priority
from bot.store import acts, outbox, rooms, roomstate
from bot.store.acts import Act

_TYPES = {"ban": "m.policy.rule.user", "server_ban": "m.policy.rule.server"}
"""Kind of act → of rule (client-server API, "Moderation policy lists")."""


def publish(
    connection: Connection, desk: Desk, kind: str, target: str, *, reason: str, by: str, cause: str, now: int
) -> bool:
    """Put a ban on our own list, once for each cause; false when there is no list (yet)."""
    room_id = _room(connection, desk)
    if room_id is None or kind not in _TYPES:
        return False
    rule = {"entity": target, "reason": reason[:LONGEST], "recommendation": "m.ban"}
    return _write(connection, desk, room_id, kind, target, rule, by=by, cause=cause, now=now)


def retract(connection: Connection, desk: Desk, act: Act, by: str, now: int) -> bool:
    """Take the rule away that an act stood for, once no officer's ban of the same holds in any channel."""
    room_id = _room(connection, desk)
    if room_id is None or act.kind not in _TYPES or not _stands(connection, room_id, act.kind, act.target):
        return False
    holding = acts.in_force(connection, now, kind=act.kind, target=act.target)
    if any(one.by != acts.KENTONGAN for one in holding):
        return False
    return _write(connection, desk, room_id, act.kind, act.target, {}, by=by, cause=f"end:{act.id}", now=now)


def _write(
    connection: Connection, desk: Desk, room_id: str, kind: str, target: str, rule: dict[str, str], *, by: str,
    cause: str, now: int,
) -> bool:  # fmt: skip
    content = {"state_key": _state_key(target), "set": rule}
    key = f"{_prefix(kind, target)}{cause}"
    outgoing = Outgoing(key, room_id, content, Action.STATE, _TYPES[kind], priority=Priority.NOTICE)
    if not outbox.append(connection, outgoing, now):
        return False
    payload = {"about": target, "kind": kind, "by": by, "on": bool(rule)}
    desk.record(connection, "policy.published", room_id, payload, now)
    return True


def _stands(connection: Connection, room_id: str, kind: str, target: str) -> bool:
    """Whether it is on the list: as we wrote it last, or, of what is older than our rows, as the room has it."""
    last = outbox.newest(connection, _prefix(kind, target))
    if last is not None:
        return bool(last.get("set"))
    there = roomstate.rules(connection, room_id)
    return any(one.type == _TYPES[kind] and one.state_key == _state_key(target) and one.content for one in there)


def _room(connection: Connection, desk: Desk) -> str | None:
    name = desk.content.protections.policies.own
    room = rooms.by_name(connection, name) if name is not None else None
    return room.room_id if room is not None else None


def _prefix(kind: str, target: str) -> str:
    return f"policy:own:{kind}:{target}|"  # no name of a person or server has such a sign in it


def _state_key(target: str) -> str:
    return f"rule:{target}"[:LONGEST]
