"""Incidents: what the transmissions are about. The history only grows: whatever is changed stands there as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.incidents import linking
from bot.incidents.analysis import Analysis
from bot.incidents.lifecycle import ACTIVE, Status, check, holder, standing
from bot.incidents.linking import Candidate, Known
from bot.incidents.rules import Urgency
from bot.store.inbox import insert_or_ignore
from bot.store.tables import incident_history, incident_links, incidents, transcripts, transmissions

BOT = "kentongan"
"""Actor of what the machine did."""
REPORTER = "pelapor"
"""Actor of what a reporter did: who that is stands with their transmission."""
REPLY = "reply"
"""Role of what a reporter says further in the thread of their report."""
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
    """Reports linked to it; what their people said further is not counted."""
    location: str | None = None
    """"latitude,longitude" that a reporter shared."""


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
    """report | update | duplicate | reply"""
    score: float
    reasons: dict[str, Any]
    by: str | None
    text: str
    """The newest version of its transcript."""
    sender: str = ""
    sent_at: int = 0
    state: str = ""
    """queued | heard | unreadable | withdrawn"""
    flags: tuple[str, ...] = ()


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
    teaches: bool = True,
    thread: Candidate | None = None,
) -> tuple[int, bool]:
    """Link a report to the open incident that it is about, or open one: never dropped.

    `at` is when it was sent. `thread`: the incident in whose thread it stands (`beneath`). `teaches`: whether its
    words may make an open incident graver or say where it is; those that perhaps nobody said may not. Returns
    (incident number, whether it was linked). Done twice for one transmission, the second time changes nothing.
    """
    known = connection.scalar(
        select(incident_links.c.incident_id).where(incident_links.c.transmission_id == transmission_id)
    )
    if known is not None:
        return int(known), True
    best = thread or next((one for one in near(connection, analysis, at) if one.score >= linking.THRESHOLD), None)
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
    if teaches:
        learn(connection, best.id, analysis, now)
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
    number that is not there. A claim (`bot.incidents.lifecycle.holder`) notes who has it."""
    incident = get(connection, number)
    check(incident.status, status, reason)
    holds = holder(incident.claimed_by, status, actor)
    values: dict[str, Any] = {"status": str(status), "updated_at": now, "claimed_by": holds}
    connection.execute(update(incidents).where(incidents.c.id == number).values(**values))
    note(
        connection, number, "status", actor=actor, before=str(incident.status), after=str(status), reason=reason,
        event_id=event_id, now=now,
    )  # fmt: skip
    return get(connection, number)


def claim(connection: Connection, number: int, *, actor: str, event_id: str, now: int) -> Incident:
    """It changes hands; where it stands stays."""
    before = get(connection, number)
    connection.execute(update(incidents).where(incidents.c.id == number).values(claimed_by=actor, updated_at=now))
    note(connection, number, "claimed", actor=actor, before=before.claimed_by, event_id=event_id, now=now)
    return get(connection, number)


def reopen(connection: Connection, number: int, *, event_id: str, now: int) -> Incident:
    """Its reporter says that it is not done: as new, with nobody's name on it. They are not named in the history."""
    before = get(connection, number)
    values = {"status": str(Status.BARU), "claimed_by": None, "updated_at": now}
    connection.execute(update(incidents).where(incidents.c.id == number).values(**values))
    note(
        connection, number, "reopened", actor=REPORTER, before=str(before.status), after=str(Status.BARU),
        event_id=event_id, now=now,
    )  # fmt: skip
    return get(connection, number)


def undo(connection: Connection, number: int, undone: str, *, actor: str, event_id: str, now: int) -> Incident | None:
    """Take back the step that the event `undone` made, if it was the last one; `None` when another followed it.

    The history keeps both: the step, and that it was taken back.
    """
    before = standing(history(connection, number))
    if before.event_id != undone:
        return None
    note(
        connection, number, "undone", actor=actor, before=str(before.status), reason=undone, event_id=event_id, now=now
    )
    after = standing(history(connection, number))
    connection.execute(
        update(incidents)
        .where(incidents.c.id == number)
        .values(status=str(after.status), claimed_by=after.claimed_by, updated_at=now)
    )
    return get(connection, number)


def locate(connection: Connection, number: int, place: str) -> bool:
    """The first shared location is kept; false when there is one. `place` is "latitude,longitude"."""
    result = connection.execute(
        update(incidents).where(incidents.c.id == number, incidents.c.location.is_(None)).values(location=place)
    )
    return bool(result.rowcount)


def note(
    connection: Connection,
    number: int,
    action: str,
    *,
    actor: str,
    now: int,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
    event_id: str | None = None,
) -> None:
    """One more line of the history."""
    _step(connection, number, now, actor, action, before, after, reason, event_id)


def of_step(connection: Connection, event_id: str) -> tuple[int, str] | None:
    """(incident, action) of the first line of a history that an event made."""
    row = connection.execute(
        select(incident_history.c.incident_id, incident_history.c.action)
        .where(incident_history.c.event_id == event_id)
        .order_by(incident_history.c.id)
        .limit(1)
    ).first()
    return (int(row.incident_id), str(row.action)) if row else None


def near(connection: Connection, analysis: Analysis, at: int) -> list[Candidate]:
    """Open incidents that a report sent at `at` may be about, with their scores, best first."""
    rows = connection.execute(
        select(incidents).where(
            incidents.c.status.in_([str(status) for status in ACTIVE]),
            incidents.c.updated_at >= at - _LOOK_BACK_MS,
            incidents.c.opened_at <= at + _LOOK_BACK_MS,
        )
    )
    return linking.candidates([_known(row, at) for row in rows], analysis, at)


def beneath(connection: Connection, number: int, analysis: Analysis, at: int) -> Candidate | None:
    """How well a report fits the incident in whose thread it stands; `None` when it is not open, or not of it."""
    row = connection.execute(select(incidents).where(incidents.c.id == number)).one()
    return linking.beneath(_known(row, at), analysis) if Status(row.status) in ACTIVE else None


def _known(row: Any, at: int) -> Known:
    return Known(
        row.id,
        (row.analysis.get("about") or row.category) if row.category in _ROLES else row.category,
        row.district,
        linking.from_json(row.places),
        row.text,
        max(row.opened_at, min(row.updated_at, at)),
        bool(row.analysis.get("private")),
    )


def get(connection: Connection, number: int) -> Incident:
    """One entry. Raises LookupError when there is none."""
    row = connection.execute(select(incidents).where(incidents.c.id == number)).first()
    if row is None:
        raise LookupError(f"tidak ada kejadian nomor {number}")
    return incident_of(row, sum(one.role != REPLY for one in links(connection, number)))


def links(connection: Connection, number: int) -> list[Link]:
    """The transmissions of an incident, first first, each with the newest version of its words."""
    rows = connection.execute(
        select(
            incident_links,
            transmissions.c.event_id,
            transmissions.c.room_id,
            transmissions.c.sender,
            transmissions.c.sent_at,
            transmissions.c.state,
            transcripts.c.text,
            transcripts.c.flags,
        )
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
            row.sender,
            row.sent_at,
            row.state,
            tuple(row.flags or ()),
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
        row.location,
    )


def learn(connection: Connection, number: int, analysis: Analysis, now: int) -> None:
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
