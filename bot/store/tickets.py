"""Tickets: talks between a citizen in a DM and the officers in the operations room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.event import IncomingEvent
from bot.store import changes
from bot.store.inbox import insert_or_ignore
from bot.store.tables import inbox, outbox, tickets

PRIVATE = "private"
"""Why there is a ticket: a private matter that was told in a channel. Its thread is that of the incident's card."""
_FIELDS = (
    "id", "event_id", "room_id", "user_id", "reason", "incident_id", "state", "opened_at", "updated_at", "taken_at",
)  # fmt: skip


@dataclass(frozen=True)
class Ticket:
    """One talk. Times in milliseconds since the epoch."""

    id: int
    event_id: str
    """The message that led to it."""
    room_id: str
    """The citizen's DM."""
    user_id: str
    reason: str
    """asked | stuck | emergency | private"""
    incident_id: int | None
    state: str
    """open | closed"""
    opened_at: int
    updated_at: int
    """The last message either way."""
    taken_at: int | None
    """An officer's first message; None: nobody has answered yet."""

    @property
    def key(self) -> str:
        """Outbox key of the message in the operations room under which the talk stands."""
        return f"ticket:{self.id}"

    @property
    def thread(self) -> str:
        """Outbox key of the message that begins the thread in which the talk stands."""
        return f"card:{self.incident_id}" if self.reason == PRIVATE else self.key

    @property
    def is_open(self) -> bool:
        """Messages go both ways."""
        return self.state == "open"


@dataclass(frozen=True)
class Turn:
    """A message of the talk before the ticket, and what the bot said to it."""

    event_id: str
    said: str
    replied: str | None


def incident_of(connection: Connection, number: int) -> int | None:
    """The report that led to a ticket."""
    return connection.scalar(select(tickets.c.incident_id).where(tickets.c.id == number))


def open_ticket(
    connection: Connection,
    event_id: str,
    room_id: str,
    user_id: str,
    *,
    reason: str,
    now: int,
    incident: int | None = None,
) -> Ticket:
    """A new ticket; the same one again for the same message."""
    values = {
        "event_id": event_id,
        "room_id": room_id,
        "user_id": user_id,
        "reason": reason,
        "incident_id": incident,
        "state": "open",
        "opened_at": now,
        "updated_at": now,
    }
    insert_or_ignore(connection, tickets, values)
    row = connection.execute(select(tickets).where(tickets.c.event_id == event_id)).one()
    return _ticket(row)


def get(connection: Connection, number: int) -> Ticket | None:
    """The ticket of that number."""
    row = connection.execute(select(tickets).where(tickets.c.id == number)).first()
    return _ticket(row) if row else None


def of_key(connection: Connection, key: str | None) -> Ticket | None:
    """The ticket whose thread one of our messages (by its outbox key) stands in.

    All of them begin with "ticket:N", N the number.
    """
    parts = (key or "").split(":")
    if len(parts) < 2 or parts[0] != "ticket" or not parts[1].isdecimal():
        return None
    return get(connection, int(parts[1]))


def of_incident(connection: Connection, number: int) -> list[Ticket]:
    """Every talk about an incident, the newest first."""
    rows = connection.execute(select(tickets).where(tickets.c.incident_id == number).order_by(tickets.c.id.desc()))
    return [_ticket(row) for row in rows]


def current(connection: Connection, room_id: str, user_id: str) -> Ticket | None:
    """The open ticket of a citizen in a DM, the newest if there are several."""
    row = connection.execute(
        select(tickets)
        .where(tickets.c.room_id == room_id, tickets.c.user_id == user_id, tickets.c.state == "open")
        .order_by(tickets.c.id.desc())
        .limit(1)
    ).first()
    return _ticket(row) if row else None


def of_room(connection: Connection, room_id: str, user_id: str) -> list[Ticket]:
    """Every ticket of a citizen in a DM, open or closed, the newest first."""
    rows = connection.execute(
        select(tickets).where(tickets.c.room_id == room_id, tickets.c.user_id == user_id).order_by(tickets.c.id.desc())
    )
    return [_ticket(row) for row in rows]


def spoken(connection: Connection, number: int, now: int, *, by_officer: bool) -> None:
    """A message went over; an officer's first one takes the ticket."""
    values: dict[str, Any] = {"updated_at": now}
    connection.execute(update(tickets).where(tickets.c.id == number).values(**values))
    if by_officer:
        connection.execute(
            update(tickets).where(tickets.c.id == number, tickets.c.taken_at.is_(None)).values(taken_at=now)
        )


def close(connection: Connection, number: int, by: str, now: int) -> bool:
    """No more messages either way; false when it was closed before."""
    result = connection.execute(
        update(tickets)
        .where(tickets.c.id == number, tickets.c.state == "open")
        .values(state="closed", closed_at=now, closed_by=by, updated_at=now)
    )
    return bool(result.rowcount)


def open_in(connection: Connection, room_id: str) -> list[Ticket]:
    """Open tickets of a room."""
    rows = connection.execute(
        select(tickets).where(tickets.c.room_id == room_id, tickets.c.state == "open").order_by(tickets.c.id)
    )
    return [_ticket(row) for row in rows]


def idle(connection: Connection, before: int) -> list[Ticket]:
    """Open tickets in which nobody has said anything since `before`."""
    rows = connection.execute(
        select(tickets).where(tickets.c.state == "open", tickets.c.updated_at < before).order_by(tickets.c.id)
    )
    return [_ticket(row) for row in rows]


def turns(connection: Connection, room_id: str, user_id: str, *, since: int, but: str, most: int) -> list[Turn]:
    """The last messages of a talk before the one with the id `but`, oldest first, as their author wants them now.

    Without the fragments that were read together with that one.
    """
    found: list[Turn] = []
    for event in turn_events(connection, room_id, user_id, since=since, but=but, most=most):
        said = changes.latest(connection, event)
        if said is not None:
            content = connection.scalar(select(outbox.c.content).where(outbox.c.key == f"reply:{event.event_id}"))
            found.append(Turn(event.event_id, said.body, str(content["body"]) if content else None))
    return found


def turn_events(
    connection: Connection, room_id: str, user_id: str, *, since: int, but: str, most: int
) -> list[IncomingEvent]:
    """The messages of `turns` as they came, with those that were taken back since."""
    until = select(inbox.c.id).where(inbox.c.event_id == but).scalar_subquery()
    payloads = connection.scalars(
        select(inbox.c.payload)
        .where(
            inbox.c.room_id == room_id,
            inbox.c.sender == user_id,
            inbox.c.kind == "text",
            inbox.c.state == "done",
            inbox.c.received_at >= since,
            inbox.c.payload.is_not(None),
            inbox.c.id < until,
        )
        .order_by(inbox.c.id.desc())
        .limit(most)
    ).all()
    events = [IncomingEvent.from_json(payload) for payload in reversed(payloads)]
    return [event for event in events if changes.into(connection, event.event_id) != but]


def _ticket(row: Any) -> Ticket:
    return Ticket(**{name: getattr(row, name) for name in _FIELDS})
