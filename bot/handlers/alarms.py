"""An emergency told in private, and the person agreed: into the log, before the officers, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from bot.dialogue.conversation import Alarm
from bot.event import IncomingEvent
from bot.handlers.desk import Desk
from bot.handlers.takeup import Said, analyse, show_officers
from bot.incidents.rules import Urgency
from bot.store import incidents, search, transmissions


def report(connection: Connection, event: IncomingEvent, desk: Desk, alarm: Alarm, now: int) -> int:
    """Take it up; returns the incident's number. `event` is the message in which the person agreed.

    What must stay private is an entry of its own: linked to a public one it would be shown among its reports.
    """
    number = transmissions.add(connection, event, purpose="report", now=now)
    if number is None:  # spoken: the note is in the log already, as a question
        known = transmissions.by_event(connection, event.event_id)
        assert known is not None  # noqa: S101
        number = known.id
    else:
        transmissions.written(connection, number, alarm.words, now=now)
    analysis = analyse(connection, event, desk, alarm.words, spoken=False)
    if not analysis.report:
        analysis = replace(analysis, report=True, category="tidak_jelas")
    analysis = replace(analysis, urgency=Urgency.DARURAT, private=analysis.private or alarm.private)
    linked = False
    if analysis.private:
        incident = incidents.open_incident(
            connection, analysis, number, text=alarm.words, room_id=event.room_id,
            version=desk.content.version, at=event.sent_at, now=now,
        )  # fmt: skip
    else:
        incident, linked = incidents.take_up(
            connection, analysis, number, text=alarm.words, room_id=event.room_id,
            version=desk.content.version, at=event.sent_at, now=now,
        )  # fmt: skip
    search.index(connection, incident)
    payload = {"alarm": alarm.reason, "text": alarm.words, "incident": incident, **analysis.to_json()}
    kind = "incident.linked" if linked else "incident.opened"
    desk.record(connection, kind, event.event_id, payload, now)
    said = Said(number, alarm.words, place=alarm.place)
    show_officers(connection, event, desk, said, incident, linked=linked, silent=False, now=now)
    return incident
