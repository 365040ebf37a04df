"""Names of places that a misspelt word may mean: "subbah" Subah, "kalimangis" Kalimanggis, "gringsink" Gringsing.

For people who search; what a speaker meant is decided in `bot.incidents.places`, by stricter rules. Words are held
against each other by how they sound: spellings that a Javanese ear does not tell apart are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.language.tokens import tokens

SHORTEST = 5
"""Letters; a shorter word is near too many names."""
_LONG = 8
"""From this length on two slips are forgiven instead of one."""
_LONGEST = 30
_MOST = 4
_SOUNDS = (
    ("oe", "u"), ("dj", "j"), ("tj", "c"), ("nj", "ny"), ("ph", "f"), ("kh", "k"), ("sy", "s"), ("ngg", "ng"),
    ("v", "f"), ("z", "s"), ("q", "k"), ("dh", "d"), ("th", "t"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_ENDS = {"d": "t", "b": "p", "g": "k"}


def sound(word: str) -> str:
    """How a folded word sounds: old spellings, doubled letters, voiced endings and a mute h at the end unified."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    word = _DOUBLED.sub(r"\1", word)
    if len(word) > 3 and word.endswith("h"):
        word = word[:-1]
    if word and word[-1] in _ENDS and not word.endswith("ng"):
        word = word[:-1] + _ENDS[word[-1]]
    return word


class NearNames:
    """The words of a district's names of places."""

    def __init__(self, names: Iterable[str]) -> None:
        self._words = frozenset(word for name in names for word in tokens(name) if word.isalpha())
        self._by_sound: dict[str, list[str]] = {}
        for word in sorted(self._words):
            if len(word) >= SHORTEST - 1:
                self._by_sound.setdefault(sound(word), []).append(word)
        self._sounds = sorted(self._by_sound)

    def knows(self, word: str) -> bool:
        """It is a word of a name, as it is spelt."""
        return word in self._words

    def near(self, word: str) -> tuple[str, ...]:
        """Words of names that it may be meant for, nearest first; none when it is such a word itself, or too short."""
        if not SHORTEST <= len(word) <= _LONGEST or not word.isalpha() or word in self._words:
            return ()
        heard = sound(word)
        slips = 2 if len(word) >= _LONG else 1
        found = process.extract(heard, self._sounds, scorer=OSA.distance, score_cutoff=slips, limit=None)
        # A word that begins otherwise is another word: "tubah" is not Subah, but "sbuah" is.
        chosen = sorted((distance, name) for name, distance, _ in found if name[:1] == heard[:1])
        best = chosen[0][0] if chosen else 0
        return tuple(word for distance, name in chosen if distance == best for word in self._by_sound[name])[:_MOST]
