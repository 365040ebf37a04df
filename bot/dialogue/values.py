"""Values of entities: which of them a message names, and the answer for each when it names several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Outcome
from bot.dialogue.flows import Service
from bot.dialogue.model import Value
from bot.dialogue.reply import choose_answer
from bot.dialogue.speak import Said, Speaker

_MOST = 3
"""Values that one message is answered for; a reply must fit on a phone."""
Beside = Mapping[str, tuple[str, ...]]
"""Entity → the values that a message names after its first."""


def named_values(
    entities: Mapping[str, Sequence[Value]], found: Mapping[str, list[tuple[int, int]]]
) -> dict[str, tuple[str, ...]]:
    """The values of each entity in the order of the message; of overlapping phrases the longest ("sim b1 umum" before
    "sim b1"), then the first."""
    result: dict[str, tuple[str, ...]] = {}
    for entity, values in entities.items():
        spans = [
            (start - end, start, end, value.value)
            for value in values
            for start, end in found.get(f"entity:{entity}={value.value}", ())
        ]
        kept: list[tuple[int, int, str]] = []
        for _, start, end, value in sorted(spans):
            if all(end <= other or beyond <= start for other, beyond, _ in kept):
                kept.append((start, end, value))
        if kept:
            result[entity] = tuple(dict.fromkeys(value for _, _, value in sorted(kept)))
    return result


def say_each(
    speaker: Speaker,
    service: Service,
    state: Conversation,
    facets: tuple[str, ...],
    entities: dict[str, str],
    beside: Beside,
    now: datetime,
) -> Said:
    """As `Speaker.say`; for each of the values that the message names, when the answers are about them."""
    told = [{**entities, **one} for one in _told_apart(service, facets, entities, beside)]
    said = [speaker.say(state, service.name, facets, one, now) for one in told or [entities]]
    first = said[0]
    if len(said) > 1 and all(one.outcome is Outcome.ANSWER for one in said):
        sources = tuple(dict.fromkeys(source for one in said for source in one.sources))
        first = replace(first, text=_joined([one.text for one in said]), sources=sources)
    return replace(first, state=replace(first.state, beside=dict(beside)))


def _told_apart(
    service: Service, facets: tuple[str, ...], entities: dict[str, str], beside: Beside
) -> list[dict[str, str]]:
    """The one entity of which several values are named, with those that there is an answer for."""
    for entity, others in beside.items():
        values = [value for value in (entities.get(entity), *others) if value is not None]
        answered = [
            {entity: value}
            for value in values
            if (answer := choose_answer(service, facets, {**entities, entity: value})) is not None
            and any(condition.partition("=")[0] == entity for condition in answer.when or ())
        ]
        if answered:
            return answered[:_MOST]
    return []


def _joined(texts: Iterable[str]) -> str:
    """One text: what all of them begin with, what only one says, and at last what several say (the sources)."""
    parts = [text.split("\n\n") for text in texts]
    begin = 0
    while all(begin < len(part) and part[begin] == parts[0][begin] for part in parts):
        begin += 1
    rest = [paragraph for part in parts for paragraph in part[begin:]]
    own = [paragraph for paragraph in rest if rest.count(paragraph) == 1]
    shared = dict.fromkeys(paragraph for paragraph in rest if rest.count(paragraph) > 1)
    return "\n\n".join([*parts[0][:begin], *own, *shared])
