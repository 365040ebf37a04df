"""An emergency told in private, and the person agreed: into the log, before the officers, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from bot.dialogue.conversation import LONGEST_ALARM, Alarm
from bot.dialogue.decision import Outcome
from bot.event import IncomingEvent, Kind
from bot.handlers import withdrawals
from bot.handlers.desk import Desk
from bot.handlers.takeup import Said, analyse, show_officers
from bot.incidents.analysis import Analysis
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.store import changes, inbox, incidents, search, transmissions


def report(connection: Connection, event: IncomingEvent, desk: Desk, alarm: Alarm, now: int) -> int:
    """Take it up; returns the incident's number. `event` is the message in which the person agreed.

    What must stay private is an entry of its own: linked to a public one it would be shown among its reports.
    """
    number = transmissions.add(connection, event, purpose="report", now=now)
    if number is None:  # spoken: the note is in the log already, as a question
        known = transmissions.by_event(connection, event.event_id)
        assert known is not None  # noqa: S101
        number = known.id
        transmissions.reported(connection, number)
    transmissions.written(connection, number, alarm.words, corrected=desk.analyser.hear(alarm.words).corrected, now=now)
    analysis = understood(connection, event, desk, alarm.words, private=alarm.private)
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


def understood(connection: Connection, event: IncomingEvent, desk: Desk, words: str, *, private: bool) -> Analysis:
    """What such words say. They call for help whatever they are about; `private`: told in confidence."""
    analysis = analyse(connection, event, desk, words, spoken=False)
    if not analysis.report:
        analysis = replace(analysis, report=True, category="tidak_jelas")
    return replace(analysis, urgency=Urgency.DARURAT, private=analysis.private or private)


def withdrawn(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """The message that told of the emergency was redacted in the DM: the report made of it is taken back.

    The log has the words under the message in which the person agreed, and this one under no row of its own. A
    detail that is taken back leaves the call for help standing, and so does an edit of a message that calls for help
    without it, too (`bot.handlers.secondthoughts` has the words of both).
    """
    told = inbox.event(connection, event.target) if event.kind is Kind.REDACTION and event.target else None
    if told is None or told.room_id != event.room_id:
        return
    said = changes.wordings(connection, told)
    if told.kind is Kind.EDIT:
        about = changes.original(connection, told)
        left = changes.latest(connection, about) if about is not None else None
        if left is not None and calls_for_help(desk, left, left.body):
            return
        said = [told.body]
    calls = [f"{words}\n" for one in said if (words := mask(one)[:LONGEST_ALARM].strip())]
    for one in transmissions.of_sender(connection, told.room_id, told.sender, since=told.sent_at):
        versions = [f"{version.text}\n" for version in transmissions.versions(connection, one.id)]
        if one.event_id != told.event_id and any(text.startswith(call) for text in versions for call in calls):
            withdrawals.by_reporter(connection, replace(event, target=one.event_id), desk, now)


def calls_for_help(desk: Desk, event: IncomingEvent, text: str) -> bool:
    """Whether words of a DM, by themselves, tell of an emergency."""
    return desk.engine.step(None, text, event.when).outcome is Outcome.EMERGENCY
