"""An incident's state changes by an officer's hand, and its reporters hear of it.

Of two officers the one whose reaction or order arrives first has it; the other is told who.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casewords, confidences
from bot.handlers.desk import Desk
from bot.incidents.cards import short_name
from bot.incidents.lifecycle import ACTIVE, TITLES, Status, TransitionError
from bot.markup import escape, render
from bot.store import incidents, notices, search
from bot.store.incidents import Incident


def change(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    incident: Incident,
    status: Status,
    reason: str | None,
    now: int,
) -> bool:
    """One step of the lifecycle by an officer who may; false when it cannot be, and then they know why."""
    number, before = incident.id, incident.status
    if word := _taken(connection, desk, incident, status, event.sender):
        once(connection, event, desk, incident, word, f"taken:{number}:{before}:{status}", now)
        return False
    try:
        after = incidents.change_status(
            connection, number, status, actor=event.sender, reason=reason, event_id=event.event_id, now=now
        )
    except TransitionError as error:
        word = casewords.NOT_POSSIBLE.format(why=escape(str(error)))
        once(connection, event, desk, incident, word, f"step:{number}:{before}:{status}", now)
        return False
    payload = {
        "incident": number, "officer": event.sender, "before": str(before), "after": str(status), "reason": reason,
        "by": "reaction" if event.kind is Kind.REACTION else "command", "trust": event.trust,
    }  # fmt: skip
    desk.record(connection, "incident.status", event.event_id, payload, now)
    search.index(connection, number)
    if event.kind is Kind.REACTION:  # an order may have more to show
        board.refresh(connection, desk, number, event.event_id, now)
    tell_reporters(connection, desk, after, reason, now)
    if after.status not in ACTIVE:
        confidences.end(connection, event, desk, number, now)
    return True


def hand_over(connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, now: int) -> bool:
    """The officer has it from now on, whoever had it before; false when they had it already."""
    if incident.claimed_by == event.sender:
        word = casewords.SO_ALREADY.format(number=incident.id, title=f"dipegang {escape(short_name(event.sender))}")
        board.answer(connection, desk, incident.id, event, word, now)
        return False
    incidents.claim(connection, incident.id, actor=event.sender, event_id=event.event_id, now=now)
    return True


def tell_reporters(connection: Connection, desk: Desk, incident: Incident, reason: str | None, now: int) -> None:
    """Everybody who reported it hears that it is taken, passed on, done: once for each time it is open."""
    words = casewords.TOLD.get(incident.status)
    if words is None:
        return
    said = render(words.format(number=incident.id, reason=escape(reason or ""))).content(notice=True)
    reopened = sum(step.action == "reopened" for step in incidents.history(connection, incident.id))
    told: set[tuple[str, str]] = set()
    for report in board.reports(connection, incident.id):
        if report.state == "withdrawn" or (report.sender, report.room_id) in told:
            continue
        told.add((report.sender, report.room_id))
        key = f"told:{incident.id}:{report.transmission_id}:{incident.status}:{reopened}"
        board.say_to_reporter(connection, desk, report, key, said, now)


def refuse(connection: Connection, event: IncomingEvent, desk: Desk, number: int, now: int) -> None:
    """Somebody who is no officer, or a device that proves nothing: nothing is done, they hear it once."""
    payload = {"incident": number, "sender": event.sender, "trust": event.trust}
    desk.record(connection, "incident.refused", event.event_id, payload, now)
    listed = desk.content.rooms.officer(event.sender, desk.config.homeserver.server_name) is not None
    word = casewords.NOT_PROVEN if listed and event.kind is not Kind.REACTION else casewords.NOT_AN_OFFICER
    if notices.first_time(connection, event.sender, f"refused:{number}", now):
        board.answer(connection, desk, number, event, word, now)


def _taken(connection: Connection, desk: Desk, incident: Incident, status: Status, actor: str) -> str | None:
    """The word to an officer who comes second; `None` when the way is free."""
    holder = incident.claimed_by
    if status is Status.DITINJAU and holder and holder != actor and incident.status in ACTIVE:
        since = next(
            (step.at for step in reversed(incidents.history(connection, incident.id)) if step.actor == holder),
            incident.updated_at,
        )
        return casewords.TAKEN_ALREADY.format(
            number=incident.id,
            title=TITLES[incident.status],
            who=escape(short_name(holder)),
            time=f"{datetime.fromtimestamp(since / 1000, desk.config.zone):%H.%M}",
        )
    if status is incident.status:
        return casewords.SO_ALREADY.format(number=incident.id, title=TITLES[status])
    return None


def once(
    connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, word: str, what: str, now: int
) -> None:
    """A typed command is always answered; the same reaction in vain once, or a thread would fill with the same word."""
    if event.kind is not Kind.REACTION or notices.first_time(connection, event.sender, what, now):
        board.answer(connection, desk, incident.id, event, word, now)
