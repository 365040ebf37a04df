"""Answers that the words of their own conditions never lead to.

The words of a condition may say more than the condition: one that holds the word of a facet asks for it, too, and the
answer about that aspect is given instead. Found by asking with those very words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from bot.dialogue.engine import Engine
from bot.dialogue.flows import Flows, Service
from bot.dialogue.model import Answer
from bot.dialogue.registry import LOOKUPS
from bot.dialogue.reply import choose_answer

_TRIED = 400
"""Ways to put the words of several conditions together."""


def unheard(engine: Engine, service: Service) -> Iterator[tuple[int, str]]:
    """Number and fault of each such answer, and of each value whose word alone leads to an answer for another thing."""
    for index, answer in enumerate(service.intent.answers):
        conditions = answer.when or []
        if any(condition in LOOKUPS for condition in conditions) or not conditions:
            continue
        texts = _texts([_words(engine.flows, condition) for condition in conditions])
        others: dict[str, Answer | None] = {}
        reached = False
        for text in texts:
            given = _given(engine, service, text)
            reached = reached or given is answer
            if given is not answer:
                others[text] = given
            elif len(conditions) > 1 or "=" not in conditions[0]:
                break  # of a value every word is tried: each is there to lead to its answer
        if not reached:
            text, given = next(iter(others.items()), ("its conditions", None))
            yield index, f"can never be reached: '{text}' is given {_named(service, given)}"
        elif len(conditions) == 1:
            for text, given in others.items():
                if "=" in conditions[0] and given is not None and conditions[0] not in (given.when or ()):
                    yield index, f"is not given to '{text}', which asks for more: {_named(service, given)} is"


def _texts(words: list[list[str]]) -> Iterator[str]:
    return (" ".join(parts) for parts in islice(product(*words), _TRIED))


def _words(flows: Flows, condition: str) -> list[str]:
    """All phrases that make a condition hold."""
    entity, _, wanted = condition.partition("=")
    if condition in flows.facets:
        return [phrase for phrase in flows.facets[condition] if phrase not in flows.faint.get(condition, ())]
    values = flows.entities.get(entity, [])
    return [phrase for value in values if wanted in ("", value.value) for phrase in value.words]


def _given(engine: Engine, service: Service, text: str) -> Answer | None:
    understanding = engine.mind.understand(text)
    return choose_answer(service, understanding.facets, understanding.entities)


def _named(service: Service, answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    number = service.intent.answers.index(answer) + 1
    return f"answer {number} ({', '.join(answer.when)})" if answer.when else f"answer {number}"
