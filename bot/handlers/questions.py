"""Chat Pak Polisi: a question in, one answer out, with its reasons."""

from __future__ import annotations

from sqlalchemy import Connection

from bot import metrics
from bot.dialogue.conversation import Conversation
from bot.event import IncomingEvent
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.markup import escape
from bot.store import conversations

LATE_MS = 10 * 60 * 1000
"""A question read this long after it was asked gets a word of apology with its answer."""


def answer(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    now: int,
    *,
    heard: str | None = None,
    thread: bool = False,
) -> None:
    """Decide and queue the reply. `heard` is what speech recognition made of a spoken question."""
    stored = conversations.load(connection, event.room_id, event.sender)
    state = Conversation.from_json(stored) if stored else None
    text = event.body if heard is None else heard
    decision = desk.engine.step(state, text, event.when)
    metrics.decisions.labels(decision.outcome).inc()
    conversations.save(connection, event.room_id, event.sender, decision.state.to_json(), now)
    parts = [decision.reply]
    if heard is not None:
        parts.insert(0, "> " + phrases.HEARD_QUESTION.format(text=escape(heard)))
    if now - event.sent_at > LATE_MS:
        parts.insert(0, phrases.LATE_ANSWER)
    reply = "\n\n".join(parts)
    desk.record(
        connection,
        f"dialogue.{decision.outcome}",
        event.event_id,
        {
            "text": text,
            "trust": event.trust,
            "intent": decision.intent,
            "score": decision.score,
            "candidates": list(decision.candidates),
            "reason": decision.reason,
            "explanation": decision.explanation,
            "sources": list(decision.sources),
            "reply": reply,
        },
        now,
    )
    desk.say(connection, event, f"reply:{event.event_id}", reply, now, thread=thread)
