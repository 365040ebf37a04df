"""Phrases that join or turn a message ("terus", "maksud saya"), found in it as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def spoken(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the phrases, the longest first, in whatever case; None when there are none."""
    alternatives = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?i)(?<![^\W_])(?:{alternatives})(?![^\W_])") if alternatives else None


class Joints:
    """Splits a message at the words that join two questions, but not inside of a phrase that has such a word in it.

    "lalu" joins in "syarat SKCK lalu biayanya", and does not in "lalu lintas" or "tahun lalu".
    """

    def __init__(self, joints: Iterable[str], phrases: Iterable[str]) -> None:
        """`phrases`: of the whole content, what people say in several words."""
        self._joint = spoken(joints)
        self._whole = spoken(
            phrase for phrase in set(phrases) if self._joint and self._joint.search(phrase) and " " in phrase
        )

    def split(self, text: str) -> Iterator[str]:
        """The parts, in order; only one when nothing joins."""
        if self._joint is None:
            yield text
            return
        whole = [found.span() for found in self._whole.finditer(text)] if self._whole else []
        begin = 0
        for found in self._joint.finditer(text):
            if any(start <= found.start() and found.end() <= end for start, end in whole):
                continue
            yield text[begin : found.start()]
            begin = found.end()
        yield text[begin:]
