"""Incidents: what the transmissions are about. Links and history only grow; nothing said here is ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.incidents import linking
from bot.incidents.analysis import Analysis
from bot.incidents.lifecycle import ACTIVE, Status, check
from bot.incidents.linking import Candidate, Known
from bot.incidents.rules import Urgency
from bot.store.inbox import insert_or_ignore
from bot.store.tables import incident_history, incident_links, incidents, transcripts, transmissions

BOT = "kentongan"
"""Actor of what the machine did."""
_ORDER = (Urgency.INFO, Urgency.SEGERA, Urgency.DARURAT)
_LOOK_BACK_MS = 72 * 3_600_000
"""No window of `bot.incidents.linking` is longer."""
_ROLES = {"pembaruan": "update", "duplikat": "duplicate"}


@dataclass(frozen=True)
class Incident:
    """One entry of the log as it stands now."""

    id: int
    opened_at: int
    """When its first report was sent, milliseconds."""
    updated_at: int
    room_id: str
    category: str
    urgency: str
    district: str | None
    places: tuple[dict[str, Any], ...]
    status: Status
    claimed_by: str | None
    text: str
    analysis: Analysis
    """The machine's proposal at opening, with its evidence."""
    content_version: str
    reports: int = 1
    """Transmissions linked to it."""


@dataclass(frozen=True)
class Step:
    """One line of the history."""

    at: int
    actor: str
    action: str
    before: str | None
    after: str | None
    reason: str | None
    event_id: str | None


@dataclass(frozen=True)
class Link:
    """A transmission that speaks of an incident, and why it is thought to."""

    transmission_id: int
    event_id: str
    room_id: str
    role: str
    """report | update | duplicate"""
    score: float
    reasons: dict[str, Any]
    by: str | None
    text: str
    """The newest version of its transcript."""


def take_up(
    connection: Connection,
    analysis: Analysis,
    transmission_id: int,
    *,
    text: str,
    room_id: str,
    version: str,
    at: int,
    now: int,
) -> tuple[int, bool]:
    """Link a report to the open incident that it is about, or open one: never dropped.

    `at` is when it was sent. Returns (incident number, whether it was linked). Done twice for one transmission, the
    second time changes nothing.
    """
    known = connection.scalar(
        select(incident_links.c.incident_id).where(incident_links.c.transmission_id == transmission_id)
    )
    if known is not None:
        return int(known), True
    best = next((one for one in near(connection, analysis, at) if one.score >= linking.THRESHOLD), None)
    if best is None:
        number = open_incident(
            connection, analysis, transmission_id, text=text, room_id=room_id, version=version, at=at, now=now
        )
        return number, False
    link(
        connection,
        best.id,
        transmission_id,
        role=_ROLES.get(analysis.category, "report"),
        score=best.score,
        reasons=best.reasons,
        now=now,
    )
    _learn(connection, best.id, analysis, now)
    return best.id, True


def open_incident(
    connection: Connection,
    analysis: Analysis,
    transmission_id: int,
    *,
    text: str,
    room_id: str,
    version: str,
    at: int,
    now: int,
) -> int:
    """A new entry with its first report. Returns its number."""
    stored = analysis.to_json()
    result = connection.execute(
        incidents.insert().values(
            opened_at=at,
            updated_at=now,
            room_id=room_id,
            category=analysis.category,
            urgency=str(analysis.urgency),
            district=analysis.district,
            places=stored["places"],
            status=str(Status.BARU),
            text=text,
            analysis=stored,
            content_version=version,
        )
    )
    assert result.inserted_primary_key is not None  # noqa: S101
    number = int(result.inserted_primary_key[0])
    _step(connection, number, now, BOT, "opened", None, str(Status.BARU), None, None)
    link(connection, number, transmission_id, role="report", score=1.0, reasons={"first": 1.0}, now=now)
    return number


def link(
    connection: Connection,
    number: int,
    transmission_id: int,
    *,
    role: str,
    score: float,
    reasons: dict[str, Any],
    now: int,
    by: str | None = None,
) -> bool:
    """Say that a transmission is about an incident; false when that is known. `by` is the officer, if one said so."""
    added = insert_or_ignore(
        connection,
        incident_links,
        {
            "incident_id": number,
            "transmission_id": transmission_id,
            "role": role,
            "score": score,
            "reasons": reasons,
            "by": by,
            "at": now,
        },
    )
    if added:
        _step(connection, number, now, by or BOT, "linked", None, str(transmission_id), role, None)
        connection.execute(update(incidents).where(incidents.c.id == number).values(updated_at=now))
    return added


def change_status(
    connection: Connection,
    number: int,
    status: Status,
    *,
    actor: str,
    reason: str | None,
    event_id: str | None,
    now: int,
) -> Incident:
    """One step of the lifecycle by an officer. Raises TransitionError when it is not possible, LookupError for a
    number that is not there. Claiming (`ditinjau`) notes who has it."""
    incident = get(connection, number)
    check(incident.status, status, reason)
    values: dict[str, Any] = {"status": str(status), "updated_at": now}
    if status is Status.DITINJAU:
        values["claimed_by"] = actor
    connection.execute(update(incidents).where(incidents.c.id == number).values(**values))
    _step(connection, number, now, actor, "status", str(incident.status), str(status), reason, event_id)
    return get(connection, number)


def near(connection: Connection, analysis: Analysis, at: int) -> list[Candidate]:
    """Open incidents that a report sent at `at` may be about, with their scores, best first."""
    rows = connection.execute(
        select(incidents).where(
            incidents.c.status.in_([str(status) for status in ACTIVE]),
            incidents.c.updated_at >= at - _LOOK_BACK_MS,
            incidents.c.opened_at <= at + _LOOK_BACK_MS,
        )
    )
    known = [
        Known(
            row.id,
            (row.analysis.get("about") or row.category) if row.category in _ROLES else row.category,
            row.district,
            linking.from_json(row.places),
            row.text,
            max(row.opened_at, min(row.updated_at, at)),
            bool(row.analysis.get("private")),
        )
        for row in rows
    ]
    return linking.candidates(known, analysis, at)


def get(connection: Connection, number: int) -> Incident:
    """One entry. Raises LookupError when there is none."""
    row = connection.execute(select(incidents).where(incidents.c.id == number)).first()
    if row is None:
        raise LookupError(f"tidak ada kejadian nomor {number}")
    return incident_of(row, len(links(connection, number)))


def links(connection: Connection, number: int) -> list[Link]:
    """The transmissions of an incident, first first, each with the newest version of its words."""
    rows = connection.execute(
        select(incident_links, transmissions.c.event_id, transmissions.c.room_id, transcripts.c.text)
        .join(transmissions, transmissions.c.id == incident_links.c.transmission_id)
        .outerjoin(transcripts, transcripts.c.transmission_id == transmissions.c.id)
        .where(incident_links.c.incident_id == number)
        .order_by(transmissions.c.sent_at, transmissions.c.id, transcripts.c.version)
    )
    newest: dict[int, Link] = {}
    for row in rows:
        newest[row.transmission_id] = Link(
            row.transmission_id,
            row.event_id,
            row.room_id,
            row.role,
            row.score,
            dict(row.reasons),
            row.by,
            row.text or "",
        )
    return list(newest.values())


def history(connection: Connection, number: int) -> list[Step]:
    """Everything that was done with an incident, oldest first."""
    rows = connection.execute(
        select(incident_history).where(incident_history.c.incident_id == number).order_by(incident_history.c.id)
    )
    return [Step(row.at, row.actor, row.action, row.before, row.after, row.reason, row.event_id) for row in rows]


def incident_of(row: Any, reports: int = 1) -> Incident:
    """A row of the table as a value."""
    return Incident(
        row.id,
        row.opened_at,
        row.updated_at,
        row.room_id,
        row.category,
        row.urgency,
        row.district,
        tuple(row.places),
        Status(row.status),
        row.claimed_by,
        row.text,
        Analysis.from_json(row.analysis),
        row.content_version,
        reports,
    )


def _learn(connection: Connection, number: int, analysis: Analysis, now: int) -> None:
    """A further report may show that it is graver, or where it is. The machine raises urgency, it never lowers it."""
    row = connection.execute(select(incidents).where(incidents.c.id == number)).one()
    if _ORDER.index(analysis.urgency) > _ORDER.index(Urgency(row.urgency)):
        connection.execute(update(incidents).where(incidents.c.id == number).values(urgency=str(analysis.urgency)))
        _step(connection, number, now, BOT, "urgency", row.urgency, str(analysis.urgency), None, None)
    if row.district is None and analysis.district is not None:
        connection.execute(
            update(incidents)
            .where(incidents.c.id == number)
            .values(district=analysis.district, places=[*row.places, *analysis.to_json()["places"]])
        )
        _step(connection, number, now, BOT, "district", None, analysis.district, None, None)


def _step(
    connection: Connection,
    number: int,
    now: int,
    actor: str,
    action: str,
    before: str | None,
    after: str | None,
    reason: str | None,
    event_id: str | None,
) -> None:
    connection.execute(
        incident_history.insert().values(
            incident_id=number,
            at=now,
            actor=actor,
            action=action,
            before=before,
            after=after,
            reason=reason,
            event_id=event_id,
        )
    )
