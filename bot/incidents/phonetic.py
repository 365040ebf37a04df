"""How a name sounds: what a speech model mishears is written differently and sounds nearly alike.

"limbung" for Limpung, "alas roman" for Alas Roban, "pelelen" for Plelen: letters that a microphone confuses share
one sign, an unstressed e between consonants costs little. Names are compared by letters and by sound; the score is
the mean of both. Which words may be changed at all is decided in `bot.incidents.places`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 5
"""Letters; shorter names turn into other words too easily ("Soka", "suka")."""
MARGIN = 0.04
"""By how much the best name must be ahead of the next."""
_LOWEST = 0.72
_REMEMBERED = 50_000

_SPELLINGS = (
    ("oe", "u"), ("dj", "c"), ("tj", "c"), ("sy", "s"), ("kh", "k"), ("ny", "n"), ("ng", "n"), ("dh", "t"), ("th", "t"),
    ("bh", "p"), ("ph", "p"), ("gh", "k"), ("ck", "k"), ("x", "ks"),
)  # fmt: skip
_SOUNDS = str.maketrans("bfvdgqjzmyeoh", "ppptkkcsniiu-")
_TWICE = re.compile(r"(.)\1+")


def sound(letters: str) -> str:
    """The sound key of plain letters: "limbung" and "limpung" have the same."""
    key = letters
    for written, spoken in _SPELLINGS:
        key = key.replace(written, spoken)
    return _TWICE.sub(r"\1", key.translate(_SOUNDS).replace("-", ""))


@dataclass(frozen=True)
class Likeness:
    """The name that some letters sound most like."""

    key: str
    """As the gazetteer looks it up."""
    score: float
    """0 to 1; 1 is the name itself."""


class Ear:
    """Finds the name that was meant. Built once for a gazetteer; remembers what it was asked."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._sounds: dict[str, dict[str, str]] = {}
        for key in keys:
            if len(key) >= SHORTEST and key.isalpha():
                heard = sound(key)
                self._sounds.setdefault(heard[:1], {})[key] = heard
        self._known: dict[str, Likeness | None] = {}

    def nearest(self, letters: str) -> Likeness | None:
        """The one name that `letters` may stand for; `None` when there is none, or two are as near."""
        if len(letters) < SHORTEST or not letters.isascii() or not letters.isalpha():
            return None
        if letters not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[letters] = self._search(letters)
        return self._known[letters]

    def _search(self, letters: str) -> Likeness | None:
        heard = sound(letters)
        near = process.extract(
            heard,
            self._sounds.get(heard[:1], {}),
            scorer=OSA.normalized_similarity,
            score_cutoff=_LOWEST - 0.1,
            limit=8,
        )
        scored = sorted(
            ((alike + OSA.normalized_similarity(letters, key)) / 2, key)
            for _, alike, key in near
            if abs(len(key) - len(letters)) <= 2
        )
        if not scored or scored[-1][0] < _LOWEST:
            return None
        if len(scored) > 1 and scored[-1][0] - scored[-2][0] < MARGIN:
            return None
        return Likeness(scored[-1][1], scored[-1][0])
