"""Flow tests: talks that the content must get right, and every example of every intent against all intents.

They stand beside the flows in `flows/tests/*.yaml`:

    version: 1
    talks:
      - name: SIM C dengan syarat dan biaya
        turns:
          - say: syarat bikin sim c apa aja pak?
            outcome: answer
            intent: sim_baru
            contains: [17 tahun, "Rp100.000"]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.flows import Example, Service
from bot.dialogue.model import Part, Phrase
from bot.problem import Problem
from bot.yamlfile import Document, read, validate

FOLDER = "tests"
"""Below the flows' folder."""
_TELLING = {Outcome.ANSWER, Outcome.ASK, Outcome.CLARIFY, Outcome.EMERGENCY, Outcome.REFER}
"""Outcomes that may tell the wrong thing."""


class Turn(Part):
    """One message, and what must come of it; what is not named may be anything."""

    say: str
    outcome: Outcome | None = None
    intent: Phrase | None = None
    reason: Phrase | None = None
    contains: list[Phrase] = Field(default_factory=list)
    excludes: list[Phrase] = Field(default_factory=list)
    also: list[Phrase] = Field(default_factory=list)
    after_minutes: int = Field(default=0, ge=0)
    """Time since the message before."""


class Talk(Part):
    """A conversation from its beginning."""

    name: Phrase
    turns: list[Turn] = Field(min_length=1)


class TalkFile(Part):
    """flows/tests/*.yaml."""

    version: Literal[1]
    talks: list[Talk] = Field(min_length=1)


@dataclass(frozen=True)
class Trial:
    """One thing tried."""

    name: str
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Nothing went otherwise than written."""
        return not self.problems


def run_talks(engine: Engine, folder: Path, now: datetime) -> Iterator[Trial]:
    """Play every talk of `folder`/tests. Raises ContentError for a file that cannot be read."""
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        document = read(path)
        file = validate(document, TalkFile)
        for number, talk in enumerate(file.talks):
            yield Trial(talk.name, tuple(_play(engine, talk, document, number, now)))


def run_examples(engine: Engine, now: datetime) -> Iterator[Trial]:
    """Ask every example and alias of every intent; another intent's answer, or none, is a problem."""
    apart: dict[str, list[Example]] = {}
    for example in engine.flows.examples:
        apart.setdefault(example.label, []).append(example)
    for service in engine.flows.services.values():
        problems: list[Problem] = []
        for kind, texts in (("examples", service.intent.examples), ("aliases", service.intent.aliases)):
            for index, text in enumerate(texts):
                if message := _mistaken(engine, service, text, now):
                    problems.append(service.flow.document.problem((*service.place, kind, index), message))
        for example in apart.get(service.name, ()):
            if message := _mistaken(engine, service, example.text, now):
                problems.append(example.problem(message))
        yield Trial(service.name, tuple(problems))


def _mistaken(engine: Engine, service: Service, text: str, now: datetime) -> str | None:
    decision = engine.step(None, text, now)
    if decision.outcome in {Outcome.ANSWER, Outcome.ASK} and decision.intent == service.name:
        return None
    return f"'{text}' ({service.name}) is taken for {taken(decision)}"


def _play(engine: Engine, talk: Talk, document: Document, number: int, now: datetime) -> Iterator[Problem]:
    state: Conversation | None = None
    for index, turn in enumerate(talk.turns):
        now += timedelta(minutes=turn.after_minutes, seconds=1)
        decision = engine.step(state, turn.say, now)
        # Stored and read back, as between two real messages.
        state = Conversation.from_json(decision.state.to_json())
        for message in (*_differences(turn, decision), *_unchecked(turn, decision)):
            yield document.problem(("talks", number, "turns", index), f"{talk.name}: '{turn.say}': {message}")


def _differences(turn: Turn, decision: Decision) -> Iterator[str]:
    if turn.outcome is not None and decision.outcome is not turn.outcome:
        yield f"outcome {decision.outcome}, not {turn.outcome} ({decision.reason})"
    if turn.intent is not None and decision.intent != turn.intent:
        yield f"intent {decision.intent}, not {turn.intent}"
    if turn.reason is not None and decision.reason != turn.reason:
        yield f"reason {decision.reason}, not {turn.reason}"
    for text in turn.contains:
        if text not in decision.reply:
            yield f"the reply lacks '{text}'"
    for text in turn.excludes:
        if text in decision.reply:
            yield f"the reply says '{text}'"
    for intent in turn.also:
        if intent not in {name for name, _ in decision.also}:
            yield f"{intent} is not in also"


def _unchecked(turn: Turn, decision: Decision) -> Iterator[str]:
    """A turn that any answer at all would pass proves nothing."""
    checked = turn.contains or turn.reason is not None or (turn.outcome is not None and turn.intent is not None)
    if decision.outcome in _TELLING and not checked:
        yield "nothing of the answer is checked: add 'contains', 'outcome' with 'intent', or 'reason'"


def taken(decision: Decision) -> str:
    """What a message was taken for, in few words."""
    return f"{decision.outcome} {decision.intent or decision.reason} ({decision.score:.2f})"
