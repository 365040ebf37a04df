"""What a question already tells of what the steps would ask for: "motor 300 cc pakai sim apa" is asked nothing more.

A choice is taken when the question mentions one option's label or words, and no other's; a number when the name of its
slot stands beside it ("300 cc" for the slot `cc`). Options that lead to another intent are left for the person to
choose. Going back ("kembali") asks for what was taken so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

from bot.dialogue.flows import Flows, Service
from bot.dialogue.model import Ask, Step
from bot.dialogue.pick import mentioned
from bot.dialogue.speak import Said, Speaker
from bot.dialogue.steps import LIMIT, accept
from bot.language.reading import Reader

Answered = tuple[dict[str, str], int | str]
"""Slots to add, and the step to go on at."""


def foretold(said: Said, speaker: Speaker, flows: Flows, reader: Reader, now: datetime) -> Said:
    """What is said once the steps have taken what `said.state.question` tells."""
    for _ in range(LIMIT):
        if said.reason is not None or said.state.running is None:
            return said
        intent, index = said.state.running
        service = flows.services[intent]
        step = service.intent.steps[index]
        found = _chosen(said, service, step, index, reader) or _told(step, said.state.question, index)
        if found is None:
            return said
        slots, start = found
        state = replace(said.state, slots={**said.state.slots, **slots}, offers=())
        said = speaker.walk(state, service, start, now)
    return said


def measured(service: Service, question: str) -> bool:
    """Whether the question gives the number that a step asks for. That says more than a thing it merely names: "sim
    untuk motor 300 cc" is no matter of the SIM C."""
    return any(step.ask is not None and _told(step, question, 0) is not None for step in service.intent.steps)


def _chosen(said: Said, service: Service, step: Step, index: int, reader: Reader) -> Answered | None:
    if step.choose is None:
        return None
    number = mentioned(said.state.offers, reader.read(said.state.question), reader)
    if number is None:
        return None
    offer = said.state.offers[number]
    if offer.goto is not None and all(other.label != offer.goto for other in service.intent.steps):
        return None
    slots = {step.choose.slot: offer.value} if step.choose.slot and offer.value is not None else {}
    return slots, offer.goto or index + 1


def _told(step: Step, question: str, index: int) -> Answered | None:
    if step.ask is None or step.ask.type != "number":
        return None
    told = _beside(step.ask, question)
    value = accept(step.ask, told, date.min) if told else None
    return ({step.ask.slot: value}, index + 1) if value is not None else None


def _beside(ask: Ask, question: str) -> str:
    """The number that stands beside the slot's name."""
    name = re.escape(ask.slot)
    found = re.search(rf"(?<!\w)(\d+)\s?{name}(?!\w)|(?<!\w){name}\s?(\d+)(?!\w)", question)
    return (found.group(1) or found.group(2)) if found else ""
