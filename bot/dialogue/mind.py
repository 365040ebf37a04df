"""What the engine's parts share: the content, how a message is understood, and how a decision is put together."""

from __future__ import annotations

import re

from bot.dialogue.consent import Consent
from bot.dialogue.decision import Decision
from bot.dialogue.explain import explain
from bot.dialogue.flows import Flows
from bot.dialogue.joints import spoken
from bot.dialogue.model import PhrasesFile, Rule
from bot.dialogue.speak import Said, Speaker
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Thresholds, Understander, Understanding
from bot.dialogue.verdict import Verdict, judge

_MOST_CANDIDATES = 5


class Mind:
    """Built once from the content."""

    def __init__(self, flows: Flows, thresholds: Thresholds | None = None) -> None:
        self.flows = flows
        self.understander = Understander(flows, thresholds)
        self.speaker = Speaker(flows, self.understander.lookups)
        self.consent = Consent(flows.phrases)
        self._correction = spoken(flows.phrases.corrections)
        reader = self.understander.reader
        self._commands: dict[str, set[str]] = {
            name: {reader.read(phrase).text for phrase in phrases} | set(phrases)
            for name, phrases in flows.phrases.commands.items()
        }

    @property
    def phrases(self) -> PhrasesFile:
        """The bot's own sentences."""
        return self.flows.phrases

    @property
    def limits(self) -> Thresholds:
        """How sure is sure enough."""
        return self.understander.thresholds

    def understand(self, text: str) -> Understanding:
        """A message by itself."""
        return self.understander.understand(self.understander.reader.read(text))

    def judge(self, understanding: Understanding) -> Verdict:
        """What it is taken for."""
        return judge(understanding, self.flows, self.limits)

    def rule(self, label: str | None) -> Rule | None:
        """The policy rule of that reason."""
        return self.understander.rules_by_reason.get(label or "")

    def commands(self, understanding: Understanding, command: str) -> bool:
        """The whole message is one of the phrases of that command."""
        return understanding.reading.text in self._commands.get(command, ())

    def correction(self, text: str) -> re.Match[str] | None:
        """Where a message says that the one before was not what was meant."""
        return self._correction.search(text) if self._correction else None

    def decide(self, turn: Turn, said: Said, reason: str, *, intent: str | None = None, score: float = 0.0) -> Decision:
        """What is said, with why."""
        understanding = turn.understanding
        candidates = tuple(
            (candidate.label, candidate.score)
            for candidate in understanding.candidates
            if candidate.label in self.flows.services
        )
        return Decision(
            text=turn.text,
            outcome=said.outcome,
            reply=said.text,
            reason=said.reason or reason,
            state=said.state,
            intent=intent,
            score=score,
            candidates=candidates[:_MOST_CANDIDATES],
            sources=said.sources,
            explanation=explain(understanding, self.understander),
        )
