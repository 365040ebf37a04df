"""A report is passed on to an agency's room, and what comes back from there.

Only by a typed order from a proven device (a reaction is the homeserver's word alone), never what is private, and never
with the reporter's name or a number that names a person.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import board, casewords, casework, retraction
from bot.handlers.desk import Desk
from bot.handlers.recordings import forwarded, recording
from bot.handlers.replies import shared_place, threaded
from bot.incidents import cards
from bot.incidents.cards import map_link
from bot.incidents.lifecycle import Status
from bot.language.mask import mask
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.rooms.agencies import Agency
from bot.store import copies, inbox, incidents, outbox, rooms, transmissions
from bot.store.incidents import Incident, Link

RELAY = "relay"
_LONGEST = 1000


def forward(connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, words: str, now: int) -> bool:
    """Pass it on as ordered; false when it was not done, and then the officer knows why."""
    number = incident.id
    agency, word = _agency(desk, incident, words)
    reports = [one for one in board.reports(connection, number) if one.state != "withdrawn"]
    if event.trust is not Trust.DEVICE:
        word = casewords.NOT_PROVEN
    elif incident.analysis.private:
        word = casewords.PRIVATE_STAYS
    elif not reports:
        word = casewords.NOTHING_TO_FORWARD
    elif agency is not None and not _new_to(connection, number, agency, reports):
        word = casewords.AGENCY_HAS_IT.format(number=number, agency=escape(agency.title))
    if word is not None or agency is None:
        desk.record(connection, "incident.kept", event.event_id, {"incident": number, "trust": event.trust}, now)
        board.answer(connection, desk, number, event, word or casewords.AGENCY_NONE, now)
        return False
    if incident.status is Status.DITERUSKAN:  # already with another agency: this one has it, too
        incidents.note(
            connection, number, "forwarded", actor=event.sender, after=agency.title, event_id=event.event_id, now=now
        )
    elif not casework.change(connection, event, desk, incident, Status.DITERUSKAN, agency.title, now):
        return False
    room_id = _room(connection, agency)
    if room_id is None:
        name = escape(agency.title)
        board.answer(connection, desk, number, event, casewords.AGENCY_WITHOUT_ROOM.format(agency=name), now)
    else:
        new = _new_to(connection, number, agency, reports)
        _send(connection, event, desk, incident, agency, room_id, new, now)
    payload = {"incident": number, "officer": event.sender, "agency": agency.key, "room": room_id}
    desk.record(connection, "incident.forwarded", event.event_id, payload, now)
    return True


def take_back(connection: Connection, number: int, order: str, now: int) -> bool:
    """The order (its event id) was withdrawn: what was passed on because of it is taken back."""
    taken = False
    for one in copies.of_incident(connection, number, (copies.RELAY, copies.MORE)):
        if order in one.key.split(":"):
            copies.withdraw(connection, one.key, now)
            taken = retraction.take_back(connection, one.key, now) or taken
    return taken


def confirm(connection: Connection, desk: Desk, now: int) -> int:
    """Say on the cards what became of relays; returns how many are settled."""
    waiting = copies.unconfirmed(connection)
    standings = outbox.standings(connection, [one.key for one in waiting])
    settled = 0
    for one in waiting:
        state, _ = standings.get(one.key, ("failed", None))
        if state == "queued":
            continue
        time = f"{datetime.fromtimestamp(now / 1000, desk.config.zone):%H.%M}"
        words = casewords.ARRIVED if state == "sent" else casewords.NOT_ARRIVED
        word = words.format(agency=escape(_title(desk, one.target)), time=time)
        board.post(connection, desk, one.incident_id, f"arrived:{one.key}", word, now, notice=state == "sent")
        copies.confirm(connection, one.key, now)
        settled += 1
    return settled


def came_back(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """Somebody in the agency's room answers a relay, or puts a sign on it: the card's thread says so.

    As the agency's own only if it is; in a room that several share, or where officers sit, others answer, too.
    """
    parts = (about or "").split(":")
    if len(parts) < 3 or parts[0] != RELAY or not parts[1].isdecimal():
        return
    number, title = int(parts[1]), _title(desk, parts[2])
    speaker = desk.content.agencies.speaks_for(event.sender, parts[2], desk.config.homeserver.server_name)
    if speaker is not None:
        title = speaker.title
    elif any(one.key == parts[2] for one in desk.content.agencies.all):  # else it has been taken out of the files
        if event.kind is Kind.REACTION:
            return
        title = casewords.NOT_THE_AGENCY.format(agency=title)
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    if event.kind is Kind.REACTION:
        word = casewords.AGENCY_SIGN.format(sign=escape(event.body[:20]), agency=escape(title))
    elif place is not None:
        word = casewords.AGENCY_PLACE.format(agency=escape(title), link=map_link(place))
    elif event.kind is not Kind.TEXT:
        # Officers need not be in an agency's room, so the voice goes along; whoever is there opens the rest.
        sort = casewords.ATTACHMENTS.get(event.kind, casewords.ATTACHMENTS[Kind.FILE])
        word = casewords.AGENCY_SENT.format(agency=escape(title), sort=sort, link=desk.link(event))
    else:
        word = casewords.AGENCY_SAYS.format(agency=escape(title), text=escape(mask(event.body[:_LONGEST])))
    key = f"agency:{event.event_id}"
    if board.post(connection, desk, number, key, word, now, notice=event.kind is Kind.REACTION):
        source = f"{board.card_key(number)}:{key}"
        copies.add(connection, source, number, source=event.event_id, kind=copies.FROM_REPORTER, now=now)
        if event.kind is Kind.AUDIO and event.media is not None:
            sound = f"{source}:sound"
            said = threaded(f"outbox:{board.card_key(number)}", forwarded(event.media, casewords.VOICE_NAME))
            desk.tell_operations(connection, sound, said, now, priority=Priority.NOTICE)
            copies.add(connection, sound, number, source=event.event_id, kind=copies.FROM_REPORTER, now=now)
        theirs = speaker.key if speaker is not None else None
        payload = {
            "incident": number, "agency": parts[2], "text": event.body, "trust": event.trust, "speaks_for": theirs,
        }  # fmt: skip
        desk.record(connection, "incident.agency", event.event_id, payload, now)


def is_agency_room(connection: Connection, desk: Desk, room_id: str) -> bool:
    """Whether reports are passed on to that room."""
    return any(_room(connection, agency) == room_id for agency in desk.content.agencies.all)


def _agency(desk: Desk, incident: Incident, words: str) -> tuple[Agency | None, str | None]:
    """The agency, or what to say when it is not clear which."""
    known = desk.content.agencies
    if not known.all:
        return None, casewords.AGENCY_NONE
    fitting = known.for_category(incident.category)
    if not words:
        if len(fitting) == 1:
            return fitting[0], None
        choices = [one.title for one in fitting or known.all]
        return None, casewords.AGENCY_WHICH.format(all=escape(", ".join(choices)), first=escape(choices[0]))
    agency = known.find(words)
    if agency is None:
        names = ", ".join(one.title for one in known.all)
        return None, casewords.AGENCY_UNKNOWN.format(words=escape(words[:60]), all=escape(names))
    return agency, None


def _new_to(connection: Connection, number: int, agency: Agency, reports: list[Link]) -> list[Link]:
    """The reports that the agency does not have yet."""
    theirs = copies.of_incident(connection, number, (copies.RELAY, copies.MORE))
    known = {one.source for one in theirs if one.target == agency.key}
    return [one for one in reports if one.event_id not in known]


def _room(connection: Connection, agency: Agency) -> str | None:
    if not agency.room or agency.room.startswith("!"):
        return agency.room or None
    known = rooms.by_name(connection, agency.room)
    return known.room_id if known else None


def _title(desk: Desk, key: str | None) -> str:
    return next((one.title for one in desk.content.agencies.all if one.key == key), key or "")


def _send(
    connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, agency: Agency, room_id: str,
    reports: list[Link], now: int,
) -> None:  # fmt: skip
    """One message with the first report, further ones in its thread, each with its recording while it is kept."""
    urgent = incident.urgency == "darurat"
    priority = Priority.WARNING if urgent else Priority.CARD
    own = f"{RELAY}:{incident.id}:{agency.key}:{event.event_id}"
    earlier = copies.of_incident(connection, incident.id, (copies.RELAY,))
    root = next((one.key for one in earlier if one.target == agency.key), own)
    for place, report in enumerate(reports):
        first = place == 0 and root == own
        key = own if first else f"{own}:{report.transmission_id}"
        if first:
            text = cards.relayed(
                incident, report.text or incident.text, place=incident.location, zone=desk.config.zone,
                flags=report.flags,
            )  # fmt: skip
            said = render(text).content(notice=not urgent)
        else:
            words = cards.relayed_further(report.text, flags=report.flags)
            said = threaded(f"outbox:{root}", render(words).content(notice=True))
        outbox.append(connection, Outgoing(key, room_id, said, priority=priority), now)
        kind = copies.RELAY if first else copies.MORE
        copies.add(connection, key, incident.id, source=report.event_id, kind=kind, target=agency.key, now=now)
        _sound(connection, desk, incident, report, key, root, room_id, agency, now)


def _sound(
    connection: Connection, desk: Desk, incident: Incident, report: Link, key: str, root: str, room_id: str,
    agency: Agency, now: int,
) -> None:  # fmt: skip
    row = transmissions.get(connection, report.transmission_id)
    path = desk.config.data_dir / row.media_path if row.media_path else None
    if path is None or not path.exists():
        return
    event = inbox.event(connection, report.event_id)
    said = threaded(f"outbox:{root}", recording(event.media if event else None, f"laporan-{incident.id}.ogg"))
    audio = Outgoing(f"{key}:audio", room_id, said, priority=Priority.NOTICE, upload=str(path))
    outbox.append(connection, audio, now)
    copies.add(connection, audio.key, incident.id, source=report.event_id, kind=copies.MORE, target=agency.key, now=now)
