"""Tests of the rules, written beside them in YAML: a message, and what must come out of it.

A file of `flows/incidents/tests/` holds `tests`; each has a `name`, a `text` and in `expect` only what matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis
from bot.incidents.moments import WIB
from bot.incidents.particulars import Counted
from bot.incidents.rules import Urgency
from bot.problem import ContentError, Problem, Severity
from bot.yamlfile import read, validate

FOLDER = "tests"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Section):
    """What must come out; what is not named does not matter."""

    category: str | None = None
    urgency: Urgency | None = None
    district: str | None = None
    report: bool | None = None
    private: bool | None = None
    about: str | None = None
    corrected: str | None = None
    """The whole text with misheard names put right."""
    roles: dict[str, str] = {}
    """Name of a place → scene, origin, direction, home."""
    victims: dict[str, int | None] | None = None
    vehicles: dict[str, int | None] | None = None
    times: list[str] | None = None
    """Beginnings of the moments, "YYYY-MM-DD HH:MM" in the district's time."""
    codes: list[str] | None = None


class Case(_Section):
    """One message and what it must be taken for."""

    name: str
    text: str
    room: list[str] = []
    """Districts of the room it is said in."""
    when: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d$")] | None = None
    spoken: bool = True
    expect: Expected


class CaseFile(_Section):
    """A file of tests."""

    tests: Annotated[list[Case], Field(min_length=1)]


@dataclass(frozen=True)
class Outcome:
    """One test: passed when nothing differs."""

    file: Path
    line: int
    name: str
    differences: tuple[str, ...]
    """What was expected and what came."""


def run_tests(analyser: Analyser, folder: Path) -> Iterator[Outcome]:
    """Every test of every file in `folder`. Raises ContentError for a file that is no test file."""
    for path in sorted(folder.glob("*.yaml")):
        document = read(path)
        for index, test in enumerate(validate(document, CaseFile).tests):
            line = document.line(("tests", index))
            try:
                when = datetime.strptime(test.when, "%Y-%m-%d %H:%M").replace(tzinfo=WIB) if test.when else None
            except ValueError as error:
                raise ContentError([Problem(path, line, f"'{test.when}' is no date and time")]) from error
            analysis = analyser.analyse(test.text, room_districts=test.room, when=when, spoken=test.spoken)
            corrected = analyser.hear(test.text).corrected
            yield Outcome(path, line, test.name, tuple(_differences(test.expect, analysis, corrected)))


def failed_tests(analyser: Analyser, folder: Path) -> list[Problem]:
    """A warning for each test that fails, an error for each file that cannot be read."""
    try:
        outcomes = list(run_tests(analyser, folder))
    except ContentError as error:
        return error.problems
    return [
        Problem(one.file, one.line, f"test '{one.name}' fails: {'; '.join(one.differences)}", Severity.WARNING)
        for one in outcomes
        if one.differences
    ]


def _differences(wanted: Expected, analysis: Analysis, corrected: str) -> Iterator[str]:
    found = analysis.particulars
    roles = {place.name: place.role for place in analysis.places}
    came: dict[str, Any] = {
        "category": analysis.category,
        "urgency": analysis.urgency,
        "district": analysis.district,
        "report": analysis.report,
        "private": analysis.private,
        "about": analysis.about,
        "corrected": corrected,
        "roles": {name: roles.get(name) for name in wanted.roles},
        "victims": _counts(found.victims),
        "vehicles": _counts(found.vehicles),
        "times": [moment.start.strftime("%Y-%m-%d %H:%M") for moment in found.moments],
        "codes": [code.code for code in found.codes],
    }
    for name in sorted(wanted.model_fields_set):
        expected = getattr(wanted, name)
        if came[name] != expected:
            yield f"{name}: expected {expected}, came {came[name]}"


def _counts(counted: tuple[Counted, ...]) -> dict[str, int | None]:
    return {one.kind: one.count for one in counted}
