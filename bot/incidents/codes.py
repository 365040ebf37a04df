"""Radio codes in what was said ("8-6", "tiga tiga"), with what they usually mean.

Shown, never acted on: lists differ between units, and a number may be only a number. Nothing of this module flows into
category, urgency or report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.incidents.words import Span, Words
from bot.language.numbers import compound


@dataclass(frozen=True)
class Code:
    """One entry of the list."""

    code: str
    """As it is written: digits, and letters behind them, joined by hyphens."""
    meaning: str
    doubtful: bool = False
    """The lists that were compared disagree."""
    plain: bool = False
    """Also meant without gaps between its digits."""

    @property
    def signs(self) -> tuple[str, ...]:
        """Digits and letters one by one."""
        return tuple(self.code.casefold().split("-"))


@dataclass(frozen=True)
class CodeBook:
    """The list, and what shows that a number is no code."""

    codes: tuple[Code, ...]
    phrases: Mapping[tuple[str, ...], str]
    """Words that are codes ("solo bandung")."""
    before: frozenset[str]
    not_after: frozenset[str]
    not_before: frozenset[str]
    numbers: frozenset[str]
    """Numbers that people call, to be known however they are spoken."""
    note: str
    """What people must know who read a meaning."""


@dataclass(frozen=True)
class RadioCode:
    """A code that was said."""

    code: str
    meaning: str
    words: str
    span: Span
    doubtful: bool
    note: str

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "code": self.code,
            "meaning": self.meaning,
            "words": self.words,
            "span": list(self.span),
            "doubtful": self.doubtful,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> RadioCode:
        """Inverse of `to_json`."""
        span = row["span"][0], row["span"][1]
        return cls(row["code"], row["meaning"], row["words"], span, row["doubtful"], row["note"])


def find_codes(words: Words, book: CodeBook) -> tuple[RadioCode, ...]:
    """Every code in a text, in its order; the longest where they overlap ("3-3-L" over "3-3")."""
    forms = [word.plain for word in words.words]
    found: list[RadioCode] = []
    index = 0
    while index < len(forms):
        hit = _at(forms, index, book)
        if hit is None:
            index += 1
            continue
        code, end = hit
        span = words.span(index, end - 1)
        found.append(RadioCode(code.code, code.meaning, words.quote(span), span, code.doubtful, book.note))
        index = end
    return tuple(found)


def _at(forms: Sequence[str], index: int, book: CodeBook) -> tuple[Code, int] | None:
    for phrase, meaning in book.phrases.items():
        if tuple(forms[index : index + len(phrase)]) == phrase:
            return Code(" ".join(phrase), meaning), index + len(phrase)
    before = forms[index - 1] if index else ""
    if before in book.not_after or _digit(before) is not None or before.isdigit():
        return None
    announced = before in book.before
    best: tuple[Code, int] | None = None
    for code in book.codes:
        end = _spelled(forms, index, code.signs)
        if end is None and (code.plain or announced) and forms[index] == "".join(code.signs):
            end = index + 1
        if end is None or (best is not None and end <= best[1]):
            continue
        after = forms[end] if end < len(forms) else ""
        if after in book.not_before or _digit(after) is not None or after.isdigit():
            continue
        best = code, end
    return best


def _spelled(forms: Sequence[str], index: int, signs: Sequence[str]) -> int | None:
    """The index behind signs that are said one by one; `None` when something else stands there."""
    for position, sign in enumerate(signs):
        at = index + position
        if at >= len(forms) or (forms[at] != sign and _digit(forms[at]) != sign):
            return None
    return index + len(signs)


def _digit(form: str) -> str | None:
    if not form or (form.isdigit() and len(form) > 1):
        return None
    end, value = compound(["delapan" if form == "lapan" else form], 0)
    return str(value) if end and value < 10 else None
