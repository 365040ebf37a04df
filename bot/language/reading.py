"""A message as the matcher reads it: words, each with what it was and what was done to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from bot.language.correct import Corrector
from bot.language.lexicon import Lexicon
from bot.language.normalise import normalise
from bot.language.stem import stem
from bot.language.tokens import tokens

LONGEST_TEXT = 2000
"""Characters that are read; the rest is cut before anything else looks at it."""
_LONGEST_WORD = 60
_REMEMBERED = 10_000
"""Words: people use the same ones again and again."""


class Change(StrEnum):
    """What was done to a word."""

    NONE = ""
    PROTECTED = "protected"
    NORMALISED = "normalised"
    CORRECTED = "corrected"
    PHRASE = "phrase"


@dataclass(frozen=True)
class Word:
    """One word of a message."""

    surface: str
    """As written, folded; of a phrase its words."""
    text: str
    """As read."""
    stem: str
    change: Change = Change.NONE
    known: bool = True
    """It is in the vocabulary."""


@dataclass(frozen=True)
class Reading:
    """A message, read."""

    words: tuple[Word, ...]
    cut: bool = False
    """The text was longer than `LONGEST_TEXT`."""
    amid: frozenset[str] = frozenset()
    """Courtesies that were left out and are no greeting where they stand: "malam" in "kalau malam lampu mati"."""

    @property
    def text(self) -> str:
        """The words as read."""
        return " ".join(word.text for word in self.words)

    def changed(self, change: Change) -> dict[str, str]:
        """Surface → text of the words that this was done to."""
        return {word.surface: word.text for word in self.words if word.change is change}


class Reader:
    """Reads messages in the light of a lexicon and of the vocabulary of the content."""

    def __init__(self, lexicon: Lexicon, texts: Iterable[str], *, correcting: bool = True) -> None:
        """`texts`: all that the content itself says that people say; its words are the vocabulary."""
        self._lexicon = lexicon
        self._phrase_length = lexicon.longest_phrase
        self._phrase_begins = {words[0] for words in lexicon.phrases}
        said = list(texts)
        self._tokens = {text: tokens(text) for text in set(said) if len(text) <= LONGEST_TEXT}
        """Of the content's own texts, which are read as well: nothing is taken apart twice."""
        frequencies = Counter(token for text in said for token in self._tokens.get(text, ()))
        frequencies.update(set(lexicon.words()))
        for slang in lexicon.rewrites:
            del frequencies[slang]
        self._known = frozenset(frequencies) - set(lexicon.rewrites)
        exact = lexicon.protected | lexicon.common | lexicon.hollow | lexicon.fillers | lexicon.courtesies
        self._corrector = Corrector(frequencies, exact, lexicon.ordinary) if correcting else None
        self._word = lru_cache(_REMEMBERED)(self._read_word)

    def read(self, text: str) -> Reading:
        """Read any text. Never raises."""
        cut = len(text) > LONGEST_TEXT
        words: list[Word] = []
        for token in self._tokens.get(text) or tokens(text[:LONGEST_TEXT]):
            words.extend(self._word(token[:_LONGEST_WORD]))
        words = self._join(words)
        kept: list[Word] = []
        for word in words:
            if word.text in self._lexicon.fillers:
                continue
            if kept and kept[-1].text == word.text and not word.text.isdigit():
                continue  # "ibu-ibu", "halo halo"
            kept.append(word)
        courtesies = self._lexicon.courtesies
        substance = [word for word in kept if word.text not in courtesies]
        if all(word.text in self._lexicon.hollow for word in substance):
            substance = kept
        amid = (
            word.text for before, word in pairwise(kept) if word.text in courtesies and before.text not in courtesies
        )
        return Reading(tuple(substance), cut, frozenset(amid))

    def _read_word(self, token: str) -> tuple[Word, ...]:
        if token in self._lexicon.protected:
            return (Word(token, token, token, Change.PROTECTED),)
        found = normalise(token, self._lexicon, self._known)
        if found == (token,):
            if token in self._known or any(character.isdigit() for character in token):
                return (Word(token, token, stem(token), known=token in self._known),)
            meant = self._corrector.correct(token) if self._corrector else None
            if meant is not None:
                return (Word(token, meant, stem(meant), Change.CORRECTED),)
            return (Word(token, token, stem(token), known=False),)
        return tuple(Word(token, text, self._stem(text), Change.NORMALISED) for text in found)

    def _stem(self, text: str) -> str:
        return text if text in self._lexicon.protected else stem(text)

    def _join(self, words: list[Word]) -> list[Word]:
        """Put the phrases of the lexicon in place of their words."""
        if self._phrase_begins.isdisjoint([word.text for word in words]):
            return words
        result: list[Word] = []
        position = 0
        while position < len(words):
            if words[position].text not in self._phrase_begins:
                result.append(words[position])
                position += 1
                continue
            for length in range(min(self._phrase_length, len(words) - position), 0, -1):
                part = words[position : position + length]
                target = self._lexicon.phrases.get(tuple(word.text for word in part))
                if target is not None:
                    surface = " ".join(word.surface for word in part)
                    result.extend(Word(surface, text, self._stem(text), Change.PHRASE) for text in target)
                    position += length
                    break
            else:
                result.append(words[position])
                position += 1
        return result
