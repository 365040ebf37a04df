"""Which of the content's word lists stand in a message: nouns, facets, entities, policy words."""

from __future__ import annotations

from collections.abc import Iterable

from bot.language.reading import Reader, Reading

_Names = dict[tuple[str, ...], list[str]]


class PhraseIndex:
    """Named lists of phrases, found in a message by looking at its words only once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_text: _Names = {}
        self._by_stem: _Names = {}
        self._longest: dict[str, int] = {}
        """First word or stem of some phrase → words of the longest that begins so."""

    def add(self, name: str, phrases: Iterable[str], *, exact: bool = False) -> None:
        """Register a list; phrases are read as messages are, so they may be written as people write.

        `exact`: only these words, none that merely share their stem: "pencuri" is not "dicuri".
        """
        for phrase in phrases:
            words = self._reader.read(phrase).words
            if not words:
                continue
            key = tuple(word.text if exact else word.stem for word in words)
            names = (self._by_text if exact else self._by_stem).setdefault(key, [])
            if name not in names:
                names.append(name)
            self._longest[key[0]] = max(len(key), self._longest.get(key[0], 0))

    def find(self, reading: Reading) -> dict[str, list[tuple[int, int]]]:
        """Name of each list that occurs → where: (first word, one past the last word)."""
        found: dict[str, list[tuple[int, int]]] = {}
        texts = [word.text for word in reading.words]
        stems = [word.stem for word in reading.words]
        for words, phrases in ((texts, self._by_text), (stems, self._by_stem)):
            for start, first in enumerate(words):
                longest = self._longest.get(first)
                if longest is None:
                    continue
                for end in range(start + 1, min(start + longest, len(words)) + 1):
                    for name in phrases.get(tuple(words[start:end]), ()):
                        spans = found.setdefault(name, [])
                        if (start, end) not in spans:
                            spans.append((start, end))
        return found
