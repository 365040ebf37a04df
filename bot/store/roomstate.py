"""Who is in our rooms and what their settings are, as the homeserver last told it.

Kept here so that handlers can judge a person's power in the transaction in which they act, without asking anybody.
Written with the batch that brings it (`bot.matrix.batch`); the first sync of each start brings all of a room, so what a
state reset took away goes here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, tuple_, update

from bot.rooms.found import FoundRoom, StateKey
from bot.store.inbox import insert_or_ignore
from bot.store.tables import members, room_state

MEMBER = "m.room.member"
POLICY_RULES = ("m.policy.rule.user", "m.policy.rule.server", "m.policy.rule.room")
KEPT = frozenset(
    (
        "m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.server_acl", "m.room.tombstone",
        "m.room.encryption", "m.room.name", "m.room.canonical_alias", "m.room.pinned_events", *POLICY_RULES,
    )
)  # fmt: skip
"""State that decisions need."""
_BATCH = 300


@dataclass(frozen=True)
class StateEvent:
    """One state event as received, checked to be made of the right parts."""

    room_id: str
    type: str
    state_key: str
    sender: str
    content: Mapping[str, Any]
    event_id: str | None = None
    sent_at: int | None = None
    """origin_server_ts: its server's claim; counts only where it is in the past."""


def replace(connection: Connection, room_id: str, events: Sequence[StateEvent], now: int) -> None:
    """This is all the state there is in the room; only what differs is written."""
    wanted = {(one.type, one.state_key): one for one in events if one.type in KEPT}
    for row in connection.execute(select(room_state).where(room_state.c.room_id == room_id)).all():
        there = wanted.get((row.type, row.state_key))
        if there is None:
            connection.execute(_state_row(room_id, row.type, row.state_key))
        elif (row.sender, row.content) == (there.sender, dict(there.content)):
            del wanted[row.type, row.state_key]
    present = {one.state_key: one for one in events if one.type == MEMBER}
    gone = []
    for row in connection.execute(select(members).where(members.c.room_id == room_id)).all():
        one = present.get(row.user_id)
        if one is None:
            gone.append(row.user_id)
        elif (row.membership, row.by) == (_membership(one), one.sender):
            del present[row.user_id]
    for start in range(0, len(gone), _BATCH):
        some = members.c.user_id.in_(gone[start : start + _BATCH])
        connection.execute(delete(members).where(members.c.room_id == room_id, some))
    for one in (*wanted.values(), *present.values()):
        apply(connection, one, now)


def apply(connection: Connection, event: StateEvent, now: int) -> None:
    """One state event, in the order of the timeline."""
    if event.type == MEMBER:
        _member(connection, event, now)
        return
    if event.type not in KEPT:
        return
    key = {"room_id": event.room_id, "type": event.type, "state_key": event.state_key}
    values = {"sender": event.sender, "event_id": event.event_id, "content": dict(event.content)}
    if not insert_or_ignore(connection, room_state, key | values):
        here = (room_state.c.room_id, room_state.c.type, room_state.c.state_key)
        connection.execute(update(room_state).where(tuple_(*here) == tuple(key.values())).values(values))


def forget(connection: Connection, room_id: str) -> None:
    """We are out of the room: nothing is known of it from here on."""
    connection.execute(delete(room_state).where(room_state.c.room_id == room_id))
    connection.execute(delete(members).where(members.c.room_id == room_id))


def found(connection: Connection, room_id: str, people: Iterable[str] = ()) -> FoundRoom | None:
    """The room's settings with the memberships of these people; `None` when nothing is known of it."""
    state: dict[StateKey, Mapping[str, Any]] = {}
    senders: dict[StateKey, str] = {}
    for row in connection.execute(select(room_state).where(room_state.c.room_id == room_id)):
        state[row.type, row.state_key] = row.content
        senders[row.type, row.state_key] = row.sender
    if not state:
        return None
    asked = list(people)
    for row in connection.execute(select(members).where(members.c.room_id == room_id, members.c.user_id.in_(asked))):
        state[MEMBER, row.user_id] = {"membership": row.membership}
        senders[MEMBER, row.user_id] = row.by
    return FoundRoom(room_id, None, state=state, senders=senders)


def event_id(connection: Connection, room_id: str, type_: str) -> str | None:
    """The event that set what stands there."""
    here = (room_state.c.room_id == room_id, room_state.c.type == type_, room_state.c.state_key == "")
    return connection.scalar(select(room_state.c.event_id).where(*here))


def joined(connection: Connection, room_id: str) -> list[str]:
    """Everybody who is in the room, by id."""
    there = select(members.c.user_id).where(members.c.room_id == room_id, members.c.membership == "join")
    return list(connection.scalars(there.order_by(members.c.user_id)))


def present(connection: Connection, room_id: str, memberships: Iterable[str]) -> list[str]:
    """Everybody of these memberships, by id."""
    there = select(members.c.user_id).where(members.c.room_id == room_id, members.c.membership.in_(list(memberships)))
    return list(connection.scalars(there.order_by(members.c.user_id)))


def rooms_of(connection: Connection, user_id: str, membership: str = "join") -> list[str]:
    """Rooms of ours that a person is in (or invited to, or banned from)."""
    theirs = select(members.c.room_id).where(members.c.user_id == user_id, members.c.membership == membership)
    return list(connection.scalars(theirs.order_by(members.c.room_id)))


def since(connection: Connection, room_id: str, user_id: str) -> tuple[str, int] | None:
    """(membership, since when in milliseconds) of a person in a room."""
    row = connection.execute(
        select(members.c.membership, members.c.since_at).where(
            members.c.room_id == room_id, members.c.user_id == user_id
        )
    ).first()
    return (row.membership, row.since_at) if row else None


def rules(connection: Connection, room_id: str, *, about: str | None = None) -> list[StateEvent]:
    """The policy rules of a room (client-server API, "Moderation policy lists"); their content is a stranger's.

    `about`: only those that may be about this person: that name them, or hold a "*" or "?".
    """
    found = select(room_state).where(room_state.c.room_id == room_id, room_state.c.type.in_(POLICY_RULES))
    if about is not None:
        entity = func.lower(room_state.c.content["entity"].as_string())
        found = found.where(or_(entity == about.lower(), entity.contains("*"), entity.contains("?")))
    rows = connection.execute(found.order_by(room_state.c.type, room_state.c.state_key))
    return [StateEvent(room_id, row.type, row.state_key, row.sender, row.content, row.event_id) for row in rows]


def _member(connection: Connection, event: StateEvent, now: int) -> None:
    """A member event that changes no membership (a new display name, another moderator's reason for a ban) leaves the
    time as it was."""
    membership = _membership(event)
    at = now if event.sent_at is None else max(0, min(event.sent_at, now))
    values = {"membership": membership, "by": event.sender, "since_at": at}
    key = {"room_id": event.room_id, "user_id": event.state_key}
    if not insert_or_ignore(connection, members, key | values):
        here = (members.c.room_id == event.room_id) & (members.c.user_id == event.state_key)
        connection.execute(update(members).where(here, members.c.membership != membership).values(values))
        connection.execute(update(members).where(here, members.c.by != event.sender).values(by=event.sender))


def _membership(event: StateEvent) -> str:
    said = event.content.get("membership")
    return said if said in ("join", "invite", "knock", "leave", "ban") else "leave"


def _state_row(room_id: str, type_: str, state_key: str) -> Any:
    return delete(room_state).where(
        room_state.c.room_id == room_id, room_state.c.type == type_, room_state.c.state_key == state_key
    )
