"""Edits and redactions of what went over with a ticket: carried to the other side, without a name.

What was relayed stands in the outbox under a key made of the message's id; its edit and its redaction refer to that
key, so they wait for a copy that has not been sent yet, and each of them goes once. An edit or redaction that is
read before the message itself (its key came late, or it was a fragment that still waited) finds no copy: then
the message is relayed as it stands after it, or not at all (`bot.store.changes`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import phrases, retraction, tickets
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.markup import render
from bot.outgoing import REFERENCE, Outgoing, Priority
from bot.store import changes, outbox, relays
from bot.store import tickets as store
from bot.store.tickets import Ticket


def by_citizen(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A citizen edited a message of the DM, or took one back (or one of its edits)."""
    about = changes.original(connection, event)
    if about is None or about.sender != event.sender:
        return
    if about.kind is Kind.EDIT:  # without this edit the message says again what it said before
        about = changes.original(connection, about)
        if about is None:
            return
    last = changes.into(connection, about.event_id)
    for ticket in store.of_room(connection, event.room_id, event.sender):
        carried = False
        if event.kind is Kind.EDIT:
            carried = _edited_by_citizen(connection, event, about, last, desk, ticket, now)
        elif event.target == about.event_id:
            carried = _withdrawn_by_citizen(connection, event, last, desk, ticket, now)
        else:
            copies = (ticket.key, *tickets.copies(ticket, last, by="citizen"))
            gone = [retraction.take_back(connection, f"{copy}:edit:{event.target}", now) for copy in copies]
            carried = _edited_by_citizen(connection, event, about, last, desk, ticket, now) or any(gone)
        if carried:
            kind = "ticket.edited" if event.kind is Kind.EDIT else "ticket.withdrawn"
            desk.record(connection, kind, event.event_id, {"ticket": ticket.id, "message": about.event_id}, now)


def by_officer(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A message of the operations room was edited, or taken back (or one of its edits)."""
    ticket = _ticket_of(connection, event)
    if ticket is None:
        return
    about = changes.original(connection, event)
    edit = about if about is not None and about.kind is Kind.EDIT else None
    if edit is not None:
        about = changes.original(connection, edit)
    if about is None:
        return
    if event.kind is Kind.EDIT:
        if edit is not None or about.sender != event.sender:
            return
        carried = _edited_by_officer(connection, event, about, desk, ticket, now)
    else:
        # Redactions are never encrypted: nobody can prove a device by them. They take words away and add none.
        if event.sender != about.sender and officer(connection, desk, replace(event, encrypted_room=False)) is None:
            return
        words, sound = tickets.copies(ticket, about.event_id, by="officer")
        if edit is None:
            carried = any([retraction.take_back(connection, copy, now) for copy in (words, sound)])
        else:
            gone = retraction.take_back(connection, f"{words}:edit:{edit.event_id}", now)
            carried = _edited_by_officer(connection, event, about, desk, ticket, now) or gone
    if carried:
        kind = "ticket.edited" if event.kind is Kind.EDIT else "ticket.withdrawn"
        payload = {"ticket": ticket.id, "officer": event.sender, "message": about.event_id, "text": event.body}
        desk.record(connection, kind, event.event_id, payload, now)


def _ticket_of(connection: Connection, event: IncomingEvent) -> Ticket | None:
    """The ticket in whose thread the message stands that an edit or redaction of the operations room is about."""
    about = changes.original(connection, event)
    if about is not None and about.kind is Kind.EDIT:
        about = changes.original(connection, about)
    if about is None:
        return None
    for event_id in (about.thread_root, about.reply_to):
        ticket = store.of_key(connection, outbox.key_of(connection, event_id)) if event_id is not None else None
        if ticket is not None:
            return ticket
    return None


def _edited_by_citizen(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, last: str, desk: Desk, ticket: Ticket, now: int
) -> bool:
    whole = changes.whole(connection, last)
    if changes.latest(connection, about) is None or whole is None:
        return False
    text = changes.words(connection, whole)
    copy, _ = tickets.copies(ticket, last, by="citizen")
    if _stands(connection, copy):
        return _replace(connection, copy, event, tickets.by_citizen(text), now)
    if ticket.reason == store.PRIVATE:
        return False
    on_card = last == ticket.event_id or last in {turn.event_id for turn in tickets.before(connection, ticket)}
    if not on_card or not _stands(connection, ticket.key):
        return False
    question = changes.whole(connection, ticket.event_id)
    if ticket.reason != "emergency" and question is not None:
        card = tickets.card(connection, desk, ticket, changes.words(connection, question))
        return _replace(connection, ticket.key, event, card, now)
    if last == ticket.event_id or event.kind is not Kind.EDIT:
        return False  # the "yes" to an emergency's report, or a spoken question: its words stand nowhere
    # The words of an emergency came from an earlier message: the card stays, and what changed stands below it.
    said = phrases.TICKET_WORDS_CHANGED.format(text=tickets.quoted(text))
    tickets.into_thread(connection, desk, ticket, copy, render(said).content(), now)
    return True


def _withdrawn_by_citizen(
    connection: Connection, event: IncomingEvent, last: str, desk: Desk, ticket: Ticket, now: int
) -> bool:
    carried = any([retraction.take_back(connection, copy, now) for copy in tickets.copies(ticket, last, by="citizen")])
    # Asked of what the card showed when it was written: what is taken back by now is among it.
    on_card = last == ticket.event_id or event.target in tickets.shown(connection, ticket)
    if ticket.reason in ("emergency", store.PRIVATE) and last == ticket.event_id:
        on_card = False  # "yes"; words that began a talk stand below its beginning
    if not on_card or not retraction.take_back(connection, ticket.key, now):
        return carried
    again = phrases.TICKET_CARD_AGAIN.format(number=ticket.id, reason=tickets.why(ticket))
    content = render(f"{again}\n\n{phrases.TICKET_HOW_TO}").content()
    tickets.into_thread(connection, desk, ticket, f"{ticket.key}:card", content, now)
    question = changes.whole(connection, ticket.event_id)
    text = changes.words(connection, question) if question is not None else ""
    if last != ticket.event_id and ticket.reason != "emergency" and text:
        copy, _ = tickets.copies(ticket, ticket.event_id, by="citizen")
        tickets.into_thread(connection, desk, ticket, copy, tickets.by_citizen(text), now)
    return True


def _edited_by_officer(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, ticket: Ticket, now: int
) -> bool:
    now_says = changes.latest(connection, about)
    if now_says is None or about.kind is not Kind.TEXT:
        return False
    copy, _ = tickets.copies(ticket, about.event_id, by="officer")
    there = _stands(connection, copy)
    if event.kind is Kind.EDIT and officer(connection, desk, event) is None:
        if there:
            tickets.refuse(connection, event, desk, ticket, now)
        return False
    if not there:
        if ticket.is_open and tickets.is_internal(about.body) and not tickets.is_internal(now_says.body):
            tickets.tell(connection, event, desk, ticket, phrases.TICKET_EDITED_INTERNAL, now)
        return False
    ends = tickets.is_end(now_says.body)
    if ends or tickets.is_internal(now_says.body) or not now_says.body.strip():
        retraction.take_back(connection, copy, now)  # what is no message to the citizen any more
        if ends:
            tickets.close(connection, event, desk, ticket, now)
        return True
    return _replace(connection, copy, event, tickets.by_officer(now_says.body), now)


def _stands(connection: Connection, key: str) -> bool:
    """It was relayed, and not taken back since."""
    return relays.row_of(connection, key) is not None and not retraction.is_taken_back(connection, key)


def _replace(connection: Connection, key: str, event: IncomingEvent, content: dict[str, Any], now: int) -> bool:
    """Edit one of our messages (client-server API, "Event replacements"), unless it says that already."""
    row = relays.row_of(connection, key)
    if row is None:
        return False
    edits = [one for one in relays.edits_of(connection, f"{key}:edit:") if _stands(connection, one.key)]
    told = (edits or [row])[-1].content
    shown = told.get("m.new_content", told)
    if shown.get("formatted_body") == content["formatted_body"]:
        return False
    edit = {
        **content,
        "body": f"* {content['body']}",
        "formatted_body": f"* {content['formatted_body']}",
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": REFERENCE + key},
    }
    outgoing = Outgoing(f"{key}:edit:{event.event_id}", row.room_id, edit, priority=Priority(row.priority))
    return outbox.append(connection, outgoing, now)
