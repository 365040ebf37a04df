"""What officers edit or take back under a card: words that went to a reporter, and orders.

Words follow their edit to the reporter. An order does not: what it did stands in the history under its message, and an
edit could say something else than what was done. So an edited order is never carried out, and its officer is told so; a
deleted one stays done, unless it only changed a state or passed something on (`bot.handlers.marks`).
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casenews, casewords, casework, restating, retraction, talk
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents.orders import INTERNAL, Order, Unsure, Verb, read
from bot.markup import render
from bot.store import changes, copies, incidents, outbox, relays

_UNDOABLE = ("status", "claimed")
"""Steps of the history that go with the message that made them (`bot.handlers.marks.unreacted`)."""


def edited(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A message of the operations room was edited: words that went to a reporter, or an order."""
    about = changes.original(connection, event)
    if about is None or about.sender != event.sender or about.kind is not Kind.TEXT:
        return
    number = _card(connection, about)
    sent = [one for one in copies.of_source(connection, about.event_id) if one.kind == copies.TO_REPORTER]
    if number is None and sent:
        number = sent[0].incident_id
    current = changes.latest(connection, about)
    if number is None or current is None:
        return
    if officer(connection, desk, event) is None:
        if sent:
            casework.refuse(connection, event, desk, number, now)
        return
    last = changes.last_edit(connection, about)
    if last is None or last.event_id != event.event_id:
        return
    if sent:
        _reworded(connection, event, desk, number, about.event_id, now)
    _of_order(connection, event, about, desk, number, now, gone=bool(sent))


def redacted(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Something in the operations room was taken back: an edit of words to a reporter, or an order."""
    about = changes.original(connection, event)
    if about is None:
        return
    if about.kind is Kind.EDIT:
        # What it replaced is shown again by itself; words that an edit had taken back stay so.
        whole = changes.original(connection, about)
        for one in copies.of_source(connection, whole.event_id) if whole is not None else []:
            if retraction.take_back(connection, f"{one.key}:edit:{about.event_id}", now):
                payload = {"officer": event.sender, "incident": one.incident_id}
                desk.record(connection, "incident.unedited", event.event_id, payload, now)
        return
    step = incidents.of_step(connection, about.event_id)
    if step is None or about.kind is not Kind.TEXT or not _is_order(about.body):
        return
    number, action = step
    payload = {"incident": number, "officer": about.sender, "by": event.sender, "action": action}
    desk.record(connection, "incident.order_deleted", event.event_id, payload, now)
    if action not in _UNDOABLE and action != "forwarded":
        board.answer(connection, desk, number, event, casenews.REDACTED_ORDER, now)


def _reworded(connection: Connection, event: IncomingEvent, desk: Desk, number: int, source: str, now: int) -> None:
    order, text = read(event.body), event.body
    asks = isinstance(order, Order) and order.verb is Verb.ASK
    if isinstance(order, Order) and asks:
        text = order.words
    if (order is not None and not asks) or text.lstrip().startswith(INTERNAL) or not text.strip():
        retraction.take_back_copies(connection, source, now)
    else:
        said = render(casewords.FROM_OFFICER.format(text=talk.quoted(text))).content()
        for one in copies.of_source(connection, source):
            if one.kind == copies.TO_REPORTER:
                restating.replace(connection, one.key, said, event.event_id, now)
    payload = {"incident": number, "officer": event.sender, "text": text}
    desk.record(connection, "incident.reworded", event.event_id, payload, now)


def _of_order(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, number: int, now: int, *, gone: bool
) -> None:
    """An order that was edited, or a message that was edited into one: not carried out, and never silently so."""
    before, after = read(about.body), read(event.body)
    was, is_now = _is_order(about.body), _is_order(event.body)
    if event.body.lstrip().startswith(INTERNAL) and not was:
        return
    if not (was or is_now) or (was and before == after and isinstance(after, Order)):
        return
    if was:
        done = relays.row_of(connection, f"done:{about.event_id}") or incidents.of_step(connection, about.event_id)
        word = casenews.EDITED_ORDER.format(stays=casenews.EDITED_ORDER_STAYS if done else "")
    else:
        word = casenews.EDITED_INTO_ORDER.format(gone=casenews.EDITED_INTO_ORDER_GONE if gone else "")
    board.answer(connection, desk, number, event, word, now)
    payload = {"incident": number, "officer": event.sender, "text": event.body, "order": about.event_id}
    desk.record(connection, "incident.order_edited", event.event_id, payload, now)


def _is_order(text: str) -> bool:
    """A proper order or nearly one; words for a reporter ("tanya …") and between officers are none."""
    order = read(text) if not text.lstrip().startswith(INTERNAL) else None
    return isinstance(order, Unsure) or (isinstance(order, Order) and order.verb is not Verb.ASK)


def _card(connection: Connection, about: IncomingEvent) -> int | None:
    """The incident under whose card a message stands."""
    for event_id in (about.thread_root, about.reply_to):
        number = board.incident_of(outbox.key_of(connection, event_id)) if event_id is not None else None
        if number is not None:
            return number
    return None
