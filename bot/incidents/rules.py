"""The words of incident analysis, read from YAML: categories in order of gravity, kinds of talk, urgency, place cues.

Three files in one folder (`flows/incidents/`): `categories.yaml`, `talk.yaml`, `places.yaml`. An officer who edits
them changes what the analysis sees; every mistake is told as `file:line: message`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.incidents.codes import CodeBook
from bot.incidents.moments import TimeWords
from bot.incidents.particulars import PeopleWords
from bot.incidents.patterns import Lexicon, Pattern, PatternError, compile_pattern
from bot.incidents.wordlists import load_codes, load_particulars
from bot.problem import ContentError, Problem
from bot.yamlfile import Document, read, validate


class Urgency(StrEnum):
    """How soon somebody must act (shared definitions: minutes, today, good to know)."""

    DARURAT = "darurat"
    SEGERA = "segera"
    INFO = "info"


TALK = (
    "pembaruan",
    "duplikat",
    "rumor",
    "tidak_jelas",
    "situasi_aman",
    "tes",
    "pertanyaan",
    "keluhan",
    "bukan_laporan",
)
"""What a message may be besides an incident of the table."""
REPORTS = frozenset(("pembaruan", "duplikat", "rumor", "tidak_jelas"))
"""Kinds of talk that are kept in the log all the same."""

CapCategory = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
"""CAP 1.2, <category>."""
Words = Annotated[list[str], Field(default_factory=list)]


class Section(BaseModel):
    """Base of every section: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryText(Section):
    """One row of the table, as written."""

    code: str = Field(pattern=r"^[a-z_]+$")
    title: str
    cap: CapCategory
    urgency: Urgency
    """What it usually is, before anything else is said."""
    private: bool = False
    """Never repeated in a channel, never relayed (violence at home, children, sexual crime)."""
    words: Annotated[list[str], Field(min_length=1)]
    unless: Words
    """When one of these is found, the message is not of this category."""
    despite: Words
    """When one of these is found as well, `unless` does not count."""
    hints: Words
    """Words that speak for the category when no pattern of any category fits; it takes two of them."""
    darurat: Words
    segera: Words
    info: Words
    examples: Words
    """Messages that must be taken for this category; `kentongan check` tries them."""


class PrivateText(Section):
    """What makes a message private whatever its category, as written."""

    name: str = Field(pattern=r"^[a-z_]+$")
    words: Annotated[list[str], Field(min_length=1)]
    unless: Words
    """When one of these is found, `words` do not count."""


class CategoriesFile(Section):
    """categories.yaml"""

    sets: dict[str, list[str]] = {}
    private: list[PrivateText] = []
    categories: Annotated[list[CategoryText], Field(min_length=1)]


class TalkFile(Section):
    """talk.yaml"""

    sets: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    """Plain form → what it stands for."""
    negation: Annotated[list[str], Field(min_length=1)]
    negation_fillers: list[str] = []
    """Words that may stand between a negation and what it denies ("tidak ADA kebakaran")."""
    titles: dict[str, str]
    kinds: dict[str, list[str]]
    urgency: dict[str, list[str]]
    examples: dict[str, list[str]] = {}
    """Kind of talk → messages that must be taken for it."""


class PlacesFile(Section):
    """places.yaml"""

    cues: list[str]
    """Words before a name that make an ambiguous one a place."""
    cues_after: list[str] = []
    hamlets: list[str] = []
    """Words that make a name a hamlet's: a village named after it decides."""
    kinds: dict[str, list[str]] = {}
    """Cue → the kind it asks for: "desa" a village, "kecamatan" a district."""
    directions: list[str]
    homes: list[str]
    origins: list[str]
    scenes: list[str]
    """What overrides a direction: "jatuh ke", "masuk ke"."""
    persons: list[str]
    """Words before a name that make it a person's."""
    spelling: dict[str, str] = {}


@dataclass(frozen=True)
class Category:
    """A row of the table, compiled."""

    code: str
    title: str
    cap: str
    urgency: Urgency
    private: bool
    words: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    despite: tuple[Pattern, ...]
    hints: tuple[Pattern, ...]
    raised: Mapping[Urgency, tuple[Pattern, ...]]


@dataclass(frozen=True)
class PrivateMatter:
    """A matter that is never repeated in a channel, of whatever category the message is; compiled."""

    name: str
    words: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]


@dataclass(frozen=True)
class PlaceCues:
    """Words around names. Each entry is a tuple of plain words."""

    cues: frozenset[str]
    cues_after: frozenset[str]
    hamlets: frozenset[str]
    kinds: Mapping[str, frozenset[str]]
    directions: tuple[tuple[str, ...], ...]
    homes: tuple[tuple[str, ...], ...]
    origins: tuple[tuple[str, ...], ...]
    scenes: tuple[tuple[str, ...], ...]
    persons: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """Everything the analysis knows about words."""

    categories: tuple[Category, ...]
    """Gravest first."""
    titles: Mapping[str, str]
    """Title of every category and kind of talk."""
    kinds: Mapping[str, tuple[Pattern, ...]]
    urgency: Mapping[str, tuple[Pattern, ...]]
    negation: Pattern
    spelling: Mapping[str, str]
    place: PlaceCues
    people: PeopleWords
    times: TimeWords
    codes: CodeBook
    lexicon: Lexicon
    """What the patterns may refer to."""
    private: tuple[PrivateMatter, ...] = ()
    vocabulary: frozenset[str] = field(default=frozenset())
    """Words of the patterns, for correcting misspelt ones."""
    ordinary: frozenset[str] = field(default=frozenset())
    """Ordinary words of the language: never a misheard name."""

    @cached_property
    def common(self) -> frozenset[str]:
        """Every word that means something by itself."""
        return self.vocabulary | self.ordinary | frozenset(self.spelling) | frozenset(self.spelling.values())

    def category(self, code: str) -> Category | None:
        """The row of that code; `None` for kinds of talk."""
        return next((one for one in self.categories if one.code == code), None)

    def title(self, code: str) -> str:
        """What people call it."""
        return self.titles.get(code, code)


ORDINARY = "ordinary_words.txt"
KINDS = frozenset(
    (
        "latihan", "tes", "duplikat", "keluhan", "pembaruan", "kabar", "tanya_benar", "pertanyaan", "tanya_keadaan",
        "situasi_aman", "bukan_laporan", "tidak_jelas", "tanda_lapor", "laporan_baru", "cerita", "kalimat_tanya",
        "tanya_layanan", "seruan", "permintaan",
    )
)  # fmt: skip
URGENCIES = frozenset(
    (
        "bahaya",
        "selesai",
        "belum_selesai",
        "berlangsung",
        "lewat",
        "nanti",
        "imbauan",
        "nihil_korban",
        "genting_rumor",
        "sudah_mati",
    )
)


def load_rules(folder: Path) -> Rules:
    """Read and compile the three files. Raises ContentError naming every mistake with file and line."""
    problems: list[Problem] = []
    documents: list[tuple[Document, BaseModel]] = []
    for name, model in (("categories", CategoriesFile), ("talk", TalkFile), ("places", PlacesFile)):
        try:
            document = read(folder / f"{name}.yaml")
            documents.append((document, validate(document, model)))
        except ContentError as error:
            problems += error.problems
    people, times = _part(lambda: load_particulars(folder), problems)
    codes = _part(lambda: load_codes(folder), problems)
    if problems:
        raise ContentError(problems)
    (category_doc, categories), (talk_doc, talk), (_, places) = documents
    assert isinstance(categories, CategoriesFile)  # noqa: S101
    assert isinstance(talk, TalkFile)  # noqa: S101
    assert isinstance(places, PlacesFile)  # noqa: S101
    lexicon = _lexicon(categories, talk, places)
    compiler = _Compiler(lexicon, problems)
    rows = tuple(_category(compiler, category_doc, index, row) for index, row in enumerate(categories.categories))
    private = tuple(
        PrivateMatter(
            matter.name,
            compiler.all(category_doc, ("private", index, "words"), matter.words),
            compiler.all(category_doc, ("private", index, "unless"), matter.unless),
        )
        for index, matter in enumerate(categories.private)
    )
    seen: set[str] = set()
    for index, category_row in enumerate(rows):
        if category_row.code in seen or category_row.code in TALK:
            problems.append(
                category_doc.problem(("categories", index, "code"), f"category '{category_row.code}' is defined twice")
            )
        seen.add(category_row.code)
    problems += _unknown(talk_doc, "kinds", talk.kinds, KINDS) + _unknown(talk_doc, "urgency", talk.urgency, URGENCIES)
    problems += _unknown(talk_doc, "titles", talk.titles, frozenset(TALK))
    problems += [
        talk_doc.problem(("examples", name), f"unknown kind of talk '{name}' (known: {', '.join(TALK)})")
        for name in talk.examples
        if name not in TALK
    ]
    kinds = {name: compiler.all(talk_doc, ("kinds", name), words) for name, words in talk.kinds.items()}
    urgency = {name: compiler.all(talk_doc, ("urgency", name), words) for name, words in talk.urgency.items()}
    if problems:
        raise ContentError(problems)
    fillers = "|".join(talk.negation_fillers)
    filler = f" {fillers}?" * 3 if fillers else ""
    return Rules(
        categories=rows,
        titles={**talk.titles, **{row.code: row.title for row in rows}},
        kinds=kinds,
        urgency=urgency,
        negation=compile_pattern("|".join(talk.negation) + filler),
        spelling=lexicon.spelling,
        place=_cues(places),
        people=people,
        times=times,
        codes=codes,
        lexicon=lexicon,
        private=private,
        vocabulary=frozenset(compiler.vocabulary),
        ordinary=_word_list(folder / ORDINARY),
    )


def _lexicon(categories: CategoriesFile, talk: TalkFile, places: PlacesFile) -> Lexicon:
    sets = {name: tuple(words) for name, words in {**talk.sets, **categories.sets}.items()}
    return Lexicon(sets, {**places.spelling, **talk.spelling})


def _part(load: Callable[[], Any], problems: list[Problem]) -> Any:
    try:
        return load()
    except ContentError as error:
        problems += error.problems
        return None, None


def _word_list(path: Path) -> frozenset[str]:
    """One word a line, comments after #; no file, no words."""
    if not path.exists():
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError([Problem(path, 0, f"cannot be read: {error}")]) from None
    words = [line.partition("#")[0].strip() for line in lines]
    wrong = [
        Problem(path, number, f"'{word}' is not one word in small letters")
        for number, word in enumerate(words, 1)
        if word and not (word.isalpha() and word.islower())
    ]
    if wrong:
        raise ContentError(wrong)
    return frozenset(filter(None, words))


class _Compiler:
    def __init__(self, lexicon: Lexicon, problems: list[Problem]) -> None:
        self._lexicon, self._problems = lexicon, problems
        self.vocabulary: set[str] = set()

    def all(self, document: Document, where: tuple[str | int, ...], sources: Sequence[str]) -> tuple[Pattern, ...]:
        compiled: list[Pattern] = []
        for index, source in enumerate(sources):
            try:
                pattern = compile_pattern(source, self._lexicon)
            except PatternError as error:
                self._problems.append(document.problem((*where, index), str(error)))
            else:
                compiled.append(pattern)
                self.vocabulary |= pattern.literals
        return tuple(compiled)


def _category(compiler: _Compiler, document: Document, index: int, row: CategoryText) -> Category:
    def part(name: str, words: list[str]) -> tuple[Pattern, ...]:
        return compiler.all(document, ("categories", index, name), words)

    return Category(
        row.code,
        row.title,
        row.cap,
        row.urgency,
        row.private,
        part("words", row.words),
        part("unless", row.unless),
        part("despite", row.despite),
        part("hints", row.hints),
        {
            Urgency.DARURAT: part("darurat", row.darurat),
            Urgency.SEGERA: part("segera", row.segera),
            Urgency.INFO: part("info", row.info),
        },
    )


def _cues(places: PlacesFile) -> PlaceCues:
    def phrases(entries: list[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(sorted((tuple(entry.split()) for entry in entries), key=len, reverse=True))

    return PlaceCues(
        frozenset(places.cues),
        frozenset(places.cues_after),
        frozenset(places.hamlets),
        {cue: frozenset(kinds) for cue, kinds in places.kinds.items()},
        phrases(places.directions),
        phrases(places.homes),
        phrases(places.origins),
        phrases(places.scenes),
        frozenset(places.persons),
    )


def _unknown(document: Document, section: str, given: Mapping[str, object], known: frozenset[str]) -> list[Problem]:
    problems = [
        document.problem((section, name), f"unknown entry '{section}.{name}' (known: {', '.join(sorted(known))})")
        for name in given
        if name not in known
    ]
    return problems + [
        document.problem((section,), f"missing entry '{section}.{name}'") for name in sorted(known - set(given))
    ]
