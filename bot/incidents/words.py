"""A message as words that know where they stood, so that every decision can point at what made it so.

Radio talk arrives without reliable punctuation and in several spellings ("ga", "nggak", "ora"). The scan
keeps the written form and its span beside a plain form: lower case, accents and stretched letters gone,
spelling variants mapped to one word. Rules and names are looked up in the plain forms only.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Half-open character range in the text as it was given."""

STOP = "¶"
"""Stands for the end of a sentence among the plain forms."""
QUESTION = "?"

_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+|\?|[.!;\n]+|…", re.UNICODE)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}", re.UNICODE)
_TWICE = re.compile(r"([^\W\d_]{3,})2", re.UNICODE)


@dataclass(frozen=True)
class Word:
    """One word of a text."""

    written: str
    plain: str
    start: int
    end: int


@dataclass(frozen=True)
class Words:
    """A scanned text. `line` is every plain form followed by one space: what patterns are searched in."""

    text: str
    words: tuple[Word, ...]
    line: str
    starts: tuple[int, ...]
    """Where each word begins in `line`."""

    def index(self, position: int) -> int:
        """Number of the word that covers a position of `line`."""
        return max(0, bisect_right(self.starts, position) - 1)

    def span(self, first: int, last: int) -> Span:
        """The range of `text` from word `first` to word `last`, both included."""
        return self.words[first].start, self.words[last].end

    def quote(self, span: Span) -> str:
        """The text as it was given, at a span."""
        return self.text[span[0] : span[1]]


def plain(word: str) -> str:
    """Lower case without accents and stretched letters ("TOLOOOONG" → "tolong")."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    return _STRETCHED.sub(r"\1", bare)


def scan(text: str, spelling: Mapping[str, str] | None = None) -> Words:
    """Cut a text into words. `spelling` maps a plain form to one or more plain words that replace it."""
    known = spelling or {}
    words: list[Word] = []
    for found in _TOKEN.finditer(text):
        written = found.group()
        if written == QUESTION:
            words.append(Word(written, QUESTION, found.start(), found.end()))
        elif not any(char.isalnum() for char in written):
            # "..." is a pause of the speaker or of the radio, not the end of a thought
            if "..." not in written and "…" not in written:
                words.append(Word(written, STOP, found.start(), found.end()))
        else:
            form = plain(written)
            twice = _TWICE.fullmatch(form)
            forms = [twice.group(1)] * 2 if twice else [form]
            for one in forms:
                for part in known.get(one, one).split():
                    if cleaned := "".join(char for char in part if char.isalnum() or char in ".,"):
                        words.append(Word(written, cleaned, found.start(), found.end()))
    return gather(text, words)


def gather(text: str, words: Sequence[Word]) -> Words:
    """Words of a text as one scan."""
    starts: list[int] = []
    position = 0
    for word in words:
        starts.append(position)
        position += len(word.plain) + 1
    return Words(text, tuple(words), "".join(word.plain + " " for word in words), tuple(starts))
