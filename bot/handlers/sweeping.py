"""Messages taken out of a channel, each once, whoever asked for it. The log keeps what it has of them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from bot.outgoing import Action, Outgoing, Priority
from bot.store import guard, outbox


def sweep(connection: Connection, room_id: str, event_ids: Iterable[str], why: str, now: int) -> int:
    """Redact messages; those that are reports or belong to one stay. Returns how many go."""
    wanted = list(event_ids)
    going = {key.removeprefix("sweep:") for key in outbox.standings(connection, [f"sweep:{one}" for one in wanted])}
    stay = going | guard.kept(connection, [one for one in wanted if one not in going])
    return sum(redact(connection, room_id, one, why, now) for one in wanted if one not in stay)


def redact(connection: Connection, room_id: str, event_id: str, why: str, now: int) -> bool:
    """Take one message out; `why` can be read by everybody in the room. False when that is under way or done."""
    content = {"event_id": event_id, "reason": why}
    redaction = Outgoing(f"sweep:{event_id}", room_id, content, action=Action.REDACTION, priority=Priority.NOTICE)
    return outbox.append(connection, redaction, now)
