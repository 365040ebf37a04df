"""Everything in the content that a citizen reads, and the same content in other words.

What people say (examples, words, nouns) is no such thing: it is understood in whatever language it is written, and a
lexicon may hold several. Titles of sources stay as the law or the office calls itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from bot.dialogue.flows import Flow, Flows, Service
from bot.dialogue.lawfile import Code, LawFile, LawTexts, Level, Offence
from bot.dialogue.localfile import LocalFact
from bot.dialogue.model import Answer, Ask, Choose, Intent, Option, Part, PhrasesFile, Rule, Step, Value
from bot.yamlfile import Document

Place = tuple[str | int, ...]
Say = Callable[[Place, str], str]
"""(place in its file, text) → the text to say."""
Kind = TypeVar("Kind", bound=Part)

_HEARD = frozenset(
    {"version", "language", "commands", "around", "corrections", "denials", "contrasts", "between", "joints"}
    | {"tellers", "pasts", "askers"}
)
"""Of phrases.yaml: what people say."""
_SPOKEN: dict[type[Part], frozenset[str]] = {
    Answer: frozenset({"text"}),
    Option: frozenset({"label"}),
    Choose: frozenset({"text"}),
    Ask: frozenset({"text", "retry"}),
    Step: frozenset({"handoff"}),
    Intent: frozenset({"title"}),
    Value: frozenset({"fields"}),
    Rule: frozenset({"text"}),
    PhrasesFile: frozenset(PhrasesFile.model_fields) - _HEARD,
    LocalFact: frozenset({"value"}),
    LawFile: frozenset({"categories"}),
    LawTexts: frozenset(LawTexts.model_fields),
    Code: frozenset({"closing"}),
    Offence: frozenset({"name", "paragraph", "maximum", "remark"}),
    Level: frozenset({"case", "maximum"}),
}
"""Which fields of which part are read by citizens."""
_WORDS = re.compile(r"[^\W\d_]{3}")
"""A text without a word ("120.000") is the same in every language."""


def spoken(flows: Flows) -> Iterator[tuple[Document, Place, str]]:
    """Every text with its place, those without a word left out."""
    for document, part in _files(flows):
        found: list[tuple[Place, str]] = []
        _walk(part, (), _into(found))
        yield from ((document, place, text) for place, text in found if _WORDS.search(text))


def in_other_words(flows: Flows, texts: Mapping[str, str]) -> Flows:
    """The same content, saying `texts[even(text)]` where there is such a one."""

    def say(_: Place, text: str) -> str:
        return texts.get(even(text), text)

    changed = {name: Flow(_walk(flow.file, (), say), flow.document) for name, flow in flows.flows.items()}
    services = {
        service.name: Service(intent, flow, ("intents", index))
        for flow in changed.values()
        for index, intent in enumerate(flow.file.intents)
        for service in (flows.services[intent.name],)
    }
    return replace(
        flows,
        flows=changed,
        services={name: services[name] for name in flows.services},
        policy=_walk(flows.policy, (), say),
        phrases=_walk(flows.phrases, (), say),
        local={name: _walk(fact, (), say) for name, fact in flows.local.items()},
        law=_walk(flows.law, (), say) if flows.law is not None else None,
    )


def even(text: str) -> str:
    """With its white space evened out."""
    return " ".join(text.split())


def _into(found: list[tuple[Place, str]]) -> Say:
    def say(place: Place, text: str) -> str:
        found.append((place, text))
        return text

    return say


def _files(flows: Flows) -> Iterator[tuple[Document, Part]]:
    for flow in flows.flows.values():
        yield flow.document, flow.file
    yield flows.documents["policy.yaml"], flows.policy
    yield flows.documents["phrases.yaml"], flows.phrases
    if flows.law is not None:
        yield flows.documents["law.yaml"], flows.law


def _walk(part: Kind, place: Place, say: Say) -> Kind:
    fields = _SPOKEN.get(type(part), frozenset())
    update: dict[str, Any] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        changed = _changed(value, (*place, name), say, spoken=name in fields)
        if changed is not value:
            update[name] = changed
    if isinstance(part, Option) and "label" in update:
        # Chosen by its first label, too, and kept in its slot as before.
        update |= {"words": [*part.words, part.label], "value": part.value or part.label}
    return part.model_copy(update=update) if update else part


def _changed(value: Any, place: Place, say: Say, *, spoken: bool) -> Any:
    if isinstance(value, Part):
        return _walk(value, place, say)
    if isinstance(value, str):
        said = say(place, value) if spoken else value
        return said if said != value else value
    if isinstance(value, list) and (spoken or (value and isinstance(value[0], Part))):
        items = [_changed(item, (*place, index), say, spoken=spoken) for index, item in enumerate(value)]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        entries = {key: _changed(item, (*place, key), say, spoken=spoken) for key, item in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    return value
