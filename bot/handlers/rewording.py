"""Edited words: a report says what its reporter means now, and so do its card, our answer, and every copy.

The transcript gets a version more, the earlier ones stay. What an officer has settled by hand stays settled. Talk that
is edited into a report is taken up like one that was sent at that moment: nobody must write it a second time.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import (
    board,
    casenews,
    casewords,
    conduct,
    confidences,
    forwarding,
    restating,
    takeup,
    talk,
    watch,
)
from bot.handlers.desk import Desk
from bot.handlers.officers import by_officer as from_officer
from bot.incidents import answers, cards
from bot.incidents.analysis import Analysis
from bot.incidents.excerpts import beside_doubts
from bot.incidents.lifecycle import ACTIVE, Status
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.markup import render
from bot.store import amendments, changes, copies, incidents, relays, search, transmissions
from bot.store.incidents import Link
from bot.store.transmissions import Transmission


def by_reporter(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A message of a channel was edited: a report, what its reporter said further, or talk."""
    about = changes.original(connection, event)
    if about is None or about.sender != event.sender or changes.latest(connection, about) is None:
        return
    last = changes.last_edit(connection, about)
    if last is None or last.event_id != event.event_id:
        return  # one that a later edit has replaced, that proves less than the message, or that was taken back
    row = transmissions.by_event(connection, about.event_id)
    if row is None:
        _take_up(connection, event, about, desk, now)
        return
    if row.purpose != "report" or row.kind != "text":
        return
    number = amendments.of_transmission(connection, row.id)
    link = _link(connection, number, row.id) if number is not None else None
    if number is None or link is None:
        return
    if row.state == "withdrawn":
        _back(connection, event, about, desk, number, row, now)
        return
    if link.text == event.body:
        return
    before = incidents.get(connection, number)
    if link.role == incidents.REPLY:
        _reply(connection, event, about, desk, number, row, now)
    else:
        _report(connection, event, desk, number, link, now)
    desk.record(connection, "incident.reworded", event.event_id, {"incident": number, "text": event.body}, now)
    search.index(connection, number)
    if now - event.sent_at <= desk.config.speech.stale_seconds * 1000:
        _alarm(connection, event, desk, number, before.urgency, now)
    board.refresh(connection, desk, number, event.event_id, now)


def _take_up(connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, now: int) -> None:
    """Talk that was edited: a report now? It counts from the edit on, or its alarm would come too late to ring."""
    if about.kind is not Kind.TEXT or forwarding.is_agency_room(connection, desk, event.room_id):
        return
    answered = relays.row_of(connection, f"reply:{about.event_id}") is not None
    said = replace(about, body=event.body, sent_at=event.sent_at)
    takeup.take_text(connection, said, desk, now)
    row = transmissions.by_event(connection, about.event_id)
    number = amendments.of_transmission(connection, row.id) if row is not None else None
    link = _link(connection, number, row.id) if row is not None and number is not None else None
    if row is None or number is None or link is None:
        return
    # Its first version is this edit's: with the edit it goes.
    amendments.corrected_by(connection, number, row.id, actor=incidents.REPORTER, event_id=event.event_id, now=now)
    board.post(connection, desk, number, f"edited:{event.event_id}", casenews.TAKEN_UP_BY_EDIT, now)
    if answered:  # as a question, say
        board.correct_reply(connection, desk, number, link, event.body, event.event_id, now)
    desk.record(connection, "incident.edited_in", event.event_id, {"incident": number}, now)


def _back(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, number: int, row: Transmission,
    now: int,
) -> None:  # fmt: skip
    """The edit that made it a report had been taken back, and another one makes it a report again."""
    said = replace(about, body=event.body, sent_at=event.sent_at)
    analysis = takeup.analyse(connection, said, desk, said.body, spoken=False)
    calls = analysis.report and (analysis.category != "tidak_jelas" or analysis.cry)
    if not calls or from_officer(desk, said) or conduct.is_blocked(connection, said, desk, now):
        return
    transmissions.back(connection, row.id, now)
    if incidents.get(connection, number).status not in ACTIVE:
        incidents.reopen(connection, number, event_id=event.event_id, now=now)
    first = _is_first(connection, number, row.id)
    corrected = desk.analyser.hear(said.body).corrected
    amendments.correct(
        connection, number, row.id, said.body, None, author=incidents.REPORTER, event_id=event.event_id, now=now,
        corrected=corrected,
    )  # fmt: skip
    if first:
        amendments.propose(connection, number, said.body, analysis, now=now, afresh=True)
    else:
        incidents.learn(connection, number, analysis, now)
        confidences.keep_private(connection, desk, number, analysis, event.event_id, now)
    search.index(connection, number)
    desk.record(connection, "incident.edited_in", event.event_id, {"incident": number, "text": said.body}, now)
    say_again(connection, about, desk, number, event.event_id, said.body, analysis, now)
    if now - event.sent_at <= desk.config.speech.stale_seconds * 1000:
        watch.ring(connection, desk, number, now, cause=event.event_id)
    if first:
        board.show_again(connection, desk, number, now)
    else:
        show_further(connection, desk, number, row.id, event.event_id, now)
        board.refresh(connection, desk, number, event.event_id, now)


def say_again(
    connection: Connection, about: IncomingEvent, desk: Desk, number: int, cause: str, text: str, analysis: Analysis,
    now: int,
) -> None:  # fmt: skip
    """Our answer in the reporter's thread, after the first one had to be taken back."""
    private = incidents.get(connection, number).analysis.private
    words = (
        confidences.answer(connection, desk, about.room_id, about.sender, number, report=True)
        if private or analysis.private
        else answers.heard(text, analysis, number, typed=True)
    )
    key = f"reply:{about.event_id}:again:{cause}"
    if desk.say(connection, about, key, words, now, notice=True, thread=not about.direct):
        copies.add(connection, key, number, source=about.event_id, kind=copies.TO_REPORTER, now=now)


def show_further(connection: Connection, desk: Desk, number: int, transmission_id: int, cause: str, now: int) -> None:
    """A further report under its card, after the message that showed it had to be taken back."""
    link = _link(connection, number, transmission_id)
    if link is None:
        return
    incident = incidents.get(connection, number)
    words = cards.further(incident, link.text, link=board.link_of(connection, desk, link), flags=link.flags)
    what = f"anew:{cause}:{transmission_id}"
    board.post(connection, desk, number, what, words, now)
    key = f"{board.card_key(number)}:{what}"
    copies.add(connection, key, number, source=link.event_id, kind=copies.FROM_REPORTER, now=now)


def show_reply(connection: Connection, desk: Desk, number: int, link: Link, cause: str, now: int) -> None:
    """What a reporter said further, on the card again, after the message that showed it had to be taken back."""
    row = transmissions.get(connection, link.transmission_id)
    said = casewords.FROM_REPORTER.format(
        which=talk.which(connection, number, row.sender), text=talk.quoted(mask(link.text))
    )
    said = beside_doubts(said, link.flags)
    what = f"anew:{cause}:{row.id}"
    board.post(connection, desk, number, what, said, now)
    key = f"{board.card_key(number)}:{what}"
    copies.add(connection, key, number, source=link.event_id, kind=copies.FROM_REPORTER, now=now)


def _alarm(connection: Connection, event: IncomingEvent, desk: Desk, number: int, before: str, now: int) -> None:
    """Words that make it urgent call those on duty; somebody who has it already hears it in the thread."""
    watch.ring(connection, desk, number, now, cause=event.event_id)
    incident = incidents.get(connection, number)
    if incident.urgency != Urgency.DARURAT or before == Urgency.DARURAT or incident.status is Status.BARU:
        return
    people = (incident.claimed_by,) if incident.claimed_by else ()
    words = casenews.GRAVER.format(number=number, who=" ".join(cards.pill(one) for one in people))
    board.post(connection, desk, number, f"graver:{event.event_id}", words, now, notice=False, mentions=people)


def _reply(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, number: int, row: Transmission,
    now: int,
) -> None:  # fmt: skip
    text = event.body
    amendments.correct(
        connection, number, row.id, text, None, author=incidents.REPORTER, event_id=event.event_id, now=now,
        corrected=desk.analyser.hear(text).corrected,
    )  # fmt: skip
    analysis = takeup.analyse(connection, event, desk, text, spoken=False)
    confidences.keep_private(connection, desk, number, analysis, event.event_id, now)
    talk.learn(connection, number, analysis, now)
    which = talk.which(connection, number, row.sender)
    talk.reopen(connection, replace(about, body=text), desk, number, text, which, now)
    said = render(casewords.FROM_REPORTER.format(which=which, text=talk.quoted(mask(text)))).content()
    for one in copies.of_source(connection, row.event_id):
        if one.kind == copies.FROM_REPORTER:
            restating.replace(connection, one.key, said, event.event_id, now)


def _report(connection: Connection, event: IncomingEvent, desk: Desk, number: int, link: Link, now: int) -> None:
    text = event.body
    analysis = desk.analyser.analyse(
        text, room_districts=desk.districts(connection, link.room_id), when=event.when, spoken=False
    )
    was_private = incidents.get(connection, number).analysis.private
    first = _is_first(connection, number, link.transmission_id)
    amendments.correct(
        connection, number, link.transmission_id, text, analysis if first else None, author=incidents.REPORTER,
        event_id=event.event_id, now=now, corrected=desk.analyser.hear(text).corrected,
    )  # fmt: skip
    incident = incidents.get(connection, number)
    if not first and analysis.report:
        incidents.learn(connection, number, analysis, now)
    if analysis.private and not incident.analysis.private:  # a further report: only its words say so
        amendments.set_private(connection, number, actor=incidents.BOT, event_id=event.event_id, now=now)
    incident = incidents.get(connection, number)
    if incident.analysis.private and not was_private:
        confidences.hush(connection, desk, number, now)
    else:
        board.correct_reply(connection, desk, number, link, text, event.event_id, now)
    if not first:
        correct_further(connection, desk, number, link, text, event.event_id, now)


def correct_further(
    connection: Connection, desk: Desk, number: int, link: Link, text: str, cause: str, now: int
) -> None:
    """A further report says something else: so does the message under the card that shows it."""
    further = cards.further(incidents.get(connection, number), text, link=board.link_of(connection, desk, link))
    shown = [one.key for one in copies.of_source(connection, link.event_id) if one.kind == copies.FROM_REPORTER]
    for key in (f"{board.card_key(number)}:{link.transmission_id}", *shown):
        restating.replace(connection, key, render(further).content(notice=True), cause, now)


def _is_first(connection: Connection, number: int, transmission_id: int) -> bool:
    shown = board.shown_report(connection, number)
    return shown is not None and shown.transmission_id == transmission_id


def _link(connection: Connection, number: int, transmission_id: int) -> Link | None:
    return next((one for one in incidents.links(connection, number) if one.transmission_id == transmission_id), None)
