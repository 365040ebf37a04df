"""The words of a reply: the answer that fits the facets, its placeholders filled, its source below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date

from bot.dialogue.evidence import Evidence, evidence
from bot.dialogue.flows import PLACEHOLDER, Flows, Service
from bot.dialogue.lookup import Finding
from bot.dialogue.model import Answer, Source


def choose_answer(service: Service, facets: Sequence[str], entities: Mapping[str, str]) -> Answer | None:
    """The answer that says the most to the question, the earlier of equals; None when none's conditions all hold.

    What was asked comes before what was merely named: "perpanjang sim c di mana" is told the place, though there be an
    answer for whatever class. The answer for both says more than either. An answer written for this very value
    ("urusan=keliling") is no such list: it is about the thing, and needs one for both to be told apart.
    """
    held = {*facets, *entities, *(f"{entity}={value}" for entity, value in entities.items())}
    fitting = [
        answer
        for answer in service.intent.answers
        if answer.default or (answer.when and all(condition in held for condition in answer.when))
    ]
    # "golongan=c" says more than "golongan", so that it wins among equally long lists.
    asked = set(facets)
    return max(fitting, key=lambda answer: _weight(answer, asked), default=None)


def _weight(answer: Answer, asked: Set[str]) -> tuple[bool, float]:
    conditions = answer.when or ()
    telling = not asked.isdisjoint(conditions) or any("=" in condition for condition in conditions)
    return telling, sum(1.5 if "=" in condition else 1.0 for condition in conditions)


def render_answer(flows: Flows, service: Service, answer: Answer, entities: Mapping[str, str]) -> str:
    """The text as the citizen reads it."""
    values = flows.entities

    def fill(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if kind == "local":
            return flows.local[name].value or flows.phrases.not_available
        return next(value.fields[name] for value in values[kind] if value.value == entities[kind])

    text = PLACEHOLDER.sub(fill, answer.text.strip())
    return "\n\n".join([text, *_source_lines(flows, evidence(flows, service, answer))])


def render_finding(flows: Flows, finding: Finding) -> str:
    """What a lookup found, with its sources below it."""
    found = Evidence(tuple(finding.sources), finding.verified_on, finding.review_by)
    return "\n\n".join([finding.text, *_source_lines(flows, [found])])


def source_titles(sources: Sequence[Source]) -> tuple[str, ...]:
    """The sources as the audit and `--json` name them: title, and where it was seen."""
    return tuple(f"{source.title} ({source.seen})" if source.seen else source.title for source in sources)


def _source_lines(flows: Flows, told: Sequence[Evidence]) -> Iterator[str]:
    """One line for all that has the same dates."""
    together: dict[tuple[date | None, date | None], list[Source]] = {}
    for part in told:
        if part.lacking:
            continue
        together.setdefault((part.verified_on, part.review_by), []).extend(part.sources)
    for (verified, review), sources in together.items():
        titles = "; ".join(dict.fromkeys(source.title for source in sources))
        if verified is not None and review is not None:
            yield flows.phrases.source_line.format(
                sources=titles, verified_on=_day(flows, verified), review_by=_day(flows, review)
            )
        elif flows.phrases.undated_line is not None:
            yield flows.phrases.undated_line.format(sources=titles)


def _day(flows: Flows, day: date) -> str:
    return f"{day.day} {flows.phrases.months[day.month - 1]} {day.year}"
