"""Numbers as they are spoken: "kilometer tiga puluh" is km 30, "satu satu sembilan" is 119.

Only where a number is surely meant as one: after "km", and where it is an emergency number. Elsewhere number words stay
words: "tiga dua orang" is no 32.
"""

from __future__ import annotations

from bot.incidents.words import Word, Words, gather
from bot.language.numbers import run

_KILOMETRE = "km"


def join_numbers(words: Words, known: frozenset[str]) -> Words:
    """The same text with those number words as one word each; `known` are numbers that people call."""
    forms = [word.plain for word in words.words]
    result: list[Word] = []
    index = 0
    while index < len(forms):
        end, number = run(forms, index)
        after_km = bool(result) and result[-1].plain == _KILOMETRE
        if number and end > index + 1 and (number in known or after_km):
            first, last = words.words[index], words.words[end - 1]
            result.append(Word(words.text[first.start : last.end], number, first.start, last.end))
            index = end
        else:
            result.append(words.words[index])
            index += 1
    return gather(words.text, result) if len(result) < len(forms) else words
