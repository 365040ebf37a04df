"""A misspelt word to the one word of the flows' vocabulary that it can stand for.

Corrects words only, never whole sentences (whole-sentence ratios put "cara buat sumur" beside "cara buat sim").
Up to four letters, and everything with a digit, is exact: "sim" is not "sin", "362" is not "363". A word of the
language, or a form of one, is no slip however near it comes: "pencucian" is no "pencurian". And a slip of the finger
takes a key beside the right one, or a letter that sounds like it: "kegiling" is no "keliling".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from bot.language.stem import stem

SHORTEST = 5
"""Words shorter than this are never corrected, nor corrected to."""
_LONG = 8
"""From this length on two slips are forgiven instead of one."""
_VOWELS = frozenset("aeiou")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE = ("bp", "fpv", "sxz", "jz", "gkq", "dt", "iy", "uw")
"""Letters that people put for each other because they sound alike."""


def _near_keys() -> frozenset[tuple[str, str]]:
    """Pairs of letters whose keys touch, rows being set off by half a key."""
    rows = [dict(zip(row, range(len(row)), strict=True)) for row in _KEYS]
    near = {(one, other) for row in rows for one in row for other in row if abs(row[one] - row[other]) == 1}
    for upper, lower in pairwise(rows):
        touching = {(one, other) for one in upper for other in lower if upper[one] - lower[other] in (0, 1)}
        near |= touching | {(other, one) for one, other in touching}
    return frozenset(near)


_EXCUSABLE = _near_keys() | {(one, other) for group in _ALIKE for one in group for other in group}


class Corrector:
    """Corrects to a vocabulary. Deterministic: nearest first, then the more frequent, then by alphabet."""

    def __init__(
        self, frequencies: Mapping[str, int], exact: Iterable[str] = (), ordinary: Container[str] = frozenset()
    ) -> None:
        """`frequencies`: the vocabulary; words in `exact` are never offered as a correction.

        `ordinary`: words of the language; they and their forms are never corrected.
        """
        untouchable = frozenset(exact)
        self._ordinary = ordinary
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
        if token in self._ordinary or stem(token) in self._ordinary:
            return None
        slips = 2 if len(token) >= _LONG else 1
        # The first letter is rarely mistyped and tells "sumur" from "umur"; two swapped first letters are a slip.
        choices = [*self._by_initial.get(token[0], []), *self._by_initial.get(token[1], [])]
        near = process.extract(token, choices, scorer=OSA.distance, score_cutoff=slips, limit=None)
        allowed = [
            (distance, -self._frequencies[word], word)
            for word, distance, _ in near
            if (word[0] == token[0] or word[:2] == token[1::-1]) and _slipped(token, word)
        ]
        return min(allowed)[2] if allowed else None


def _slipped(token: str, word: str) -> bool:
    """Letters left out, doubled or swapped, vowels, and keys that touch: consonants are not otherwise mistaken."""
    changed = [
        (token[step.src_pos], word[step.dest_pos]) for step in Levenshtein.editops(token, word) if step.tag == "replace"
    ]
    swapped = sorted(one for one, _ in changed) == sorted(other for _, other in changed)
    return swapped or all({one, other} <= _VOWELS or (one, other) in _EXCUSABLE for one, other in changed)
