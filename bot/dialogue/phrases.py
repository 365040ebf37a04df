"""Which of the content's word lists stand in a message: nouns, facets, entities, policy words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.language.reading import Reader, Reading, Word


@dataclass(frozen=True)
class _Phrase:
    name: str
    words: tuple[tuple[str, str], ...]
    """(text, stem) of each word."""
    exact: bool
    """Other words of the same stem do not count: "pencuri" is not "dicuri"."""

    def stands_in(self, words: Sequence[Word], start: int) -> bool:
        """Word for word from there on."""
        for position, (text, stem) in enumerate(self.words, start):
            other = words[position]
            if other.text != text and (self.exact or other.stem != stem):
                return False
        return True


class PhraseIndex:
    """Named lists of phrases, found in a message by looking at its words only once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_first: dict[str, list[_Phrase]] = {}

    def add(self, name: str, phrases: Iterable[str], *, exact: bool = False) -> None:
        """Register a list; phrases are read as messages are, so they may be written as people write.

        `exact`: only these words, none that merely share their stem.
        """
        for text in phrases:
            words = tuple((word.text, word.stem) for word in self._reader.read(text).words)
            if words:
                phrase = _Phrase(name, words, exact)
                for key in dict.fromkeys(words[0]):
                    self._by_first.setdefault(key, []).append(phrase)

    def find(self, reading: Reading) -> dict[str, list[tuple[int, int]]]:
        """Name of each list that occurs → where: (first word, one past the last word)."""
        found: dict[str, list[tuple[int, int]]] = {}
        words = reading.words
        for start, word in enumerate(words):
            seen: set[int] = set()
            for key in (word.text, word.stem):
                for phrase in self._by_first.get(key, ()):
                    end = start + len(phrase.words)
                    if id(phrase) in seen or end > len(words):
                        continue
                    seen.add(id(phrase))
                    if phrase.stands_in(words, start):
                        spans = found.setdefault(phrase.name, [])
                        if (start, end) not in spans:
                            spans.append((start, end))
        return found
