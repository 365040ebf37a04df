"""The format of `flows/law.yaml`, version 1: criminal offences, traffic offences, and articles of other laws.

One row is one offence under one article. Old numbers stand beside the new, so that "pasal 362" still finds its way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from bot.dialogue.model import Name, Part, Phrase, Source, Text, Version
from bot.problem import Problem
from bot.yamlfile import Document

Number = Annotated[str, Field(pattern=r"^\d{1,3}[a-z]?( bis)?$")]
"""An article as people write it: "362", "27a", "303 bis"."""
FormerNumber = Annotated[str, Field(pattern=r"^\d{1,3}[a-z]?( bis)?(\(\d{1,2}\))?$")]
"""The same, or only one paragraph of it: "28(2)"."""
PARAGRAPH = re.compile(r"\((\d+)\)")
"""The number of a paragraph: "(1)"."""
CATEGORY = re.compile(r"\{([IVX]+)\}")
"""A fine category in a maximum: `{V}`."""


WordKind = Literal[
    "article", "old", "new", "law", "how_long", "paragraph", "part", "joint", "telephone", "age", "years", "about"
]


class Code(Part):
    """A law whose articles the table knows."""

    title: Phrase
    """As written behind an article number: "KUHP", "UU 22/2009 (Lalu Lintas)"."""
    words: list[Phrase] = Field(min_length=1)
    """How people name it."""
    bare: bool = False
    """A number without the name of a law may mean this one."""
    last_article: int | None = Field(default=None, ge=1)
    """Its last article: of higher numbers nobody is told that they stand in it."""
    closing: Text | None = None
    """Said below an answer from it, in place of the general closing."""
    source: Name


class Former(Part):
    """Where an offence stood before."""

    code: Name
    articles: list[FormerNumber] = Field(min_length=1)


class Level(Part):
    """A graver or lighter form of an offence."""

    case: Phrase
    maximum: Phrase


class Offence(Part):
    """One row."""

    key: Name
    name: Phrase
    code: Name = "kuhp"
    article: Number | None = None
    """None: the law names no single article that we know for sure."""
    paragraph: Phrase | None = None
    """Written behind the article: "ayat (1)". The row is found under those in brackets; else under all."""
    former: list[Former] = Field(default_factory=list)
    words: list[Phrase] = Field(default_factory=list)
    """How people call it; the name itself counts too."""
    exact: list[Phrase] = Field(default_factory=list)
    """The same, only in this very form: "begal dibunuh" is not "begal membunuh"."""
    told_by: list[str] = Field(default_factory=list)
    """Of rows that are called alike, the one is meant whose word here stands in the message, too: "malam"."""
    ages_below: int | None = Field(default=None, ge=1)
    """Told beside every offence that is named with a lower age."""
    see: list[Name] = Field(default_factory=list)
    """Rows that are named below this one: its light form."""
    maximum: Phrase | None = None
    """The gravest punishment: "penjara 5 tahun atau denda {V}". None: the remark says what there is to say."""
    levels: list[Level] = Field(default_factory=list)
    remark: Phrase | None = None
    general_closing: bool = False
    """The general closing, though its code has one of its own."""
    source: Name | None = None
    """Default: the code's."""
    mark: Literal["S", "W", "M", "X"] = "S"
    """How well the maximum is known: only S is stated flatly."""


class LawTexts(Part):
    """The sentences around the rows."""

    head: Text
    """{article} {code} {name}"""
    plain: Text
    """In place of `head` for a row without article. {code} {name}"""
    former: Phrase
    """{articles}"""
    maximum: Text
    """{maximum}"""
    doubted: Text
    """In place of `maximum` where the mark is not S. {maximum}"""
    paragraph: Phrase
    """An article of which one paragraph is meant. {article} {paragraph}"""
    see: Text
    """A row named below another. {article} {code} {name} {maximum}"""
    see_doubted: Text
    """In place of `see` where the mark is not S or there is no maximum. {article} {code} {name}"""
    level: Phrase
    """{case} {maximum}"""
    category: Phrase
    """{number} {amount}: in place of `{V}`."""
    other_reading: Text
    """{article} {code}: the number also exists in another law that the table does not hold under it."""
    unknown: Text
    """{articles}: no row has it."""
    closing: Text


class LawFile(Part):
    """law.yaml."""

    version: Version
    verified_on: date
    review_by: date
    sources: dict[Name, Source]
    categories: dict[Annotated[str, Field(pattern="^[IVX]+$")], Phrase]
    """Fine category → its amount."""
    words: dict[WordKind, list[str]]
    """Single words that tell what a number is: "pasal"; "lama"; "baru"; "uu"; words before "lama" that make it a
    question of duration ("berapa"); "ayat"; "huruf"; "dan"; numbers that are telephones'; "umur"; "tahun"; words that
    ask about an article and nothing else ("isi")."""
    minors: list[Phrase] = Field(default_factory=list)
    """How people call somebody under age without a number: "di bawah umur"."""
    codes: dict[Name, Code]
    old_code: Name
    """The code that "lama" means."""
    new_code: Name
    texts: LawTexts
    offences: list[Offence] = Field(min_length=1)


def check_law(file: LawFile, document: Document) -> Iterator[Problem]:
    """Names that point nowhere, rows written twice, maxima that no category explains."""
    keys: set[str] = set()
    for place, code in (("old_code", file.old_code), ("new_code", file.new_code)):
        if code not in file.codes:
            yield document.problem((place,), f"no code '{code}' under 'codes'")
    for name, code_ in file.codes.items():
        if code_.source not in file.sources:
            yield document.problem(("codes", name, "source"), f"source '{code_.source}' is not listed under 'sources'")
    if file.review_by <= file.verified_on:
        yield document.problem(("review_by",), "review_by must be later than verified_on")
    for index, offence in enumerate(file.offences):
        where = ("offences", index)
        if offence.key in keys:
            yield document.problem((*where, "key"), f"offence '{offence.key}' is written twice")
        keys.add(offence.key)
        for code in (offence.code, *(former.code for former in offence.former)):
            if code not in file.codes:
                yield document.problem(where, f"no code '{code}' under 'codes'")
        if offence.source is not None and offence.source not in file.sources:
            yield document.problem((*where, "source"), f"source '{offence.source}' is not listed under 'sources'")
        for other in offence.see:
            if all(other != row.key for row in file.offences):
                yield document.problem((*where, "see"), f"no offence '{other}'")
        if offence.maximum is None and offence.remark is None:
            yield document.problem(where, "needs a maximum, or a remark that says what there is to say")
        for text in (offence.maximum or "", *(level.maximum for level in offence.levels)):
            for category in CATEGORY.findall(text):
                if category not in file.categories:
                    yield document.problem(where, f"no fine category '{category}' under 'categories'")
