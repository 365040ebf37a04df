"""Requests to be forgotten: asked, confirmed, carried out, and what still has to wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from bot.incidents.lifecycle import ACTIVE
from bot.store import keepings
from bot.store.audit import Auditor
from bot.store.erasure import Erased, erase_person
from bot.store.inbox import insert_or_ignore
from bot.store.tables import erasures, incidents

ASKED, WAITING, DONE, CANCELLED = "asked", "waiting", "done", "cancelled"


@dataclass(frozen=True)
class Request:
    """One request to be forgotten. Times in milliseconds."""

    id: int
    event_id: str
    room_id: str
    user_id: str | None
    state: str
    kept: tuple[int, ...]
    """Incidents that it waits for."""
    asked_at: int


def ask(connection: Connection, event_id: str, room_id: str, user_id: str, now: int) -> Request:
    """Note a request; an earlier one that was never confirmed gives way."""
    cancel(connection, room_id, user_id, now)
    values = {
        "event_id": event_id, "room_id": room_id, "user_id": user_id, "state": ASKED, "kept": [], "asked_at": now,
    }  # fmt: skip
    insert_or_ignore(connection, erasures, values)
    return _request(connection.execute(select(erasures).where(erasures.c.event_id == event_id)).one())


def open_request(connection: Connection, room_id: str, user_id: str, since: int) -> Request | None:
    """The request that waits for its confirmation, if it was made after `since`."""
    row = connection.execute(
        select(erasures)
        .where(
            erasures.c.room_id == room_id,
            erasures.c.user_id == user_id,
            erasures.c.state == ASKED,
            erasures.c.asked_at > since,
        )
        .order_by(erasures.c.id.desc())
        .limit(1)
    ).first()
    return _request(row) if row else None


def cancel(connection: Connection, room_id: str, user_id: str, now: int) -> bool:
    """Requests that are not confirmed are off; false when there is none."""
    result = connection.execute(
        update(erasures)
        .where(erasures.c.room_id == room_id, erasures.c.user_id == user_id, erasures.c.state == ASKED)
        .values(state=CANCELLED, done_at=now, user_id=None)
    )
    return bool(result.rowcount)


def waiting(connection: Connection, now: int) -> list[Request]:
    """Confirmed requests whose incidents have all been closed since, and are kept no longer: the rest may go now."""
    rows = connection.execute(select(erasures).where(erasures.c.state == WAITING).order_by(erasures.c.id))
    return [one for one in map(_request, rows) if not _held(connection, one.kept, now)]


def carry_out(
    connection: Connection,
    auditor: Auditor,
    request: Request,
    data_dir: Path,
    *,
    version: str,
    now: int,
    me: str,
    also: Sequence[str] = (),
) -> Erased:
    """Erase all that may go, in the caller's transaction.

    `me`: our user id; `also`: events of theirs that are being handled right now.
    Recordings go from the disk at once: a transaction that fails leaves rows that name a missing file.
    """
    assert request.user_id is not None  # noqa: S101
    erased = erase_person(connection, auditor, request.user_id, data_dir, version=version, now=now, me=me, also=also)
    state = WAITING if erased.kept else DONE
    connection.execute(
        update(erasures)
        .where(erasures.c.id == request.id)
        .values(
            state=state,
            kept=list(erased.kept),
            confirmed_at=func.coalesce(erasures.c.confirmed_at, now),
            done_at=None if erased.kept else now,
            user_id=request.user_id if erased.kept else None,
        )
    )
    return erased


def _held(connection: Connection, numbers: Iterable[int], now: int) -> bool:
    active = [str(status) for status in ACTIVE]
    found = connection.scalar(
        select(func.count()).where(
            incidents.c.id.in_(list(numbers)),
            or_(incidents.c.status.in_(active), keepings.holds(incidents.c.id, now, incidents.c.status)),
        )
    )
    return bool(found)


def _request(row: Any) -> Request:
    return Request(
        row.id, row.event_id, row.room_id, row.user_id, row.state, tuple(row.kept), row.asked_at,
    )  # fmt: skip
