"""What officers change about an incident. What stood there before stands in the history; transcripts are never lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from bot.incidents.analysis import Analysis
from bot.incidents.lifecycle import ACTIVE, Status
from bot.incidents.rules import Urgency
from bot.store import incidents as log
from bot.store import transmissions
from bot.store.incidents import BOT, REPLY, Incident, Link
from bot.store.tables import incident_history, incident_links, incidents
from bot.store.tables import transmissions as sent

RELATED, SPLIT, PRIVATE, CORRECTED = "related", "split", "private", "corrected"
_BY_HAND = {"category": "category", "urgency": "urgency", "place": "district"}
"""Action in the history → what it settles: the machine does not touch that any more."""


def set_category(
    connection: Connection, number: int, code: str, title: str, *, private: bool, actor: str, event_id: str, now: int
) -> Incident:
    """An officer says what it is. `private`: whether that kind is never repeated in a channel."""
    before = log.get(connection, number)
    analysis = replace(
        before.analysis, category=code, title=title, about=None, about_title="", private=private, report=True
    )
    _write(connection, number, now, analysis=analysis.to_json(), category=code)
    log.note(
        connection, number, "category", actor=actor, before=before.category, after=code, event_id=event_id, now=now
    )
    return log.get(connection, number)


def set_private(connection: Connection, number: int, *, actor: str, event_id: str, now: int) -> None:
    """An officer says that it is nobody's to repeat, whatever its kind."""
    analysis = replace(log.get(connection, number).analysis, private=True)
    _write(connection, number, now, analysis=analysis.to_json())
    log.note(connection, number, PRIVATE, actor=actor, after="ya", event_id=event_id, now=now)


def set_urgency(connection: Connection, number: int, urgency: Urgency, *, actor: str, event_id: str, now: int) -> None:
    """An officer says how soon somebody must act, up or down."""
    before = log.get(connection, number)
    analysis = replace(before.analysis, urgency=urgency)
    _write(connection, number, now, analysis=analysis.to_json(), urgency=str(urgency))
    log.note(
        connection,
        number,
        "urgency",
        actor=actor,
        before=before.urgency,
        after=str(urgency),
        event_id=event_id,
        now=now,
    )


def set_place(
    connection: Connection, number: int, found: Analysis, words: str, *, actor: str, event_id: str, now: int
) -> None:
    """An officer says where; `found` is what the gazetteer makes of it."""
    before = log.get(connection, number)
    analysis = replace(before.analysis, places=found.places, district=found.district)
    stored = analysis.to_json()
    _write(connection, number, now, analysis=stored, places=stored["places"], district=found.district)
    log.note(
        connection, number, "place", actor=actor, before=before.district, after=found.district, reason=words,
        event_id=event_id, now=now,
    )  # fmt: skip


def correct(
    connection: Connection,
    number: int,
    transmission_id: int,
    text: str,
    analysis: Analysis | None,
    *,
    author: str,
    event_id: str,
    now: int,
    corrected: str | None = None,
) -> None:
    """What was really said: a new version of the transcript (`corrected`: with the names put right).

    `analysis` of the new words is given for the report that the card shows: see `propose`.
    """
    transmissions.corrected(connection, transmission_id, text, author=author, corrected=corrected, now=now)
    corrected_by(connection, number, transmission_id, actor=author, event_id=event_id, now=now)
    if analysis is not None:
        propose(connection, number, text, analysis, now=now)


def propose(
    connection: Connection, number: int, text: str, analysis: Analysis, *, now: int, afresh: bool = False
) -> None:
    """Other words stand on the card: the machine's earlier proposal gives way to what it makes of them.

    What an officer has settled stays; urgency is raised by it and never lowered; what is private stays so. `afresh`:
    the words that the earlier proposal was read out of were taken back, so no place of it is kept.
    """
    incident = log.get(connection, number)
    settled = {
        _BY_HAND[step.action]
        for step in log.history(connection, number)
        if step.action in _BY_HAND and step.actor != BOT
    }
    old = incident.analysis
    if "category" in settled or not analysis.report:
        analysis = replace(
            analysis, category=old.category, title=old.title, about=old.about, about_title=old.about_title,
            report=True,
        )  # fmt: skip
    analysis = replace(analysis, private=analysis.private or old.private)
    graver = max(analysis.urgency, Urgency(incident.urgency), key=_gravity)
    analysis = replace(analysis, urgency=Urgency(incident.urgency) if "urgency" in settled else graver)
    if "district" in settled or not (analysis.places or afresh):
        analysis = replace(analysis, places=old.places, district=incident.district)
    stored = analysis.to_json()
    _write(
        connection, number, now, text=text, analysis=stored, category=analysis.category,
        urgency=str(analysis.urgency), places=stored["places"], district=analysis.district,
    )  # fmt: skip


def corrected_by(
    connection: Connection, number: int, transmission_id: int, *, actor: str, event_id: str, now: int,
    reason: str | None = None,
) -> None:  # fmt: skip
    """The newest version of a transcript is the doing of that message (an order, an edit): the history says so."""
    version = transmissions.versions(connection, transmission_id)[0].version
    log.note(
        connection, number, CORRECTED, actor=actor, before=str(transmission_id), after=str(version), reason=reason,
        event_id=event_id, now=now,
    )  # fmt: skip


def versions_by(connection: Connection, transmission_id: int, event_id: str) -> list[int]:
    """The versions of a transcript that a message brought."""
    rows = connection.scalars(
        select(incident_history.c.after).where(
            incident_history.c.action == CORRECTED,
            incident_history.c.before == str(transmission_id),
            incident_history.c.event_id == event_id,
        )
    )
    return sorted({int(row) for row in rows if row})


def corrections(connection: Connection, transmission_ids: Iterable[int]) -> list[str]:
    """Event ids of the messages that said what was really said: officers' corrections, reporters' edits."""
    rows = connection.scalars(
        select(incident_history.c.event_id)
        .where(
            incident_history.c.action == CORRECTED,
            incident_history.c.before.in_([str(one) for one in transmission_ids]),
            incident_history.c.event_id.is_not(None),
        )
        .order_by(incident_history.c.id)
    )
    return list(dict.fromkeys(rows))


def incidents_of(connection: Connection, transmission_id: int) -> list[int]:
    """Every incident that a transmission speaks of."""
    rows = connection.scalars(
        select(incident_links.c.incident_id)
        .where(incident_links.c.transmission_id == transmission_id)
        .order_by(incident_links.c.incident_id)
    )
    return [int(row) for row in rows]


def formerly_of(connection: Connection, transmission_id: int) -> list[int]:
    """Incidents that it was split off from, or that a merge with was undone: messages there may still show it."""
    rows = connection.scalars(
        select(incident_history.c.incident_id)
        .where(incident_history.c.action == SPLIT, incident_history.c.before == str(transmission_id))
        .where(incident_history.c.reason.not_like("#%"))
        .order_by(incident_history.c.incident_id)
    )
    return [one for one in dict.fromkeys(rows) if one not in incidents_of(connection, transmission_id)]


def relate(connection: Connection, number: int, other: int, *, actor: str, event_id: str, now: int) -> bool:
    """Two incidents belong together and stay two; false when that is known."""
    if other in related(connection, number):
        return False
    for one, another in ((number, other), (other, number)):
        log.note(connection, one, RELATED, actor=actor, after=str(another), event_id=event_id, now=now)
    return True


def related(connection: Connection, number: int) -> list[int]:
    """The incidents that officers connected with this one."""
    rows = connection.scalars(
        select(incident_history.c.after)
        .where(incident_history.c.incident_id == number, incident_history.c.action == RELATED)
        .order_by(incident_history.c.id)
    )
    return list(dict.fromkeys(int(row) for row in rows))


def merge(connection: Connection, number: int, into: int, *, actor: str, now: int) -> list[int]:
    """The reports of a duplicate are reports of the other one, too. Returns those that are new there."""
    added = []
    for one in log.links(connection, number):
        if log.link(
            connection,
            into,
            one.transmission_id,
            role=one.role,
            score=1.0,
            reasons={"merged": number},
            now=now,
            by=actor,
        ):
            added.append(one.transmission_id)
    return added


def unmerge(connection: Connection, number: int, from_: int, *, actor: str, now: int) -> None:
    """A merge was taken back: what came with it goes back."""
    for one in log.links(connection, from_):
        if one.reasons.get("merged") == number:
            _unlink(connection, from_, one, actor=actor, after=str(number), event_id=None, now=now)


def split(
    connection: Connection, number: int, link: Link, analysis: Analysis, *, version: str, actor: str, event_id: str,
    now: int,
) -> int:  # fmt: skip
    """A report is of something else: it becomes an incident of its own. Returns its number."""
    new = log.open_incident(
        connection, analysis, link.transmission_id, text=link.text, room_id=link.room_id, version=version,
        at=link.sent_at, now=now,
    )  # fmt: skip
    _unlink(connection, number, link, actor=actor, after=str(new), event_id=event_id, now=now)
    log.note(connection, new, SPLIT, actor=actor, before=str(number), reason=f"#{number}", event_id=None, now=now)
    return new


def of_transmission(connection: Connection, transmission_id: int) -> int | None:
    """The incident that a report belongs to now: an open one before a closed one, the newest link first."""
    rows = connection.execute(
        select(incident_links.c.incident_id, incidents.c.status)
        .join(incidents, incidents.c.id == incident_links.c.incident_id)
        .where(incident_links.c.transmission_id == transmission_id)
        .order_by(incident_links.c.at.desc(), incident_links.c.incident_id)
    ).all()
    ranked = sorted(rows, key=lambda row: (Status(row.status) is Status.DUPLIKAT, Status(row.status) not in ACTIVE))
    return int(ranked[0].incident_id) if ranked else None


def reports_from(connection: Connection, sender: str, *, since: int, until: int) -> int:
    """How many reports a person sent in a stretch of time (milliseconds), to whatever incidents."""
    return connection.scalar(_from(select(func.count(sent.c.id.distinct())), sender, since, until)) or 0


def false_from(connection: Connection, sender: str) -> int:
    """How many incidents that a person reported were found to be false."""
    found = _from(select(func.count(incidents.c.id.distinct())), sender)
    return connection.scalar(found.where(incidents.c.status == str(Status.PALSU))) or 0


def _from(query: Select[Any], sender: str, since: int = 0, until: int | None = None) -> Select[Any]:
    query = (
        query.select_from(sent)
        .join(incident_links, incident_links.c.transmission_id == sent.c.id)
        .join(incidents, incidents.c.id == incident_links.c.incident_id)
        .where(sent.c.sender == sender, sent.c.received_at >= since, incident_links.c.role != REPLY)
    )
    return query if until is None else query.where(sent.c.received_at <= until)


def _unlink(
    connection: Connection, number: int, link: Link, *, actor: str, after: str, event_id: str | None, now: int
) -> None:
    """The link goes; that it was there, and how sure, stays in the history."""
    connection.execute(
        delete(incident_links).where(
            incident_links.c.incident_id == number, incident_links.c.transmission_id == link.transmission_id
        )
    )
    log.note(
        connection, number, SPLIT, actor=actor, before=str(link.transmission_id), after=after,
        reason=f"score {link.score}", event_id=event_id, now=now,
    )  # fmt: skip
    _write(connection, number, now)


def _gravity(urgency: Urgency) -> int:
    return (Urgency.INFO, Urgency.SEGERA, Urgency.DARURAT).index(urgency)


def _write(connection: Connection, number: int, now: int, **values: Any) -> None:
    connection.execute(update(incidents).where(incidents.c.id == number).values(updated_at=now, **values))
