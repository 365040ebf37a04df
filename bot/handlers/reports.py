"""Ngobrol Kamtibmas: a note or message from a channel becomes a transmission, a transcript, an incident.

Everything here is one transaction of the database; the slow part in between (fetching and hearing a note)
is `bot.handlers.listening`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import phrases, questions
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.incidents import cards
from bot.incidents.analysis import Analysis
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import incidents, notices, outbox, search, transmissions
from bot.voice.heard import Heard

Purpose = Literal["report", "question", "note"]


@dataclass(frozen=True)
class Said:
    """A report's words, heard or written."""

    transmission_id: int
    text: str
    flags: tuple[str, ...] = ()
    audio: str | None = None
    """Path of the note, for the card."""


def take_voice(connection: Connection, event: IncomingEvent, desk: Desk, now: int, *, purpose: Purpose) -> None:
    """Persist first: the note is in the log before anything is fetched."""
    number = transmissions.add(connection, event, purpose=purpose, now=now)
    if number is None:
        return
    desk.record(connection, "transmission.received", event.event_id, {"kind": "voice", "purpose": purpose}, now)
    if purpose == "report":
        _privacy_notice(connection, event, desk, now)


def take_text(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A channel message that reports something is taken up; other talk leaves no trace but its inbox row."""
    analysis = _analyse(connection, event, desk, event.body, spoken=False)
    if not analysis.report or analysis.category == "tidak_jelas":
        return
    number = transmissions.add(connection, event, purpose="report", now=now)
    if number is None:
        return
    transmissions.written(connection, number, event.body, now=now)
    _privacy_notice(connection, event, desk, now)
    _take_up(connection, event, desk, Said(number, event.body), analysis, now)


def heard(
    connection: Connection, number: int, event: IncomingEvent, result: Heard, audio: Path, desk: Desk, now: int
) -> None:
    """A note has its transcript: answer the question or take up the report."""
    row = transmissions.get(connection, number)
    if row.state != "queued" or transmissions.heard(connection, number, result, now=now) is None:
        return  # heard before, or withdrawn while it was being heard
    said = Said(number, result.text, tuple(result.flags), str(audio))
    if row.purpose == "question":
        if not said.text.strip():
            desk.record(connection, "speech.silent", event.event_id, {"flags": list(said.flags)}, now)
            desk.say(connection, event, f"reply:{event.event_id}", phrases.NOTHING_HEARD, now)
        else:
            questions.answer(connection, event, desk, now, heard=said.text)
        return
    _take_up(connection, event, desk, said, _analyse(connection, event, desk, said.text), now)


def unreadable(connection: Connection, number: int, event: IncomingEvent, reason: str, desk: Desk, now: int) -> None:
    """The note stays in the log, marked; its sender and the officers hear that nobody has heard it."""
    transmissions.unreadable(connection, number, reason, now=now)
    incident: int | None = None
    if transmissions.get(connection, number).purpose == "report":
        # Nobody has heard it, so it may be a call for help: the log and the officers have it like any other.
        mark = phrases.UNREADABLE.format(reason=phrases.UNREADABLE_REASON.get(reason, reason))
        analysis = replace(_analyse(connection, event, desk, ""), category="tidak_jelas")
        incident = incidents.open_incident(
            connection, analysis, number, text=mark, room_id=event.room_id, version=desk.content.version,
            at=event.sent_at, now=now,
        )  # fmt: skip
        search.index(connection, incident)
        _show_officers(connection, event, desk, Said(number, mark), incident, linked=False, silent=False, now=now)
    desk.record(connection, "transmission.unreadable", event.event_id, {"reason": reason, "incident": incident}, now)
    text = cards.unreadable(reason)
    desk.say(connection, event, f"reply:{event.event_id}", text, now, notice=True, thread=not event.direct)


def _analyse(connection: Connection, event: IncomingEvent, desk: Desk, text: str, *, spoken: bool = True) -> Analysis:
    districts = desk.districts(connection, event.room_id)
    return desk.analyser.analyse(text, room_districts=districts, when=event.when, spoken=spoken)


def _take_up(
    connection: Connection, event: IncomingEvent, desk: Desk, said: Said, analysis: Analysis, now: int
) -> None:
    """Open an incident (or link to an open one), answer in the thread, put the card before the officers."""
    speech = desk.config.speech
    age = (now - event.sent_at) / 1000
    number, linked = None, False
    if analysis.report:
        number, linked = incidents.take_up(
            connection, analysis, said.transmission_id, text=said.text, room_id=event.room_id,
            version=desk.content.version, at=event.sent_at, now=now,
        )  # fmt: skip
        search.index(connection, number)
    desk.record(
        connection,
        "incident.linked" if linked else "incident.opened" if number else "incident.none",
        event.event_id,
        {"text": said.text, "flags": list(said.flags), "incident": number, "age_s": round(age), **analysis.to_json()},
        now,
    )
    reply = cards.heard(said.text, analysis, number, late=age > speech.late_seconds, flags=said.flags)
    desk.say(connection, event, f"reply:{event.event_id}", reply, now, notice=True, thread=True)
    if number is not None:
        _show_officers(connection, event, desk, said, number, linked=linked, silent=age > speech.stale_seconds, now=now)


def _show_officers(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    said: Said,
    number: int,
    *,
    linked: bool,
    silent: bool,
    now: int,
) -> None:
    room_id = desk.operations_room(connection)
    if room_id is None:
        return
    incident = incidents.get(connection, number)
    card_key = f"card:{number}"
    text = cards.card(incident, said.text, link=desk.link(event), zone=desk.config.zone, flags=said.flags)
    content = render(text).content(notice=silent or incident.urgency != "darurat")
    if linked:
        # A further report of the same thing belongs under its card, where the officer already looks.
        content = threaded(f"outbox:{card_key}", content)
        card_key = f"card:{number}:{said.transmission_id}"
    outbox.append(connection, Outgoing(card_key, room_id, content, priority=Priority.CARD), now)
    if said.audio and event.media:
        audio = {
            "msgtype": "m.audio",
            "body": f"laporan-{number}.ogg",
            "info": {"mimetype": event.media.mimetype or "audio/ogg", "duration": event.media.duration_ms or 0},
            "org.matrix.msc3245.voice": {},
            "m.mentions": {},
        }
        outbox.append(
            connection,
            Outgoing(
                f"card-audio:{number}:{said.transmission_id}",
                room_id,
                threaded(f"outbox:card:{number}", audio),
                priority=Priority.NOTICE,
                upload=said.audio,
            ),
            now,
        )


def _privacy_notice(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Once for each person, before their first report is kept (UU 27/2022, duty to inform)."""
    room = desk.room(connection, event.room_id)
    if room is None or room.notices.privacy is None:
        return
    if notices.first_time(connection, event.sender, "privacy", now):
        desk.say(connection, event, f"privacy:{event.sender}", room.notices.privacy, now, notice=True, thread=True)
