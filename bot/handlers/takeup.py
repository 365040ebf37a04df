"""A report becomes an entry of the log, an answer in its thread, and a card before the officers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import anchors, board, conduct, confidences, waiting, watch, welcome
from bot.handlers.desk import Desk
from bot.handlers.officers import by_officer
from bot.handlers.replies import shared_place, threaded
from bot.incidents import answers, cards
from bot.incidents.analysis import Analysis, FoundPlace
from bot.incidents.lifecycle import Status
from bot.incidents.linking import Candidate
from bot.incidents.rules import Urgency
from bot.markup import escape
from bot.outgoing import Outgoing, Priority
from bot.rooms.notices import told
from bot.store import amendments, incidents, notices, outbox, search, transmissions
from bot.voice.heard import QUIET


@dataclass(frozen=True)
class Said:
    """A report's words, heard or written."""

    transmission_id: int
    text: str
    flags: tuple[str, ...] = ()
    audio: str | None = None
    """Path of the note, for the card."""
    place: str | None = None
    """A shared location, "latitude,longitude"."""

    @property
    def quiet(self) -> bool:
        """Perhaps nobody said it: shown with the doubt and the recording, but it rings for nobody, raises nothing."""
        return not QUIET.isdisjoint(self.flags)


def take_text(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """A channel message that reports something is taken up; other talk leaves no trace but its inbox row.

    A cry for help that says no more is a report, too; a line that merely names a place is talk, but for one in the
    thread of an open report, and so is what an officer writes to the people of a channel. True when it was taken up,
    and answered.
    """
    if by_officer(desk, event):
        return False
    analysis = analyse(connection, event, desk, event.words, spoken=False)
    if not analysis.report or (
        analysis.category == "tidak_jelas" and not analysis.cry and not _says_where(connection, event, desk, analysis)
    ):
        return False
    if conduct.is_blocked(connection, event, desk, now):
        return True
    number = transmissions.add(connection, event.as_kept(), purpose="report", now=now)
    if number is None:
        return False
    corrected = desk.analyser.hear(event.words).corrected
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    flags = (transmissions.LATE,) if desk.is_late(event, now) else ()
    transmissions.written(connection, number, event.words, corrected=corrected, flags=flags, now=now)
    privacy_notice(connection, event, desk, now)
    take_up(connection, event, desk, Said(number, event.words, flags, place=place), analysis, now)
    return True


def analyse(connection: Connection, event: IncomingEvent, desk: Desk, text: str, *, spoken: bool = True) -> Analysis:
    """What a message of that room seems to say."""
    districts = desk.districts(connection, event.room_id)
    return desk.analyser.analyse(text, room_districts=districts, when=event.when, spoken=spoken)


def take_up(connection: Connection, event: IncomingEvent, desk: Desk, said: Said, analysis: Analysis, now: int) -> None:
    """Open an incident (or link to an open one), answer in the thread, put the card before the officers."""
    speech = desk.config.speech
    age = (now - event.sent_at) / 1000
    number, linked = None, False
    shown = analysis
    if analysis.report:
        thread = _thread(connection, event, desk, analysis)
        analysis = thread.analysis if thread is not None else analysis
        number, linked = incidents.take_up(
            connection, analysis, said.transmission_id, text=said.text, room_id=event.room_id,
            version=desk.content.version, at=event.sent_at, now=now, teaches=not said.quiet,
            thread=thread.link if thread is not None else None,
        )  # fmt: skip
        search.index(connection, number)
        shown = _as_answered(connection, desk, number, analysis)
    desk.record(
        connection,
        "incident.linked" if linked else "incident.opened" if number else "incident.none",
        event.event_id,
        {"text": said.text, "flags": list(said.flags), "incident": number, "age_s": round(age), **analysis.to_json()},
        now,
    )
    many = number is not None and conduct.too_many(connection, event, desk, now)
    late = desk.is_late(event, now)
    reply = (
        confidences.answer(connection, desk, event.room_id, event.sender, number, report=analysis.report, late=late)
        if shown.private
        else answers.heard(said.text, shown, number, late=late, flags=said.flags, typed=said.audio is None)
    )
    waiting.answer(connection, event, desk, reply, now, last=many)
    if number is not None:
        silent = age > speech.stale_seconds or said.quiet or many
        show_officers(connection, event, desk, said, number, linked=linked, silent=silent, now=now)
        if shown.private and not event.direct:
            confidences.offer(connection, desk, number, now)


@dataclass(frozen=True)
class _Thread:
    """A report in the thread of an open incident: how it fits that, and what it says there."""

    link: Candidate
    analysis: Analysis


def _thread(connection: Connection, event: IncomingEvent, desk: Desk, analysis: Analysis) -> _Thread | None:
    """What cannot be understood by itself is, in the thread of an open incident, news of that."""
    above = anchors.above(connection, event)
    number = amendments.of_transmission(connection, above.id) if above is not None else None
    if number is None:
        return None
    if analysis.category == "tidak_jelas":
        incident, rules = incidents.get(connection, number), desk.content.rules
        about = incident.analysis.about or incident.category
        urgency = analysis.urgency if analysis.cry else Urgency(incident.urgency)
        analysis = replace(
            analysis, category="pembaruan", about=about, urgency=urgency, title=rules.title("pembaruan"),
            about_title=rules.title(about),
        )  # fmt: skip
    link = incidents.beneath(connection, number, analysis, event.sent_at)
    return _Thread(link, analysis) if link is not None else None


def _says_where(connection: Connection, event: IncomingEvent, desk: Desk, analysis: Analysis) -> bool:
    """A line that only names a place tells of something where that is asked: in the thread of an open report."""
    scene = any(place.role == "scene" for place in analysis.places)
    return scene and _thread(connection, event, desk, analysis) is not None


def _as_answered(connection: Connection, desk: Desk, number: int, analysis: Analysis) -> Analysis:
    """What a report says, as its answer repeats it: where the incident is, if it names no place of its own, and
    nothing of what is private."""
    incident = incidents.get(connection, number)
    private = analysis.private or desk.is_private(connection, number)
    if analysis.district is not None or any(place.role == "scene" for place in analysis.places):
        return replace(analysis, private=private)
    known = tuple(FoundPlace(**{**place, "span": tuple(place["span"])}) for place in incident.places)
    return replace(analysis, private=private, district=incident.district, places=known)


def show_officers(
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
    """The card, or under an open one's card what was reported further; with the recording, if there is one."""
    if said.place:  # the log has it, whether or not there is a room yet to show it in
        incidents.locate(connection, number, said.place)
    room_id = desk.officers_room(connection, board.card_key(number))
    if room_id is None:
        return
    if linked:
        # A further report of the same thing belongs under its card, where the officer already looks.
        incident = incidents.get(connection, number)
        # Officers are not in a DM: a link there would open nothing.
        link = None if event.direct else desk.link(event)
        text = cards.further(incident, said.text, link=link, place=said.place, flags=said.flags)
        loud = incident.urgency == "darurat" and incident.status is Status.BARU and not silent
        board.post(connection, desk, number, str(said.transmission_id), text, now, notice=not loud)
        if not silent:
            watch.ring(connection, desk, number, now, cause=str(said.transmission_id))
        board.refresh(connection, desk, number, f"report-{said.transmission_id}", now)
    else:
        if not silent:
            watch.ring(connection, desk, number, now)
        board.put_up(connection, desk, number, now, silent=silent)
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
                threaded(f"outbox:{board.card_key(number)}", audio),
                priority=Priority.NOTICE,
                upload=said.audio,
            ),
            now,
        )


def privacy_notice(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Once for each person, before their first report or voice is kept (UU 27/2022, duty to inform)."""
    room = desk.room(connection, event.room_id)
    text = (room or desk.content.rooms).notices.privacy
    if text is None:
        return
    if not notices.first_time(connection, event.sender, welcome.PRIVACY, now):
        welcome.hurry(connection, event.room_id, event.sender, now)
        return
    controller, days = escape(desk.content.rooms.controller), desk.config.retention.audio_days
    said = told(text, controller=controller, audio_days=days)
    desk.say(connection, event, f"privacy:{event.sender}", said, now, notice=True, thread=not event.direct)
