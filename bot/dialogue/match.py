"""From a message as read to ranked intents, with the evidence for each.

Small on purpose: what an intent must contain to be answered (its topic's noun), and how sure is sure enough, is
decided in `bot.dialogue.understand`; here only likeness counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from bot.dialogue.linear import Classifier
from bot.language.reading import Reader, Reading, Word

_SHORTEST_GRAM, _LONGEST_GRAM = 2, 5
_EDGE = "|"
_HINT_WEIGHT = 4


@dataclass(frozen=True)
class Candidate:
    """An intent (or policy rule) that a message may mean."""

    label: str
    score: float
    """0 to 1; 0.5 lies on the border that training drew."""


class Matcher(Protocol):
    """What the rest of the dialogue knows of matching."""

    def rank(self, reading: Reading, hints: Sequence[str] = ()) -> list[Candidate]:
        """All labels, best first; ties by name. `hints`: names of the word lists that occur in the message."""
        ...

    def evidence(self, reading: Reading, label: str, hints: Sequence[str] = ()) -> dict[str, float]:
        """What each word (and hint) of the message adds to (or takes from) a label."""
        ...


Hints = Callable[[Reading], Sequence[str]]


class LinearMatcher:
    """Letter and word n-grams in a linear classifier."""

    def __init__(self, samples: Sequence[tuple[str, str]], reader: Reader, hints: Hints | None = None) -> None:
        """`samples`: (text, label). Trains at once. `hints`: finds the word lists in a sample."""
        readings = [reader.read(text) for text, _ in samples]
        documents = [list(_features(reading, hints(reading) if hints else ())) for reading in readings]
        self._classifier = Classifier(documents, [label for _, label in samples])

    @property
    def labels(self) -> list[str]:
        """All labels, sorted."""
        return self._classifier.classes

    def rank(self, reading: Reading, hints: Sequence[str] = ()) -> list[Candidate]:
        """See `Matcher`."""
        scores = self._classifier.scores(_features(reading, hints))
        found = (
            Candidate(label, round(min(max((float(score) + 1) / 2, 0.0), 1.0), 4))
            for label, score in zip(self._classifier.classes, scores, strict=True)
        )
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.label))

    def evidence(self, reading: Reading, label: str, hints: Sequence[str] = ()) -> dict[str, float]:
        """See `Matcher`."""
        owners: dict[str, str] = {feature: f"[{hint}]" for hint in hints for feature in _of_hint(hint)}
        for word in reading.words:
            for feature in _of_word(word):
                owners.setdefault(feature, word.text)
        total: dict[str, float] = {}
        for feature, part in self._classifier.share(_features(reading, hints), label).items():
            owner = owners.get(feature) or feature[2:].replace(_EDGE, "").strip()
            total[owner] = total.get(owner, 0.0) + part
        strongest = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))
        return {word: round(part, 3) for word, part in strongest[:6]}


def _features(reading: Reading, hints: Sequence[str]) -> Iterator[str]:
    for hint in hints:
        yield from _of_hint(hint)
    for word in reading.words:
        yield from _of_word(word)
    stems = [_EDGE, *(word.stem for word in reading.words), _EDGE]
    for left, right in pairwise(stems):
        yield f"b:{left} {right}"


def _of_hint(hint: str) -> Iterator[str]:
    """One feature for each of `_HINT_WEIGHT`: a hint stands for many spellings, so it weighs as a word with grams."""
    for number in range(_HINT_WEIGHT):
        yield f"h:{number}:{hint}"


def _of_word(word: Word) -> Iterator[str]:
    yield f"w:{word.text}"
    if word.stem != word.text:
        yield f"w:{word.stem}"
    padded = f" {word.text} "
    for length in range(_SHORTEST_GRAM, min(_LONGEST_GRAM, len(padded)) + 1):
        for start in range(len(padded) - length + 1):
            yield f"c:{padded[start : start + length]}"
