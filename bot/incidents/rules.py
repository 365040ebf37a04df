"""The words of incident analysis, compiled: categories in order of gravity, kinds of talk, urgency, place cues.

Officers write them in `flows/incidents/` (`bot.incidents.rulefiles`); `bot.incidents.loader` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from bot.incidents.codes import CodeBook
from bot.incidents.moments import TimeWords
from bot.incidents.particulars import PeopleWords
from bot.incidents.patterns import Lexicon, Pattern


class Urgency(StrEnum):
    """How soon somebody must act (shared definitions: minutes, today, good to know)."""

    DARURAT = "darurat"
    SEGERA = "segera"
    INFO = "info"


TALK = (
    "pembaruan",
    "duplikat",
    "rumor",
    "tidak_jelas",
    "situasi_aman",
    "tes",
    "pertanyaan",
    "keluhan",
    "bukan_laporan",
)
"""What a message may be besides an incident of the table."""
REPORTS = frozenset(("pembaruan", "duplikat", "rumor", "tidak_jelas"))
"""Kinds of talk that are kept in the log all the same."""


@dataclass(frozen=True)
class Category:
    """A row of the table, compiled."""

    code: str
    title: str
    cap: str
    urgency: Urgency
    private: bool
    words: tuple[Pattern, ...]
    first: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    despite: tuple[Pattern, ...]
    hints: tuple[Pattern, ...]
    raised: Mapping[Urgency, tuple[Pattern, ...]]


@dataclass(frozen=True)
class PrivateMatter:
    """A matter that is never repeated in a channel, of whatever category the message is; compiled."""

    name: str
    words: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]


@dataclass(frozen=True)
class PlaceCues:
    """Words around names. Each entry is a tuple of plain words."""

    cues: frozenset[str]
    cues_after: frozenset[str]
    hamlets: frozenset[str]
    fillers: frozenset[str]
    landmarks: frozenset[str]
    kinds: Mapping[str, frozenset[str]]
    directions: tuple[tuple[str, ...], ...]
    homes: tuple[tuple[str, ...], ...]
    origins: tuple[tuple[str, ...], ...]
    scenes: tuple[tuple[str, ...], ...]
    persons: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """Everything the analysis knows about words."""

    categories: tuple[Category, ...]
    """Gravest first."""
    titles: Mapping[str, str]
    """Title of every category and kind of talk."""
    kinds: Mapping[str, tuple[Pattern, ...]]
    urgency: Mapping[str, tuple[Pattern, ...]]
    negation: Pattern
    spelling: Mapping[str, str]
    place: PlaceCues
    people: PeopleWords
    times: TimeWords
    codes: CodeBook
    lexicon: Lexicon
    """What the patterns may refer to."""
    idioms: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    """Word → phrases in which it does not mean what it says."""
    private: tuple[PrivateMatter, ...] = ()
    vocabulary: frozenset[str] = field(default=frozenset())
    """Words of the patterns, for correcting misspelt ones."""
    ordinary: frozenset[str] = field(default=frozenset())
    """Ordinary words of the language: never a misheard name."""

    @cached_property
    def common(self) -> frozenset[str]:
        """Every word that means something by itself."""
        return self.vocabulary | self.ordinary | frozenset(self.spelling) | frozenset(self.spelling.values())

    def category(self, code: str) -> Category | None:
        """The row of that code; `None` for kinds of talk."""
        return next((one for one in self.categories if one.code == code), None)

    def title(self, code: str) -> str:
        """What people call it."""
        return self.titles.get(code, code)
