"""Names of places that a misspelt word may mean: "subbah" Subah, "kalimangis" Kalimanggis, "gringsink" Gringsing.

For people who search, word by word; what a speaker meant is decided in `bot.incidents.places`, by stricter rules and
for whole names. Words are held against each other by how they sound (`bot.incidents.phonetic`).
"""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.incidents.phonetic import sound
from bot.language.tokens import tokens

SHORTEST = 5
"""Letters; a shorter word is near too many names."""
_LONG = 8
"""From this length on two slips are forgiven instead of one."""
_LONGEST = 30
_MOST = 4


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
        # Of those that sound equally near, the one that is spelt most alike; and a word that begins otherwise is
        # another word: "tubah" is not Subah.
        chosen = sorted(
            (distance, OSA.distance(word, name), name)
            for distance, key in ((distance, key) for key, distance, _ in found)
            for name in self._by_sound[key]
            if key[:1] == heard[:1] and (distance == 0 or OSA.distance(word, name) <= slips)
        )
        return tuple(name for distance, slip, name in chosen if (distance, slip) == chosen[0][:2])[:_MOST]
