"""The matcher alone on other people's intents: so that it can be measured on public sets.

No lexicon, no nouns, no policy: only examples. When to refuse is learnt from the examples as well: part of the
intents is left out of training, and their examples show how strangers score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.dialogue.match import Candidate, LinearMatcher
from bot.language.lexicon import Lexicon
from bot.language.reading import Reader

_FOLDS = 5
_KEPT = 0.99
"""Share of the rightly recognised, held-out examples that the threshold must let through."""


@dataclass(frozen=True)
class Found:
    """What a text was taken for."""

    intent: str | None
    """None when refused."""
    best: str
    score: float


class ForeignMatcher:
    """Trained on (text, intent) rows; deterministic."""

    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        """Raises ValueError for fewer than two intents."""
        if len({intent for _, intent in rows}) < 2:
            raise ValueError("needs examples of at least two intents")
        self.threshold = _threshold(rows)
        self._reader, self._matcher = _train(rows)

    def find(self, text: str) -> Found:
        """The best intent of a text, and whether it is near enough."""
        best = self._matcher.rank(self._reader.read(text)).candidates[0]
        return Found(best.label if best.score >= self.threshold else None, best.label, best.score)


def _train(rows: Sequence[tuple[str, str]]) -> tuple[Reader, LinearMatcher]:
    reader = Reader(Lexicon(), (text for text, _ in rows), correcting=False)
    return reader, LinearMatcher([(reader.read(text), intent) for text, intent in rows])


def _threshold(rows: Sequence[tuple[str, str]]) -> float:
    """Lets through `_KEPT` of what a matcher trained on the other folds recognises rightly.

    One fold of five is measured: the folds of a large set agree to within a hundredth, and each costs a training.
    """
    training = [row for row in rows if _fold(row[0]) != 0]
    measured = [row for row in rows if _fold(row[0]) == 0]
    if not measured or len({intent for _, intent in training}) < 2:
        return 0.5
    reader, matcher = _train(training)
    right: list[float] = []
    for text, intent in measured:
        best: Candidate = matcher.rank(reader.read(text)).candidates[0]
        if best.label == intent:
            right.append(best.score)
    if not right:
        return 0.5
    right.sort()
    return right[int((1 - _KEPT) * len(right))]


def _fold(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0] % _FOLDS
