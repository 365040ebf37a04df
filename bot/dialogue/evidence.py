"""What an answer rests on: its own sources and dates, and those of every local fact that it holds.

The two are kept apart: a fee checked in the law today says nothing of the office hours that were asked for last year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.dialogue.flows import Flows, Service, local_names
from bot.dialogue.localfile import LocalFact
from bot.dialogue.model import Answer, Source


@dataclass(frozen=True)
class Evidence:
    """Sources that were checked on one day."""

    sources: tuple[Source, ...]
    verified_on: date | None
    """None for a local fact that the operator has not dated; `kentongan check` warns of it."""
    review_by: date | None
    lacking: bool = False
    """Where a local fact would come from, had the operator filled it in: nothing is told that it could vouch for."""


def evidence(flows: Flows, service: Service, answer: Answer) -> list[Evidence]:
    """Of one answer: the answer itself first, then the local facts in the order in which it names them."""
    sources = tuple(service.sources(answer))
    own = [Evidence(sources, service.verified_on(answer), service.review_by(answer))] if sources else []
    return own + [_local(flows.local[name]) for name in dict.fromkeys(local_names(answer.text))]


def _local(fact: LocalFact) -> Evidence:
    if fact.value is None:
        return Evidence((fact.told_by,), None, None, lacking=True)
    dated = fact.verified_on is not None and fact.review_by is not None
    return Evidence((fact.told_by,), fact.verified_on if dated else None, fact.review_by if dated else None)
