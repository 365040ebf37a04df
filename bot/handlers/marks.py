"""Reactions to a card, and what becomes of them when they are withdrawn.

A reaction is the homeserver's word alone, which is enough for the state of the log. Whatever it changes can be changed
back and stays in the history; nothing leaves the house because of one but the word to the reporter that somebody is
at it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import board, casewords, casework, forwarding, orders, watch
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents.lifecycle import TITLES, Status, meant
from bot.store import amendments, incidents, search


def reacted(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction in the operations room to one of our messages about an incident."""
    number, status = board.incident_of(about), meant(event.body)
    if number is None or about is None or status is None or not board.is_card(about):
        return
    if incidents.of_step(connection, event.event_id) is not None:
        return  # delivered again
    if officer(connection, desk, event) is None:
        casework.refuse(connection, event, desk, number, now)
        return
    incident = incidents.get(connection, number)
    if status is Status.DUPLIKAT and incident.status is not Status.DUPLIKAT:
        maybe = board.maybe_same(connection, incident)
        if len(maybe) == 1:
            orders.merge(connection, event, desk, incident, incidents.get(connection, maybe[0].id), now)
        else:
            casework.once(connection, event, desk, incident, casewords.DUPLICATE_OF_WHICH, f"of_which:{number}", now)
        return
    casework.change(connection, event, desk, incident, status, None, now)


def unreacted(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A reaction (or a command) in the operations room was withdrawn: undone, if nothing followed."""
    if event.target is None:
        return
    step = incidents.of_step(connection, event.target)
    if step is None or officer(connection, desk, event) is None:
        return
    number = step[0]
    taken_back = forwarding.take_back(connection, number, event.target, now)
    if taken_back:
        desk.record(connection, "incident.unforwarded", event.event_id, {"incident": number}, now)
    if step[1] in ("status", "claimed"):
        _undo(connection, event, desk, number, event.target, now)
    if taken_back:  # the same edit, if undoing has led to it already
        board.refresh(connection, desk, number, event.event_id, now)


def _undo(connection: Connection, event: IncomingEvent, desk: Desk, number: int, undone: str, now: int) -> None:
    """Back to the state before that step, if it was the last."""
    if any(one.action == "undone" and one.reason == undone for one in incidents.history(connection, number)):
        return
    before = incidents.get(connection, number).status
    merged = board.merged_into(connection, number) if before is Status.DUPLIKAT else None
    after = incidents.undo(connection, number, undone, actor=event.sender, event_id=event.event_id, now=now)
    if after is None:
        word = casewords.FOLLOWED.format(number=number, title=TITLES[before])
        board.answer(connection, desk, number, event, word, now)
        return
    payload = {"incident": number, "officer": event.sender, "undone": undone, "status": str(after.status)}
    desk.record(connection, "incident.undone", event.event_id, payload, now)
    watch.ring(connection, desk, number, now)
    if merged is not None:
        amendments.unmerge(connection, number, merged, actor=event.sender, now=now)
        search.index(connection, merged)
        board.refresh(connection, desk, merged, event.event_id, now)
    board.refresh(connection, desk, number, event.event_id, now)
