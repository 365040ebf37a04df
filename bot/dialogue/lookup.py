"""Named lookups that a flow may `call`: tables too large or too clever for answers written one by one.

A lookup recognises its things in a message (as an entity does) and answers by what was recognised. To add one,
write its class, and register it in `bot.dialogue.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.dialogue.model import Source
from bot.language.reading import Reading

Span = tuple[int, int]
"""First word, one past the last word."""
Found = Mapping[str, list[Span]]
"""Name of each list that occurs in a message → where."""


@dataclass(frozen=True)
class Mention:
    """Something of a lookup's that a message names."""

    value: str
    """As kept in the talk's entities; only the lookup itself reads it."""
    spans: tuple[Span, ...]
    whole: bool = False
    """The message says nothing else: it is a question to the lookup, though it holds no word of one."""


@dataclass(frozen=True)
class Finding:
    """What a lookup says."""

    text: str
    """Markdown."""
    sources: tuple[Source, ...]
    verified_on: date
    review_by: date


class Lookup(Protocol):
    """What the engine knows of a lookup."""

    def mention(self, reading: Reading, found: Found) -> Mention | None:
        """What a message names of it. `found`: the lists of the index that occur."""
        ...

    def answer(self, value: str) -> Finding | None:
        """By the value of a mention; None: nothing to say, the steps go on."""
        ...

    def kinds(self, value: str) -> tuple[str, ...]:
        """Words for what a mention stands for; with a word of the next message they may name another form of it."""
        ...
