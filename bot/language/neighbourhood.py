"""RT and RW (the smallest neighbourhoods) however they are written or said: "RT 03/RW 02", "rt tiga rw dua", "03/02".

Pure. Found alike in the search of the log, and told apart when reports are linked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bot.language.numbers import compound, digits
from bot.language.tokens import fold, tokens

_NUMBER = r"(\d{1,2}|0\d{2})"
_PAIR = re.compile(rf"(?<![\d/.,\-])(?:rt[\s.:]{{0,3}})?{_NUMBER}\s*/\s*(?:rw[\s.:]{{0,3}})?{_NUMBER}(?![\d/\-])")
"""Two short numbers with a stroke; a neighbourhood when "rt" or "rw" stands there, or both begin with a nought."""
_GLUED = re.compile(r"(?<![^\W_])(rt|rw)[\s.:]{0,3}(?=\d)")
_NAMES = ("rt", "rw")


def words(text: str) -> list[str]:
    """The words of a text with neighbourhoods in one spelling ("rt", "3", "rw", "2") and other numbers in figures."""
    plain = tokens(_GLUED.sub(r"\1 ", _PAIR.sub(_pair, fold(text))))
    found: list[str] = []
    rest: list[str] = []
    index = 0
    while index < len(plain):
        end, number = _number(plain, index + 1) if plain[index] in _NAMES else (index, 0)
        if end == index:
            rest.append(plain[index])
            index += 1
            continue
        found += [*digits(rest), plain[index], str(number)]
        rest, index = [], end
    return [*found, *digits(rest)]


def neighbourhoods(text: str) -> tuple[str, ...]:
    """The neighbourhoods that a text names, each as one word: ("rt3", "rw2")."""
    folded = fold(text)
    if "rt" not in folded and "rw" not in folded and "/" not in folded:
        return ()
    said = words(text)
    pairs = pairwise(said)
    return tuple(dict.fromkeys(f"{name}{number}" for name, number in pairs if name in _NAMES and number.isdecimal()))


def _number(plain: Sequence[str], start: int) -> tuple[int, int]:
    """The number of a neighbourhood from `start`: (index behind it, number); (start - 1, 0) when there is none.

    One number and no further one: "rt tiga dua orang luka" is RT 3.
    """
    first = start
    while first < len(plain) and plain[first] in ("nol", "kosong", "0") and first < start + 2:
        first += 1
    if first == len(plain):
        return start - 1, 0
    end, number = compound(plain, first)
    if end == first or not 0 < number < 1000 or (len(plain[first]) > 3 and plain[first].isdecimal()):
        return start - 1, 0
    return end, number


def _pair(found: re.Match[str]) -> str:
    one, other = found[1], found[2]
    named = "rt" in found[0] or "rw" in found[0]
    if not named and not (one.startswith("0") and other.startswith("0")):
        return found[0]
    return f" rt {int(one)} rw {int(other)} "
