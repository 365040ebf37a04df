"""One message taken out of a channel, with the audit row that says why. The log keeps what it has of it."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers.desk import Desk
from bot.outgoing import Action, Outgoing, Priority
from bot.store import outbox


def sweep(connection: Connection, desk: Desk, event: IncomingEvent, why: str, now: int) -> bool:
    """Redact it, once; `why` stands in the redaction, which everybody in the room can read. False when it was swept."""
    content = {"event_id": event.event_id, "reason": why}
    redaction = Outgoing(
        f"sweep:{event.event_id}", event.room_id, content, action=Action.REDACTION, priority=Priority.CARD
    )
    if not outbox.append(connection, redaction, now):
        return False
    payload = {"room": event.room_id, "sender": event.sender, "why": why}
    desk.record(connection, "message.swept", event.event_id, payload, now)
    return True
