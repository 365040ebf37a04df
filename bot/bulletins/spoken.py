"""A bulletin as words to be spoken: no marks, no addresses, no pictures; short forms said in full. Pure.

The forms stand in rooms/spoken.yaml: another language, or another synthesiser's weakness, needs no code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from bot.bulletins.fields import Part
from bot.markup import plain
from bot.yamlfile import read, validate

SPOKEN = "spoken.yaml"
LONGEST = 6000
"""Characters: some eight minutes."""

_ADDRESS = re.compile(r"\s*\((?:https?|mailto|tel):[^)\s]*\)|\b(?:https?://|mailto:|www\.)\S+", re.IGNORECASE)
_MARK = re.compile(r"^(?:>\s?)*(?:[-*]\s+|\d+\.\s+|-{3,}\s*$)?")
_CLOCK = re.compile(r"(?<![\d.,])([01]?\d|2[0-3])\.([0-5]\d)(?![\d]|[.,]\d)")
_THOUSANDS = re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d),(?=\d)")
_RANGE = re.compile(r"(?<=[\dIVX])\s?[-–]\s?(?=[\dIVX])")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?![\w]|[.,]\d)")
_PAUSE = re.compile(r"\s*(?:[·|•/]|\s[-–—]\s)\s*")
_ENDED = (".", "!", "?", ":", ",", ";", "…")


class Digits(Part):
    """Numbers that are names: said digit by digit."""

    numbers: tuple[Annotated[str, Field(pattern=r"^\d+$")], ...] = ()
    longer_than: Annotated[int, Field(ge=1, le=30)] = 5
    words: Annotated[tuple[str, ...], Field(min_length=10, max_length=10)]


class Clock(Part):
    """A time of day."""

    whole: str
    parts: str

    @field_validator("whole", "parts")
    @classmethod
    def _fits(cls, value: str) -> str:
        try:
            value.format(hour=7, minute=30)
        except (KeyError, IndexError, ValueError):
            raise ValueError("only {hour} and {minute} stand for something") from None
        return value


class Spoken(Part):
    """spoken.yaml."""

    digits: Digits
    clock: Clock
    decimal: str
    range: str
    roman_before: tuple[str, ...] = ()
    """Units whose numbers are written in Roman numerals."""
    behind: Mapping[str, str] = {}
    """Forms written in front of a number and said behind it."""
    words: Mapping[str, str] = {}


def load_spoken(folder: Path) -> Spoken | None:
    """The file; `None` without it: then nothing is read out. Raises ContentError."""
    file = folder / SPOKEN
    return validate(read(file), Spoken) if file.exists() else None


def speakable(markdown: str, spoken: Spoken) -> str:
    """What to say, a sentence or a line of a list in each line."""
    lines = (_line(line, spoken) for line in plain(markdown).splitlines())
    text = "\n".join(line if line.endswith(_ENDED) else f"{line}." for line in lines if line)
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit("\n", 1)[0]


def _line(line: str, spoken: Spoken) -> str:
    said = _MARK.sub("", _ADDRESS.sub("", line).strip())
    said = _CLOCK.sub(lambda found: _clock(found, spoken), said)
    said = _THOUSANDS.sub("", said)
    said = _DECIMAL.sub(f" {spoken.decimal} ", said)
    said = _RANGE.sub(f" {spoken.range} ", said)
    said = _NUMBER.sub(lambda found: _number(found[0], spoken.digits), said)
    for form, word in spoken.behind.items():
        said = re.sub(rf"(?<!\w){re.escape(form)}\.?\s?(\d+(?: {re.escape(spoken.decimal)} \d+)?)", rf"\1 {word}", said)
    for unit in spoken.roman_before:
        before = rf"\b[IVX]+\b(?=(?: {re.escape(spoken.range)} [IVX]+)? {re.escape(unit)}\b)"
        said = re.sub(before, lambda found: str(_roman(found[0])), said)
    if spoken.words:
        forms = spoken.words
        said = _short(tuple(forms)).sub(lambda found: f" {forms[found[0]]} ", said)
    said = _PAUSE.sub(", ", said)
    # A picture stands where a voice would pause.
    said = "".join(char if _sayable(char) else "," if unicodedata.category(char) == "So" else " " for char in said)
    said = re.sub(r"[\s,]*,[\s,]*", ", ", " ".join(said.split()))
    said = re.sub(r"[\s,]+([.;:!?…])", r"\1", said).strip(" ,;:")
    return said if any(char.isalnum() for char in said) else ""


def _roman(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _clock(found: re.Match[str], spoken: Spoken) -> str:
    hour, minute = int(found[1]), int(found[2])
    return (spoken.clock.parts if minute else spoken.clock.whole).format(hour=hour, minute=minute)


def _number(number: str, digits: Digits) -> str:
    named = number in digits.numbers or len(number) > digits.longer_than or (number[0] == "0" and len(number) > 1)
    return " ".join(digits.words[int(digit)] for digit in number) if named else number


@lru_cache(maxsize=8)
def _short(forms: tuple[str, ...]) -> re.Pattern[str]:
    """Each form for itself: "km" is not in "kmh", "Rp" stands before digits, "°C" and "%" behind them."""
    parts = []
    for form in sorted(forms, key=len, reverse=True):
        before = r"(?<![^\W\d])" if form[0].isalnum() else ""
        after = r"(?![^\W\d])" if form[-1].isalnum() else ""
        parts.append(f"{before}{re.escape(form)}{after}")
    return re.compile("|".join(parts))


def _sayable(char: str) -> bool:
    """Letters, marks on them, digits and the punctuation that a voice breathes at; brackets would be phonemes."""
    if "\ufe00" <= char <= "\ufe0f":  # how a picture is drawn
        return False
    return unicodedata.category(char)[0] in "LMN" or char in " .,;:!?…'-"
