"""Several short messages in a row as one question.

A message that the matcher is sure of is answered at once. One that it is not sure of waits in the inbox, for as long as
the rest of the question usually takes; what follows is read together with it. Waiting is a column of the inbox row, so
a restart neither forgets nor repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Outcome
from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.store import conversations, inbox, tickets

HOLD_MS = 1500
MOST = 5
"""Messages that are read together; a person who goes on for longer is answered in between."""
_UNSETTLED = {Outcome.FALLBACK, Outcome.CLARIFY}


@dataclass(frozen=True)
class Whole:
    """What is to be answered now."""

    event: IncomingEvent
    """The last message, with the words of all of them."""
    rows: tuple[int, ...]
    """Inbox rows that are done with it, in order."""
    parts: tuple[str, ...]
    """Their event ids."""


def gather(connection: Connection, row: inbox.Row, desk: Desk, now: int) -> Whole | None:
    """The question that a message of a DM ends, or `None`: it waits for more."""
    alone = Whole(row.event, (row.id,), (row.event.event_id,))
    if row.event.kind is not Kind.TEXT or not row.event.direct:
        return alone
    rows = sorted([*inbox.held(connection, row), row], key=lambda one: one.id)
    event = row.event
    whole = _together(rows) if len(rows) > 1 else alone
    if tickets.current(connection, event.room_id, event.sender) is not None:
        return whole  # an officer reads it, however it is cut
    if row.not_before is not None or len(rows) >= MOST:
        return whole
    stored = conversations.load(connection, event.room_id, event.sender)
    state = Conversation.from_json(stored) if stored else None
    if _settled(desk, state, whole.event):
        return whole
    if len(rows) > 1 and _settled(desk, state, event):
        return Whole(event, whole.rows, whole.parts)  # what came before was no part of it
    until = row.received_at + HOLD_MS
    if until <= now:
        return whole
    inbox.hold(connection, whole.rows, until)
    return None


def _together(rows: list[inbox.Row]) -> Whole:
    words = "\n".join(one.event.body for one in rows)
    return Whole(
        replace(rows[-1].event, body=words), tuple(one.id for one in rows), tuple(one.event.event_id for one in rows)
    )


def _settled(desk: Desk, state: Conversation | None, event: IncomingEvent) -> bool:
    decision = desk.engine.step(state, event.body, event.when)
    return decision.outcome not in _UNSETTLED and decision.reason != "stuck"
