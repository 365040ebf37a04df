"""`!cari` in the operations room: the log searched by those who work with it. Who asked what is audited."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.replies import permalink
from bot.incidents import results
from bot.incidents.inquiry import asked, read_inquiry
from bot.incidents.nearnames import NearNames
from bot.incidents.placeline import place_line
from bot.incidents.results import Line
from bot.store import outbox, quotations, rooms, search
from bot.store.search import Hit

SHOWN = 8
"""Entries in one answer: what fits on a phone."""


def answer(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Search and answer under the question. Officers only: the answer quotes what citizens told the police."""
    if officer(connection, desk, event) is None:
        desk.record(connection, "search.refused", event.event_id, {"trust": event.trust}, now)
        desk.say(connection, event, f"reply:{event.event_id}", results.OFFICERS_ONLY, now, notice=True)
        return
    zone, rules = desk.config.zone, desk.content.rules
    channels = {room.name: room.title for room in desk.content.rooms.channels}
    inquiry = read_inquiry(
        asked(event.body) or "", datetime.fromtimestamp(now / 1000, UTC).astimezone(zone),
        categories=rules.titles, rooms=channels,
    )  # fmt: skip
    found = search.Found(())
    if not inquiry.empty and not inquiry.faults:
        names = NearNames(place.name for place in desk.content.gazetteer.places)
        known = rooms.by_name(connection, inquiry.room) if inquiry.room else None
        # A channel that has never been made has no entries.
        room_id = known.room_id if known else inquiry.room
        found = search.ask(connection, inquiry, names=names, room_id=room_id, limit=SHOWN, now=now)
    lines = [_line(connection, desk, hit) for hit in found.hits]
    payload = {"officer": event.sender, "query": event.body, "found": [hit.incident.id for hit in found.hits]}
    desk.record(connection, quotations.ASKED, event.event_id, payload, now)
    text = results.answer(inquiry, lines, limit=SHOWN, zone=zone, read_as=found.read_as)
    desk.say(connection, event, f"reply:{event.event_id}", text, now, notice=True)


def _line(connection: Connection, desk: Desk, hit: Hit) -> Line:
    incident, rules = hit.incident, desk.content.rules
    row = rules.category(incident.category)
    private = incident.analysis.private or (row is not None and row.private)
    text, spans = hit.shown()
    return Line(
        incident.id, incident.opened_at, rules.title(incident.category), incident.urgency, incident.status,
        (incident.district or "") if private else place_line(incident.analysis) or incident.district or "",
        text, spans, private, _links(connection, desk, hit),
    )  # fmt: skip


def _links(connection: Connection, desk: Desk, hit: Hit) -> tuple[tuple[str, str], ...]:
    """The card for everything; the message itself where officers can open it, which a DM is not."""
    server = desk.config.homeserver.server_name
    links: list[tuple[str, str]] = []
    key = f"card:{hit.incident.id}"
    card, room_id = outbox.event_id(connection, key), desk.officers_room(connection, key)
    if card is not None and room_id is not None:
        links.append(("kartu", permalink(room_id, card, server)))
    if hit.event_id and desk.room(connection, hit.room_id) is not None:
        links.append(("pesan", permalink(hit.room_id, hit.event_id, server)))
    return tuple(links)
