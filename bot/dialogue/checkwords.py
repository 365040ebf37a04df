"""Phrases that become others on the way to the matcher.

Fillers ("pak", "ibu") are left out of every message before anything is looked for, and out of the phrases, too: a
phrase "ibu saya" would be found in every message that says "saya". Likewise words are rewritten ("klo" → "kalau") in
messages and phrases alike: a tax form "spt" would be found in every message that says "seperti".
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.dialogue.flows import Flows
from bot.dialogue.rules import placed_conditions
from bot.language.tokens import tokens
from bot.problem import Problem, Severity
from bot.yamlfile import Document

Place = tuple[str | int, ...]
Written = tuple[Document, Place, str]
"""A phrase, and where it stands."""


def check_words(flows: Flows, lexicon: Document, policy: Document) -> Iterator[Problem]:
    """Every phrase of the content that holds a filler beside other words."""
    for document, place, phrase in _phrases(flows, lexicon, policy):
        words = tokens(phrase)
        lost = [word for word in words if word in flows.lexicon.fillers]
        if lost and len(words) > 1:
            rest = " ".join(word for word in words if word not in lost)
            message = f"'{phrase}' would be found wherever '{rest}' stands: '{lost[0]}' is a filler of lexicon.yaml"
            yield document.problem(place, f"{message}, left out before matching")


def lint_words(flows: Flows, lexicon: Document, policy: Document) -> Iterator[Problem]:
    """Warnings for phrases that the lexicon rewrites to words of grammar: they would be found nearly everywhere."""
    written = list(_phrases(flows, lexicon, policy))
    plain = {(document.path, place, phrase) for document, place, phrase in written}
    for document, place, phrase in written:
        words = tokens(phrase)
        read = [new for word in words for new in flows.lexicon.rewrites.get(word, (word,))]
        meant = (document.path, place, " ".join(read)) in plain
        if read != words and not meant and all(word in flows.lexicon.hollow for word in read):
            line = lexicon.line(("rewrites", words[0]))
            problem = document.problem(place, "")
            yield Problem(
                problem.file, problem.line,
                f"'{phrase}' would be found wherever '{' '.join(read)}' stands: lexicon.yaml:{line} rewrites it; "
                "protect it there, or write the phrase out",
                Severity.WARNING,
            )  # fmt: skip


def _phrases(flows: Flows, lexicon: Document, policy: Document) -> Iterator[Written]:
    """What the content looks for in messages."""
    for facet, phrases in flows.facets.items():
        faint = flows.faint.get(facet, [])
        yield from ((lexicon, ("faint" if phrase in faint else "facets", facet), phrase) for phrase in phrases)
    yield from ((lexicon, ("idioms", index), phrase) for index, phrase in enumerate(flows.idioms))
    for name, phrases in flows.policy.words.items():
        yield from ((policy, ("words", name), phrase) for phrase in phrases)
    for place, condition in placed_conditions(flows.policy):
        yield from ((policy, place, phrase) for phrase in condition.phrases())
    for flow in flows.flows.values():
        for group in flow.file.nouns:
            yield from ((flow.document, ("nouns",), phrase) for phrase in group)
        for entity, values in flow.file.entities.items():
            for number, value in enumerate(values):
                place = ("entities", entity, number, "words")
                yield from ((flow.document, place, phrase) for phrase in value.words)
    for service in flows.services.values():
        for group in service.intent.nouns or ():
            yield from ((service.flow.document, (*service.place, "nouns"), phrase) for phrase in group)
