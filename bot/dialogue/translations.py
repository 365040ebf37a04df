"""Reads `flows/languages/`: refuses what can never be said, and warns of what has no translation (any more)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bot.dialogue.flows import Flows, Tongue
from bot.dialogue.format import up_to_date
from bot.dialogue.languagefile import LanguageFile
from bot.dialogue.spoken import even, spoken
from bot.problem import ContentError, Problem, Severity
from bot.yamlfile import Document, read, validate

LANGUAGES = "languages"
"""Sub-folder with translations, if there is one."""
_SHOWN = 60
"""Characters of a text that are named."""
Read = tuple[Document, LanguageFile]


def language_files(folder: Path) -> list[Path]:
    """Every file with translations."""
    return sorted((folder / LANGUAGES).glob("*.yaml"))


def with_languages(flows: Flows, folder: Path, wanted: str | None, local: Document) -> tuple[Flows, list[Problem]]:
    """The content with its further languages, and every mistake in them. `wanted`: the `language` of local.yaml."""
    found, problems = _read(folder)
    own = flows.phrases.language
    for flow in flows.flows.values():
        if flow.file.language != own:
            message = f"is in '{flow.file.language}', phrases.yaml in '{own}': translations belong into {LANGUAGES}/"
            problems.append(flow.document.problem(("language",), message))
    texts = {even(text) for _, _, text in spoken(flows)}
    languages: dict[str, Tongue] = {}
    for code, files in found.items():
        if code == own:
            message = f"'{own}' is what the flows themselves are written in"
            problems.extend(document.problem(("language",), message) for document, _ in files)
            continue
        problems.extend(_faults(files))
        languages[code] = _tongue(files, texts)
    if wanted is not None and wanted not in {own, *languages}:
        known = ", ".join(sorted({own, *languages}))
        problems.append(local.problem(("language",), f"no language '{wanted}'; there are: {known}"))
    return replace(flows, languages=languages, language=wanted or own), problems


def warnings(flows: Flows) -> Iterator[Problem]:
    """Texts without a translation, each at its place; translations of texts that are gone or have changed."""
    for code, tongue in flows.languages.items():
        for document, place, text in spoken(flows):
            if even(text) not in tongue.texts:
                message = f"not translated into '{code}', said as it stands: '{_short(text)}'"
                yield _warning(document.problem(place, message))
        for document, place, text in tongue.stale:
            message = f"nothing in the content reads so any more, so it is never said; translate anew: '{_short(text)}'"
            yield _warning(document.problem(place, message))


def _read(folder: Path) -> tuple[dict[str, list[Read]], list[Problem]]:
    found: dict[str, list[Read]] = {}
    problems: list[Problem] = []
    for path in language_files(folder):
        try:
            document = up_to_date(read(path))
            file = validate(document, LanguageFile)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        found.setdefault(file.language, []).append((document, file))
    return found, problems


def _faults(files: Sequence[Read]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for document, file in files:
        for index, text in enumerate(file.texts):
            place = ("texts", index)
            if text.lost:
                message = f"both must hold the same {{…}}: {', '.join(sorted(text.lost))} stands in one only"
                yield document.problem((*place, "translation"), message)
            if seen.setdefault(even(text.original), text.translation) != text.translation:
                yield document.problem((*place, "original"), f"is translated twice: '{_short(text.original)}'")
    first, file = files[0]
    for key in ("switch", "switched", "leave", "left"):
        if not any(getattr(file, key) for _, file in files):
            message = f"needs '{key}', in one of its files: nobody could ask for it, or get out of it"
            yield first.problem(("language",), f"language '{file.language}' {message}")


def _tongue(files: Sequence[Read], texts: set[str]) -> Tongue:
    return Tongue(
        texts={even(text.original): text.translation for _, file in files for text in file.texts},
        switch=tuple(phrase for _, file in files for phrase in file.switch),
        switched=next((file.switched for _, file in files if file.switched), ""),
        leave=tuple(phrase for _, file in files for phrase in file.leave),
        left=next((file.left for _, file in files if file.left), ""),
        stale=tuple(
            (document, ("texts", index, "original"), text.original)
            for document, file in files
            for index, text in enumerate(file.texts)
            if even(text.original) not in texts
        ),
    )


def _short(text: str) -> str:
    plain = even(text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _warning(problem: Problem) -> Problem:
    return Problem(problem.file, problem.line, problem.message, Severity.WARNING)
