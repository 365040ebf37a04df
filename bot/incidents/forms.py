"""Forms of words that the rules do not list, as the form that they do list.

People inflect freely, in two languages: a rule says "digondol" and somebody says "kegondol", "digondoli" or
"digondolnya"; it says "kompor" and somebody says "kompore". A word is replaced only by a word of the rules, of the same
root and the same voice (who is hurt is not who hurts), and never where it is a word of its own. What people see stays
as it was said; the words that made a verdict are quoted as they stood.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.incidents.phonetic import sound
from bot.language.stem import stem

_SHORTEST = 4
"""Letters of a root: shorter ones are found in too many words ("kebun" is no form of "bun")."""
_MISSPELT_FROM = 6
"""Letters of a word that may be misspelt by one letter or sound; shorter words turn into other words."""
_CLITICS = ("nipun", "ipun", "nya", "lah", "kah", "pun", "ku", "mu", "ne", "no", "e")
_PASSIVE = ("dipun", "diper", "keter", "di", "ke", "ter", "tak", "dak", "kok", "tok", "ka")
_SUFFIXES = ("aken", "ake", "kan", "kno", "ken", "an", "in", "en", "no", "ke", "i", "")
_VOWELS = frozenset("aeiou")
# What a nasal beginning may stand for: "mukul" is p-ukul, "nyolong" c-olong or s-olong, "ngambil" ambil.
_NASALS = (
    ("menge", ("",)), ("meny", ("s", "c")), ("meng", ("", "k", "g")), ("mem", ("p", "b")),
    ("men", ("t", "d", "c", "j")), ("nge", ("",)), ("ny", ("s", "c", "j")), ("ngg", ("g",)), ("ng", ("", "k")),
    ("mb", ("b",)), ("me", ("",)), ("nd", ("d",)), ("nj", ("j",)), ("m", ("p", "b", "w")), ("n", ("t", "d")),
)  # fmt: skip


class Forms:
    """Reduces words to those of a vocabulary. Deterministic; remembers what it was asked."""

    def __init__(self, vocabulary: Iterable[str], own: Container[str]) -> None:
        """`own` are words that mean something by themselves and are never replaced."""
        self._known = {word for word in vocabulary if word.isalpha() and word.isascii()}
        self._own = own
        self._by_root: dict[tuple[str, str], str] = {}
        for word in sorted(self._known, key=lambda word: (len(word), word)):
            for key in _voices(word):
                self._by_root.setdefault(key, word)
        self._long = sorted(word for word in self._known if len(word) >= _MISSPELT_FROM - 1)
        self._seen: dict[str, str] = {}

    def reduce(self, word: str) -> str:
        """The word of the vocabulary that this is a form of, or the word itself."""
        if len(word) <= _SHORTEST or word in self._known or not (word.isalpha() and word.isascii()):
            return word
        if word not in self._seen:
            if len(self._seen) > 50_000:
                self._seen.clear()
            self._seen[word] = self._without_clitic(word) or self._inflected(word) or self._misspelt(word) or word
        return self._seen[word]

    def _without_clitic(self, word: str) -> str | None:
        if word in self._own:
            return None
        return next((base for base in _bases(word) if base in self._known), None)

    def _inflected(self, word: str) -> str | None:
        if word in self._own:
            return None
        for base in (word, *_bases(word)):
            for key in _voices(base):
                if key in self._by_root:
                    return self._by_root[key]
        return None

    def _misspelt(self, word: str) -> str | None:
        """One letter wrong that sounds nearly alike ("longsur"); "tergulung" is no "terguling"."""
        if len(word) < _MISSPELT_FROM or any(one in self._own for one in (word, stem(word), *_bases(word))):
            return None
        heard = sound(word)
        near = process.extract(word, self._long, scorer=OSA.distance, score_cutoff=1, limit=None)
        alike = [other for other, _, _ in near if other[0] == word[0] and sound(other) == heard]
        return min(alike) if alike else None


def _bases(word: str) -> Iterator[str]:
    """The word without what is hung on it ("kompornya", "apine", "rumahe")."""
    for clitic in _CLITICS:
        base = word.removesuffix(clitic)
        if base == word or len(base) < _SHORTEST:
            continue
        vowel = base[-1] in _VOWELS
        if (clitic == "e" and vowel) or (clitic == "ne" and not vowel and base[-1] != "n"):
            continue
        yield base


def _voices(word: str) -> Iterator[tuple[str, str]]:
    """(voice, root) for every way to take off a prefix and a suffix."""
    for prefix in _PASSIVE:
        if word.startswith(prefix):
            for root in _roots(word[len(prefix) :]):
                yield "passive", root
    for prefix, letters in _NASALS:
        if word.startswith(prefix):
            for root in _roots(word[len(prefix) :]):
                for letter in letters:
                    if len(letter + root) >= _SHORTEST:
                        yield "active", letter + root


def _roots(rest: str) -> Iterator[str]:
    for suffix in _SUFFIXES:
        root = rest.removesuffix(suffix)
        if (root != rest or not suffix) and len(root) >= _SHORTEST:
            yield root
