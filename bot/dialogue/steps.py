"""Walks the steps of an intent until it must wait for the person or has an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from bot.dialogue.conversation import Offer
from bot.dialogue.flows import Service
from bot.dialogue.model import Answer, Ask, Branch, Choose
from bot.language.dates import named_day
from bot.language.mask import mask
from bot.language.numbers import digits
from bot.language.tokens import tokens

LIMIT = 100
"""Steps in one walk; more is a circle without a question in it."""
MOST_HOPS = 5
"""Intents that one message may be led through."""
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{3})+(?!\d)|\d+(?:,\d+)?")


@dataclass(frozen=True)
class Pause:
    """The steps wait at `index` for an answer to `text`."""

    index: int
    text: str
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Leave:
    """The steps go on in another intent."""

    intent: str


@dataclass(frozen=True)
class Call:
    """The steps ask a lookup; if it finds nothing they go on after `index`."""

    index: int
    lookup: str


@dataclass(frozen=True)
class HandOver:
    """The steps end with an officer, who is told of in `text`."""

    text: str


@dataclass(frozen=True)
class Overrun:
    """The steps go on and on without a question or an answer; `bot.dialogue.check` forbids what it can foresee."""


def walk(
    service: Service, start: int | str, slots: dict[str, str]
) -> Pause | Leave | Call | Answer | HandOver | Overrun:
    """Go on from a step (by number or label)."""
    steps = service.intent.steps
    labels = {step.label: index for index, step in enumerate(steps) if step.label}
    if isinstance(start, str) and start not in labels:
        return Leave(start)
    index = labels[start] if isinstance(start, str) else start
    for _ in range(LIMIT):
        step = steps[index]
        target: str | None = step.goto
        if step.say:
            return next(answer for answer in service.intent.answers if answer.name == step.say)
        if step.call:
            return Call(index, step.call)
        if step.handoff:
            return HandOver(step.handoff.strip())
        if step.ask:
            return Pause(index, step.ask.text.strip())
        if step.choose:
            return Pause(index, _choices(step.choose), offers(step.choose))
        if step.branch:
            target = next((branch.goto for branch in step.branch if _fits(branch, slots)), None)
        if target is None:
            index += 1
        elif target in labels:
            index = labels[target]
        else:
            return Leave(target)
    return Overrun()


def numbered(labels: list[str]) -> str:
    """Choices as a Markdown list that can be answered by number."""
    return "\n".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))


def accept(ask: Ask, text: str, today: date) -> str | None:
    """The value of an answer to `ask`, numbers that name a person masked; None when it does not fit.

    `today`: where the person is.
    """
    if ask.type == "text":
        value = mask(" ".join(text.split()))
        return value[:200] or None
    number = _days_until(text, today) if ask.type == "date" else _number(text)
    if number is None:
        return None
    if (ask.minimum is not None and number < ask.minimum) or (ask.maximum is not None and number > ask.maximum):
        return None
    return f"{number:g}"


def _days_until(text: str, today: date) -> float | None:
    day = named_day(text, today)
    return float((day - today).days) if day is not None else None


def _number(text: str) -> float | None:
    """The first number, in digits or else in words: "150an cc", "seratus lima puluh"."""
    found = _NUMBER.search(text) or _NUMBER.search(" ".join(digits(tokens(text))))
    return float(found.group().replace(".", "").replace(",", ".")) if found is not None else None


def _choices(choose: Choose) -> str:
    return f"{choose.text.strip()}\n\n{numbered([option.label for option in choose.options])}"


def offers(choose: Choose) -> tuple[Offer, ...]:
    """What may be chosen, as the talk keeps it."""
    return tuple(
        Offer(option.label, (option.label, *option.words), value=option.value or option.label, goto=option.goto)
        for option in choose.options
    )


def _fits(branch: Branch, slots: dict[str, str]) -> bool:
    if branch.slot is None:
        return True
    value = slots.get(branch.slot)
    if value is None:
        return False
    if branch.at_most is not None:
        try:
            return float(value) <= branch.at_most
        except ValueError:
            return False
    return value == branch.equals
