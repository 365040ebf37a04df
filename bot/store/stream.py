"""Where we are in the homeserver's stream: the sync token, the newest event of each room, the gaps between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import gaps, inbox, rooms, session


class OtherAccount(Exception):
    """The database belongs to another account."""


@dataclass(frozen=True)
class Gap:
    """A piece of a room's timeline that a sync left out."""

    room_id: str
    prev_batch: str
    """Page back from here …"""
    last_event_id: str | None
    """… to here; `None`: to our own join."""
    id: int | None = None
    found_at: int = 0
    since: str | None = None
    """The sync that left it out began here; `None` for gaps found before this was kept."""


def sign_in(connection: Connection, user_id: str, device_id: str, now: int) -> str | None:
    """Note which device we are; returns the sync token to go on from. Raises OtherAccount.

    A new device keeps the token: what was said while the old one was away is still to be answered.
    """
    row = connection.execute(select(session).where(session.c.id == 1)).first()
    if row is None:
        values = {"user_id": user_id, "device_id": device_id, "device_since_at": now, "updated_at": now}
        connection.execute(session.insert().values(id=1, **values))
        return None
    if row.user_id != user_id:
        raise OtherAccount(
            f"the database belongs to {row.user_id}, the configuration names {user_id}; "
            "give the new account a data folder of its own"
        )
    if row.device_id != device_id:
        connection.execute(
            update(session).where(session.c.id == 1).values(device_id=device_id, device_since_at=now, updated_at=now)
        )
    since: str | None = row.since
    return since


def position(connection: Connection) -> tuple[str | None, int]:
    """(sync token, time it was committed)."""
    row = connection.execute(select(session.c.since, session.c.updated_at).where(session.c.id == 1)).one()
    return row.since, row.updated_at


def advance(connection: Connection, since: str, now: int) -> None:
    """Go on from `since` next time; belongs into the transaction that stores what came before it."""
    connection.execute(update(session).where(session.c.id == 1).values(since=since, updated_at=now))


def newest(connection: Connection) -> dict[str, str]:
    """Room id → the newest event ingested."""
    found = connection.execute(select(rooms.c.room_id, rooms.c.last_event_id).where(rooms.c.last_event_id.is_not(None)))
    return {row.room_id: row.last_event_id for row in found}


def reached(connection: Connection, room_id: str, event_id: str, *, direct: bool, now: int) -> None:
    """Note the newest event of a room; rooms that the files do not name are told apart as direct or other."""
    kind = "direct" if direct else "other"
    insert_or_ignore(connection, rooms, {"room_id": room_id, "kind": kind, "updated_at": now})
    connection.execute(update(rooms).where(rooms.c.room_id == room_id).values(last_event_id=event_id, updated_at=now))
    connection.execute(
        update(rooms)
        .where(rooms.c.room_id == room_id, rooms.c.name.is_(None), rooms.c.kind.in_(("direct", "other")))
        .values(kind=kind)
    )


def left(connection: Connection, room_id: str, now: int) -> None:
    """We are out of this room: when we come back, what was said meanwhile was not said to us."""
    connection.execute(update(rooms).where(rooms.c.room_id == room_id).values(last_event_id=None, updated_at=now))
    connection.execute(
        update(gaps)
        .where(gaps.c.room_id == room_id, gaps.c.state == "open")
        .values(state="lost", closed_at=now, note="left the room")
    )


def open_gap(connection: Connection, gap: Gap, now: int) -> None:
    """A gap to fill later; found twice it is one row."""
    known = select(gaps.c.id).where(
        gaps.c.room_id == gap.room_id, gaps.c.prev_batch == gap.prev_batch, gaps.c.state == "open"
    )
    if connection.scalar(known) is None:
        connection.execute(
            gaps.insert().values(
                room_id=gap.room_id,
                prev_batch=gap.prev_batch,
                last_event_id=gap.last_event_id,
                since=gap.since,
                state="open",
                found_at=now,
            )
        )


def open_gaps(connection: Connection) -> list[Gap]:
    """Gaps still to fill, oldest first."""
    found = connection.execute(select(gaps).where(gaps.c.state == "open").order_by(gaps.c.id))
    return [Gap(row.room_id, row.prev_batch, row.last_event_id, row.id, row.found_at, row.since) for row in found]


def close_gap(connection: Connection, gap: Gap, now: int, *, lost: str | None) -> None:
    """The gap is filled, or `lost` says what of it is not."""
    values = {"state": "lost" if lost else "filled", "closed_at": now, "note": lost}
    if gap.id is not None:
        connection.execute(update(gaps).where(gaps.c.id == gap.id).values(values))
        return
    connection.execute(
        gaps.insert().values(
            room_id=gap.room_id,
            prev_batch=gap.prev_batch,
            last_event_id=gap.last_event_id,
            since=gap.since,
            found_at=gap.found_at or now,
            **values,
        )
    )


def waiting_sessions(connection: Connection) -> set[str]:
    """Megolm sessions that stored events wait for."""
    return {
        session_id
        for session_id in connection.scalars(
            select(inbox.c.session_id).where(inbox.c.state == "waiting_key").distinct()
        )
        if session_id
    }


def limit_waiting(connection: Connection, senders: Mapping[str, int], keep: int, now: int) -> int:
    """Let no sender keep more than `keep` events waiting for keys: give the oldest up. Returns how many."""
    given_up = 0
    for sender in senders:
        ids = connection.scalars(
            select(inbox.c.id)
            .where(inbox.c.state == "waiting_key", inbox.c.sender == sender)
            .order_by(inbox.c.id.desc())
            .offset(keep)
            .limit(1000)
        ).all()
        if ids:
            connection.execute(
                update(inbox)
                .where(inbox.c.id.in_(ids))
                .values(state="failed", raw=None, handled_at=now, error="too many events of this sender wait for keys")
            )
            given_up += len(ids)
    return given_up


def forget_closed_gaps(connection: Connection, before: int) -> int:
    """Remove the rows of gaps closed before `before`; returns how many."""
    return int(connection.execute(delete(gaps).where(gaps.c.closed_at < before)).rowcount)


def gap_counts(connection: Connection) -> dict[str, int]:
    """State → number of gaps, for metrics."""
    found = connection.execute(select(gaps.c.state, func.count()).group_by(gaps.c.state))
    return {row[0]: int(row[1]) for row in found}
