"""Which articles a message names: "pasal 363 ayat 1 ke-4", "28(2) uu ite", "378 lama", "ayat 3 pasal 27".

What stands behind an article (its paragraph, and the parts of that) is never taken for a further article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.dialogue.lawfile import LawFile
from bot.dialogue.lookup import Span
from bot.language.numbers import digits

ANY = "any"
"""In place of a code: the message names none."""
_ARTICLE = re.compile(r"^([0-9]{1,5}[a-z]?)( ?bis)?$")
_NUMBER = re.compile(r"^[0-9]+$")
_LETTER = re.compile(r"^[a-d]$")
_ENCODED = re.compile(r"^(?P<number>[^(@]+)(?:\((?P<paragraph>[0-9]+)\))?@(?P<code>.*)$")
_YEAR = re.compile(r"^(?:19|20)\d{2}$")
_DIGITS = 3
"""Of an article that is named without the word for it; of a part there are fewer."""


@dataclass(frozen=True)
class Citation:
    """An article that was named."""

    number: str
    """As in the table: "362", "27b", "303 bis"."""
    code: str
    """`ANY` if none was told."""
    paragraph: str = ""
    """The number of its paragraph, if one was told."""

    def encoded(self) -> str:
        """As a talk keeps it."""
        paragraph = f"({self.paragraph})" if self.paragraph else ""
        return f"{self.number.replace(' ', '_')}{paragraph}@{self.code}"

    @classmethod
    def decoded(cls, text: str) -> Citation | None:
        """The citation that was encoded; None when the text is none."""
        found = _ENCODED.match(text)
        if found is None:
            return None
        return cls(found["number"].replace("_", " "), found["code"], found["paragraph"] or "")


@dataclass
class _Found:
    """An article while the words behind it are read."""

    number: str
    span: Span
    anchored: bool
    """It stands behind the word for article."""
    paragraph: str = ""


class Citations:
    """Built once from the words of law.yaml."""

    def __init__(self, file: LawFile) -> None:
        words = {kind: frozenset(listed) for kind, listed in file.words.items()}
        self._article = words.get("article", frozenset())
        self._old, self._new = words.get("old", frozenset()), words.get("new", frozenset())
        self._law = words.get("law", frozenset())
        self._how_long = words.get("how_long", frozenset())
        self._paragraph = words.get("paragraph", frozenset())
        self._part = words.get("part", frozenset())
        self._joint = words.get("joint", frozenset())
        self._telephone = words.get("telephone", frozenset())
        self._about = words.get("about", frozenset())
        self._old_code, self._new_code = file.old_code, file.new_code

    def read(self, words: Sequence[str], codes: Mapping[str, list[Span]]) -> list[tuple[Citation, Span]]:
        """The articles in order, each with where it stands, its parts included. `codes`: where laws are named."""
        if not any(word[0].isdigit() for word in words):
            return []
        named = {position for spans in codes.values() for start, end in spans for position in range(start, end)}
        found = list(self._found(words, named))
        anchored = [one for one in found if one.anchored]
        loose = [one for one in found if _surely(one)]
        if not self.anchored(words) and not named and not self._alone(words, loose):
            return []
        return [
            (Citation(one.number, self._code_of(words, one.span, codes), one.paragraph), one.span)
            for one in anchored or loose
        ]

    def anchored(self, words: Sequence[str]) -> bool:
        """The word for article stands in the message."""
        return not self._article.isdisjoint(words)

    def belonging(self, words: Sequence[str]) -> set[int]:
        """Where words stand that ask about an article and nothing else: "pasal", "isinya", "lama"."""
        asking = self._article | self._old | self._new | self._law | self._about | self._joint
        return {position for position, word in enumerate(words) if word in asking}

    def _alone(self, words: Sequence[str], found: Sequence[_Found]) -> bool:
        """One number that is no telephone's; whether anything else is said is for the table to see."""
        return len(found) == 1 and words[found[0].span[0]] not in self._telephone

    def _found(self, words: Sequence[str], named: set[int]) -> Iterator[_Found]:
        """Numbers that may be articles, outside of the names of laws."""
        last: _Found | None = None
        ahead = ""  # "ayat 2 pasal 363"
        after_article = False
        position = 0
        while position < len(words):
            word = words[position]
            before = words[position - 1] if position else ""
            number, end = _number(words, position)
            paragraph = _paragraph(word) if before in self._paragraph else ""
            if paragraph:
                if last is None or last.span[1] < position - 1:
                    ahead = paragraph
                elif last.paragraph:
                    yield last
                    last = replace(last, paragraph=paragraph, span=(last.span[0], position + 1))
                else:
                    last.paragraph, last.span = paragraph, (last.span[0], position + 1)
            elif number is None:
                if word in self._article:
                    after_article = True
                elif last is not None and last.span[1] == position and (word in self._part or before in self._part):
                    last.span = (last.span[0], position + 1)
                elif word in self._law or not (word in self._paragraph | self._part | self._joint or len(word) == 1):
                    after_article = False
            elif position in named or before in self._law:
                pass
            elif before in self._part and len(number) < _DIGITS:
                if last is not None and last.span[1] >= position - 1:
                    last.span = (last.span[0], end)
            elif last is not None and self._further(last, words, position):
                end = position + 1
                if last.paragraph:
                    yield last
                    last = replace(last, paragraph=word, span=(last.span[0], end))
                else:
                    last.paragraph, last.span = word, (last.span[0], end)
            else:
                if last is not None:
                    yield last
                last, ahead = _Found(number, (position, end), after_article, ahead), ""
            position = end
        if last is not None:
            yield last

    def _further(self, last: _Found, words: Sequence[str], position: int) -> bool:
        """A paragraph without the word for it: "28(2)", "ayat 1 dan 2"."""
        if len(words[position]) > 1:
            return False
        joined = last.span[1] == position - 1 and words[position - 1] in self._joint and bool(last.paragraph)
        return joined or (last.span[1] == position and not last.paragraph)

    def _code_of(self, words: Sequence[str], span: Span, codes: Mapping[str, list[Span]]) -> str:
        old, new = self._old_code, self._new_code
        for position in range(span[1], len(words)):
            if words[position] in self._article:
                break
            if words[position] in self._old and words[position - 1] not in self._how_long:
                return old
            if words[position] in self._new and position == span[1]:
                return new
        beside = [code for code in codes if code not in {old, new}]
        if beside:
            return min(beside, key=lambda code: min(abs(start - span[0]) for start, _ in codes[code]))
        before = words[: span[0]]
        if old in codes or any(word in self._old for word in before):
            return old
        return new if new in codes or any(word in self._new for word in words) else ANY


def _paragraph(word: str) -> str:
    """The number of a paragraph, in digits or else in words."""
    number = "".join(digits([word]))
    return number if _NUMBER.match(number) else ""


def _surely(found: _Found) -> bool:
    """A number that is an article even without the word for it."""
    return (
        len(found.number.partition(" ")[0].rstrip("abcd")) == _DIGITS
        or not found.number.isdigit()
        or bool(found.paragraph)
    )


def _number(words: Sequence[str], position: int) -> tuple[str | None, int]:
    """An article's number at a position ("303 bis", "27 a"), and where it ends."""
    found = _ARTICLE.match(words[position])
    if found is None or _YEAR.match(words[position]):
        return None, position + 1
    number, bis = found.groups()
    following = words[position + 1] if position + 1 < len(words) else ""
    if bis or following == "bis":
        return f"{number} bis", position + (1 if bis else 2)
    if _LETTER.match(following) and number.isdigit():
        return f"{number}{following}", position + 2
    return number, position + 1
