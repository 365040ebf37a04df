"""Questions that were not understood, brought together so that a person can read them: near-duplicates as one.

Deterministic: groups are led by their most frequent wording, ties by the alphabet. Each says which intent is
nearest on the flows as they stand now, and what people chose who were asked back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from bot.dialogue.decision import Outcome
from bot.dialogue.engine import Engine
from bot.language.mask import HIDDEN_EMAIL, HIDDEN_NUMBER, HIDDEN_PLACE, HIDDEN_PLATE, mask, with_stand_ins

FAILED = frozenset({Outcome.FALLBACK, Outcome.CLARIFY})
_STUCK = "stuck"
_ANSWERS_TO_CHOICES = frozenset({"none_of_these", "does_not_fit"})
"""Their text is "4", not a question."""
_CHOSEN = "chosen"
_ALIKE = 84
"""rapidfuzz `token_sort_ratio` of stems, 0 to 100."""
_LONGEST = 300
"""An example's longest text."""
UNKNOWN = "tidak_dikenal"
"""Key in the YAML for questions that no intent is near to."""


@dataclass(frozen=True)
class Asked:
    """A recorded turn, as far as it matters here."""

    conversation: str
    text: str
    outcome: str
    reason: str
    intent: str | None
    when: datetime


@dataclass(frozen=True)
class Group:
    """Questions that say nearly the same."""

    text: str
    """The most frequent wording, masked."""
    count: int
    variants: tuple[str, ...]
    """All wordings, most frequent first."""
    outcomes: dict[str, int]
    nearest: str | None
    score: float
    now: str
    """What the flows on disk decide on it in a fresh conversation."""
    chosen: dict[str, int]
    """Intents that people chose when they were asked back."""
    first: datetime
    last: datetime

    @property
    def answered(self) -> bool:
        """The flows on disk answer it: nothing is left to do."""
        return self.now in {Outcome.ANSWER, Outcome.ASK}

    @property
    def belongs_to(self) -> str | None:
        """The intent it should probably be an example of: what people chose, else the nearest."""
        return next(iter(self.chosen), self.nearest)

    def to_json(self) -> dict[str, Any]:
        """One line of `--json`."""
        return {
            "text": self.text,
            "count": self.count,
            "variants": list(self.variants),
            "outcomes": self.outcomes,
            "nearest": self.nearest,
            "score": self.score,
            "now": self.now,
            "chosen": self.chosen,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
        }


@dataclass
class _Question:
    """One wording and all that is known of it."""

    key: str
    wordings: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    times: list[datetime] = field(default_factory=list)


def group(
    engine: Engine, turns: Iterable[Asked], progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Group]:
    """Failed questions in groups, most frequent first. `progress(done, total)`: of different questions."""
    questions = sorted(_collect(engine, turns).values(), key=lambda found: (-found.wordings.total(), found.key))
    led: dict[frozenset[str], list[list[_Question]]] = {}
    for number, question in enumerate(questions, start=1):
        # "pasal 362" and "pasal 363", "sim a" and "sim c" are different questions however alike they look.
        codes = frozenset(word for word in question.key.split() if len(word) < 3 or not word.isalpha())
        groups = led.setdefault(codes, [])
        leaders = [members[0].key for members in groups]
        near = process.extractOne(question.key, leaders, scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE)
        if near is None:
            groups.append([question])
        else:
            groups[near[2]].append(question)
        progress(number, len(questions))
    found = [_summed(engine, members) for groups in led.values() for members in groups]
    return sorted(found, key=lambda one: (-one.count, one.text))


def to_yaml(engine: Engine, groups: Sequence[Group]) -> str:
    """Examples to paste: each list stands as it would below its intent's `examples:`. Answered ones are left out."""
    by_intent: dict[str, list[Group]] = {}
    for one in groups:
        if not one.answered:
            by_intent.setdefault(one.belongs_to or UNKNOWN, []).append(one)
    lines = ["# Baca dulu satu per satu: hanya yang benar-benar menanyakan hal itu menjadi contoh;"]
    lines.append("# yang mirip tetapi bukan urusan itu masuk ke negatives.")
    for intent in sorted(by_intent, key=lambda name: (name == UNKNOWN, name)):
        service = engine.flows.services.get(intent)
        place = f"  # {service.flow.document.path.name}: {service.intent.title}" if service else ""
        lines.append(f"{intent}:{place}")
        lines.append("    examples:")
        for one in by_intent[intent]:
            text = " ".join(one.text.split())[:_LONGEST]
            lines.append(f"      - {_scalar(text)}  # {one.count}×")
    return "\n".join(lines) + "\n"


def _collect(engine: Engine, turns: Iterable[Asked]) -> dict[str, _Question]:
    """By what a question says once spelling and endings are evened out."""
    questions: dict[str, _Question] = {}
    asked_back: dict[str, _Question] = {}
    for turn in turns:
        before = asked_back.pop(turn.conversation, None)
        if before is not None and turn.reason == _CHOSEN and turn.intent is not None:
            before.chosen[turn.intent] += 1
        failed = turn.outcome in FAILED or turn.reason == _STUCK
        if not failed or turn.reason in _ANSWERS_TO_CHOICES:
            continue
        text = " ".join(mask(turn.text).split())
        key = _key(engine, text)
        if not key:
            continue
        question = questions.setdefault(key, _Question(key))
        question.wordings[text] += 1
        question.outcomes[turn.outcome] += 1
        question.times.append(turn.when)
        if turn.outcome == Outcome.CLARIFY:
            asked_back[turn.conversation] = question
    return questions


def _key(engine: Engine, text: str) -> str:
    """Stems without words of grammar; with them when there is nothing else. Empty for a text without words."""
    for hidden in (HIDDEN_EMAIL, HIDDEN_NUMBER, HIDDEN_PLACE, HIDDEN_PLATE):
        text = text.replace(hidden, " ")
    words = engine.understander.reader.read(text).words
    hollow = engine.flows.lexicon.hollow
    return " ".join(sorted({word.stem for word in words if word.text not in hollow} or {word.stem for word in words}))


def _summed(engine: Engine, members: Sequence[_Question]) -> Group:
    wordings, outcomes, chosen = Counter[str](), Counter[str](), Counter[str]()
    for member in members:
        wordings += member.wordings
        outcomes += member.outcomes
        chosen += member.chosen
    variants = tuple(_ranked(wordings))
    times = [time for member in members for time in member.times]
    decision = engine.step(None, with_stand_ins(variants[0]), max(times))
    nearest, score = _nearest(engine, decision.intent, decision.candidates, decision.explanation)
    return Group(
        text=variants[0],
        count=wordings.total(),
        variants=variants,
        outcomes=_ranked(outcomes),
        nearest=nearest,
        score=score,
        now=decision.outcome.value,
        chosen={intent: number for intent, number in _ranked(chosen).items() if intent in engine.flows.services},
        first=min(times),
        last=max(times),
    )


def _nearest(
    engine: Engine,
    intent: str | None,
    candidates: Sequence[tuple[str, float]],
    explanation: dict[str, Any],
) -> tuple[str | None, float]:
    """The most likely intent, those whose topic is not named among them; none when even the best is a guess."""
    scores = dict(candidates)
    for candidate in explanation.get("candidates", ()):
        if candidate["intent"] in engine.flows.services:
            scores.setdefault(candidate["intent"], candidate["score"])
    if intent in engine.flows.services and intent in scores:
        return intent, scores[intent]
    best = min(scores, key=lambda name: (-scores[name], name), default=None)
    if best is None or scores[best] < engine.understander.thresholds.offer / 2:
        return None, scores[best] if best else 0.0
    return best, scores[best]


def _ranked(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _scalar(text: str) -> str:
    """As YAML writes it on one line."""
    return str(yaml.safe_dump(text, allow_unicode=True, width=10**6)).splitlines()[0]
