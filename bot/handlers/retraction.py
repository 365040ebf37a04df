"""Taking back what we have said: redacted where it stands, emptied where it still waits to be sent."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import phrases
from bot.markup import render
from bot.outgoing import REFERENCE, Action, Outgoing, Priority
from bot.store import copies, incidents, outbox, relays


def take_back(connection: Connection, key: str, now: int) -> bool:
    """Redact one of our messages with all its edits; false when there is none, or it was taken back before.

    A message that waits loses its words and its file, but stays queued: it may be on its way in this very moment, and
    only a row that is sent or queued can be redacted.
    """
    row = relays.row_of(connection, key)
    if row is None or is_taken_back(connection, key):
        return False
    for one in (*relays.edits_of(connection, f"{key}:edit:"), row):
        _redact(connection, one, now)
    return True


def take_back_since(connection: Connection, key: str, since: int, now: int) -> bool:
    """Redact what one of our messages has said since then (milliseconds): later edits, or all of it if it is no older.

    True when the whole message went. People then see what it said before (client-server API, "Event replacements").
    """
    row = relays.row_of(connection, key)
    if row is None or is_taken_back(connection, key):
        return False
    if row.created_at >= since:
        return take_back(connection, key, now)
    for one in relays.edits_of(connection, f"{key}:edit:"):
        if one.created_at >= since and not is_taken_back(connection, one.key):
            _redact(connection, one, now)
    return False


def is_taken_back(connection: Connection, key: str) -> bool:
    """Whether one of our messages was redacted by us."""
    return relays.row_of(connection, redaction_of(key)) is not None


def _redact(connection: Connection, one: relays.Relayed, now: int) -> None:
    relays.emptied(connection, one, render(phrases.TICKET_WITHDRAWN).content(notice=True))
    content = {"event_id": REFERENCE + one.key}
    priority = Priority(one.priority)
    redaction = Outgoing(redaction_of(one.key), one.room_id, content, action=Action.REDACTION, priority=priority)
    outbox.append(connection, redaction, now)
    outbox.forget(connection, one.key)


def take_back_copies(connection: Connection, source: str, now: int) -> list[copies.Copy]:
    """Every message of ours that repeats the words of that event; returns those that were taken back."""
    taken = []
    for copy in copies.of_source(connection, source):
        copies.withdraw(connection, copy.key, now)
        if take_back(connection, copy.key, now):
            taken.append(copy)
    return taken


def hush(connection: Connection, number: int, now: int) -> None:
    """What a channel or an agency has read of an incident goes: it is private, nobody's to repeat."""
    for report in incidents.links(connection, number):
        take_back(connection, f"reply:{report.event_id}", now)
        for one in copies.of_source(connection, report.event_id):
            if one.kind in (copies.RELAY, copies.MORE):
                copies.withdraw(connection, one.key, now)
                take_back(connection, one.key, now)
    for one in copies.of_incident(connection, number, (copies.TO_REPORTER,)):
        if one.key.startswith("confided:"):
            continue  # in a DM
        copies.withdraw(connection, one.key, now)
        take_back(connection, one.key, now)


def redaction_of(key: str) -> str:
    """Outbox key of the redaction of one of our messages."""
    return f"{key}:redacted"
