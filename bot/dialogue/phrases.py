"""Which of the content's word lists stand in a message: nouns, facets, entities, policy words."""

from __future__ import annotations

from collections.abc import Iterable

from bot.language.reading import Reader, Reading


class _Table:
    """Phrases as tuples of words, with the names of the lists that hold each."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], list[str]] = {}
        self.longest: dict[str, int] = {}
        """First word of some phrase → words of the longest that begins so."""

    def add(self, key: tuple[str, ...], name: str) -> None:
        names = self.names.setdefault(key, [])
        if name not in names:
            names.append(name)
        self.longest[key[0]] = max(len(key), self.longest.get(key[0], 0))


GAP = "…"
"""In a phrase: any one word."""
EXACT = "="
"""Before a phrase: only these words, none that merely share their stem."""


class PhraseIndex:
    """Named lists of phrases, found in a message by looking at its words only once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_text = _Table()
        self._by_stem = _Table()
        self._gapped: dict[str, list[tuple[tuple[str | None, ...], str]]] = {}
        """First stem of a phrase with gaps → its stems (None: any one word), and its list."""

    def add(self, name: str, phrases: Iterable[str], *, exact: bool = False) -> None:
        """Register a list; phrases are read as messages are, so they may be written as people write.

        `exact`: only these words, none that merely share their stem: "pencuri" is not "dicuri".
        """
        for phrase in phrases:
            if GAP in phrase:
                self._add_gapped(name, phrase)
                continue
            whole = exact or phrase.startswith(EXACT)
            table = self._by_text if whole else self._by_stem
            words = self._reader.read(phrase).words
            if words:
                table.add(tuple(word.text if whole else word.stem for word in words), name)

    def _add_gapped(self, name: str, phrase: str) -> None:
        parts = [[word.stem for word in self._reader.read(part).words] for part in phrase.split(GAP)]
        if all(parts):
            key = [stem for part in parts for stem in (*part, None)][:-1]
            self._gapped.setdefault(parts[0][0], []).append((tuple(key), name))

    def find(self, reading: Reading) -> dict[str, list[tuple[int, int]]]:
        """Name of each list that occurs → where: (first word, one past the last word)."""
        found: dict[str, list[tuple[int, int]]] = {}
        texts = [word.text for word in reading.words]
        stems = [word.stem for word in reading.words]
        for words, table in ((texts, self._by_text), (stems, self._by_stem)):
            if table.longest.keys().isdisjoint(words):
                continue
            for start, first in enumerate(words):
                longest = table.longest.get(first)
                if longest is None:
                    continue
                for end in range(start + 1, min(start + longest, len(words)) + 1):
                    for name in table.names.get(tuple(words[start:end]), ()):
                        spans = found.setdefault(name, [])
                        if (start, end) not in spans:
                            spans.append((start, end))
        for start, first in enumerate(stems):
            for key, name in self._gapped.get(first, ()):
                there = stems[start : start + len(key)]
                if len(there) == len(key) and all(want in (None, stem) for want, stem in zip(key, there, strict=True)):
                    found.setdefault(name, []).append((start, start + len(key)))
        return found
