"""Reading the words of incident analysis: three files in one folder (`flows/incidents/`), compiled.

An officer who edits them changes what the analysis sees; every mistake is told as `file:line: message`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.incidents.patterns import Lexicon, Pattern, PatternError, compile_pattern
from bot.incidents.rulefiles import CategoriesFile, CategoryText, PlacesFile, TalkFile
from bot.incidents.rules import TALK, Category, PlaceCues, PrivateMatter, Rules, Urgency
from bot.incidents.wordlists import load_codes, load_particulars
from bot.language.wordlist import read_words
from bot.problem import ContentError, Problem
from bot.yamlfile import Document, read, validate

ORDINARY = "ordinary_words.txt"
KINDS = frozenset(
    (
        "latihan", "tes", "duplikat", "keluhan", "pembaruan", "kabar", "tanya_benar", "pertanyaan", "tanya_keadaan",
        "situasi_aman", "bukan_laporan", "tidak_jelas", "tanda_lapor", "laporan_baru", "cerita", "kalimat_tanya",
        "tanya_layanan", "seruan", "permintaan", "meluruskan", "peringatan",
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
        "mungkin_hidup",
        "niat",
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
    idioms = {word: compiler.all(talk_doc, ("idioms", word), phrases) for word, phrases in talk.idioms.items()}
    if problems:
        raise ContentError(problems)
    fillers = "|".join(talk.negation_fillers)
    filler = f" {fillers}?" * 3 if fillers else ""
    return Rules(
        categories=rows,
        titles={**talk.titles, **{row.code: row.title for row in rows}},
        kinds=kinds,
        urgency=urgency,
        idioms=idioms,
        negation=compile_pattern("|".join(talk.negation) + filler),
        spelling=lexicon.spelling,
        place=_cues(places),
        people=people,
        times=times,
        codes=codes,
        lexicon=lexicon,
        private=private,
        vocabulary=frozenset(compiler.vocabulary),
        ordinary=read_words(folder / ORDINARY),
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
        part("first", row.first),
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
        frozenset(places.fillers),
        frozenset(places.landmarks),
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
