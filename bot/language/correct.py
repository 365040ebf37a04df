"""A misspelt word to the one word of the flows' vocabulary that it can stand for.

Corrects words only, never whole sentences (whole-sentence ratios put "cara buat sumur" beside "cara buat sim").
Up to four letters, and everything with a digit, is exact: "sim" is not "sin", "362" is not "363".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 5
"""Words shorter than this are never corrected, nor corrected to."""
_LONG = 8
"""From this length on two slips are forgiven instead of one."""


class Corrector:
    """Corrects to a vocabulary. Deterministic: nearest first, then the more frequent, then by alphabet."""

    def __init__(self, frequencies: Mapping[str, int], exact: Iterable[str] = ()) -> None:
        """`frequencies`: the vocabulary; words in `exact` are never offered as a correction."""
        untouchable = frozenset(exact)
        self._frequencies = {
            word: count
            for word, count in frequencies.items()
            if len(word) >= SHORTEST and word.isalpha() and word not in untouchable
        }
        self._by_initial: dict[str, list[str]] = {}
        for word in sorted(self._frequencies):
            self._by_initial.setdefault(word[0], []).append(word)
        self._seen: dict[str, str | None] = {}

    def correct(self, token: str) -> str | None:
        """The word meant, or None when no word is near enough."""
        if len(token) < SHORTEST or not token.isalpha() or len(token) > 40:
            return None
        if token not in self._seen:
            if len(self._seen) > 20_000:
                self._seen.clear()
            self._seen[token] = self._nearest(token)
        return self._seen[token]

    def _nearest(self, token: str) -> str | None:
        slips = 2 if len(token) >= _LONG else 1
        # The first letter is rarely mistyped and tells "sumur" from "umur"; two swapped first letters are a slip.
        choices = [*self._by_initial.get(token[0], []), *self._by_initial.get(token[1], [])]
        near = process.extract(token, choices, scorer=OSA.distance, score_cutoff=slips, limit=None)
        allowed = [
            (distance, -self._frequencies[word], word)
            for word, distance, _ in near
            if word[0] == token[0] or word[:2] == token[1::-1]
        ]
        return min(allowed)[2] if allowed else None
