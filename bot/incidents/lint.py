"""What works in the rules and should be mended: patterns that decide nothing, examples that come out as something else.

Mistakes that make the rules unusable are the loader's (`bot.incidents.loader`). These are warnings, found with the
analysis itself, so that the lint and the bot can never disagree about what a pattern finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.incidents.analyser import Analyser
from bot.incidents.patterns import Pattern, samples
from bot.incidents.rules import Category
from bot.problem import Problem, Severity
from bot.yamlfile import Document, read

Place = tuple[str | int, ...]


def lint(analyser: Analyser, folder: Path) -> list[Problem]:
    """Warnings with file and line. `folder` is where the analyser's rules were read from."""
    categories, talk = read(folder / "categories.yaml"), read(folder / "talk.yaml")
    found: list[Problem] = []
    for index, category in enumerate(analyser.rules.categories):
        place: Place = ("categories", index)
        found += _dead(analyser, categories, (*place, "words"), category.words)
        found += _shadowed(analyser, categories, index, category)
        for urgency, patterns in category.raised.items():
            found += _twice(categories, (*place, str(urgency)), patterns)
    for index, matter in enumerate(analyser.rules.private):
        found += _dead(analyser, categories, ("private", index, "words"), matter.words)
    for section, lists in (("kinds", analyser.rules.kinds), ("urgency", analyser.rules.urgency)):
        for name, patterns in lists.items():
            found += _twice(talk, (section, name), patterns)
    found += _examples(analyser, categories, talk)
    return found


def _twice(document: Document, place: Place, patterns: Sequence[Pattern]) -> Iterator[Problem]:
    """The same pattern a second time in one list."""
    seen: set[str] = set()
    for index, pattern in enumerate(patterns):
        if pattern.expression in seen:
            yield _warning(document, (*place, index), f"pattern '{pattern.source}' stands in this list twice")
        seen.add(pattern.expression)


def _dead(analyser: Analyser, document: Document, place: Place, patterns: Sequence[Pattern]) -> Iterator[Problem]:
    """Patterns that find nothing which the others of their list do not find as well."""
    alive = list(patterns)
    for index, pattern in reversed(list(enumerate(patterns))):
        others = [other for other in alive if other is not pattern]
        lines = samples(pattern.source, analyser.rules.lexicon)
        if lines and all(_finds(others, line) for line in lines):
            alive = others
            yield _warning(
                document, (*place, index), f"pattern '{pattern.source}' is dead: the others of its list find all of it"
            )


def _shadowed(analyser: Analyser, document: Document, index: int, category: Category) -> Iterator[Problem]:
    """Patterns of a category that can never name it, because a graver one always fits first."""
    graver = [pattern for one in analyser.rules.categories[:index] if not one.unless for pattern in one.words]
    for number, pattern in enumerate(category.words):
        lines = samples(pattern.source, analyser.rules.lexicon)
        if lines and all(_finds(graver, line) for line in lines):
            yield _warning(
                document,
                ("categories", index, "words", number),
                f"pattern '{pattern.source}' never names {category.code}: a graver category fits all of it",
            )


def _finds(patterns: Iterable[Pattern], line: str) -> bool:
    return any(pattern.regex.search(line) for pattern in patterns)


def _examples(analyser: Analyser, categories: Document, talk: Document) -> Iterator[Problem]:
    """Examples that two entries claim, and examples that are taken for something else."""
    claimed: dict[str, str] = {}
    for document, place, code, text in _all_examples(analyser, categories, talk):
        words = " ".join(text.casefold().split())
        if (other := claimed.setdefault(words, code)) != code:
            yield _warning(document, place, f"example '{text}' of {code} is also one of {other}")
            continue
        analysis = analyser.analyse(text)
        if analysis.category != code:
            why = "; ".join(f"{one.rule}: {one.words}" for one in analysis.evidence) or "no rule fits"
            yield _warning(document, place, f"example '{text}' of {code} is taken for {analysis.category} ({why})")


def _all_examples(
    analyser: Analyser, categories: Document, talk: Document
) -> Iterator[tuple[Document, Place, str, str]]:
    for index, category in enumerate(analyser.rules.categories):
        texts = categories.data["categories"][index].get("examples") or []
        for number, text in enumerate(texts):
            yield categories, ("categories", index, "examples", number), category.code, text
    for kind, texts in (talk.data.get("examples") or {}).items():
        for number, text in enumerate(texts):
            yield talk, ("examples", kind, number), kind, text


def _warning(document: Document, place: Place, message: str) -> Problem:
    problem = document.problem(place, message)
    return Problem(problem.file, problem.line, problem.message, Severity.WARNING)
