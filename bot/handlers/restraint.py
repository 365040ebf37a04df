"""What can be done about a person or a message in a channel, as rows of the outbox and of the acts. Each can be told
again without being done twice: an act's keys carry its number, a redaction's that of its message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot.handlers.desk import Desk
from bot.outgoing import Action, Outgoing, Priority
from bot.rooms import power
from bot.store import acts, guard, outbox, roomstate

MUTED = -1
"""Power below what any message takes; nobody is muted by the power that everybody has."""


def mute(
    connection: Connection, room_id: str, user_id: str, *, by: str, reason: str, event_id: str, until: int, now: int
) -> int | None:
    """They cannot write for a while; `None` when somebody has seen to that already.

    It goes out before anything else: what follows it is meant to come to an end.
    """
    if acts.in_force(connection, now, kind="mute", room_id=room_id, target=user_id):
        return None
    number = acts.start(
        connection, "mute", user_id, room_id=room_id, by=by, reason=reason, event_id=event_id, now=now, until=until,
        amount=_level(connection, room_id, user_id),
    )  # fmt: skip
    _power(connection, f"act:{number}:mute", room_id, user_id, MUTED, now)
    return number


def unmute(connection: Connection, act: acts.Act, by: str, now: int) -> bool:
    """They can write again: with the power that was theirs, or as everybody in the room can."""
    if act.room_id is None or not acts.end(connection, act.id, by, now):
        return False
    _power(connection, f"act:{act.id}:end", act.room_id, act.target, act.amount, now)
    return True


def kick(connection: Connection, room_id: str, user_id: str, *, by: str, reason: str, event_id: str, now: int) -> None:
    """Out of the channel; they may come back."""
    number = acts.start(connection, "kick", user_id, room_id=room_id, by=by, reason=reason, event_id=event_id, now=now)
    acts.end(connection, number, by, now)
    content = {"user_id": user_id, "reason": reason}
    outgoing = Outgoing(f"act:{number}:kick", room_id, content, action=Action.KICK, priority=Priority.WARNING)
    outbox.append(connection, outgoing, now)


def sweep(connection: Connection, room_id: str, event_ids: Iterable[str], reason: str, now: int) -> int:
    """Redact messages, each once; those that are reports or belong to one stay. Returns how many go."""
    wanted = list(event_ids)
    going = {key.removeprefix("sweep:") for key in outbox.standings(connection, [f"sweep:{one}" for one in wanted])}
    stay = going | guard.kept(connection, [one for one in wanted if one not in going])
    return sum(redact(connection, room_id, one, reason, now) for one in wanted if one not in stay)


def redact(connection: Connection, room_id: str, event_id: str, reason: str, now: int) -> bool:
    """Take one message out of its room; false when that is under way or done. What we have noted of it stays."""
    content = {"event_id": event_id, "reason": reason}
    key = f"sweep:{event_id}"
    outgoing = Outgoing(key, room_id, content, action=Action.REDACTION, priority=Priority.NOTICE)
    return outbox.append(connection, outgoing, now)


def clock(desk: Desk, at: int, now: int) -> str:
    """A time for people: of today without its date."""
    local, today = (datetime.fromtimestamp(one / 1000, desk.config.zone) for one in (at, now))
    return f"pukul {local:%H.%M}" if local.date() == today.date() else f"{local:%d.%m.%Y} pukul {local:%H.%M}"


def _level(connection: Connection, room_id: str, user_id: str) -> int | None:
    """The power that the room gives to a person by name; `None` when it is everybody's."""
    found = roomstate.found(connection, room_id)
    users = ((found.content("m.room.power_levels") if found else None) or {}).get("users")
    level = power.level(users.get(user_id), MUTED) if isinstance(users, dict) else MUTED
    return level if level > MUTED else None


def _power(connection: Connection, key: str, room_id: str, user_id: str, level: int | None, now: int) -> None:
    content = {"state_key": "", "merge": {"users": {user_id: level}}}
    outgoing = Outgoing(
        key, room_id, content, action=Action.STATE, type="m.room.power_levels", priority=Priority.WARNING
    )
    outbox.append(connection, outgoing, now)
