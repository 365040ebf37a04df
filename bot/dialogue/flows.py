"""All content of `flows/`, checked and put together: what the engine and the matcher are built from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from bot.dialogue.lawfile import LawFile
from bot.dialogue.localfile import Hours, LocalFact
from bot.dialogue.model import Answer, FlowFile, Intent, PhrasesFile, PolicyFile, Source, Value
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
class Flows:
    """The whole content."""

    flows: Mapping[str, Flow]
    services: Mapping[str, Service]
    """By intent name, in the order of files and lines."""
    policy: PolicyFile
    lexicon: Lexicon
    facets: Mapping[str, list[str]]
    actions: list[str]
    phrases: PhrasesFile
    local: Mapping[str, LocalFact]
    digest: str
    """SHA-256 of all files read, 16 hex digits: the version of the content."""
    officer_hours: tuple[Hours, ...] = ()
    """When officers answer those who ask for a person."""
    law: LawFile | None = None
    """The law table, when the folder has one."""

    @cached_property
    def entities(self) -> dict[str, list[Value]]:
        """All entities; their names are unique over the flows."""
        return {name: values for flow in self.flows.values() for name, values in flow.file.entities.items()}

    def warnings(self, today: date) -> list[Problem]:
        """What should be mended soon: answers past their review date, local facts not yet filled in."""
        found: list[Problem] = []
        used: set[str] = set()
        for service in self.services.values():
            for index, answer in enumerate(service.intent.answers):
                used.update(name for kind, name in PLACEHOLDER.findall(answer.text) if kind == "local")
                due = service.review_by(answer)
                if service.intent.states_facts and due is not None and due < today:
                    message = (
                        f"answer of {service.name} was to be reviewed by {due.isoformat()}: check it, set new dates"
                    )
                    problem = service.flow.document.problem((*service.place, "answers", index), message)
                    found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        if self.law is not None and self._law_document is not None and self.law.review_by < today:
            message = f"the law table was to be reviewed by {self.law.review_by.isoformat()}: check it, set new dates"
            problem = self._law_document.problem(("review_by",), message)
            found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        for name in sorted(used):
            if self.local[name].value is None and self._local_document is not None:
                message = f"local fact {name} ({self.local[name].about}) is empty: answers say so until you fill it in"
                problem = self._local_document.problem(("facts", name), message)
                found.append(Problem(problem.file, problem.line, message, Severity.WARNING))
        return found

    _local_document: Document | None = field(default=None, compare=False)
    _law_document: Document | None = field(default=None, compare=False)
