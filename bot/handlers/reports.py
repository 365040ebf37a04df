"""Ngobrol Kamtibmas: a note or message from a channel becomes a transmission, a transcript, an incident.

Everything here is one transaction of the database; the slow part in between (fetching and hearing a note)
is `bot.handlers.listening`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import anchors, casewords, conduct, forgetting, phrases, questions, talk, waiting
from bot.handlers.desk import Desk
from bot.handlers.officers import by_officer
from bot.handlers.takeup import Said, analyse, privacy_notice, show_officers, take_up
from bot.incidents import answers
from bot.incidents.excerpts import beside_doubts
from bot.language.mask import mask
from bot.markup import escape
from bot.store import groups, incidents, search, transmissions
from bot.voice.heard import Heard

Purpose = Literal["report", "question", "note"]


def take_voice(connection: Connection, event: IncomingEvent, desk: Desk, now: int, *, purpose: Purpose) -> None:
    """Persist first: the note is in the log before anything is fetched.

    What an officer says in a channel is written down for those who read, and is no report.
    """
    if purpose == "report" and by_officer(desk, event):
        purpose = "note"
    if purpose == "report" and conduct.is_blocked(connection, event, desk, now):
        return
    number = transmissions.add(connection, event, purpose=purpose, now=now)
    if number is None:
        return
    desk.record(connection, "transmission.received", event.event_id, {"kind": "voice", "purpose": purpose}, now)
    if purpose != "note":
        privacy_notice(connection, event, desk, now)


def heard(
    connection: Connection, number: int, event: IncomingEvent, result: Heard, audio: Path, desk: Desk, now: int
) -> None:
    """A note has its transcript: answer the question or take up the report."""
    row = transmissions.get(connection, number)
    if desk.is_late(event, now):  # kept with the words, so that the card says it however often it is edited
        result = replace(result, flags=(*result.flags, transmissions.LATE))
    corrected = desk.analyser.hear(result.text).corrected
    if row.state != "queued" or transmissions.heard(connection, number, result, corrected=corrected, now=now) is None:
        return  # heard before, or withdrawn while it was being heard
    said = Said(number, result.text, tuple(result.flags), str(audio))
    if groups.waits(connection, event.room_id):  # others came in while it was being heard
        desk.record(connection, "speech.silenced", event.event_id, {}, now)
        return
    if row.purpose == "question":
        waiting.over(connection, event, now)
        if not said.text.strip():
            desk.record(connection, "speech.silent", event.event_id, {"flags": list(said.flags)}, now)
            if not questions.unheard(connection, event, desk, now, audio=said.audio):
                desk.say(connection, event, f"reply:{event.event_id}", phrases.NOTHING_HEARD, now)
        elif not forgetting.heard(connection, event, desk, said.text, now):
            questions.answer(connection, event, desk, now, heard=said.text, audio=said.audio, flags=said.flags)
        return
    if row.purpose == "note":
        if not talk.officer_heard(connection, event, desk, said.text, now, flags=said.flags):
            spoken = beside_doubts(casewords.SPOKEN.format(text=escape(mask(said.text))), said.flags)
            words = spoken if said.text.strip() else phrases.NOTHING_HEARD
            desk.record(connection, "transmission.note", event.event_id, {"text": said.text}, now)
            desk.say(connection, event, f"reply:{event.event_id}", words, now, notice=True, thread=True)
        return
    if forgetting.heard(connection, event, desk, said.text, now):
        return
    report = anchors.followed(connection, event)
    if report is not None:
        waiting.over(connection, event, now)
        talk.from_reporter(connection, event, desk, report, said.text, now, audio=said.audio, flags=said.flags)
        return
    take_up(connection, event, desk, said, analyse(connection, event, desk, said.text), now)


def beside(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A photo, file or place of a channel whose words report nothing: it belongs to the report in whose thread it
    stands, whoever made that, or to the one that its sender has just made.

    Without one nobody can say what it is about; the audit keeps that it came.
    """
    if event.kind not in (Kind.IMAGE, Kind.FILE, Kind.LOCATION):
        return
    report = None if by_officer(desk, event) else anchors.above(connection, event)
    if report is not None:
        privacy_notice(connection, event, desk, now)
    else:
        report = anchors.just_reported(connection, event)
    if report is not None:
        talk.from_reporter(connection, event, desk, report, event.words, now)
    else:
        desk.record(connection, "attachment.unreported", event.event_id, {"kind": event.kind}, now)


def unreadable(connection: Connection, number: int, event: IncomingEvent, reason: str, desk: Desk, now: int) -> None:
    """The note stays in the log, marked; its sender and the officers hear that nobody has heard it."""
    if not transmissions.unreadable(connection, number, reason, now=now):
        return  # withdrawn meanwhile (its file goes, too, and then it looks lost), or ended before
    incident: int | None = None
    stale = now - event.sent_at > desk.config.speech.stale_seconds * 1000
    if transmissions.get(connection, number).purpose == "report":
        # Nobody has heard it, so it may be a call for help: the log and the officers have it like any other.
        mark = phrases.UNREADABLE.format(reason=phrases.UNREADABLE_REASON.get(reason, reason))
        report = anchors.followed(connection, event) or anchors.above(connection, event)
        if report is not None:
            incident = talk.unheard(connection, event, desk, report, mark, now)
        else:
            incident = _open_unheard(connection, number, event, desk, mark, now, silent=stale)
    desk.record(connection, "transmission.unreadable", event.event_id, {"reason": reason, "incident": incident}, now)
    if groups.waits(connection, event.room_id):
        return
    questions.unheard(connection, event, desk, now, reason=phrases.UNREADABLE_REASON.get(reason, reason))
    text = answers.unreadable(reason)
    if event.direct:
        waiting.over(connection, event, now)
    waiting.answer(connection, event, desk, text, now)


def _open_unheard(
    connection: Connection, number: int, event: IncomingEvent, desk: Desk, mark: str, now: int, *, silent: bool
) -> int:
    analysis = replace(analyse(connection, event, desk, ""), category="tidak_jelas")
    incident = incidents.open_incident(
        connection, analysis, number, text=mark, room_id=event.room_id, version=desk.content.version,
        at=event.sent_at, now=now,
    )  # fmt: skip
    search.index(connection, incident)
    show_officers(connection, event, desk, Said(number, mark), incident, linked=False, silent=silent, now=now)
    return incident
