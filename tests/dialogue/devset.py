"""The labelled development set: read, split by a fixed rule, and scored.

The rule: the first byte of SHA-256 of the text is even → `tune`, odd → `holdout`. Content and thresholds are
changed while looking at `tune` only. One exception: an emergency that is missed is mended whichever half it stands in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bot.dialogue.decision import Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.reply import choose_answer

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
_REFUSALS = {Outcome.BLOCKED, Outcome.REFER, Outcome.SMALLTALK, Outcome.FALLBACK}
CALM = "calm"
"""Holds the words of an emergency and is none; what else it is taken for does not matter."""


def questions(part: str) -> Iterator[tuple[str, str]]:
    """(label, text) of `tune`, `holdout` or `all`."""
    for path in sorted(Path(__file__).parent.glob("dev*.yaml")):
        for label, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for text in texts:
                if part in ("all", _half(text)):
                    yield label, text


@dataclass(frozen=True)
class Expected:
    """A question, and the answer of an intent that it must get."""

    intent: str
    """"aspects": whichever, it is the text that counts."""
    answer: str
    """The answer's conditions, "default", or "~" and a piece of what is said."""
    text: str

    def missed(self, engine: Engine) -> str | None:
        """What came instead; None when it came as expected."""
        decision = engine.step(None, self.text, NOW)
        got = f"[{self.intent}: {self.answer}] {self.text} -> {decision.outcome} {decision.intent}"
        if self.answer.startswith("~"):
            return None if self.answer[1:] in decision.reply else f"{got}: {decision.reply[:80]}"
        if decision.outcome is not Outcome.ANSWER or decision.intent != self.intent:
            return got
        service = engine.flows.services[self.intent]
        answer = choose_answer(service, decision.state.facets, decision.state.entities)
        given = ", ".join((answer.when if answer else None) or ["default"])
        return None if given == self.answer else f"{got}: {given}"


def expected(part: str) -> Iterator[Expected]:
    """The answers of `answers.yaml` that `tune`, `holdout` or `all` must get."""
    path = Path(__file__).with_name("answers.yaml")
    for intent, answers in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for answer, texts in answers.items():
            yield from (Expected(intent, answer, text) for text in texts if part in ("all", _half(text)))


def _half(text: str) -> str:
    return "holdout" if hashlib.sha256(text.encode()).digest()[0] % 2 == 1 else "tune"


@dataclass
class Score:
    """Counts, and the questions behind the bad ones."""

    inside: int = 0
    right: int = 0
    asked_back: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    vague: list[str] = field(default_factory=list)
    outside: int = 0
    let_in: list[str] = field(default_factory=list)
    emergencies: int = 0
    missed: list[str] = field(default_factory=list)
    calm: int = 0
    """Questions with the words of an emergency."""
    cried_wolf: list[str] = field(default_factory=list)
    """Of those."""
    alarmed: list[str] = field(default_factory=list)
    """Of all that are no emergency."""

    def __str__(self) -> str:
        share = 100 / max(self.inside, 1)
        return (
            f"in scope {self.inside}: right {self.right * share:.1f} %, right or asked back "
            f"{(self.right + self.asked_back) * share:.1f} %, wrong {len(self.wrong) * share:.1f} %; out of scope "
            f"{self.outside}: refused {100 * (1 - len(self.let_in) / max(self.outside, 1)):.1f} %; emergencies "
            f"{self.emergencies}: missed {len(self.missed)}; calm {self.calm}: taken for emergencies "
            f"{len(self.cried_wolf)}; false alarms in all {len(self.alarmed)}"
        )


def score(engine: Engine, part: str) -> Score:
    """Every question in a fresh conversation."""
    result = Score()
    for label, text in questions(part):
        decision = engine.step(None, text, NOW)
        got = f"[{label}] {text} -> {decision.outcome} {decision.intent} {decision.score} {decision.reason}"
        if label != "emergency" and decision.outcome is Outcome.EMERGENCY:
            result.alarmed.append(got)
        if label == CALM:
            result.calm += 1
            if decision.outcome is Outcome.EMERGENCY:
                result.cried_wolf.append(got)
        elif label == "emergency":
            result.emergencies += 1
            if decision.outcome is not Outcome.EMERGENCY:
                result.missed.append(got)
        elif label == "out":
            result.outside += 1
            if decision.outcome not in _REFUSALS:
                result.let_in.append(got)
        else:
            result.inside += 1
            if decision.outcome in {Outcome.ANSWER, Outcome.ASK}:
                if label == decision.intent:
                    result.right += 1
                else:
                    result.wrong.append(got)
            elif decision.outcome is Outcome.CLARIFY:
                offered = {offer.intent for offer in decision.state.offers}
                result.asked_back += label in offered
                result.vague.append(got)
            else:
                (result.refused if decision.outcome is Outcome.FALLBACK else result.wrong).append(got)
    return result
