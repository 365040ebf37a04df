"""What a step decides: a value that can be audited, explained and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.dialogue.conversation import Alarm, Conversation

FOLLOW_UP = "follow_up"
"""Begins the reasons of decisions that only the talk before them explains."""


class Outcome(StrEnum):
    """What kind of reply it is (architecture: "A question's way")."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    """"Did you mean": the choices are in the new conversation."""
    ASK = "ask"
    """A running flow needs something more."""
    BLOCKED = "blocked"
    REFER = "refer"
    SMALLTALK = "smalltalk"
    EMERGENCY = "emergency"
    HANDOFF = "handoff"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class Decision:
    """The reply to one message, and why."""

    text: str
    """The message, cut to what was read."""
    outcome: Outcome
    reply: str
    """Markdown."""
    reason: str
    """A short code: which rule or threshold decided."""
    state: Conversation
    intent: str | None = None
    score: float = 0.0
    candidates: tuple[tuple[str, float], ...] = ()
    also: tuple[tuple[str, float], ...] = ()
    """Intents of further questions in the same message; their answers are part of the reply."""
    sources: tuple[str, ...] = ()
    report: Alarm | None = None
    """To be told to the officers: the person agreed."""
    explanation: dict[str, Any] = field(default_factory=dict, compare=False)
    """protected, normalised, corrected, evidence per candidate, thresholds …: JSON-serialisable."""

    def to_json(self, content_version: str, micros: int) -> dict[str, Any]:
        """As `kentongan flows ask --json` prints it. `micros`: microseconds that deciding took."""
        return {
            "text": self.text,
            "outcome": self.outcome.value,
            "intent": self.intent,
            "score": self.score,
            "candidates": [{"intent": intent, "score": score} for intent, score in self.candidates],
            "also": [{"intent": intent, "score": score} for intent, score in self.also],
            "reply": self.reply,
            "sources": list(self.sources),
            "reason": self.reason,
            "content_version": content_version,
            "micros": micros,
        }
