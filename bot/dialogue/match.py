"""From a message as read to ranked intents, with the evidence for each.

Small on purpose: what an intent must contain to be answered (its topic's noun), and how sure is sure enough, is
decided in `bot.dialogue.understand`; here only likeness counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from bot.dialogue.linear import Classifier
from bot.language.reading import Reader, Reading, Word

_SHORTEST_GRAM, _LONGEST_GRAM = 2, 5
_EDGE = "|"


@dataclass(frozen=True)
class Candidate:
    """An intent (or policy rule) that a message may mean."""

    label: str
    score: float
    """0 to 1; 0.5 lies on the border that training drew."""


class Matcher(Protocol):
    """What the rest of the dialogue knows of matching."""

    def rank(self, reading: Reading) -> list[Candidate]:
        """All labels, best first; ties by name."""
        ...

    def evidence(self, reading: Reading, label: str) -> dict[str, float]:
        """What each word of the message adds to (or takes from) a label."""
        ...


class LinearMatcher:
    """Letter and word n-grams in a linear classifier."""

    def __init__(self, samples: Sequence[tuple[str, str]], reader: Reader) -> None:
        """`samples`: (text, label). Trains at once."""
        readings = [reader.read(text) for text, _ in samples]
        self._classifier = Classifier(
            [list(_features(reading)) for reading in readings], [label for _, label in samples]
        )

    @property
    def labels(self) -> list[str]:
        """All labels, sorted."""
        return self._classifier.classes

    def rank(self, reading: Reading) -> list[Candidate]:
        """See `Matcher`."""
        scores = self._classifier.scores(_features(reading))
        found = (
            Candidate(label, round(min(max((float(score) + 1) / 2, 0.0), 1.0), 4))
            for label, score in zip(self._classifier.classes, scores, strict=True)
        )
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.label))

    def evidence(self, reading: Reading, label: str) -> dict[str, float]:
        """See `Matcher`."""
        owners: dict[str, str] = {}
        for word in reading.words:
            for feature in _of_word(word):
                owners.setdefault(feature, word.text)
        total: dict[str, float] = {}
        for feature, part in self._classifier.share(_features(reading), label).items():
            owner = owners.get(feature) or feature[2:].replace(_EDGE, "").strip()
            total[owner] = total.get(owner, 0.0) + part
        strongest = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))
        return {word: round(part, 3) for word, part in strongest[:6]}


def _features(reading: Reading) -> Iterator[str]:
    for word in reading.words:
        yield from _of_word(word)
    stems = [_EDGE, *(word.stem for word in reading.words), _EDGE]
    for left, right in pairwise(stems):
        yield f"b:{left} {right}"


def _of_word(word: Word) -> Iterator[str]:
    yield f"w:{word.text}"
    if word.stem != word.text:
        yield f"w:{word.stem}"
    padded = f" {word.text} "
    for length in range(_SHORTEST_GRAM, min(_LONGEST_GRAM, len(padded)) + 1):
        for start in range(len(padded) - length + 1):
            yield f"c:{padded[start : start + length]}"
