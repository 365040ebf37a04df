"""`!siaran …`: what an officer orders to be said to every channel. Pure; never raises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 1200
"""Characters: more than this nobody reads in an emergency."""

_CALL = re.compile(r"\s*!\s*siaran\b[:,]?\s*", re.IGNORECASE)
_VERB = re.compile(r"([^\W\d_]+)\b[:,]?\s*")
_NUMBER = re.compile(r"#?\s*(\d{1,9})(?!\w)[:,]?\s*")


class Verb(StrEnum):
    """What is ordered; the words as typed."""

    EMERGENCY = "darurat"
    DRILL = "latihan"
    CORRECTION = "ralat"
    END = "selesai"
    HELP = "bantuan"


@dataclass(frozen=True)
class Call:
    """An order as written."""

    verb: Verb
    text: str = ""
    number: int | None = None
    """Of the broadcast that it is about."""
    unknown: str = ""
    """The word that was none of ours; then nothing is done but help."""


def begins(body: str) -> bool:
    """Whether a message is such an order."""
    return _CALL.match(body) is not None


def read(body: str) -> Call | None:
    """The order in a message; `None` when it is none."""
    start = _CALL.match(body)
    if start is None:
        return None
    word = _VERB.match(body, start.end())
    if word is None:
        return Call(Verb.HELP, unknown=body[start.end() :].strip()[:40])
    said = word[1].casefold()
    verb = next((one for one in Verb if one == said), None)
    if verb is None:
        return Call(Verb.HELP, unknown=word[1][:40])
    at, number = word.end(), None
    if verb in (Verb.CORRECTION, Verb.END) and (found := _NUMBER.match(body, at)):
        at, number = found.end(), int(found[1])
    return Call(verb, body[at:].strip(), number)
