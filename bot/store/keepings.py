"""Recordings that stay longer than their days because an officer said so: by whom, why, until when.

Rows are never deleted. One that names no end holds as long as the incident is open; the nightly purge ends what is
over, and the recordings go with the next one that finds them old.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, update

from bot.incidents.lifecycle import ACTIVE
from bot.store.spans import Span, within
from bot.store.tables import incident_links, incidents, keepings

_ACTIVE = [str(status) for status in ACTIVE]


@dataclass(frozen=True)
class Keeping:
    """One that is in force. Times in milliseconds."""

    incident_id: int
    by: str
    reason: str | None
    since_at: int
    until_at: int | None
    """`None`: as long as the incident is open."""


def holds(number: Any, now: int, status: Any) -> ColumnElement[bool]:
    """Whether the recordings of the incident in the column `number`, whose state stands in `status`, are kept."""
    # "exists" over an alias: the caller's own query may read the same table.
    row = keepings.alias()
    return exists().where(
        row.c.incident_id == number,
        row.c.ended_at.is_(None),
        or_(row.c.until_at > now, and_(row.c.until_at.is_(None), status.in_(_ACTIVE))),
    )


def kept(transmission: Any, now: int) -> ColumnElement[bool]:
    """Whether the recording of the transmission in the column is kept, by any of its incidents."""
    link, incident, row = incident_links.alias(), incidents.alias(), keepings.alias()
    return exists(
        select(row.c.id)
        .join(incident, incident.c.id == row.c.incident_id)
        .join(link, link.c.incident_id == row.c.incident_id)
        .where(
            link.c.transmission_id == transmission,
            row.c.ended_at.is_(None),
            or_(row.c.until_at > now, and_(row.c.until_at.is_(None), incident.c.status.in_(_ACTIVE))),
        )
    )


def keep(connection: Connection, number: int, *, by: str, reason: str | None, until: int | None, now: int) -> None:
    """Keep an incident's recordings; an earlier word on it gives way."""
    release(connection, number, by=by, now=now)
    connection.execute(keepings.insert().values(incident_id=number, by=by, reason=reason, since_at=now, until_at=until))


def release(connection: Connection, number: int, *, by: str, now: int) -> bool:
    """Back to the usual days; false when nothing was kept."""
    result = connection.execute(
        update(keepings)
        .where(keepings.c.incident_id == number, keepings.c.ended_at.is_(None))
        .values(ended_by=by, ended_at=now)
    )
    return bool(result.rowcount)


def current(connection: Connection, number: int, now: int) -> Keeping | None:
    """What holds for an incident now."""
    row = connection.execute(
        select(keepings)
        .join(incidents, incidents.c.id == keepings.c.incident_id)
        .where(keepings.c.incident_id == number, holds(incidents.c.id, now, incidents.c.status))
        .order_by(keepings.c.id.desc())
        .limit(1)
    ).first()
    return _keeping(row) if row else None


def standing(connection: Connection, number: int) -> Keeping | None:
    """What the card shows: what has not been ended, and was not for an incident that is closed."""
    row = connection.execute(
        select(keepings)
        .join(incidents, incidents.c.id == keepings.c.incident_id)
        .where(
            keepings.c.incident_id == number,
            keepings.c.ended_at.is_(None),
            or_(keepings.c.until_at.is_not(None), incidents.c.status.in_(_ACTIVE)),
        )
        .order_by(keepings.c.id.desc())
        .limit(1)
    ).first()
    return _keeping(row) if row else None


def in_force(connection: Connection, numbers: Iterable[int], now: int) -> dict[int, Keeping]:
    """Of these incidents those whose recordings are kept."""
    found = ((number, current(connection, number, now)) for number in numbers)
    return {number: one for number, one in found if one is not None}


def follow(connection: Connection, number: int, new: int, now: int) -> None:
    """A report became an incident of its own: what was kept of the old one is kept of it, too."""
    one = current(connection, number, now)
    if one is not None:
        keep(connection, new, by=one.by, reason=one.reason, until=one.until_at, now=now)


def end(connection: Connection, now: int, by: str, span: Span | None = None) -> list[int]:
    """End what is over; the numbers of the incidents."""
    over = connection.execute(
        select(keepings.c.id, keepings.c.incident_id)
        .join(incidents, incidents.c.id == keepings.c.incident_id)
        .where(
            within(keepings.c.id, span),
            keepings.c.ended_at.is_(None),
            or_(keepings.c.until_at <= now, and_(keepings.c.until_at.is_(None), incidents.c.status.not_in(_ACTIVE))),
        )
    ).all()
    for row in over:
        connection.execute(update(keepings).where(keepings.c.id == row.id).values(ended_by=by, ended_at=now))
    return [row.incident_id for row in over]


def forget(connection: Connection, incident_ids: Select[Any], gone: str) -> None:
    """Who kept what of incidents whose words go, and why."""
    connection.execute(
        update(keepings)
        .where(keepings.c.incident_id.in_(incident_ids), or_(keepings.c.by != gone, keepings.c.reason.is_not(None)))
        .values(by=gone, reason=None, ended_by=None)
    )


def _keeping(row: Any) -> Keeping:
    return Keeping(row.incident_id, row.by, row.reason, row.since_at, row.until_at)
