"""`simpan rekaman` and `lepas rekaman`: an officer keeps the recordings of an incident longer than their days.

Why and until when is said, stands in the history and on the card, and ends by itself.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, select

from bot.event import IncomingEvent
from bot.handlers import board, casewords
from bot.handlers.desk import Desk
from bot.handlers.kept import until_words
from bot.incidents.lifecycle import ACTIVE, TITLES
from bot.incidents.orders import Order
from bot.store import incidents, keepings
from bot.store.incidents import Incident
from bot.store.tables import incident_links, transmissions

MOST = timedelta(days=3660)


def keep(connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, order: Order, now: int) -> bool:
    """Keep them; false when there is nothing to keep or no day to keep it until, and then the officer knows."""
    number, until = incident.id, None
    if not _recordings(connection, number):
        return _refuse(connection, event, desk, number, casewords.KEEPING_NOTHING, now)
    if order.number is not None or order.until is not None:
        until = _end(desk, order, now)
        if until is None:
            return _refuse(connection, event, desk, number, casewords.KEEPING_PAST, now)
    elif incident.status not in ACTIVE:
        word = casewords.KEEPING_CLOSED.format(number=number, title=TITLES[incident.status])
        return _refuse(connection, event, desk, number, word, now)
    keepings.keep(connection, number, by=event.sender, reason=order.words, until=until, now=now)
    incidents.note(
        connection, number, "kept", actor=event.sender, after=until_words(desk, until), reason=order.words,
        event_id=event.event_id, now=now,
    )  # fmt: skip
    return True


def release(
    connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, order: Order, now: int
) -> bool:
    """Back to the usual days; false when they were."""
    if not keepings.release(connection, incident.id, by=event.sender, now=now):
        return _refuse(connection, event, desk, incident.id, casewords.NOT_KEPT.format(number=incident.id), now)
    incidents.note(
        connection, incident.id, "released", actor=event.sender, reason=order.words or None, event_id=event.event_id,
        now=now,
    )  # fmt: skip
    word = casewords.RELEASED.format(number=incident.id, days=desk.config.retention.audio_days)
    board.answer(connection, desk, incident.id, event, word, now)
    return True


def _end(desk: Desk, order: Order, now: int) -> int | None:
    zone = desk.config.zone
    today = datetime.fromtimestamp(now / 1000, zone).date()
    last: date = order.until or today + timedelta(days=order.number or 0)
    if not today <= last <= today + MOST:
        return None
    return round(datetime.combine(last + timedelta(days=1), time(), zone).timestamp() * 1000)


def _recordings(connection: Connection, number: int) -> bool:
    found = connection.execute(
        select(transmissions.c.id)
        .join(incident_links, incident_links.c.transmission_id == transmissions.c.id)
        .where(incident_links.c.incident_id == number, transmissions.c.media_path.is_not(None))
        .limit(1)
    ).first()
    return found is not None


def _refuse(connection: Connection, event: IncomingEvent, desk: Desk, number: int, word: str, now: int) -> bool:
    board.answer(connection, desk, number, event, word, now)
    return False
