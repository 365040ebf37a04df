"""What works and should be mended: content that says two things at once, or says something nobody will ever hear.

Mistakes that make content unusable are `bot.dialogue.check`'s; these are warnings. They are found with the engine
itself, so that the lint and the bot can never disagree about what a word means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.dialogue.checkwords import lint_words
from bot.dialogue.decision import Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.flows import Service
from bot.dialogue.loader import LEXICON, POLICY
from bot.dialogue.model import Answer
from bot.dialogue.reach import unheard
from bot.dialogue.shadows import Shadows, warning
from bot.dialogue.trial import taken
from bot.language.reading import Reader
from bot.problem import Problem

Place = tuple[str | int, ...]
_SHOWN = 4
"""Words of a topic that are named."""
_OWN = {Outcome.ANSWER, Outcome.ASK}


def lint(engine: Engine, now: datetime) -> list[Problem]:
    """Warnings with file and line. Costs about one decision an example."""
    found: list[Problem] = []
    shadows = Shadows(engine, now)
    found.extend(_overlaps(engine))
    for service in engine.flows.services.values():
        found.extend(_answers(service))
        found.extend(_warn(service, ("answers", index), message) for index, message in unheard(engine, service))
        found.extend(_examples(engine, shadows, service, now))
        found.extend(_warn(service, place, message) for place, message in shadows.options(service))
    found.extend(shadows.rules())
    found.extend(_words(engine))
    documents = engine.flows.documents
    found.extend(lint_words(engine.flows, documents[LEXICON], documents[POLICY]))
    return found


def _overlaps(engine: Engine) -> Iterator[Problem]:
    """The same words, in whatever order and spelling, claimed by two intents, or by one that also refuses them."""
    reader = engine.understander.reader
    seen: dict[frozenset[str], tuple[str, Service, Place]] = {}
    aliases: dict[str, tuple[str, Service, Place]] = {}
    for service, kind, index, text in _texts(engine):
        reading = reader.read(text)
        owner = "negatives" if kind == "negatives" else service.name
        here = (owner, service, (kind, index))
        if kind == "aliases":
            first = aliases.setdefault(reading.text, here)
            if first[0] != owner:
                yield _warn(service, (kind, index), f"alias '{text}' is read like one of {_told(first)}")
                continue
        words = frozenset(word.text for word in reading.words)
        first = seen.setdefault(words, here)
        if words and first[0] != owner:
            yield _warn(service, (kind, index), f"'{text}' has the same words as one of {_told(first)}")


def _texts(engine: Engine) -> Iterator[tuple[Service, str, int, str]]:
    """Aliases first: what an alias claims, an example of another intent can never win."""
    for kind in ("aliases", "examples", "negatives"):
        for service in engine.flows.services.values():
            for index, text in enumerate(getattr(service.intent, kind)):
                yield service, kind, index, text


def _told(first: tuple[str, Service, Place]) -> str:
    owner, service, place = first
    document = service.flow.document
    line = document.line((*service.place, *place))
    return f"{'the negatives of ' if owner == 'negatives' else ''}{service.name} ({document.path.name}:{line})"


def _answers(service: Service) -> Iterator[Problem]:
    """Answers whose conditions can never hold together, or that something else always precedes."""
    intent = service.intent
    for index, answer in enumerate(intent.answers):
        values: dict[str, str] = {}
        for condition in answer.when or ():
            entity, _, value = condition.partition("=")
            if value and values.setdefault(entity, value) != value:
                message = f"can never be reached: '{entity}' is never '{values[entity]}' and '{value}' at once"
                yield _warn(service, ("answers", index), message)
        if answer.default and intent.steps:
            message = "can never be reached: the steps are taken instead of an answer without 'when'"
            yield _warn(service, ("answers", index), message)
        preceding = _preceded(intent.answers[:index], answer)
        if preceding is not None:
            message = f"can never be reached: answer {preceding + 1} asks for no more and is as good"
            yield _warn(service, ("answers", index), message)


def _preceded(earlier: Iterable[Answer], answer: Answer) -> int | None:
    """An earlier answer whose conditions are the same once repetitions are taken away."""
    wanted = set(answer.when or ())
    for number, other in enumerate(earlier):
        if other.name is None and answer.when and set(other.when or ()) == wanted and other.when != answer.when:
            return number
    return None


def _examples(engine: Engine, shadows: Shadows, service: Service, now: datetime) -> Iterator[Problem]:
    """Examples and aliases that the bot itself would not take for this intent."""
    for kind, texts in (("examples", service.intent.examples), ("aliases", service.intent.aliases)):
        for index, text in enumerate(texts):
            message = _mistaken(engine, shadows, service, text, now)
            if message is not None:
                yield _warn(service, (kind, index), message)
    for example in engine.flows.examples:
        message = _mistaken(engine, shadows, service, example.text, now) if example.label == service.name else None
        if message is not None:
            yield warning(example.problem(message))


def _mistaken(engine: Engine, shadows: Shadows, service: Service, text: str, now: datetime) -> str | None:
    decision = engine.step(None, text, now)
    earlier = shadows.over(text, decision)
    if earlier is None and decision.outcome in _OWN and decision.intent == service.name:
        earlier = shadows.correction(text)
        if earlier is None:
            return None
    if earlier is not None:
        return f"'{text}' ({service.name}): {earlier}"
    understanding = engine.mind.understand(text)
    if not understanding.reading.words:
        return f"'{text}' holds no word that is read"
    message = f"'{text}' ({service.name}) is taken for {taken(decision)}"
    if any(candidate.label == service.name for candidate in understanding.held):
        topic = " + ".join("/".join(group[:_SHOWN]) + ("/…" if group[_SHOWN:] else "") for group in service.nouns)
        message += f": it lacks the topic of {service.name} ({topic})"
    return message


def _words(engine: Engine) -> Iterator[Problem]:
    """Phrases of entities that nobody can say: nothing of them is read, or an earlier value has them, too."""
    reader = engine.understander.reader
    for flow in engine.flows.flows.values():
        for entity, values in flow.file.entities.items():
            seen: dict[str, str] = {}
            for number, value in enumerate(values):
                for index, phrase in enumerate(value.words):
                    place = ("entities", entity, number, "words", index)
                    problem = _unsayable(reader, phrase, value.value, seen)
                    if problem:
                        yield warning(flow.document.problem(place, problem))


def _unsayable(reader: Reader, phrase: str, value: str, seen: dict[str, str]) -> str | None:
    read = reader.read(phrase).text
    if not read:
        return f"'{phrase}' holds no word that is read"
    first = seen.setdefault(read, value)
    return f"'{phrase}' is read like a word of '{first}', which wins" if first != value else None


def _warn(service: Service, where: Place, message: str) -> Problem:
    return warning(service.flow.document.problem((*service.place, *where), message))
