"""What members, the homeserver's `/report` and protections bring before the officers about a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import complainants, complaints


class Source(StrEnum):
    """Where a complaint comes from."""

    REACTION = "reaction"
    HOMESERVER = "homeserver"
    PROTECTION = "protection"


class State(StrEnum):
    """How far it has come."""

    OPEN = "open"
    DONE = "done"
    """An officer has acted."""
    DISMISSED = "dismissed"
    """There was nothing to do, or nobody complains any more."""


@dataclass(frozen=True)
class Complaint:
    """All complaints about one message."""

    id: int
    event_id: str
    room_id: str
    user_id: str
    """Who wrote the message."""
    state: State
    at: int
    closed_by: str | None
    closed_at: int | None


@dataclass(frozen=True)
class Complainant:
    """Who complained, and how."""

    user_id: str
    source: Source
    reason: str | None
    at: int


@dataclass(frozen=True)
class Reported:
    """One row of the homeserver's own list of reports (Synapse Admin API, "Show reported events")."""

    id: int
    event_id: str
    room_id: str
    by: str
    reason: str | None
    author: str | None = None
    """Who wrote the message, as the homeserver says."""


def about(connection: Connection, event_id: str, *, room_id: str, user_id: str, now: int) -> Complaint:
    """The complaint about a message: the one that there is, or a new one."""
    values = {"event_id": event_id, "room_id": room_id, "user_id": user_id, "state": State.OPEN, "at": now}
    insert_or_ignore(connection, complaints, values)
    found = of_event(connection, event_id)
    assert found is not None  # noqa: S101 - it was there, or is now
    return found


def of_event(connection: Connection, event_id: str) -> Complaint | None:
    """The complaint about a message, if there is one."""
    row = connection.execute(select(complaints).where(complaints.c.event_id == event_id)).first()
    return _complaint(row) if row else None


def get(connection: Connection, number: int) -> Complaint | None:
    """The complaint of that number; `None` once it was forgotten."""
    row = connection.execute(select(complaints).where(complaints.c.id == number)).first()
    return _complaint(row) if row else None


def complain(connection: Connection, number: int, user_id: str, source: Source, reason: str | None, now: int) -> bool:
    """Somebody complains; false when they did before."""
    values = {"complaint_id": number, "user_id": user_id, "source": source, "reason": reason, "at": now}
    return insert_or_ignore(connection, complainants, values)


def restate(connection: Connection, number: int, user_id: str, reason: str) -> None:
    """What stands as a complainant's reason is said anew (a flood that grows)."""
    here = (complainants.c.complaint_id == number) & (complainants.c.user_id == user_id)
    connection.execute(update(complainants).where(here).values(reason=reason))


def withdraw(connection: Connection, number: int, user_id: str, source: Source) -> bool:
    """Somebody no longer complains in that way; false when they did not."""
    here = (complainants.c.complaint_id == number) & (complainants.c.user_id == user_id)
    return bool(connection.execute(delete(complainants).where(here, complainants.c.source == source)).rowcount)


def complainants_of(connection: Connection, number: int) -> list[Complainant]:
    """Everybody who complains about it, in order."""
    rows = connection.execute(
        select(complainants).where(complainants.c.complaint_id == number).order_by(complainants.c.at)
    )
    return [Complainant(row.user_id, Source(row.source), row.reason, row.at) for row in rows]


def by_person(connection: Connection, user_id: str, *, since: int) -> int:
    """How often somebody has complained since then."""
    return int(
        connection.scalar(select(func.count()).where(complainants.c.user_id == user_id, complainants.c.at >= since))
        or 0
    )


def lately(connection: Connection, user_id: str, room_id: str, complainant: str, *, since: int) -> Complaint | None:
    """The newest open complaint by `complainant` about somebody in a room, begun since then."""
    row = connection.execute(
        select(complaints)
        .join(complainants, complainants.c.complaint_id == complaints.c.id)
        .where(
            complaints.c.user_id == user_id,
            complaints.c.room_id == room_id,
            complaints.c.state == State.OPEN,
            complaints.c.at >= since,
            complainants.c.user_id == complainant,
        )
        .order_by(complaints.c.id.desc())
        .limit(1)
    ).first()
    return _complaint(row) if row else None


def close(connection: Connection, number: int, state: State, by: str, now: int) -> None:
    """An officer has seen to it."""
    values = {"state": state, "closed_by": by, "closed_at": now}
    connection.execute(update(complaints).where(complaints.c.id == number).values(values))


def reopen(connection: Connection, number: int) -> None:
    """It waits again."""
    values = {"state": State.OPEN, "closed_by": None, "closed_at": None}
    connection.execute(update(complaints).where(complaints.c.id == number).values(values))


def _complaint(row: Any) -> Complaint:
    return Complaint(
        row.id, row.event_id, row.room_id, row.user_id, State(row.state), row.at, row.closed_by, row.closed_at
    )
