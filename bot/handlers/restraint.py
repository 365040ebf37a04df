"""Somebody is silenced or put out of a channel: the act and its row in the outbox, whoever decided it."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import lifting
from bot.outgoing import Action
from bot.rooms import power
from bot.store import acts, outbox, roomstate


def mute(
    connection: Connection, room_id: str, user_id: str, *, by: str, reason: str | None, event_id: str,
    until: int | None, now: int,
) -> int | None:  # fmt: skip
    """They cannot write for a while; `None` when somebody has seen to that already.

    It goes out before anything else: what follows it is meant to come to an end.
    """
    if acts.in_force(connection, now, kind="mute", room_id=room_id, target=user_id):
        return None
    number = acts.start(
        connection, "mute", user_id, room_id=room_id, by=by, reason=reason, event_id=event_id, now=now, until=until,
        amount=_level(connection, room_id, user_id),
    )  # fmt: skip
    outbox.append(connection, lifting.power(room_id, user_id, lifting.MUTED, f"act:{number}:mute"), now)
    return number


def kick(
    connection: Connection, room_id: str, user_id: str, *, by: str, reason: str | None, event_id: str, now: int
) -> int:
    """Out of the channel; they may come back."""
    number = once(connection, "kick", user_id, room_id=room_id, by=by, reason=reason, event_id=event_id, now=now)
    row = lifting.membership(f"act:{number}:kick", room_id, Action.KICK, user_id, reason or "")
    outbox.append(connection, row, now)
    return number


def once(
    connection: Connection, kind: str, target: str, *, room_id: str, by: str, reason: str | None, event_id: str,
    now: int, amount: int | None = None,
) -> int:  # fmt: skip
    """An act that is over as soon as it is done; its number."""
    number = acts.start(
        connection, kind, target, room_id=room_id, by=by, reason=reason, event_id=event_id, now=now, amount=amount
    )
    acts.end(connection, number, by, now)
    return number


def _level(connection: Connection, room_id: str, user_id: str) -> int | None:
    """The power that the room gives to a person by name; `None` when it is everybody's, or less than that."""
    found = roomstate.found(connection, room_id)
    users = ((found.content(lifting.POWER_LEVELS) if found else None) or {}).get("users")
    level = power.level(users.get(user_id), lifting.MUTED) if isinstance(users, dict) else lifting.MUTED
    return level if level > lifting.MUTED else None
