"""Aspects of a thing (its cost, whether it goes online) that are asked and that no answer is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.flows import Service
from bot.dialogue.mind import Mind
from bot.dialogue.reply import choose_answer

_OWN = 0.5
"""Share of an intent's examples that ask an aspect; from here the intent as a whole is about it: "biaya SIM"."""

_REMEMBERED = 4096
"""Texts of which it is remembered what they tell of."""


class Aspects:
    """Built once from the content."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._own: dict[str, frozenset[str]] = {}
        self._everywhere: dict[str, frozenset[str]] = {}
        # The same few hundred answers and examples, read for each question that has an aspect.
        self._within = lru_cache(_REMEMBERED)(self._read)

    def noted_first(self, decision: Decision, facets: tuple[str, ...]) -> Decision:
        """The same for a question that brings its topic along: only when nothing that it asks is told."""
        service = self._mind.flows.services.get(decision.intent or "")
        if service is None or decision.outcome is not Outcome.ANSWER:
            return decision
        told = self._told(service, decision, facets)
        if any(facet in told for facet in facets):
            return decision
        named = self._mind.phrases.aspects_in_talk
        return self.noted(decision, tuple(facet for facet in facets if facet not in named))

    def noted(self, decision: Decision, facets: tuple[str, ...]) -> Decision:
        """With a word before the answer on the aspects that it leaves open."""
        service = self._mind.flows.services.get(decision.intent or "")
        template = self._mind.phrases.aspect_unknown
        if service is None or template is None or decision.outcome is not Outcome.ANSWER:
            return decision
        told = self._told(service, decision, facets)
        names = self._mind.phrases.aspects
        left_open = [names[facet] for facet in facets if facet in names and facet not in told]
        note = template.replace("{aspects}", ", ".join(left_open)).strip()
        if not left_open or decision.reply.startswith(note):
            return decision
        return replace(decision, reply=f"{note}\n\n{decision.reply}")

    def _told(self, service: Service, decision: Decision, facets: tuple[str, ...]) -> set[str]:
        answer = choose_answer(service, facets, decision.state.entities)
        beside = {*(answer.when or ()), *answer.tells} if answer is not None else self._asked(service)
        return {*self._of(service), *self._within(decision.reply), *beside}

    def _asked(self, service: Service) -> frozenset[str]:
        """What is asked of the things in a table, each of which has its own answer to it: how long, how much."""
        known = self._everywhere.get(service.name)
        if known is None:
            known = frozenset(facet for text in service.intent.examples for facet in self._within(text))
            self._everywhere[service.name] = known
        return known

    def _of(self, service: Service) -> frozenset[str]:
        """What the intent is about by itself, whatever is asked of it."""
        known = self._own.get(service.name)
        if known is None:
            texts = [*service.intent.examples, *service.intent.aliases]
            asked = Counter(facet for text in texts for facet in self._within(text))
            known = frozenset(facet for facet, number in asked.items() if number >= _OWN * len(texts))
            known |= self._within(service.intent.title)
            self._own[service.name] = known
        return known

    def _read(self, text: str) -> frozenset[str]:
        """The facets that a text tells of."""
        understander = self._mind.understander
        return frozenset(understander.asking.mentioned(understander.index.find(understander.reader.read(text))))
