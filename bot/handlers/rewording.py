"""Edited words: a report says what its reporter means now, and so do its card, our answer, and every copy.

The transcript gets a version more, the earlier ones stay. What an officer has settled by hand stays settled.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casewords, casework, retraction, talk, watch
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents import cards
from bot.incidents.orders import INTERNAL, Order, Verb, read
from bot.language.mask import mask
from bot.markup import render
from bot.store import amendments, changes, copies, incidents, relays, search, transmissions
from bot.store.incidents import Link


def by_officer(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Words that went to a reporter were edited: they are replaced there, or taken back when they are no such words."""
    about = changes.original(connection, event)
    sent = [] if about is None else [one for one in copies.of_source(connection, about.event_id) if _went_out(one)]
    if about is None or not sent or about.sender != event.sender or about.kind is not Kind.TEXT:
        return
    number = sent[0].incident_id
    current = changes.latest(connection, about)
    if current is None:
        return
    if officer(desk, event) is None:
        casework.refuse(connection, event, desk, number, now)
        return
    order, text = read(current.body), current.body
    asks = isinstance(order, Order) and order.verb is Verb.ASK
    if isinstance(order, Order) and asks:
        text = order.words
    if (order is not None and not asks) or text.lstrip().startswith(INTERNAL) or not text.strip():
        retraction.take_back_copies(connection, about.event_id, now)
    else:
        said = render(casewords.FROM_OFFICER.format(text=talk.quoted(text))).content()
        for one in sent:
            board.replace(connection, one.key, said, event.event_id, now)
    payload = {"incident": number, "officer": event.sender, "text": text}
    desk.record(connection, "incident.reworded", event.event_id, payload, now)


def by_reporter(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A written report, or what its reporter said further, was edited in the channel."""
    about = changes.original(connection, event)
    row = transmissions.by_event(connection, about.event_id) if about is not None else None
    if about is None or row is None or row.purpose != "report" or row.kind != "text" or row.state == "withdrawn":
        return
    number = amendments.of_transmission(connection, row.id)
    current = changes.latest(connection, about)
    if number is None or current is None or about.sender != event.sender:
        return
    link = next((one for one in incidents.links(connection, number) if one.transmission_id == row.id), None)
    if link is None or link.text == current.body:
        return
    if link.role == incidents.REPLY:
        _reply(connection, event, desk, number, row.id, current.body, now)
    else:
        _report(connection, event, desk, number, link, current.body, now)
    desk.record(connection, "incident.reworded", event.event_id, {"incident": number, "text": current.body}, now)
    search.index(connection, number)
    watch.ring(connection, desk, number, now, cause=event.event_id)
    board.refresh(connection, desk, number, event.event_id, now)


def _reply(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, transmission_id: int, text: str, now: int
) -> None:
    transmissions.corrected(connection, transmission_id, text, author=incidents.REPORTER, now=now)
    report = transmissions.get(connection, transmission_id)
    analysis = desk.analyser.analyse(
        text, room_districts=desk.districts(connection, report.room_id), when=event.when, spoken=False
    )
    retraction.keep_private(connection, number, analysis, event.event_id, now)
    which = talk.which(connection, number, report)
    said = render(casewords.FROM_REPORTER.format(which=which, text=talk.quoted(mask(text)))).content()
    for one in copies.of_source(connection, report.event_id):
        board.replace(connection, one.key, said, event.event_id, now)


def _report(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, link: Link, text: str, now: int
) -> None:
    analysis = desk.analyser.analyse(
        text, room_districts=desk.districts(connection, link.room_id), when=event.when, spoken=False
    )
    shown = board.shown_report(connection, number)
    was_private = incidents.get(connection, number).analysis.private
    first = shown is not None and shown.transmission_id == link.transmission_id
    amendments.correct(
        connection, number, link.transmission_id, text, analysis if first else None, author=incidents.REPORTER,
        event_id=event.event_id, now=now,
    )  # fmt: skip
    incident = incidents.get(connection, number)
    if analysis.private and not incident.analysis.private:  # a further report: only its words say so
        amendments.set_private(connection, number, actor=incidents.BOT, event_id=event.event_id, now=now)
        incident = incidents.get(connection, number)
    if incident.analysis.private and not was_private:
        retraction.hush(connection, number, now)
    else:
        board.correct_reply(connection, desk, number, link, text, event.event_id, now)
    if not first:
        further = cards.further(incident, text, link=board.link_of(connection, desk, link))
        key = f"{board.card_key(number)}:{link.transmission_id}"
        board.replace(connection, key, render(further).content(notice=True), event.event_id, now)
    for one in copies.of_source(connection, link.event_id):
        row = relays.row_of(connection, one.key)
        if one.kind not in (copies.RELAY, copies.MORE) or row is None or row.content.get("msgtype") == "m.audio":
            continue
        if one.kind == copies.RELAY:
            said = cards.relayed(incident, text, place=incident.location, zone=desk.config.zone)
        else:
            said = cards.relayed_further(text)
        board.replace(connection, one.key, render(said).content(notice=True), event.event_id, now)


def _went_out(one: copies.Copy) -> bool:
    return one.kind == copies.TO_REPORTER
