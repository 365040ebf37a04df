"""The lookups that flows may `call`, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.dialogue.flows import Flows
from bot.dialogue.law import LawTable
from bot.dialogue.lookup import Lookup
from bot.dialogue.phrases import PhraseIndex

LOOKUPS = {"law": "law.yaml"}
"""Name → the file in `flows/` that it needs."""


def build(flows: Flows, index: PhraseIndex) -> dict[str, Lookup]:
    """The lookups whose file is there; their words go into the index."""
    return {"law": LawTable(flows.law, index, flows.lexicon.hollow)} if flows.law else {}


def saying(lookups: Mapping[str, Lookup], flows: Flows) -> dict[str, Lookup]:
    """The same lookups with their contents in another language."""
    return {
        name: lookup.saying(flows.law) if isinstance(lookup, LawTable) and flows.law else lookup
        for name, lookup in lookups.items()
    }


def vocabulary(flows: Flows) -> Iterator[str]:
    """All that people may say of the lookups' contents."""
    if flows.law:
        yield from LawTable.vocabulary(flows.law)
