"""Messages taken out of a channel with their edits, each once, whoever asked. The log keeps what it has of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from bot.outgoing import Action, Outgoing, Priority
from bot.store import guard, outbox, sayings

PREFIX = "sweep:"
"""Of the key of each redaction; the event's id follows."""
_REFUSED = ("failed", "cancelled")
"""States of one that the homeserver did not carry out: asking again is worth it."""


def sweep(connection: Connection, room_id: str, event_ids: Iterable[str], why: str, now: int) -> int:
    """Redact messages; those that are reports or belong to one stay. Returns how many go, not counting their edits."""
    wanted = list(event_ids)
    going = {key.removeprefix(PREFIX) for key in outbox.standings(connection, [f"{PREFIX}{one}" for one in wanted])}
    stay = going | guard.kept(connection, [one for one in wanted if one not in going])
    return _take_out(connection, room_id, [one for one in wanted if one not in stay], why, now)


def redact(connection: Connection, room_id: str, event_id: str, why: str, now: int) -> bool:
    """Take one message out; `why` can be read by everybody in the room. False when that is under way or done."""
    return _take_out(connection, room_id, [event_id], why, now) > 0


def _take_out(connection: Connection, room_id: str, event_ids: Sequence[str], why: str, now: int) -> int:
    """With their edits; returns how many of the messages themselves go."""
    count = 0
    for at, event_id in enumerate(sayings.with_edits(connection, room_id, event_ids)):
        count += _ask(connection, room_id, event_id, why, now) and at < len(event_ids)
    return count


def _ask(connection: Connection, room_id: str, event_id: str, why: str, now: int) -> bool:
    """Of the homeserver, once; and once more when it refused."""
    content = {"event_id": event_id, "reason": why}
    key = f"{PREFIX}{event_id}"
    redaction = Outgoing(key, room_id, content, action=Action.REDACTION, priority=Priority.NOTICE)
    if outbox.append(connection, redaction, now):
        return True
    state, _ = outbox.standings(connection, [key])[key]
    return state in _REFUSED and outbox.retry(connection, key, now)
