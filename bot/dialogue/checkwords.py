"""Phrases that lose a word on the way to the matcher.

Fillers ("pak", "ibu") are left out of every message before anything is looked for, and out of the phrases, too: a
phrase "ibu saya" would be found in every message that says "saya".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.dialogue.flows import Flows
from bot.language.tokens import tokens
from bot.problem import Problem
from bot.yamlfile import Document

Place = tuple[str | int, ...]


def check_words(flows: Flows, lexicon: Document, policy: Document) -> Iterator[Problem]:
    """Every phrase of the content that holds a filler beside other words."""
    for facet, phrases in flows.facets.items():
        yield from _widened(flows, lexicon, ("facets", facet), phrases)
    for name, phrases in flows.policy.words.items():
        yield from _widened(flows, policy, ("words", name), phrases)
    for index, rule in enumerate(flows.policy.rules):
        for number, condition in enumerate(rule.when):
            place = ("rules", index, "when", number)
            yield from _widened(flows, policy, place, [*(part for group in condition.all for part in group)])
            yield from _widened(flows, policy, place, condition.unless)
    for flow in flows.flows.values():
        for group in flow.file.nouns:
            yield from _widened(flows, flow.document, ("nouns",), group)
        for entity, values in flow.file.entities.items():
            for number, value in enumerate(values):
                yield from _widened(flows, flow.document, ("entities", entity, number, "words"), value.words)
    for service in flows.services.values():
        for group in service.intent.nouns or ():
            yield from _widened(flows, service.flow.document, (*service.place, "nouns"), group)


def _widened(flows: Flows, document: Document, place: Place, phrases: Iterable[str]) -> Iterator[Problem]:
    for phrase in phrases:
        words = tokens(phrase)
        lost = [word for word in words if word in flows.lexicon.fillers]
        if lost and len(words) > 1:
            rest = " ".join(word for word in words if word not in lost)
            message = f"'{phrase}' would be found wherever '{rest}' stands: '{lost[0]}' is a filler of lexicon.yaml"
            yield document.problem(place, f"{message}, left out before matching")
