"""A person takes over: a ticket is a thread in the operations room on one side, the citizen's DM on the other.

Everything that goes over has a key made of the event that caused it, so nothing is said twice. Who the citizen is
stands nowhere in the operations room, which officer answered stands in the audit alone; numbers that name a person
are masked on their way to the officers.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.dialogue.hours import next_opening, open_at
from bot.event import IncomingEvent, Kind
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.replies import shared_place, threaded
from bot.incidents.cards import map_link
from bot.language.mask import mask
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.store import outbox, tickets
from bot.store.tickets import Ticket

IDLE_DAYS = 3
"""A ticket in which nobody has said anything for so long is closed, and the bot answers the citizen again."""
DONE = frozenset({"selesai", "tutup", "tutup tiket", "tiket selesai"})
TICKS = ("✅", "☑", "✔")
_INTERNAL = "//"
_DAY_MS = 24 * 3_600_000
_TURNS = 3
_TURNS_MS = 3_600_000
_LONGEST_TURN = 300
_LONGEST_MESSAGE = 3000


def hand_off(
    connection: Connection, event: IncomingEvent, desk: Desk, question: str, reason: str, now: int,
    *, incident: int | None = None,
) -> str:  # fmt: skip
    """Open a ticket for a citizen in a DM; returns what they are told about it."""
    if not event.direct:
        return phrases.TICKET_ELSEWHERE
    room_id = desk.operations_room(connection)
    if room_id is None:
        return phrases.TICKET_IMPOSSIBLE
    ticket = tickets.open_ticket(
        connection, event.event_id, event.room_id, event.sender, reason=reason, incident=incident, now=now
    )
    earlier = tickets.turns(
        connection, event.room_id, event.sender, since=now - _TURNS_MS, but=event.event_id, most=_TURNS
    )
    local = datetime.fromtimestamp(now / 1000, desk.config.zone)
    why = phrases.TICKET_REASON[reason].format(incident=incident)
    parts = [phrases.TICKET_CARD.format(number=ticket.id, reason=why, time=f"{local:%d.%m.%Y %H.%M}")]
    for turn in earlier:
        parts.append(phrases.TICKET_TURN.format(said=_short(turn.said)))
        if turn.replied:
            parts.append(phrases.TICKET_TURN_REPLY.format(replied=_short(turn.replied)))
    parts.append(phrases.TICKET_FROM_CITIZEN.format(text=_words(question)))
    parts.append(phrases.TICKET_HOW_TO)
    content = render("\n\n".join(parts)).content()
    outbox.append(connection, Outgoing(ticket.key, room_id, content, priority=Priority.CARD), now)
    desk.record(connection, "ticket.opened", event.event_id, {"ticket": ticket.id, "reason": reason}, now)
    return phrases.TICKET_OPENED.format(number=ticket.id, when=_when(desk, local))


def from_citizen(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, text: str, now: int) -> None:
    """A further message of the citizen goes into the thread."""
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    if place is not None:
        said = phrases.TICKET_PLACE.format(link=map_link(place))
    else:
        said = phrases.TICKET_FROM_CITIZEN.format(text=_words(text))
    _into_thread(connection, desk, ticket, f"{ticket.key}:in:{event.event_id}", said, now)
    tickets.spoken(connection, ticket.id, now, by_officer=False)
    desk.record(connection, "ticket.from_citizen", event.event_id, {"ticket": ticket.id, "text": text}, now)


def from_officer(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A message in a ticket's thread: to the citizen, or the end of the ticket."""
    ticket = tickets.of_key(connection, about)
    if ticket is None or event.body.lstrip().startswith(_INTERNAL):
        return
    who = officer(desk, event)
    if who is None:
        desk.record(connection, "ticket.refused", event.event_id, {"ticket": ticket.id, "trust": event.trust}, now)
        _tell(connection, event, desk, ticket, phrases.TICKET_NO_POWER, now)
    elif not ticket.is_open:
        _tell(connection, event, desk, ticket, phrases.TICKET_IS_CLOSED.format(number=ticket.id), now)
    elif event.kind is not Kind.TEXT or not event.body.strip():
        _tell(connection, event, desk, ticket, phrases.TICKET_WORDS_ONLY, now)
    elif event.body.strip().strip(".!").casefold() in DONE:
        _close(connection, event, desk, ticket, now)
    else:
        text = "\n".join(escape(line) for line in event.body[:_LONGEST_MESSAGE].strip().splitlines())
        content = render(phrases.TICKET_FROM_OFFICER.format(text=text)).content()
        key = f"{ticket.key}:out:{event.event_id}"
        outbox.append(connection, Outgoing(key, ticket.room_id, content, priority=Priority.REPLY), now)
        tickets.spoken(connection, ticket.id, now, by_officer=True)
        payload = {"ticket": ticket.id, "officer": event.sender, "text": event.body}
        desk.record(connection, "ticket.answered", event.event_id, payload, now)


def ticked(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to a message of a ticket: ✅ of an officer closes it, anything else says nothing."""
    ticket = tickets.of_key(connection, about)
    if ticket is None or not event.body.startswith(TICKS) or officer(desk, event) is None:
        return
    if ticket.is_open:
        _close(connection, event, desk, ticket, now)


def cancelled(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> str:
    """The citizen needs nobody any more; returns what they are told."""
    if tickets.close(connection, ticket.id, event.sender, now):
        said = phrases.TICKET_CANCELLED_CARD.format(number=ticket.id)
        _into_thread(connection, desk, ticket, f"{ticket.key}:closed", said, now)
        desk.record(connection, "ticket.cancelled", event.event_id, {"ticket": ticket.id}, now)
    return phrases.TICKET_CANCELLED.format(number=ticket.id)


def close_idle(connection: Connection, desk: Desk, now: int) -> int:
    """Tickets that everybody has left; returns how many."""
    left = tickets.idle(connection, now - IDLE_DAYS * _DAY_MS)
    for ticket in left:
        tickets.close(connection, ticket.id, "kentongan", now)
        said = phrases.TICKET_IDLE_CARD.format(number=ticket.id, days=IDLE_DAYS)
        _into_thread(connection, desk, ticket, f"{ticket.key}:closed", said, now)
        desk.record(connection, "ticket.idle", ticket.event_id, {"ticket": ticket.id}, now)
    return len(left)


def _close(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> None:
    if not tickets.close(connection, ticket.id, event.sender, now):
        return
    text = phrases.TICKET_CLOSED.format(number=ticket.id)
    outbox.append(connection, Outgoing(f"{ticket.key}:ended", ticket.room_id, render(text).content()), now)
    said = phrases.TICKET_CLOSED_CARD.format(number=ticket.id)
    _into_thread(connection, desk, ticket, f"{ticket.key}:closed", said, now)
    payload = {"ticket": ticket.id, "officer": event.sender}
    desk.record(connection, "ticket.closed", event.event_id, payload, now)


def _into_thread(connection: Connection, desk: Desk, ticket: Ticket, key: str, markdown: str, now: int) -> None:
    content = threaded(f"outbox:{ticket.key}", render(markdown).content())
    desk.tell_operations(connection, key, content, now)


def _tell(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, markdown: str, now: int) -> None:
    content = threaded(f"outbox:{ticket.key}", render(markdown).content(notice=True))
    desk.tell_operations(connection, f"{ticket.key}:not:{event.event_id}", content, now)


def _when(desk: Desk, local: datetime) -> str:
    hours = desk.content.flows.officer_hours
    if not hours:
        return phrases.TICKET_NO_HOURS
    if open_at(hours, local):
        return phrases.TICKET_OPEN_HOURS
    opening = next_opening(hours, local)
    assert opening is not None  # noqa: S101
    day = phrases.DAYS[opening.weekday()]
    months = desk.content.flows.phrases.months
    date = f"{opening.day} {months[opening.month - 1]}"
    return phrases.TICKET_CLOSED_HOURS.format(day=day, date=date, time=f"{opening:%H.%M}")


def _words(text: str) -> str:
    return escape(mask(text)[:_LONGEST_MESSAGE])


def _short(text: str) -> str:
    plain = " ".join(mask(text).split())
    return escape(plain if len(plain) <= _LONGEST_TURN else plain[: _LONGEST_TURN - 1].rstrip() + "…")
