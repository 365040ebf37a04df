"""Officers and reporters talk: the card's thread in the operations room, the report's own thread in its channel.

Nobody is named on the other side; which of several reporters speaks is told by their number on the card. Everything
that goes over has a key made of the event that caused it, and a row in `copies`, so that it goes once and can be taken
back. What is private is not said in a channel at all, but in a DM (`bot.handlers.confidences`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casenews, casewords, conduct, confidences, watch
from bot.handlers.desk import Desk
from bot.handlers.recordings import forwarded, recording
from bot.handlers.replies import shared_place, threaded
from bot.handlers.routing import RoomKind
from bot.incidents.analysis import Analysis
from bot.incidents.cards import map_link
from bot.incidents.excerpts import beside_doubts
from bot.incidents.lifecycle import Status
from bot.incidents.replies import reopens
from bot.language.mask import mask
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.store import amendments, copies, incidents, outbox, search, tickets, transmissions
from bot.store.incidents import Link
from bot.store.transmissions import Transmission
from bot.voice.heard import NO_SPEECH, QUIET

_LONGEST = 3000
_SENT, _HEARD = "📨", "👌"
"""What the bot puts on an officer's words that went out, and on a reporter's that came in."""


def from_reporter(
    connection: Connection, event: IncomingEvent, desk: Desk, report: Transmission, text: str, now: int,
    *, audio: str | None = None, flags: Sequence[str] = (),
) -> None:  # fmt: skip
    """They say more, in writing, by voice (`audio` is its file), by a place or a photo: onto the card.

    So does somebody else who sends a photo or a place in the thread of `report`.

    Words that perhaps nobody said (`flags`) are shown as such: they raise and open nothing, and ring for nobody.
    """
    number = amendments.of_transmission(connection, report.id)
    if number is None or conduct.is_blocked(connection, event, desk, now):
        return
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    added = transmissions.add(connection, event.as_kept(), purpose="report", now=now)
    hearing = desk.analyser.hear(text)
    if added is not None:
        transmissions.written(connection, added, text, corrected=hearing.corrected, now=now)
    elif audio is None:
        return  # delivered again
    own = transmissions.by_event(connection, event.event_id)
    assert own is not None  # noqa: S101 - added just now, or when it was queued
    reporter = which(connection, number, event.sender)
    reasons = {"thread": 1.0}
    incidents.link(connection, number, own.id, role=incidents.REPLY, score=1.0, reasons=reasons, now=now)
    analysis = desk.analyser.analyse(
        text, room_districts=desk.districts(connection, event.room_id), when=event.when, spoken=False
    )
    quiet = not QUIET.isdisjoint(flags)
    if NO_SPEECH not in flags:
        confidences.keep_private(connection, desk, number, analysis, event.event_id, now)
    graver = not quiet and learn(connection, number, analysis, now)
    theirs = report.sender == event.sender
    opened = theirs and not quiet and reopen(connection, event, desk, number, text, reporter, now)
    if place is not None:
        incidents.locate(connection, number, place)
        words = casewords.FROM_REPORTER_PLACE.format(which=reporter, link=map_link(place))
    elif event.kind in (Kind.IMAGE, Kind.FILE):
        words = casewords.FROM_REPORTER_SENT.format(
            which=reporter, sort=casewords.ATTACHMENTS[event.kind], link=desk.link(event)
        )
        if text.strip():
            words = f"{words}\n\n{casewords.FROM_REPORTER.format(which=reporter, text=quoted(mask(text)))}"
    elif audio is not None and not text.strip():
        words = casewords.FROM_REPORTER_SOUND.format(which=reporter)
    else:
        words = casewords.FROM_REPORTER.format(which=reporter, text=quoted(mask(text)))
    if text.strip():
        words = beside_doubts(
            words, [flag for flag in flags if flag != transmissions.LATE]
        )  # that has a line of its own
    if desk.is_late(event, now):
        words = f"{words}\n\n{casewords.FROM_REPORTER_LATE}"
    what = f"in:{event.event_id}"
    stale = now - event.sent_at > desk.config.speech.stale_seconds * 1000  # logged and shown, but no alert any more
    board.post(connection, desk, number, what, words, now, notice=stale or quiet)
    key = f"{board.card_key(number)}:{what}"
    copies.add(connection, key, number, source=event.event_id, kind=copies.FROM_REPORTER, now=now)
    if audio is not None:
        _sound_for_officers(connection, event, desk, number, audio, now)
    payload = {"incident": number, "text": text, "flags": list(flags), "graver": graver, "reopened": opened}
    desk.record(connection, "incident.from_reporter", event.event_id, payload, now)
    search.index(connection, number)
    if (graver or opened) and not stale:
        watch.ring(connection, desk, number, now, cause=event.event_id)
    board.refresh(connection, desk, number, event.event_id, now)
    _mark(connection, event, _HEARD, now)


def unheard(
    connection: Connection, event: IncomingEvent, desk: Desk, report: Transmission, mark: str, now: int
) -> int | None:
    """They say more in a note that nobody can hear: under the same card, with the way to it. The incident's number."""
    number = amendments.of_transmission(connection, report.id)
    own = transmissions.by_event(connection, event.event_id)
    if number is None or own is None:
        return None
    reasons = {"thread": 1.0}
    incidents.link(connection, number, own.id, role=incidents.REPLY, score=1.0, reasons=reasons, now=now)
    what = f"in:{event.event_id}"
    words = casewords.FROM_REPORTER_UNHEARD.format(
        which=which(connection, number, event.sender), mark=mark, link=desk.link(event)
    )
    stale = now - event.sent_at > desk.config.speech.stale_seconds * 1000
    board.post(connection, desk, number, what, words, now, notice=stale)
    key = f"{board.card_key(number)}:{what}"
    copies.add(connection, key, number, source=event.event_id, kind=copies.FROM_REPORTER, now=now)
    return number


def from_officer(connection: Connection, event: IncomingEvent, desk: Desk, number: int, text: str, now: int) -> bool:
    """An officer's words, voice or place, to the reporter whose message they answer, or the one on the card."""
    report, word = _whom(connection, event, desk, number)
    if report is not None and desk.is_private(connection, number):
        return confidences.from_officer(connection, event, desk, number, report, text, now)
    said: dict[str, Any] | None = None
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    if report is not None:
        if event.kind is Kind.TEXT and text.strip():
            said = render(casewords.FROM_OFFICER.format(text=quoted(text))).content()
        elif event.kind is Kind.AUDIO and event.media is not None:
            said = forwarded(event.media, casewords.VOICE_NAME)
        elif place is not None:
            said = render(casewords.FROM_OFFICER_PLACE.format(link=map_link(place))).content()
        else:
            word = casewords.ONLY_WORDS
    if report is None or said is None:
        board.answer(connection, desk, number, event, word or casewords.ONLY_WORDS, now)
        return False
    _to_reporter(connection, event, desk, number, report, f"talk:{number}:{report.transmission_id}:{event.event_id}",
                 said, now)  # fmt: skip
    _mark(connection, event, _SENT, now)
    payload = {"incident": number, "officer": event.sender, "text": text, "kind": str(event.kind)}
    desk.record(connection, "incident.to_reporter", event.event_id, payload, now)
    return True


def officer_heard(
    connection: Connection, event: IncomingEvent, desk: Desk, text: str, now: int, *, flags: Sequence[str] = ()
) -> bool:
    """What an officer said by voice, in writing: for the colleagues, and for the reporter who has the recording.

    `flags`: what is doubtful about it, which both read beside it. False when it was not said under a card.
    """
    number = board.incident_of(_about(connection, event))
    if number is None:
        return False
    if not text.strip():
        return True
    what = f"spoken:{event.event_id}"
    board.post(connection, desk, number, what, beside_doubts(casewords.SPOKEN.format(text=quoted(text)), flags), now)
    copies.add(
        connection, f"{board.card_key(number)}:{what}", number, source=event.event_id, kind=copies.IN_HOUSE, now=now
    )
    report, _ = _whom(connection, event, desk, number)
    if report is not None and desk.is_private(connection, number):
        confidences.officer_heard(connection, event, desk, number, report, text, now, flags)
        return True
    sound = f"talk:{number}:{report.transmission_id}:{event.event_id}" if report else ""
    if report is not None and copies.by_key(connection, sound) is not None:
        words = beside_doubts(casewords.FROM_OFFICER_SPOKEN.format(text=quoted(text)), flags)
        said = render(words).content(notice=True)
        _to_reporter(connection, event, desk, number, report, f"{sound}:words", said, now)
    return True


def _to_reporter(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, report: Link, key: str, said: dict[str, Any],
    now: int,
) -> None:  # fmt: skip
    board.say_to_reporter(connection, desk, report, key, said, now, mention=said["msgtype"] != "m.notice")
    copies.add(connection, key, number, source=event.event_id, kind=copies.TO_REPORTER, now=now)


def _whom(connection: Connection, event: IncomingEvent, desk: Desk, number: int) -> tuple[Link | None, str | None]:
    """The report whose reporter is spoken to; or why nobody can be."""
    private = desk.is_private(connection, number)
    # Who took a private report back may still be spoken to: not where it was read.
    links = [
        one
        for one in incidents.links(connection, number)
        if one.state != "withdrawn" or (private and one.sender.startswith("@"))
    ]
    living = [one for one in links if one.role != incidents.REPLY]
    key = board.replied_to(connection, event)
    pointed = board.report_of(key)
    report = next((one for one in living if one.transmission_id == pointed), living[0] if living else None)
    if key is not None and ":in:" in key:  # what a reporter said further, or somebody else sent along
        more = next((one for one in links if one.event_id == key.split(":in:", 1)[1]), None)
        ticket = tickets.of_key(connection, key)
        sender = more.sender if more is not None else ticket.user_id if ticket is not None else ""
        report = next((one for one in living if one.sender == sender), more or report)
    if report is None:
        return None, casewords.NOBODY_TO_TALK_TO
    if not private and desk.room_kind(connection, report.room_id) is not RoomKind.CHANNEL:
        return None, casewords.DIRECT_NO_TALK
    return report, None


def learn(connection: Connection, number: int, analysis: Analysis, now: int) -> bool:
    """What a reporter adds may make it graver, or say where; true when it became graver."""
    if not analysis.report and not analysis.places:
        return False
    before = incidents.get(connection, number)
    incidents.learn(connection, number, analysis, now)
    return incidents.get(connection, number).urgency != before.urgency


def reopen(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, text: str, reporter: str, now: int
) -> bool:
    """Their word that it is not done opens a closed report again; whether it did."""
    incident = incidents.get(connection, number)
    if incident.status is not Status.SELESAI or not reopens(text):
        return False
    incidents.reopen(connection, number, event_id=event.event_id, now=now)
    words = casewords.REOPENED.format(which=reporter, number=number)
    board.post(connection, desk, number, f"reopened:{event.event_id}", words, now, notice=False)
    desk.record(connection, "incident.reopened", event.event_id, {"incident": number}, now)
    said = casewords.REOPENED_REPORTER.format(number=number)
    desk.say(connection, event, f"reply:{event.event_id}", said, now, notice=True, thread=not event.direct)
    return True


def _about(connection: Connection, event: IncomingEvent) -> str | None:
    for event_id in (event.thread_root, event.reply_to):
        key = outbox.key_of(connection, event_id) if event_id is not None else None
        if key is not None:
            return key
    return None


def which(connection: Connection, number: int, sender: str) -> str:
    """ " 2" for the second of several reporters, nothing for the only one; " lain" for one who only sent something."""
    people = list(dict.fromkeys(one.sender for one in board.reports(connection, number)))
    if sender not in people:
        return casenews.SOMEBODY_ELSE
    return f" {people.index(sender) + 1}" if len(people) > 1 else ""


def _sound_for_officers(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, audio: str, now: int
) -> None:
    room_id = desk.officers_room(connection, board.card_key(number))
    if room_id is None:
        return
    said = threaded(f"outbox:{board.card_key(number)}", recording(event.media, f"laporan-{number}.ogg"))
    key = f"{board.card_key(number)}:sound:{event.event_id}"
    outbox.append(connection, Outgoing(key, room_id, said, priority=Priority.NOTICE, upload=audio), now)
    copies.add(connection, key, number, source=event.event_id, kind=copies.FROM_REPORTER, now=now)


def _mark(connection: Connection, event: IncomingEvent, sign: str, now: int) -> None:
    relation = {"rel_type": "m.annotation", "event_id": event.event_id, "key": sign}
    mark = Outgoing(f"mark:{event.event_id}", event.room_id, {"m.relates_to": relation}, type="m.reaction")
    outbox.append(connection, mark, now)


def quoted(text: str) -> str:
    """Somebody's words as literal text, line by line."""
    return "\n".join(escape(line) for line in text[:_LONGEST].strip().splitlines())
