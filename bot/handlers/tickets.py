"""A person takes over: a ticket is a thread in the operations room on one side, the citizen's DM on the other.

Everything that goes over has a key made of the event that caused it, so nothing is said twice. Who the citizen is
stands nowhere in the operations room, which officer answered stands in the audit alone; numbers that name a person
are masked on their way to the officers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from bot.dialogue.hours import next_opening, open_at
from bot.event import IncomingEvent, Kind
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.recordings import forwarded, recording
from bot.handlers.replies import shared_place, threaded
from bot.incidents.cards import map_link
from bot.incidents.excerpts import beside_doubts
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
LONGEST_MESSAGE = 3000


def hand_off(
    connection: Connection, event: IncomingEvent, desk: Desk, question: str, reason: str, now: int,
    *, incident: int | None = None, audio: str | None = None, flags: Sequence[str] = (),
) -> str:  # fmt: skip
    """Open a ticket for a citizen in a DM; returns what they are told about it. `flags`: doubts about the hearing."""
    if not event.direct:
        return phrases.TICKET_ELSEWHERE
    if desk.operations_room(connection) is None:
        return phrases.TICKET_IMPOSSIBLE
    ticket = tickets.open_ticket(
        connection, event.event_id, event.room_id, event.sender, reason=reason, incident=incident, now=now
    )
    content = card(connection, desk, ticket, question, flags)
    desk.tell_operations(connection, ticket.key, content, now)
    _sound(connection, event, desk, ticket, audio, now)
    desk.record(connection, "ticket.opened", event.event_id, {"ticket": ticket.id, "reason": reason}, now)
    local = datetime.fromtimestamp(now / 1000, desk.config.zone)
    return phrases.TICKET_OPENED.format(number=ticket.id, when=_when(desk, local))


def card(
    connection: Connection, desk: Desk, ticket: Ticket, question: str, flags: Sequence[str] = ()
) -> dict[str, Any]:
    """The message under which the talk stands: what was asked, and what was said before."""
    local = datetime.fromtimestamp(ticket.opened_at / 1000, desk.config.zone)
    parts = [phrases.TICKET_CARD.format(number=ticket.id, reason=why(ticket), time=f"{local:%d.%m.%Y %H.%M}")]
    for turn in before(connection, ticket):
        parts.append(phrases.TICKET_TURN.format(said=_short(turn.said)))
        if turn.replied:
            parts.append(phrases.TICKET_TURN_REPLY.format(replied=_short(turn.replied)))
    parts.append(beside_doubts(phrases.TICKET_FROM_CITIZEN.format(text=quoted(question)), flags))
    parts.append(phrases.TICKET_HOW_TO)
    return render("\n\n".join(parts)).content()


def opening(ticket: Ticket) -> dict[str, Any]:
    """What officers read in a card's thread when a talk about a private matter begins there."""
    return render(phrases.TICKET_CONFIDED.format(number=ticket.id)).content(notice=True)


def before(connection: Connection, ticket: Ticket) -> list[tickets.Turn]:
    """The turns that a ticket's card shows."""
    if ticket.reason == tickets.PRIVATE:
        return []  # begun under the card of its incident, and no card of its own
    since = ticket.opened_at - _TURNS_MS
    return tickets.turns(connection, ticket.room_id, ticket.user_id, since=since, but=ticket.event_id, most=_TURNS)


def shown(connection: Connection, ticket: Ticket) -> set[str]:
    """Ids of the messages before the question that the card showed when it was written."""
    if ticket.reason == tickets.PRIVATE:
        return set()
    since = ticket.opened_at - _TURNS_MS
    events = tickets.turn_events(
        connection, ticket.room_id, ticket.user_id, since=since, but=ticket.event_id, most=_TURNS
    )
    return {event.event_id for event in events}


def why(ticket: Ticket) -> str:
    """What led to the ticket, for officers."""
    return phrases.TICKET_REASON[ticket.reason].format(incident=ticket.incident_id)


def from_citizen(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    ticket: Ticket,
    text: str,
    now: int,
    *,
    audio: str | None = None,
    flags: Sequence[str] = (),
) -> None:
    """A further message of the citizen goes into the thread; `audio` is the file of a spoken one, `flags` its doubt."""
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    content = by_citizen(text, flags) if place is None else _content(phrases.TICKET_PLACE.format(link=map_link(place)))
    into_thread(connection, desk, ticket, copies(ticket, event.event_id, by="citizen")[0], content, now)
    _sound(connection, event, desk, ticket, audio, now)
    tickets.spoken(connection, ticket.id, now, by_officer=False)
    desk.record(connection, "ticket.from_citizen", event.event_id, {"ticket": ticket.id, "text": text}, now)


def sound_from_citizen(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    ticket: Ticket,
    now: int,
    *,
    audio: str | None,
    reason: str,
) -> None:
    """A voice message without words; with its recording, if there is one that can be played."""
    text = phrases.TICKET_VOICE_UNREADABLE.format(reason=reason) if reason else phrases.TICKET_VOICE_SILENT
    into_thread(connection, desk, ticket, copies(ticket, event.event_id, by="citizen")[0], _content(text), now)
    _sound(connection, event, desk, ticket, audio, now)
    tickets.spoken(connection, ticket.id, now, by_officer=False)
    desk.record(connection, "ticket.from_citizen", event.event_id, {"ticket": ticket.id, "kind": event.kind}, now)


def file_from_citizen(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> None:
    """The officers hear that something came which they will not get: nobody can tell a crash from an identity card."""
    key, _ = copies(ticket, event.event_id, by="citizen")
    into_thread(connection, desk, ticket, key, _content(phrases.TICKET_FILE), now)
    tickets.spoken(connection, ticket.id, now, by_officer=False)


def by_citizen(text: str, flags: Sequence[str] = ()) -> dict[str, Any]:
    """The citizen's words as officers read them."""
    return _content(beside_doubts(phrases.TICKET_FROM_CITIZEN.format(text=quoted(text)), flags))


def by_officer(text: str) -> dict[str, Any]:
    """An officer's words as the citizen reads them."""
    lines = "\n".join(escape(line) for line in text[:LONGEST_MESSAGE].strip().splitlines())
    return _content(phrases.TICKET_FROM_OFFICER.format(text=lines))


def is_internal(text: str) -> bool:
    """A note between officers."""
    return text.lstrip().startswith(_INTERNAL)


def is_end(text: str) -> bool:
    """The officer's word that the talk is over."""
    return text.strip().strip(".!").casefold() in DONE


def from_officer(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A message in a ticket's thread: to the citizen, or the end of the ticket."""
    ticket = tickets.of_key(connection, about)
    if ticket is None or is_internal(event.body):
        return
    contents = _for_citizen(event)
    if officer(connection, desk, event) is None:
        refuse(connection, event, desk, ticket, now)
    elif not ticket.is_open:
        tell(connection, event, desk, ticket, phrases.TICKET_IS_CLOSED.format(number=ticket.id), now)
    elif event.kind is Kind.TEXT and is_end(event.body):
        close(connection, event, desk, ticket, now)
    elif not contents:
        tell(connection, event, desk, ticket, phrases.TICKET_WORDS_ONLY, now)
    else:
        for key, content in zip(copies(ticket, event.event_id, by="officer"), contents, strict=False):
            outbox.append(connection, Outgoing(key, ticket.room_id, content, priority=Priority.REPLY), now)
        tickets.spoken(connection, ticket.id, now, by_officer=True)
        payload = {"ticket": ticket.id, "officer": event.sender, "kind": event.kind, "text": event.body}
        desk.record(connection, "ticket.answered", event.event_id, payload, now)


def copies(ticket: Ticket, event_id: str, *, by: Literal["citizen", "officer"]) -> tuple[str, str]:
    """Keys of what goes over for a message: its words, and its recording."""
    way = "in" if by == "citizen" else "out"
    return f"{ticket.key}:{way}:{event_id}", f"{ticket.key}:{way}-audio:{event_id}"


def _for_citizen(event: IncomingEvent) -> list[dict[str, Any]]:
    """What an officer's message becomes for the citizen; nothing when it cannot be carried over."""
    if event.kind is Kind.TEXT and event.body.strip():
        return [by_officer(event.body)]
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    if place is not None:
        return [_content(phrases.TICKET_PLACE_FROM_OFFICER.format(link=map_link(place)))]
    if event.kind is Kind.AUDIO and event.media is not None:
        return [_content(phrases.TICKET_VOICE_FROM_OFFICER), forwarded(event.media, phrases.TICKET_VOICE_NAME)]
    return []


def ticked(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to a message of a ticket: ✅ of an officer closes it, anything else says nothing."""
    ticket = tickets.of_key(connection, about)
    if ticket is None or not event.body.startswith(TICKS) or officer(connection, desk, event) is None:
        return
    if ticket.is_open:
        close(connection, event, desk, ticket, now)


def cancelled(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> str:
    """The citizen needs nobody any more; returns what they are told."""
    if tickets.close(connection, ticket.id, event.sender, now):
        said = phrases.TICKET_CANCELLED_CARD.format(number=ticket.id)
        into_thread(connection, desk, ticket, f"{ticket.key}:closed", _content(said), now)
        desk.record(connection, "ticket.cancelled", event.event_id, {"ticket": ticket.id}, now)
    return phrases.TICKET_CANCELLED.format(number=ticket.id)


def close_idle(connection: Connection, desk: Desk, now: int) -> int:
    """Tickets that everybody has left; returns how many."""
    left = tickets.idle(connection, now - IDLE_DAYS * _DAY_MS)
    for ticket in left:
        tickets.close(connection, ticket.id, "kentongan", now)
        said = phrases.TICKET_IDLE_CARD.format(number=ticket.id, days=IDLE_DAYS)
        into_thread(connection, desk, ticket, f"{ticket.key}:closed", _content(said), now)
        desk.record(connection, "ticket.idle", ticket.event_id, {"ticket": ticket.id}, now)
    return len(left)


def close(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> None:
    """An officer ends it; both sides hear it."""
    if not tickets.close(connection, ticket.id, event.sender, now):
        return
    text = phrases.TICKET_CLOSED.format(number=ticket.id)
    outbox.append(connection, Outgoing(f"{ticket.key}:ended", ticket.room_id, render(text).content()), now)
    said = phrases.TICKET_CLOSED_CARD.format(number=ticket.id)
    into_thread(connection, desk, ticket, f"{ticket.key}:closed", _content(said), now)
    payload = {"ticket": ticket.id, "officer": event.sender}
    desk.record(connection, "ticket.closed", event.event_id, payload, now)


def into_thread(
    connection: Connection, desk: Desk, ticket: Ticket, key: str, content: dict[str, Any], now: int
) -> None:
    """A message into a ticket's thread, once for each key."""
    desk.tell_operations(connection, key, threaded(f"outbox:{ticket.thread}", content), now)


def _sound(
    connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, audio: str | None, now: int
) -> None:
    """The recording of a spoken message, under its words."""
    room_id = desk.officers_room(connection, ticket.key)
    if audio is None or room_id is None:
        return
    _, key = copies(ticket, event.event_id, by="citizen")
    content = threaded(f"outbox:{ticket.thread}", recording(event.media, phrases.TICKET_VOICE_NAME))
    outbox.append(connection, Outgoing(key, room_id, content, priority=Priority.CARD, upload=audio), now)


def tell(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, markdown: str, now: int) -> None:
    """A word to the officers about one of their own messages, in the thread."""
    content = threaded(f"outbox:{ticket.thread}", render(markdown).content(notice=True))
    desk.tell_operations(connection, f"{ticket.key}:not:{event.event_id}", content, now)


def refuse(connection: Connection, event: IncomingEvent, desk: Desk, ticket: Ticket, now: int) -> None:
    """Somebody without the power to do so spoke to the citizen: nothing goes over."""
    desk.record(connection, "ticket.refused", event.event_id, {"ticket": ticket.id, "trust": event.trust}, now)
    tell(connection, event, desk, ticket, phrases.TICKET_NO_POWER, now)


def _content(markdown: str) -> dict[str, Any]:
    return render(markdown).content()


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


def quoted(text: str) -> str:
    """A citizen's words for officers: masked, and literal."""
    return escape(mask(text)[:LONGEST_MESSAGE])


def _short(text: str) -> str:
    plain = " ".join(mask(text).split())
    return escape(plain if len(plain) <= _LONGEST_TURN else plain[: _LONGEST_TURN - 1].rstrip() + "…")
