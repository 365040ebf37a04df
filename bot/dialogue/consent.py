"""Whether a reply to "may officers be told?" says yes or no, or something else. Pure.

A yes must be one: officers may come to a door for it. What is unsure is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.dialogue.model import PhrasesFile
from bot.language.tokens import tokens

_SEGMENT = re.compile(r"[,.;:!?\n]+")
_Words = tuple[str, ...]


class Consent:
    """Built once from the phrases."""

    def __init__(self, phrases: PhrasesFile) -> None:
        self._yes = _read(phrases.commands.get("agree", []))
        self._no = _read(phrases.commands.get("refuse", []))
        self._exclaim = _read(phrases.commands.get("exclaim", []))
        self._signs = {
            sign: answer
            for answer, signs in (
                (True, phrases.commands.get("agree", [])),
                (False, phrases.commands.get("refuse", [])),
            )
            for sign in signs
            if not tokens(sign)
        }

    def answer(self, text: str) -> bool | None:
        """True: yes, perhaps with more ("ya, di depan pasar"). False: no. None: neither."""
        sign = self._signs.get(text.strip().rstrip("\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"))
        if sign is not None:
            return sign
        parts = [words for words in (tuple(tokens(part)) for part in _SEGMENT.split(text)) if words]
        if not parts:
            return None
        first = parts[0]
        if any(part in self._no for part in parts[:2]):
            return False
        if first in self._yes:
            return True
        starts = any(first[: len(words)] == words for words in self._yes)
        if starts and not any(first[: len(words)] == words for words in self._exclaim):
            return None if any(_within(words, first) for words in self._no) else True
        return None

    def bare(self, text: str) -> bool:
        """Nothing but the yes or no: no details to keep."""
        words = tuple(tokens(text))
        return not words or words in self._yes or words in self._no


def _read(phrases: Iterable[str]) -> set[_Words]:
    return {words for words in (tuple(tokens(phrase)) for phrase in phrases) if words}


def _within(words: _Words, text: _Words) -> bool:
    return any(text[start : start + len(words)] == words for start in range(len(text)))
