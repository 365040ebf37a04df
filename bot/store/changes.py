"""What became of a message after it was sent: its author edited it, or took it back.

Edits and redactions are inbox rows of their own, in the order in which they arrived; a message whose key comes late
may be read after them. What counts is asked here, of the rows, whenever a message is read: nothing is written down
twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, select

from bot.event import IncomingEvent, Kind, Trust
from bot.store import inbox as incoming
from bot.store.tables import audit, audit_payloads, inbox

JOINED = "dialogue.joined"
"""Audit rows of fragments that were read as one question; their payload's `into` is its last message."""
FRAGMENTS = 8
"""More than are ever read together."""


def latest(connection: Connection, event: IncomingEvent) -> IncomingEvent | None:
    """The message as its author wants it now; `None` when it was taken back.

    Client-server API, "Validity of replacement events": only the same sender's in the same room count. Of several the
    newest by its own time counts, whichever arrived last. What a device proved to be its sender's is not changed by
    an edit that proves less: a homeserver can put anybody's name on an event.
    """
    if _redacted(connection, event.room_id, event.event_id):
        return None
    newest = last_edit(connection, event)
    return event if newest is None else replace(event, body=newest.body)


def last_edit(connection: Connection, event: IncomingEvent) -> IncomingEvent | None:
    """The edit that says what a message says now; `None` when its own words still do."""
    standing = [
        edit
        for edit in _about(connection, event.room_id, event.event_id, Kind.EDIT)
        if edit.sender == event.sender
        and (edit.trust is event.trust or edit.trust is Trust.DEVICE)
        and not _redacted(connection, event.room_id, edit.event_id)
    ]
    return max(standing, key=lambda edit: (edit.sent_at, edit.event_id), default=None)


def wordings(connection: Connection, event: IncomingEvent) -> list[str]:
    """What a message has said at some time, its own words first: edits that were taken back are among it."""
    edits = _about(connection, event.room_id, event.event_id, Kind.EDIT)
    return [event.body, *(edit.body for edit in edits if edit.sender == event.sender)]


def edits(connection: Connection, room_id: str, event_id: str) -> list[str]:
    """Event ids of all that claim to be edits of a message, whoever wrote them."""
    return [edit.event_id for edit in _about(connection, room_id, event_id, Kind.EDIT)]


def parts(connection: Connection, event: IncomingEvent) -> list[IncomingEvent]:
    """The messages that were read as one question with this one, which is the last of them; in order."""
    rows = connection.execute(
        select(inbox.c.payload, inbox.c.event_id)
        .where(
            inbox.c.room_id == event.room_id,
            inbox.c.sender == event.sender,
            inbox.c.kind == Kind.TEXT,
            inbox.c.payload.is_not(None),
            inbox.c.id < _number(connection, event.event_id),
        )
        .order_by(inbox.c.id.desc())
        .limit(FRAGMENTS)
    ).all()
    whole = [row for row in rows if into(connection, row.event_id) == event.event_id]
    return [*(IncomingEvent.from_json(row.payload) for row in reversed(whole)), event]


def whole(connection: Connection, event_id: str) -> list[IncomingEvent] | None:
    """A written message with the fragments before it; `None` when it is unknown, erased, or was not written."""
    event = incoming.event(connection, event_id)
    return parts(connection, event) if event is not None and event.kind is Kind.TEXT else None


def into(connection: Connection, event_id: str) -> str:
    """The last message of the question that a fragment was a part of; any other message's own id."""
    whole = connection.scalar(
        select(audit_payloads.c.payload)
        .join(audit, audit.c.id == audit_payloads.c.audit_id)
        .where(audit.c.subject == event_id, audit.c.kind == JOINED, audit_payloads.c.payload.is_not(None))
        .limit(1)
    )
    return str(whole.get("into", event_id)) if isinstance(whole, dict) else event_id


def words(connection: Connection, events: Iterable[IncomingEvent]) -> str:
    """What several messages say now, a line each; "" when all were taken back."""
    said = (latest(connection, event) for event in events)
    return "\n".join(event.body for event in said if event is not None)


def original(connection: Connection, event: IncomingEvent) -> IncomingEvent | None:
    """The message that an edit or redaction is about; `None` when it is unknown, erased, or of another room."""
    found = incoming.event(connection, event.target) if event.target is not None else None
    return found if found is not None and found.room_id == event.room_id else None


def _redacted(connection: Connection, room_id: str, event_id: str) -> bool:
    """Who may do that is the homeserver's affair: it shows nobody what was redacted."""
    return bool(_about(connection, room_id, event_id, Kind.REDACTION))


def _about(connection: Connection, room_id: str, event_id: str, kind: Kind) -> list[IncomingEvent]:
    payloads = connection.scalars(
        select(inbox.c.payload)
        .where(
            inbox.c.room_id == room_id,
            inbox.c.kind == kind,
            inbox.c.payload.is_not(None),
            inbox.c.payload["target"].as_string() == event_id,
        )
        .order_by(inbox.c.id)
    )
    return [IncomingEvent.from_json(payload) for payload in payloads]


def _number(connection: Connection, event_id: str) -> int:
    return connection.scalar(select(inbox.c.id).where(inbox.c.event_id == event_id)) or 0
