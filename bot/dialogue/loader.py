"""Reads `flows/` and refuses it when anything in it is wrong, naming file and line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

from bot.dialogue.check import check
from bot.dialogue.flows import Example, Flow, Flows, Service
from bot.dialogue.format import up_to_date
from bot.dialogue.lawfile import LawFile, check_law
from bot.dialogue.localfile import LocalFile
from bot.dialogue.model import ExamplesFile, FlowFile, LexiconFile, Part, PhrasesFile, PolicyFile
from bot.dialogue.translations import language_files, with_languages
from bot.language.lexicon import Lexicon
from bot.language.tokens import tokens
from bot.language.wordlist import read_words
from bot.problem import ContentError, Problem
from bot.yamlfile import Document, read, validate

LEXICON, POLICY, PHRASES, LOCAL = "lexicon.yaml", "policy.yaml", "phrases.yaml", "local.yaml"
LAW = "law.yaml"
"""Only folders whose flows `call: law` need it."""
EXAMPLES = "examples"
"""Sub-folder with more examples of intents and rules, if there is one."""
ORDINARY = Path("incidents", "ordinary_words.txt")
"""Words of the language, which are never "corrected" into words of the flows; the same that are no names of places."""
_SPECIAL = {LEXICON, POLICY, PHRASES, LOCAL, LAW}

Kind = TypeVar("Kind", bound=Part)


def load_flows(folder: Path) -> Flows:
    """Read every file of the folder and of its `examples`. Raises ContentError with all problems."""
    paths = sorted(path for path in folder.glob("*.yaml"))
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    values: dict[str, Part] = {}
    for name, model in ((LEXICON, LexiconFile), (POLICY, PolicyFile), (PHRASES, PhrasesFile), (LOCAL, LocalFile)):
        _take(folder / name, model, documents, values, problems)
    if (folder / LAW).exists():
        _take(folder / LAW, LawFile, documents, values, problems)
    for path in paths:
        if path.name not in _SPECIAL:
            _take(path, FlowFile, documents, values, problems)
    examples = _examples(folder, problems)
    ordinary: frozenset[str] = frozenset()
    try:
        ordinary = read_words(folder / ORDINARY)
    except ContentError as error:
        problems.extend(error.problems)
    if not any(path.name not in _SPECIAL for path in paths):
        problems.append(Problem(folder, 0, "holds no flow: put one YAML file a service here"))
    if problems:
        raise ContentError(problems)
    flows: dict[str, Flow] = {}
    services: dict[str, Service] = {}
    for path in paths:
        value = values[path.name]
        if not isinstance(value, FlowFile):
            continue
        document = documents[path.name]
        flow = Flow(value, document)
        if value.flow in flows:
            problems.append(document.problem(("flow",), f"flow '{value.flow}' is defined twice"))
        flows[value.flow] = flow
        for index, intent in enumerate(value.intents):
            if intent.name in services:
                first = services[intent.name].flow.document.path
                message = f"intent '{intent.name}' is defined twice (first in {first.name})"
                problems.append(document.problem(("intents", index, "name"), message))
            services[intent.name] = Service(intent, flow, ("intents", index))
    lexicon_file = _as(LexiconFile, values[LEXICON])
    law = _as(LawFile, values[LAW]) if LAW in values else None
    content = Flows(
        flows=flows,
        services=services,
        policy=_as(PolicyFile, values[POLICY]),
        lexicon=_lexicon(lexicon_file, ordinary),
        facets={
            facet: [*phrases, *lexicon_file.faint.get(facet, ())] for facet, phrases in lexicon_file.facets.items()
        },
        faint=lexicon_file.faint,
        idioms=lexicon_file.idioms,
        actions=lexicon_file.actions,
        times=lexicon_file.times,
        phrases=_as(PhrasesFile, values[PHRASES]),
        local=_as(LocalFile, values[LOCAL]).told(),
        officer_hours=tuple(_as(LocalFile, values[LOCAL]).officer_hours),
        digest=_digest(folder, [*paths, *_example_files(folder), *language_files(folder), *_ordinary_file(folder)]),
        law=law,
        examples=examples,
        documents=documents,
    )
    content, mistakes = with_languages(content, folder, _as(LocalFile, values[LOCAL]).language, documents[LOCAL])
    problems.extend(mistakes)
    if law is not None:
        problems.extend(check_law(law, documents[LAW]))
    problems.extend(check(content, documents[LEXICON], documents[POLICY]))
    if problems:
        raise ContentError(problems)
    return content


def _take(
    path: Path,
    model: type[Part],
    documents: dict[str, Document],
    values: dict[str, Part],
    problems: list[Problem],
) -> None:
    try:
        documents[path.name] = up_to_date(read(path))
        values[path.name] = validate(documents[path.name], model)
    except ContentError as error:
        problems.extend(error.problems)


def _example_files(folder: Path) -> list[Path]:
    return sorted((folder / EXAMPLES).glob("*.yaml"))


def _ordinary_file(folder: Path) -> list[Path]:
    return [folder / ORDINARY] if (folder / ORDINARY).exists() else []


def _examples(folder: Path, problems: list[Problem]) -> tuple[Example, ...]:
    found: list[Example] = []
    for path in _example_files(folder):
        try:
            document = up_to_date(read(path))
            file = validate(document, ExamplesFile)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        for label, texts in file.examples.items():
            places = (("examples", label, index) for index in range(len(texts)))
            found.extend(Example(label, text, document, place) for text, place in zip(texts, places, strict=True))
    return tuple(found)


def _as(kind: type[Kind], value: Part) -> Kind:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _lexicon(file: LexiconFile, ordinary: frozenset[str]) -> Lexicon:
    rewrites = {tokens(word)[0]: tuple(tokens(meant)) for word, meant in file.rewrites.items()}

    def rewritten(phrase: str) -> tuple[str, ...]:
        """Phrases are looked for after single words have been rewritten."""
        return tuple(word for token in tokens(phrase) for word in rewrites.get(token, (token,)))

    return Lexicon(
        protected=frozenset(token for word in file.protected for token in tokens(word)),
        rewrites=rewrites,
        phrases={rewritten(words): tuple(tokens(meant)) for words, meant in file.phrases.items()},
        fillers=frozenset(token for word in file.fillers for token in tokens(word)),
        courtesies=frozenset(token for word in file.courtesies for token in tokens(word)),
        hollow=frozenset(token for word in file.hollow for token in tokens(word)),
        common=frozenset(token for word in file.common for token in tokens(word)),
        ordinary=ordinary,
        asking=frozenset(token for word in file.asking for token in tokens(word)),
    )


def _digest(folder: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
