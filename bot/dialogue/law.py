"""The law table: which offences or articles a question names, and what is said about them.

A number may stand in the code in force and in the one it replaced; without "lama" or "baru" both readings are told.
Always in general: the table knows offences, never cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass

from bot.dialogue.lawfile import CATEGORY, LawFile, Offence
from bot.dialogue.lookup import Finding, Found, Mention, Span
from bot.dialogue.phrases import PhraseIndex
from bot.language.reading import Reading

_ARTICLE = re.compile(r"^\d{1,5}[a-z]?$")
_LETTER = re.compile(r"^[a-z]$")
_YEAR = re.compile(r"^(?:19|20)\d{2}$")
_MOST_NAMED = 3
_MOST_SHOWN = 4
_ANY = "any"
_ROW, _CODE = "law.row:", "law.code:"
"""Names of its lists in the index, before the key of a row or of a code."""


@dataclass(frozen=True)
class _Reference:
    """An article that was named: number, and the code if it was told."""

    number: str
    code: str

    def encoded(self) -> str:
        return f"{self.number.replace(' ', '_')}@{self.code}"

    @classmethod
    def decoded(cls, text: str) -> _Reference:
        number, _, code = text.partition("@")
        return cls(number.replace("_", " "), code)


class LawTable:
    """Built once from law.yaml. Pure and deterministic; a `bot.dialogue.lookup.Lookup`."""

    def __init__(self, file: LawFile, index: PhraseIndex) -> None:
        """Its words go into the index in which messages are looked up."""
        self._file = file
        self._rows = {offence.key: offence for offence in file.offences}
        for offence in file.offences:
            index.add(f"{_ROW}{offence.key}", [offence.name, *offence.words])
        for code, described in file.codes.items():
            index.add(f"{_CODE}{code}", described.words, exact=True)
        self._words = {kind: frozenset(words) for kind, words in file.words.items()}
        self._by_number: dict[tuple[str, str], list[Offence]] = {}
        for offence in file.offences:
            if offence.article:
                self._by_number.setdefault((offence.code, offence.article), []).append(offence)
            for former in offence.former:
                for article in former.articles:
                    self._by_number.setdefault((former.code, article), []).append(offence)

    def saying(self, file: LawFile) -> LawTable:
        """The same table in another language; it recognises what it did."""
        other = copy(self)
        other._file = file
        other._rows = {offence.key: offence for offence in file.offences}
        other._by_number = {
            number: [other._rows[offence.key] for offence in offences] for number, offences in self._by_number.items()
        }
        return other

    @staticmethod
    def vocabulary(file: LawFile) -> Iterator[str]:
        """All that people may say of the table's content."""
        for offence in file.offences:
            yield offence.name
            yield from offence.words
        for code in file.codes.values():
            yield from code.words
        for words in file.words.values():
            yield from words

    def mention(self, reading: Reading, found: Found) -> Mention | None:
        """The articles, or else the offences, that a message names."""
        codes = {name.removeprefix(_CODE): spans for name, spans in found.items() if name.startswith(_CODE)}
        references = list(self._references([word.text for word in reading.words], codes))
        if references:
            spans = tuple(span for _, span in references)
            values = dict.fromkeys(reference.encoded() for reference, _ in references)
            return Mention(" ".join(list(values)[:_MOST_NAMED]), spans)
        named = _longest(
            (span, name.removeprefix(_ROW)) for name, spans in found.items() if name.startswith(_ROW) for span in spans
        )
        if not named:
            return None
        told = [(span, key) for span, key in named if not codes or self._rows[key].code in codes] or named
        keys = dict.fromkeys(key for _, key in told)
        return Mention(" ".join(list(keys)[:_MOST_NAMED]), tuple(span for span, _ in told))

    def answer(self, value: str) -> Finding | None:
        """What there is to say of a mention; None when nothing of it is (or is still) in the table."""
        rows: list[Offence] = []
        notes: list[str] = []
        missing: list[_Reference] = []
        for part in value.split():
            if "@" not in part:
                rows.extend([self._rows[part]] if part in self._rows else [])
                continue
            reference = _Reference.decoded(part)
            fitting, others = self._fitting(reference)
            rows.extend(fitting)
            notes.extend(others)
            if not fitting:
                missing.append(reference)
        shown = list({row.key: row for row in rows}.values())[:_MOST_SHOWN]
        if not shown and not missing:
            return None
        texts = self._file.texts
        paragraphs = [self._told(row) for row in shown]
        if missing:
            articles = ", ".join(self._title(reference) for reference in missing)
            paragraphs.append(texts.unknown.format(articles=articles).strip())
        else:
            paragraphs.extend(dict.fromkeys(notes))
        closings = dict.fromkeys(self._closing(row) for row in shown)
        if len(closings) > 1:  # the general one covers the special ones
            closings = {texts.closing: None}
        paragraphs.extend(closing.strip() for closing in closings)
        names = dict.fromkeys(row.source or self._file.codes[row.code].source for row in shown)
        sources = tuple(self._file.sources[name] for name in names or [self._file.codes[self._file.new_code].source])
        return Finding("\n\n".join(paragraphs), sources, self._file.verified_on, self._file.review_by)

    # Which articles a message names

    def _references(self, words: list[str], codes: Mapping[str, list[Span]]) -> Iterator[tuple[_Reference, Span]]:
        """Numbers that stand for articles: after "pasal", or anywhere once a law is named."""
        named = {position for spans in codes.values() for start, end in spans for position in range(start, end)}
        anchored = any(word in self._words["article"] for word in words)
        if not anchored and not named:
            return
        after_article = False
        direct: list[tuple[str, Span]] = []
        loose: list[tuple[str, Span]] = []
        position = 0
        while position < len(words):
            word = words[position]
            number, end = _number(words, position)
            if number is None:
                if word in self._words["article"]:
                    after_article = True
                elif word in self._words["law"] or not _joins(word):
                    after_article = False
                position += 1
                continue
            if position not in named and not self._is_title(words, position):
                (direct if after_article else loose).append((number, (position, end)))
            position = end
        for number, span in direct or [found for found in loose if len(found[0].rstrip("abis ")) == 3]:
            yield _Reference(number, self._code_of(words, span, codes)), span

    def _is_title(self, words: list[str], position: int) -> bool:
        """The number belongs to a law's title ("UU 35 tahun 2009") or to a paragraph ("ayat 1")."""
        before = words[position - 1] if position else ""
        return before in self._words["law"] or before in {"ayat", "angka", "huruf", "tahun"}

    def _code_of(self, words: list[str], span: Span, codes: Mapping[str, list[Span]]) -> str:
        old, new = self._file.old_code, self._file.new_code
        for position in range(span[1], len(words)):
            if words[position] in self._words["article"]:
                break
            if words[position] in self._words["old"] and words[position - 1] not in self._words["how_long"]:
                return old
            if words[position] in self._words["new"] and position == span[1]:
                return new
        beside = [code for code in codes if code not in {old, new}]
        if beside:
            return min(beside, key=lambda code: min(abs(start - span[0]) for start, _ in codes[code]))
        before = words[: span[0]]
        if old in codes or any(word in self._words["old"] for word in before):
            return old
        return new if new in codes or any(word in self._words["new"] for word in words) else _ANY

    # What is said

    def _fitting(self, reference: _Reference) -> tuple[list[Offence], list[str]]:
        """The rows of a reference, and words on the readings that the table does not hold."""
        if reference.code != _ANY:
            return self._by_number.get((reference.code, reference.number), []), []
        rows: list[Offence] = []
        lacking: list[str] = []
        for code, described in self._file.codes.items():
            if not described.bare:
                continue
            found = self._by_number.get((code, reference.number), [])
            rows.extend(found)
            if not found and code in {self._file.old_code, self._file.new_code}:
                note = self._file.texts.other_reading.format(article=reference.number, code=described.title)
                lacking.append(note.strip())
        return rows, lacking

    def _told(self, row: Offence) -> str:
        texts, code = self._file.texts, self._file.codes[row.code].title
        article = " ".join(part for part in (row.article, row.paragraph) if part)
        head = (texts.head if row.article else texts.plain).format(article=article, code=code, name=row.name).strip()
        if row.former:
            articles = "; ".join(
                f"{', '.join(former.articles)} {self._file.codes[former.code].title}" for former in row.former
            )
            head = f"{head} {texts.former.format(articles=articles)}"
        maximum = self._expanded(row.maximum)
        lines = [head, (texts.maximum if row.mark == "S" else texts.doubted).format(maximum=maximum).strip()]
        told = "\n".join(lines)
        if row.levels:
            levels = [
                texts.level.format(case=level.case, maximum=self._expanded(level.maximum)) for level in row.levels
            ]
            told += "\n\n" + "\n".join(f"- {level}" for level in levels)
        return f"{told}\n\n{row.remark.strip()}" if row.remark else told

    def _closing(self, row: Offence) -> str:
        own = None if row.general_closing else self._file.codes[row.code].closing
        return own or self._file.texts.closing

    def _expanded(self, maximum: str) -> str:
        categories = self._file.categories
        return CATEGORY.sub(
            lambda found: self._file.texts.category.format(number=found.group(1), amount=categories[found.group(1)]),
            maximum,
        )

    def _title(self, reference: _Reference) -> str:
        code = self._file.codes.get(reference.code)
        return f"{reference.number} {code.title}" if code else reference.number


def _number(words: list[str], position: int) -> tuple[str | None, int]:
    """An article's number at a position ("303 bis", "27 a"), and where it ends."""
    word = words[position]
    if not _ARTICLE.match(word) or _YEAR.match(word):
        return None, position + 1
    following = words[position + 1] if position + 1 < len(words) else ""
    if following == "bis":
        return f"{word} bis", position + 2
    return word, position + 1


def _joins(word: str) -> bool:
    """Words that may stand between "pasal" and a further number."""
    return word in {"dan", "atau", "sama", "dengan", "jo", "juncto", "nomor", "no", "ke", "ayat"} or bool(
        _LETTER.match(word)
    )


def _longest(found: Iterable[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Spans that do not overlap, longer ones first; in the order of the message."""
    kept: list[tuple[Span, str]] = []
    for span, key in sorted(found, key=lambda item: (item[0][0] - item[0][1], item[0][0])):
        if all(span == other or span[1] <= other[0] or other[1] <= span[0] for other, _ in kept):
            kept.append((span, key))
    return sorted(kept, key=lambda item: item[0])
