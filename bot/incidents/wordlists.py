"""Word lists that describe a report further, read from YAML: `particulars.yaml` and `codes.yaml`."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bot.incidents.codes import Code, CodeBook
from bot.incidents.moments import TimeWords
from bot.incidents.particulars import PeopleWords
from bot.problem import ContentError, Problem
from bot.yamlfile import read, validate

PARTICULARS, CODES = "particulars.yaml", "codes.yaml"
STATES = ("meninggal", "luka", "terjebak", "hilang")

_Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Part(_Section):
    from_: Annotated[_Clock, Field(alias="from")]
    to: _Clock


class ParticularsFile(_Section):
    """particulars.yaml"""

    victims: dict[str, list[str]]
    one: list[str]
    many: list[str]
    uncounted: list[str] = []
    vehicles: dict[str, list[str]]
    parts_of_day: dict[str, _Part]
    part_names: dict[str, str] = {}
    now: list[str]
    just_now: list[str]
    earlier: list[str]
    yesterday: list[str]
    later: list[str]
    tomorrow: list[str]
    ago: list[str]
    clock: list[str]
    weekdays: dict[str, Annotated[int, Field(ge=0, le=6)]]


class _CodeText(_Section):
    code: str = Field(pattern=r"^\d(-\d)+(-[A-Z]+)?$")
    meaning: str
    doubtful: bool = False
    plain: bool = False


class _PhraseText(_Section):
    phrase: str
    meaning: str


class CodesFile(_Section):
    """codes.yaml"""

    note: str
    before: list[str] = []
    not_after: list[str] = []
    not_before: list[str] = []
    numbers: list[Annotated[str, Field(pattern=r"^\d{2,6}$")]] = []
    codes: list[_CodeText]
    words: list[_PhraseText] = []


def load_particulars(folder: Path) -> tuple[PeopleWords, TimeWords]:
    """Words for victims, vehicles and times. Raises ContentError naming every mistake with file and line."""
    document = read(folder / PARTICULARS)
    file = validate(document, ParticularsFile)
    problems: list[Problem] = [
        document.problem(("victims", state), f"unknown state '{state}' (known: {', '.join(STATES)})")
        for state in file.victims
        if state not in STATES
    ]
    problems += [
        document.problem(
            ("part_names", name), f"'{part}' is no part of the day (known: {', '.join(file.parts_of_day)})"
        )
        for name, part in file.part_names.items()
        if part not in file.parts_of_day
    ]
    if "malam" not in file.parts_of_day:
        problems.append(document.problem(("parts_of_day",), "the part 'malam' is missing: 'semalam' needs it"))
    if problems:
        raise ContentError(problems)
    people = PeopleWords(
        {state: _entries(entries) for state, entries in file.victims.items()},
        frozenset(file.one),
        frozenset(file.many),
        frozenset(file.uncounted),
        {kind: _entries(entries) for kind, entries in file.vehicles.items()},
    )
    phrases: dict[str, Any] = {
        name: frozenset(getattr(file, name))
        for name in ("now", "just_now", "earlier", "yesterday", "later", "tomorrow", "ago", "clock")
    }
    times = TimeWords(
        {
            name: (time.fromisoformat(part.from_), time.fromisoformat(part.to))
            for name, part in file.parts_of_day.items()
        },
        dict(file.part_names),
        dict(file.weekdays),
        phrases,
    )
    return people, times


def load_codes(folder: Path) -> CodeBook:
    """The radio codes. Raises ContentError naming every mistake with file and line."""
    document = read(folder / CODES)
    file = validate(document, CodesFile)
    seen: set[str] = set()
    problems: list[Problem] = []
    for index, row in enumerate(file.codes):
        if row.code in seen:
            problems.append(document.problem(("codes", index, "code"), f"code '{row.code}' is listed twice"))
        seen.add(row.code)
    if problems:
        raise ContentError(problems)
    return CodeBook(
        tuple(Code(row.code, row.meaning, row.doubtful, row.plain) for row in file.codes),
        {tuple(row.phrase.casefold().split()): row.meaning for row in file.words},
        frozenset(file.before),
        frozenset(file.not_after),
        frozenset(file.not_before),
        frozenset(file.numbers),
        file.note,
    )


def _entries(entries: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(entry.split("_")) for entry in entries)
