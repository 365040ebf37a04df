"""Policy lists of others that officers look at or follow, and who is in our channels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import members, outbox, policy_lists, room_state, rooms


class State(StrEnum):
    """How far we are with a list."""

    JOINING = "joining"
    PREVIEWED = "previewed"
    FOLLOWED = "followed"
    LEFT = "left"


@dataclass(frozen=True)
class PolicyList:
    """A room with rules."""

    room_id: str
    """While its state is `joining`: what the officer wrote, be it an alias."""
    address: str
    state: State
    by: str
    at: int


def get(connection: Connection, where: str) -> PolicyList | None:
    """The list with that room id or address."""
    row = connection.execute(
        select(policy_lists).where((policy_lists.c.room_id == where) | (policy_lists.c.address == where))
    ).first()
    return _list(row) if row else None


def all_in(connection: Connection, *states: State) -> list[PolicyList]:
    """Every list in one of these states."""
    found = select(policy_lists).where(policy_lists.c.state.in_(states)).order_by(policy_lists.c.at)
    return [_list(row) for row in connection.execute(found)]


def begin(connection: Connection, address: str, by: str, now: int) -> None:
    """An officer wants to see a list."""
    values = {"address": address, "state": State.JOINING, "by": by, "at": now}
    if not insert_or_ignore(connection, policy_lists, {"room_id": address, **values}):
        connection.execute(update(policy_lists).where(policy_lists.c.room_id == address).values(values))


def arrived(connection: Connection, one: PolicyList, room_id: str) -> PolicyList:
    """We are in the room: from now on the list is known by its id."""
    if room_id != one.room_id:
        connection.execute(delete(policy_lists).where(policy_lists.c.room_id == room_id))
    values = {"room_id": room_id, "state": State.PREVIEWED}
    connection.execute(update(policy_lists).where(policy_lists.c.room_id == one.room_id).values(values))
    return PolicyList(room_id, one.address, State.PREVIEWED, one.by, one.at)


def advance(connection: Connection, room_id: str, state: State, by: str, now: int) -> None:
    """An officer follows it, or no longer."""
    values = {"state": state, "by": by, "at": now}
    connection.execute(update(policy_lists).where(policy_lists.c.room_id == room_id).values(values))


def drop(connection: Connection, where: str) -> None:
    """It was no list of its own."""
    connection.execute(delete(policy_lists).where(policy_lists.c.room_id == where))


def is_list(connection: Connection, room_id: str) -> bool:
    """Whether a room is a list's, or of one that is just being opened."""
    known = get(connection, room_id)
    if known is not None:
        return known.state is not State.LEFT
    waiting = all_in(connection, State.JOINING)
    return any(room_behind(connection, one.address, one.at) == room_id for one in waiting)


def opening(connection: Connection) -> bool:
    """Whether we are joining a list's room and do not know yet which it is: it may tell us of itself before."""
    waiting = all_in(connection, State.JOINING)
    return any(room_behind(connection, one.address, one.at) is None for one in waiting)


def join_key(address: str, at: int) -> str:
    """Of the outbox row by which we join a list's room, for an officer who asked at that time."""
    return f"policy:join:{address}:{at}"


def room_behind(connection: Connection, address: str, asked_at: int | None = None) -> str | None:
    """The id of the room that we are in under an id or alias.

    As the homeserver answered when we joined (asked for at `asked_at`); else as the room's own state tells.
    """
    if asked_at is not None:
        key = join_key(address, asked_at)
        answered: str | None = connection.scalar(select(outbox.c.event_id).where(outbox.c.key == key))
        address = answered if answered is not None and answered.startswith("!") else address
    if address.startswith("!"):
        known = select(room_state.c.room_id).where(
            room_state.c.room_id == address, room_state.c.type == "m.room.create"
        )
        return connection.scalar(known)
    aliases = select(room_state.c.room_id, room_state.c.content).where(room_state.c.type == "m.room.canonical_alias")
    for row in connection.execute(aliases):
        others = row.content.get("alt_aliases")
        if address == row.content.get("alias") or (isinstance(others, list) and address in others):
            return str(row.room_id)
    return None


def channels(connection: Connection) -> list[str]:
    """Ids of our channels."""
    named = select(rooms.c.room_id).where(rooms.c.kind == "channel", rooms.c.name.is_not(None))
    return list(connection.scalars(named.order_by(rooms.c.room_id)))


def members_of_channels(connection: Connection) -> set[str]:
    """Everybody who is in a channel of ours."""
    there = select(members.c.user_id).where(members.c.membership == "join", members.c.room_id.in_(channels(connection)))
    return set(connection.scalars(there.distinct()))


def _list(row: Any) -> PolicyList:
    return PolicyList(row.room_id, row.address, State(row.state), row.by, row.at)
