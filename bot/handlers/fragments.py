"""Several short messages in a row as one question.

A message that the matcher is sure of is answered at once. One that it is not sure of waits in the inbox, for as long as
the rest of the question usually takes; what follows is read together with it. Waiting is a column of the inbox row, so
a restart neither forgets nor repeats it.

What belongs together is told by when it was sent, not by when it came: after an outage a whole morning's messages come
at once, and two halves of a question may stand on both sides of a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Outcome
from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.store import conversations, inbox, tickets
from bot.store.changes import latest

HOLD_MS = 1500
CLOSE_MS = 10_000
"""Sent within this time of one another, messages can be parts of one question. More than `HOLD_MS`: nobody waits for
what is there already."""
MOST = 5
"""Messages that are read together; a person who goes on for longer is answered in between."""
_UNSETTLED = {Outcome.FALLBACK, Outcome.CLARIFY}


@dataclass(frozen=True)
class Whole:
    """What is to be answered now."""

    event: IncomingEvent | None
    """The last message, with the words of all of them; `None` when all were taken back."""
    rows: tuple[int, ...]
    """Inbox rows that are done with it, in order."""
    parts: tuple[str, ...] = ()
    """Ids of the messages before the last whose words are in it."""
    passed: tuple[str, ...] = ()
    """Ids of the messages before the last that were no part of it and say nothing by themselves."""


def gather(connection: Connection, row: inbox.Row, desk: Desk, now: int) -> Whole | None:
    """The question that a message of a DM ends, or `None`: it waits for more.

    What the same person sent long before and what still waits is answered first; the message then comes again.
    """
    if row.event.kind is not Kind.TEXT or not row.event.direct:
        return Whole(row.event, (row.id,))
    rows = _chain(inbox.held(connection, row), row)
    whole = _together(connection, rows)
    if row not in rows or whole.event is None:
        return whole
    last = rows[-1]
    if tickets.current(connection, last.event.room_id, last.event.sender) is not None:
        return whole  # an officer reads it, however it is cut
    if len(rows) >= MOST:
        return whole
    following = inbox.following(connection, last)
    more = following is not None and _close(last, following)
    if last.not_before is not None and not more:
        return whole
    stored = conversations.load(connection, last.event.room_id, last.event.sender)
    state = Conversation.from_json(stored) if stored else None
    if _settled(desk, state, whole.event):
        return whole
    alone = latest(connection, last.event)
    if len(rows) > 1 and alone is not None and _settled(desk, state, alone):
        return Whole(alone, whole.rows, passed=tuple(one.event.event_id for one in rows[:-1]))
    until = (now if more else last.received_at) + HOLD_MS
    if until <= now or (following is not None and not more):
        return whole
    inbox.hold(connection, whole.rows, until)
    return None


def _chain(held: list[inbox.Row], row: inbox.Row) -> list[inbox.Row]:
    """The first messages, of those that wait and this one, that were sent one soon after the other."""
    chain: list[inbox.Row] = []
    for one in sorted([*held, row], key=lambda one: one.id):
        if chain and not _close(chain[-1], one):
            break
        chain.append(one)
    return chain


def _close(one: inbox.Row, other: inbox.Row) -> bool:
    return abs(other.event.sent_at - one.event.sent_at) <= CLOSE_MS


def _together(connection: Connection, rows: list[inbox.Row]) -> Whole:
    """Their words as their author wants them now; what was taken back is done with and says nothing."""
    events = [event for one in rows if (event := latest(connection, one.event)) is not None]
    whole = replace(events[-1], body="\n".join(event.body for event in events)) if events else None
    return Whole(whole, tuple(one.id for one in rows), tuple(event.event_id for event in events[:-1]))


def _settled(desk: Desk, state: Conversation | None, event: IncomingEvent) -> bool:
    decision = desk.engine.step(state, event.body, event.when)
    return decision.outcome not in _UNSETTLED and decision.reason != "stuck"
