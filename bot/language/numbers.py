"""Spoken numbers as digits, so that "satu satu sembilan" and "119" are found alike.

People read telephone numbers and kilometres digit by digit ("tiga enam puluh" for km 360), amounts as compounds
("dua ratus lima puluh"). Number words that stand side by side become one number, the way they sound.
"""

from __future__ import annotations

from collections.abc import Sequence

_DIGITS = {
    "nol": 0, "kosong": 0, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7,
    "delapan": 8, "sembilan": 9,
}  # fmt: skip
_WHOLE = {"sepuluh": 10, "sebelas": 11, "seratus": 100, "seribu": 1000, "sejuta": 1_000_000}
_TIMES = {"puluh": 10, "ratus": 100, "ribu": 1000, "juta": 1_000_000}
_LONGEST = 16
"""Digits of a NIK: longer runs are cut there, whoever reads out a list."""


def digits(tokens: Sequence[str]) -> list[str]:
    """The words with every run of number words and single digits written as one number; the rest as it is.

    "telepon satu satu sembilan" → ["telepon", "119"]; "km tiga enam puluh" → ["km", "360"];
    "seratus dua belas" → ["112"]. Numbers of two and more digits that are written so stay apart.
    """
    result: list[str] = []
    index = 0
    while index < len(tokens):
        end, number = run(tokens, index)
        if number:
            result.append(number)
            index = end
        else:
            result.append(tokens[index])
            index += 1
    return result


def compound(tokens: Sequence[str], start: int) -> tuple[int, int]:
    """The one number spoken or written from `start`: (index behind it, its value); `start` again when there is none.

    ["dua", "puluh", "satu", "orang"] → (3, 21); ["12", "orang"] → (1, 12). Unlike `digits` it joins no two numbers.
    """
    if tokens[start].isascii() and tokens[start].isdigit():
        return start + 1, int(tokens[start])
    return _compound(tokens, start)


def run(tokens: Sequence[str], start: int) -> tuple[int, str]:
    """Number words side by side as the digits they sound like: (index behind them, digits); (start, "") when none."""
    written, index = "", start
    while index < len(tokens) and len(written) < _LONGEST:
        end, value = _compound(tokens, index)
        if end == index:
            break
        written += str(value)
        index = end
    return index, written


def _compound(tokens: Sequence[str], start: int) -> tuple[int, int]:
    """One number as it is spoken from `start`; (start, 0) when there is none."""
    total, group, index, last = 0, 0, start, 10**9
    while index < len(tokens):
        end, value = _unit(tokens, index)
        if end == index:
            break
        scale = value // max(1, _leading(value)) if value else 1
        if scale >= 1000:  # "dua ratus ribu": what was said so far counts in thousands
            group = group or 1
            total, group, last = total + group * value, 0, 10**9
            index = end
            continue
        size = 100 if value >= 100 else 10 if value >= 10 else 1
        if size >= last or (index > start and last == 1):
            break
        group, last, index = group + value, size, end
        if value == 0:
            break
    return index, total + group


def _unit(tokens: Sequence[str], index: int) -> tuple[int, int]:
    word = tokens[index]
    following = tokens[index + 1] if index + 1 < len(tokens) else ""
    if word in _TIMES and _TIMES[word] >= 1000 and index:
        return index + 1, _TIMES[word]
    if word in _WHOLE:
        return index + 1, _WHOLE[word]
    digit = _DIGITS.get(word)
    if digit is None and len(word) == 1 and word in "0123456789":
        digit = int(word)
    if digit is None:
        return index, 0
    if following == "belas" and digit:
        return index + 2, 10 + digit
    if following in ("puluh", "ratus") and digit:
        return index + 2, digit * _TIMES[following]
    return index + 1, digit


def _leading(value: int) -> int:
    while value >= 10:
        value //= 10
    return value
