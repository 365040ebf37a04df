"""Recorded turns on other flows: which answers would change, before they go live.

Conversations are replayed message by message with the state that the new flows lead to, as citizens would have met
them. What a recording cannot give back: personal numbers were masked before they were stored; nobody's numbers stand
in for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.dialogue.conversation import EXPIRES_AFTER, Conversation
from bot.dialogue.decision import Decision
from bot.dialogue.engine import Engine
from bot.language.mask import mask, with_stand_ins

_SOMEWHERE = "0.000000,0.000000"


@dataclass(frozen=True)
class Recorded:
    """One turn as it went."""

    event_id: str
    conversation: str
    when: datetime
    text: str
    outcome: str
    intent: str | None
    reply: str
    """Markdown, without what the handlers put before it (apology for lateness, what was heard); masked."""
    version: str
    private: bool = True
    """As given to `Engine.step`."""
    located: bool = False
    """A shared place: where it was is not in the recording, and no answer says it."""
    lead_in: bool = False
    """Only there so that the turns after it find their conversation; not compared."""


@dataclass(frozen=True)
class Replayed:
    """The same turn on the new flows."""

    before: Recorded
    after: Decision
    changed: tuple[str, ...]
    """Of "outcome", "intent", "reply"."""
    follows: bool = False
    """An earlier answer of the same talk changed, so that this one may differ only because of that."""

    def to_json(self) -> dict[str, Any]:
        """One line of `--json`."""
        return {
            "event_id": self.before.event_id,
            "at": self.before.when.isoformat(),
            "text": self.before.text,
            "changed": list(self.changed),
            "follows": self.follows,
            "before": {
                "outcome": self.before.outcome,
                "intent": self.before.intent,
                "reply": self.before.reply,
                "content_version": self.before.version,
            },
            "after": {
                "outcome": self.after.outcome.value,
                "intent": self.after.intent,
                "reply": mask(self.after.reply),
                "reason": self.after.reason,
                "score": self.after.score,
            },
        }


def replay(engine: Engine, turns: Iterable[Recorded]) -> Iterator[Replayed]:
    """Every compared turn, in the order given. Turns of one conversation must come in their order."""
    talks: dict[str, tuple[Conversation, bool]] = {}
    for turn in turns:
        state, differs = talks.get(turn.conversation, (None, False))
        if state is not None and turn.when - state.updated_at > EXPIRES_AFTER:
            differs = False  # a new talk: nothing of the old one can have led to it
        decision = _decide(engine, state, turn)
        changed = _changed(turn, decision)
        # Stored and read back, as between two real messages.
        kept = Conversation.from_json(decision.state.to_json()) or decision.state
        talks[turn.conversation] = (kept, differs or bool(changed))
        if not turn.lead_in:
            yield Replayed(turn, decision, changed, follows=differs and bool(changed))


def _decide(engine: Engine, state: Conversation | None, turn: Recorded) -> Decision:
    if turn.located:
        return engine.located(state, _SOMEWHERE, turn.when)
    return engine.step(state, with_stand_ins(turn.text), turn.when, private=turn.private)


def _changed(turn: Recorded, decision: Decision) -> tuple[str, ...]:
    compared = {
        "outcome": (turn.outcome, decision.outcome.value),
        "intent": (turn.intent, decision.intent),
        "reply": (turn.reply.strip(), mask(decision.reply).strip()),
    }
    return tuple(name for name, (before, after) in compared.items() if before != after)
