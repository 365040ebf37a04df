"""From a message as read to ranked intents, with the evidence for each.

Small on purpose: what an intent must contain to be answered (its topic's noun), and how sure is sure enough, is
decided in `bot.dialogue.understand`; here only likeness counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from bot.dialogue.linear import Classifier, Columns
from bot.language.reading import Reading

_GRAM = 4
"""Letters of an n-gram; an edge of the word counts as one."""
_BEGINNING = 2
"""Letters of the feature that stands for how a word begins; the shortest words have nothing else."""
_EDGE = "|"
_HINT_WEIGHT = 4
"""Features for each hint: it stands for many spellings, so it weighs as a word with its letter n-grams."""
_MOST_EVIDENCE = 6


@dataclass(frozen=True)
class Candidate:
    """An intent (or policy rule) that a message may mean."""

    label: str
    score: float
    """0 to 1; 0.5 lies on the border that training drew."""


class Ranking(Protocol):
    """How likely each label is, and why."""

    @property
    def candidates(self) -> list[Candidate]:
        """All labels, best first; ties by name."""
        ...

    def evidence(self, label: str) -> dict[str, float]:
        """What each word (and hint, in brackets) adds to a label or takes from it, strongest first."""
        ...


class Matcher(Protocol):
    """What the rest of the dialogue knows of matching."""

    def rank(self, reading: Reading, hints: Sequence[str] = ()) -> Ranking:
        """`hints`: names of the word lists that occur in the message."""
        ...


Hints = Callable[[Reading], Sequence[str]]


class LinearMatcher:
    """Letter and word n-grams in a linear classifier."""

    def __init__(self, samples: Sequence[tuple[Reading, str]], hints: Hints | None = None) -> None:
        """`samples`: (message as read, label). Trains at once. `hints`: finds the word lists in a sample."""
        columns = Columns()
        words: dict[tuple[str, str], tuple[int, ...]] = {}
        documents: list[list[int]] = []
        for reading, _ in samples:
            document: list[int] = []
            for word in reading.words:
                key = (word.text, word.stem)
                known = words.get(key)
                if known is None:
                    known = words[key] = columns.of(_of_word(*key))
                document.extend(known)
            document.extend(columns.of(_between(reading)))
            for hint in hints(reading) if hints else ():
                document.extend(columns.of(_of(hint)))
            documents.append(document)
        self._classifier = Classifier(columns, documents, [label for _, label in samples])

    def rank(self, reading: Reading, hints: Sequence[str] = ()) -> LinearRanking:
        """See `Matcher`."""
        return LinearRanking(self._classifier, reading, hints)


class LinearRanking:
    """See `Ranking`."""

    def __init__(self, classifier: Classifier, reading: Reading, hints: Sequence[str]) -> None:
        self._classifier = classifier
        self._names = [*(word.text for word in reading.words), *(f"[{hint}]" for hint in hints)]
        self._document = classifier.document(_features(reading, hints))
        scores = ((classifier.scores(self._document) + 1) / 2).clip(0, 1).round(4).tolist()
        found = [Candidate(label, score) for label, score in zip(classifier.classes, scores, strict=True)]
        self.candidates = sorted(found, key=lambda candidate: (-candidate.score, candidate.label))

    def evidence(self, label: str) -> dict[str, float]:
        """See `Ranking`."""
        total: dict[str, float] = {}
        for owner, part in self._classifier.shares(self._document, label):
            total[self._names[owner]] = total.get(self._names[owner], 0.0) + part
        strongest = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))
        return {word: round(part, 3) for word, part in strongest[:_MOST_EVIDENCE]}


def _features(reading: Reading, hints: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each feature with the number of the word (after them: of the hint) it comes from."""
    words = reading.words
    if not words:
        return
    for number, word in enumerate(words):
        for feature in _of_word(word.text, word.stem):
            yield feature, number
    for number, feature in enumerate(_between(reading)):
        yield feature, min(number, len(words) - 1)
    for number, hint in enumerate(hints, start=len(words)):
        for feature in _of(hint):
            yield feature, number


def _between(reading: Reading) -> list[str]:
    """Of each two words that follow each other, and of the edges."""
    stems = [_EDGE, *[word.stem for word in reading.words], _EDGE]
    return [f"b:{left} {right}" for left, right in pairwise(stems)]


@lru_cache(maxsize=1_000)
def _of(hint: str) -> tuple[str, ...]:
    return tuple(f"h:{copy}:{hint}" for copy in range(_HINT_WEIGHT))


@lru_cache(maxsize=20_000)
def _of_word(text: str, stem: str) -> tuple[str, ...]:
    found = [f"w:{text}"]
    if stem != text:
        found.append(f"w:{stem}")
    padded = f" {text} "
    found.append(f"c: {text[:_BEGINNING]}")
    found.extend(f"c:{padded[start : start + _GRAM]}" for start in range(len(padded) - _GRAM + 1))
    return tuple(found)
