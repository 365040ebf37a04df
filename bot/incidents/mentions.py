"""A name of a place in a message, with what it may mean and the part it plays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.incidents.gazetteer import Place
from bot.incidents.words import Span


class Role(StrEnum):
    """What a named place is to what happened."""

    SCENE = "scene"
    ORIGIN = "origin"
    DIRECTION = "direction"
    HOME = "home"


@dataclass(frozen=True)
class Mention:
    """A name in a text with what it may mean, the likeliest first."""

    first: int
    last: int
    span: Span
    meanings: tuple[Place, ...]
    role: Role
    score: float
    """1.0 for a name as written in the gazetteer; less when misspelt or without a cue."""
    heard: str
    """The name as it was said."""
    said: str
    """What was meant, as it is written."""


def districts(mention: Mention) -> set[str]:
    """Every district that a name may mean, with "" for a meaning that lies in none (the regency, another town)."""
    found = {district for place in mention.meanings for district in place.districts}
    undecided = found and any(place.kind in ("regency", "outside") for place in mention.meanings)
    return found | {""} if undecided else found
