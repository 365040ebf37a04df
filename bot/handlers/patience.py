"""How many answers one person gets in a while: another bot that answers our answers must not go on for ever.

Notices are never answered (client-server API, "m.notice"), but not every bot sends them. After so many answers within
the window the bot says once, in a notice, that it pauses, and is silent until as much time has passed. Emergencies
get through, and what goes to an officer still goes. Times are arguments, counts are rows: a restart changes nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.event import IncomingEvent
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.store import pauses

MINUTE_MS = 60_000
SAME_EMERGENCY = 3
"""During a pause the very same cry is answered so often: an echo of our own warning would be one for ever."""


def pauses_for(connection: Connection, event: IncomingEvent, desk: Desk, now: int, *, thread: bool = False) -> bool:
    """Whether an answer to this message is withheld; says so when the pause begins with it."""
    limits = desk.config.chat
    window = limits.window_minutes * MINUTE_MS
    begun = pauses.begun(connection, event.room_id, event.sender)
    if begun is not None and begun <= now < begun + window:
        return True
    since = now - window if begun is None else max(now - window, begun)
    most = limits.max_answers
    if len(pauses.answered(connection, event.room_id, event.sender, since=since, most=most)) < most:
        return False
    pauses.begin(connection, event.room_id, event.sender, now)
    until = datetime.fromtimestamp((now + window) / 1000, desk.config.zone)
    text = phrases.PAUSED.format(time=f"{until:%H.%M}")
    desk.say(connection, event, f"pause:{event.event_id}", text, now, notice=True, thread=thread)
    desk.record(connection, "chat.paused", event.event_id, {"answers": most, "until": now + window}, now)
    return True


def gets_through(connection: Connection, event: IncomingEvent, desk: Desk, decision: Decision, now: int) -> bool:
    """What is answered even during a pause: danger, and the wish for a person."""
    if decision.outcome is Outcome.HANDOFF:
        return decision.reason != "stuck"
    if decision.outcome is not Outcome.EMERGENCY:
        return False
    window = desk.config.chat.window_minutes * MINUTE_MS
    begun = pauses.begun(connection, event.room_id, event.sender) or now
    most = desk.config.chat.max_answers + SAME_EMERGENCY
    since = min(begun, now - window)
    answered = pauses.answered(connection, event.room_id, event.sender, since=since, most=most)
    same = [_plain(body) for body in pauses.bodies(connection, answered)].count(_plain(event.body))
    return same < SAME_EMERGENCY


def in_danger(state: Conversation | None) -> bool:
    """In the middle of an emergency nothing is withheld: the next word may be where they are."""
    return state is not None and state.alarm is not None


def _plain(body: str) -> str:
    return " ".join(body.casefold().split())
