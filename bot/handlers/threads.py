"""What officers say under a card: an order, a slip, words between officers, or words for the reporter."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casework, orders, reports, talk
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents.orders import INTERNAL, Unsure, Verb, read
from bot.store import copies, incidents


def said(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A message of the operations room in a card's thread, or a reply to a card."""
    number = board.incident_of(about)
    if number is None or event.body.lstrip().startswith(INTERNAL):
        return
    if incidents.of_step(connection, event.event_id) is not None:
        return  # delivered again
    order = read(event.body) if event.kind is Kind.TEXT else None
    if order is None and event.thread_root is None:
        return  # officers among themselves: only what is said in the thread goes to the reporter
    if officer(connection, desk, event) is None:
        casework.refuse(connection, event, desk, number, now)
    elif isinstance(order, Unsure):
        orders.help_with(connection, event, desk, number, order, now)
    elif order is not None and order.verb is not Verb.ASK:
        orders.carry_out(connection, event, desk, number, order, now)
    elif copies.of_source(connection, event.event_id):
        return  # delivered again
    else:
        went = talk.from_officer(connection, event, desk, number, order.words if order else event.body, now)
        if went and event.kind is Kind.AUDIO:
            reports.take_voice(connection, event, desk, now, purpose="note")
