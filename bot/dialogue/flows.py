"""All content of `flows/`, checked and put together: what the engine and the matcher are built from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from bot.dialogue.lawfile import LawFile
from bot.dialogue.localfile import Hours, LocalFact
from bot.dialogue.model import INDONESIAN, Answer, FlowFile, Intent, PhrasesFile, PolicyFile, Source, Value
from bot.language.lexicon import Lexicon
from bot.problem import Problem, Severity
from bot.yamlfile import Document

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)\}")
"""`{entity.field}` or `{local.fact}` in an answer."""


@dataclass(frozen=True)
class Flow:
    """One service and the file it stands in."""

    file: FlowFile
    document: Document = field(compare=False)


@dataclass(frozen=True)
class Service:
    """One intent with what its flow gives it."""

    intent: Intent
    flow: Flow
    place: tuple[str | int, ...]
    """Where the intent stands in its file."""

    @property
    def name(self) -> str:
        """The intent's name."""
        return self.intent.name

    @property
    def nouns(self) -> list[list[str]]:
        """Of each list one phrase is required."""
        return self.flow.file.nouns if self.intent.nouns is None else self.intent.nouns

    def sources(self, answer: Answer) -> list[Source]:
        """The sources of one of its answers, in the order written."""
        if not self.intent.states_facts:
            return []
        named = answer.sources if answer.sources is not None else list(self.flow.file.sources)
        return [self.flow.file.sources[name] for name in named]

    def verified_on(self, answer: Answer) -> date | None:
        """When the facts of one of its answers were last checked."""
        return answer.verified_on or self.flow.file.verified_on

    def review_by(self, answer: Answer) -> date | None:
        """When they must be checked again."""
        return answer.review_by or self.flow.file.review_by


@dataclass(frozen=True)
class Example:
    """One of the many examples of `examples/`."""

    label: str
    """The intent, or the reason of a policy rule."""
    text: str
    document: Document = field(compare=False)
    place: tuple[str | int, ...]

    def problem(self, message: str) -> Problem:
        """Something is wrong with it."""
        return self.document.problem(self.place, message)


@dataclass(frozen=True)
class Tongue:
    """A further language: what is said in it in place of which text, and how people ask for it."""

    texts: Mapping[str, str]
    """By the text in the content's own language, white space evened out."""
    switch: tuple[str, ...]
    switched: str
    leave: tuple[str, ...]
    left: str
    stale: tuple[tuple[Document, tuple[str | int, ...], str], ...] = field(default=(), compare=False)
    """Translations of texts that stand in the content no more."""


@dataclass(frozen=True)
class Flows:
    """The whole content."""

    flows: Mapping[str, Flow]
    services: Mapping[str, Service]
    """By intent name, in the order of files and lines."""
    policy: PolicyFile
    lexicon: Lexicon
    facets: Mapping[str, list[str]]
    """With the faint ones."""
    actions: list[str]
    times: list[str]
    phrases: PhrasesFile
    local: Mapping[str, LocalFact]
    digest: str
    """SHA-256 of all files read, 16 hex digits: the version of the content."""
    faint: Mapping[str, list[str]] = field(default_factory=dict)
    """Of the facets' words those that tell as often as they ask."""
    idioms: list[str] = field(default_factory=list)
    officer_hours: tuple[Hours, ...] = ()
    """When officers answer those who ask for a person."""
    law: LawFile | None = None
    """The law table, when the folder has one."""
    examples: tuple[Example, ...] = ()
    """Those that stand apart from the flows, in `examples/`."""
    languages: Mapping[str, Tongue] = field(default_factory=dict)
    """Further languages, by their code."""
    language: str = INDONESIAN
    """Spoken to whoever has not asked for another."""
    documents: Mapping[str, Document] = field(default_factory=dict, compare=False)
    """The files as read, by file name: where a mistake stands."""

    @cached_property
    def entities(self) -> dict[str, list[Value]]:
        """All entities; their names are unique over the flows."""
        return {name: values for flow in self.flows.values() for name, values in flow.file.entities.items()}

    def spoken(self) -> Iterator[str]:
        """The phrases that the content looks for in messages: nouns, facets, entities, the words of policies."""
        yield from self.actions
        yield from self.idioms
        for service in self.services.values():
            yield from (phrase for group in service.nouns for phrase in group)
        for phrases in (*self.facets.values(), *self.policy.words.values()):
            yield from phrases
        for values in self.entities.values():
            yield from (words for value in values for words in value.words)

    def warnings(self, today: date) -> list[Problem]:
        """What should be mended soon: answers and local facts past their review date, facts not yet filled in."""
        found: list[Problem] = []
        used: set[str] = set()
        for service in self.services.values():
            for index, answer in enumerate(service.intent.answers):
                used.update(local_names(answer.text))
                due = service.review_by(answer)
                if service.intent.states_facts and due is not None and due < today:
                    message = (
                        f"answer of {service.name} was to be reviewed by {due.isoformat()}: check it, set new dates"
                    )
                    problem = service.flow.document.problem((*service.place, "answers", index), message)
                    found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        policy = self.policy
        if policy.review_by is not None and policy.review_by < today:
            message = f"the policy was to be reviewed by {policy.review_by.isoformat()}: check it, set new dates"
            problem = self.documents["policy.yaml"].problem(("review_by",), message)
            found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        if self.law is not None and self.law.review_by < today:
            message = f"the law table was to be reviewed by {self.law.review_by.isoformat()}: check it, set new dates"
            problem = self.documents["law.yaml"].problem(("review_by",), message)
            found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        for name, fact in self.local.items():
            unsettled = _unsettled(fact, today, used=name in used)
            if unsettled is not None:
                message = f"local fact {name} ({fact.about}) {unsettled}"
                problem = self.documents["local.yaml"].problem(("facts", name), message)
                found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        return found


def local_names(text: str) -> list[str]:
    """The local facts that a text stands open for, in its order."""
    return [name for kind, name in PLACEHOLDER.findall(text) if kind == "local"]


def _unsettled(fact: LocalFact, today: date, *, used: bool) -> str | None:
    """What the operator has yet to do about a local fact."""
    if fact.value is None:
        return "is empty: answers say so until you fill it in" if used else None
    if fact.verified_on is None or fact.review_by is None:
        return "has no verified_on and review_by: answers say that it is undated until you add them"
    if fact.review_by < today:
        return f"was to be reviewed by {fact.review_by.isoformat()}: confirm it, set new dates"
    return None
