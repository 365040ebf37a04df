"""How often the analysis agrees with people: labelled messages, split by a fixed rule, counted.

A file holds `messages`, each with `text`, `category`, `urgency`, `district` (a list where several are right). Unless
the message or the file says `split`, the first byte of SHA-256 of the text decides: even → tune, odd → holdout. Rules
are changed while looking at `tune` only; what `holdout` gives is what to expect from messages nobody tuned to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis
from bot.incidents.rules import REPORTS, TALK, Urgency
from bot.yamlfile import read, validate

Split = Literal["tune", "holdout"]
NO_REPORT = frozenset(TALK) - REPORTS


def _several(value: object) -> object:
    return value if isinstance(value, list) else [value]


class Labelled(BaseModel):
    """One message and what it should be taken for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    category: Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
    urgency: Annotated[tuple[Urgency, ...], BeforeValidator(_several), Field(min_length=1)]
    district: Annotated[tuple[str | None, ...], BeforeValidator(_several), Field(min_length=1)]
    batch: int | None = None
    split: Split | None = None

    @property
    def part(self) -> Split:
        """Where the message belongs."""
        return self.split or ("holdout" if hashlib.sha256(self.text.encode()).digest()[0] % 2 else "tune")

    @property
    def report(self) -> bool:
        """Whether it belongs in the log."""
        return self.category[0] not in NO_REPORT


class LabelledFile(BaseModel):
    """A file of labelled messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    split: Split | None = None
    messages: list[Labelled]


def labelled(path: Path) -> list[Labelled]:
    """The messages of a file. Raises ContentError naming line and mistake."""
    file = validate(read(path), LabelledFile)
    return [one if one.split else one.model_copy(update={"split": file.split}) for one in file.messages]


@dataclass
class Score:
    """Counts of one part, and the messages behind the bad ones."""

    messages: int = 0
    category: int = 0
    urgency: int = 0
    district: int = 0
    report: int = 0
    lost: list[str] = field(default_factory=list)
    """`darurat` taken for `info` or for no report at all."""
    missed: list[str] = field(default_factory=list)
    """What was wanted, and what came instead."""

    def rates(self) -> dict[str, float]:
        """Share of messages, 0 to 1."""
        names = ("category", "urgency", "district", "report")
        return {name: getattr(self, name) / max(self.messages, 1) for name in names}


def score(analyser: Analyser, messages: Iterable[Labelled]) -> dict[str, Score]:
    """Scores of `tune` and `holdout`, each message alone and without a room's help."""
    result: dict[str, Score] = {"tune": Score(), "holdout": Score()}
    for message in messages:
        _count(result[message.part], message, analyser.analyse(message.text))
    return result


def _count(total: Score, wanted: Labelled, got: Analysis) -> None:
    right = {
        "category": got.category in wanted.category,
        "urgency": got.urgency in wanted.urgency,
        "district": got.district in wanted.district,
        "report": got.report == wanted.report,
    }
    total.messages += 1
    for name, yes in right.items():
        setattr(total, name, getattr(total, name) + yes)
    if wanted.urgency == (Urgency.DARURAT,) and (got.urgency is Urgency.INFO or not got.report):
        total.lost.append(wanted.text)
    if not all(right.values()):
        asked = f"{'/'.join(wanted.category)} {'/'.join(wanted.urgency)} {'/'.join(map(str, wanted.district))}"
        total.missed.append(f"[{asked}] {wanted.text} -> {got.category} {got.urgency} {got.district}")
