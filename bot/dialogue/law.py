"""The law table: which offences or articles a question names, and what is said about them.

A number may stand in the code in force and in the one it replaced; without "lama" or "baru" both readings are told.
Always in general: the table knows offences, never cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from copy import copy
from dataclasses import dataclass, replace

from bot.dialogue.citation import ANY, Citation, Citations
from bot.dialogue.lawfile import CATEGORY, PARAGRAPH, LawFile, Offence
from bot.dialogue.lookup import Finding, Found, Mention, Span
from bot.dialogue.phrases import PhraseIndex
from bot.language.reading import Reading

_AGE = re.compile(r"^(\d{1,2})(\D*)$")
_MOST_NAMED = 3
_MOST_SHOWN = 5
_OWN = "law."
_ROW, _CODE, _MINOR = f"{_OWN}row:", f"{_OWN}code:", f"{_OWN}minor"
"""Names of its lists in the index, those of rows and codes before their key."""


@dataclass(frozen=True)
class _Entry:
    """A row under a number."""

    row: Offence
    paragraphs: frozenset[str]
    """That it is about; empty: the whole article."""


class LawTable:
    """Built once from law.yaml. Pure and deterministic; a `bot.dialogue.lookup.Lookup`."""

    def __init__(self, file: LawFile, index: PhraseIndex, hollow: Set[str] = frozenset()) -> None:
        """Its words go into the index in which messages are looked up. `hollow`: words of grammar."""
        self._file = file
        self._hollow = hollow
        self._rows = {offence.key: offence for offence in file.offences}
        for offence in file.offences:
            index.add(f"{_ROW}{offence.key}", [offence.name, *offence.words])
            index.add(f"{_ROW}{offence.key}", offence.exact, exact=True)
        for code, described in file.codes.items():
            index.add(f"{_CODE}{code}", described.words, exact=True)
        index.add(_MINOR, file.minors)
        self._citations = Citations(file)
        self._of_age = frozenset(file.words.get("age", ()))
        self._years = frozenset(file.words.get("years", ()))
        self._by_number = _numbered(file)

    def saying(self, file: LawFile) -> LawTable:
        """The same table in another language; it recognises what it did."""
        other = copy(self)
        other._file = file
        other._rows = {offence.key: offence for offence in file.offences}
        other._by_number = _numbered(file)
        return other

    @staticmethod
    def vocabulary(file: LawFile) -> Iterator[str]:
        """All that people may say of the table's content."""
        for offence in file.offences:
            yield offence.name
            yield from offence.words
            yield from offence.exact
        for code in file.codes.values():
            yield from code.words
        for words in file.words.values():
            yield from words
        yield from file.minors

    def mention(self, reading: Reading, found: Found) -> Mention | None:
        """The articles, or else the offences, that a message names."""
        own = {name: spans for name, spans in found.items() if name.startswith(_OWN)}
        if not own and not any(word.text[0].isdigit() for word in reading.words):
            return None
        codes = {name.removeprefix(_CODE): spans for name, spans in own.items() if name.startswith(_CODE)}
        words = [word.text for word in reading.words]
        cited = self._citations.read(words, codes)
        if cited:
            rest = set(range(len(words))) - _within([span for _, span in cited]) - self._citations.belonging(words)
            rest -= _within([span for spans in codes.values() for span in spans])
            whole = not rest
            by_itself = not codes and not self._citations.anchored(words)
            if by_itself and not (whole and any(self._fitting(replace(one, code=ANY))[0] for one, _ in cited)):
                cited = []
        if cited:
            values = dict.fromkeys(citation.encoded() for citation, _ in cited)
            return Mention(" ".join(list(values)[:_MOST_NAMED]), tuple(span for _, span in cited), whole)
        named = self._told_apart(
            _longest(
                (span, name.removeprefix(_ROW))
                for name, spans in own.items()
                if name.startswith(_ROW)
                for span in spans
            ),
            {*words, *reading.amid},
        )
        if not named:
            return None
        told = [(span, key) for span, key in named if not codes or self._rows[key].code in codes] or named
        keys = list(dict.fromkeys(key for _, key in told))[:_MOST_NAMED]
        keys.extend(key for key in self._of_the_young(words, found) if key not in keys)
        return Mention(" ".join(keys), tuple(span for span, _ in told))

    def answer(self, value: str) -> Finding | None:
        """What there is to say of a mention; None when nothing of it is (or is still) in the table."""
        rows: list[Offence] = []
        notes: list[str] = []
        missing: list[Citation] = []
        for part in value.split():
            citation = Citation.decoded(part)
            if citation is None:
                rows.extend([self._rows[part]] if part in self._rows else [])
                continue
            fitting, others = self._fitting(citation)
            rows.extend(fitting)
            notes.extend(others)
            if not fitting:
                missing.append(citation)
        shown = list({row.key: row for row in rows}.values())[:_MOST_SHOWN]
        if not shown and not missing:
            return None
        texts = self._file.texts
        paragraphs = [self._told(row) for row in shown]
        paragraphs.extend(self._beside(shown))
        if missing:
            articles = ", ".join(self._title(citation) for citation in missing)
            paragraphs.append(texts.unknown.format(articles=articles).strip())
        else:
            paragraphs.extend(dict.fromkeys(notes))
        closings = {self._closing(row) for row in shown}
        # The general one covers the special ones, and says whose word counts where nothing was found.
        paragraphs.append((closings.pop() if len(closings) == 1 else texts.closing).strip())
        names = dict.fromkeys(row.source or self._file.codes[row.code].source for row in shown)
        sources = tuple(self._file.sources[name] for name in names or [self._file.codes[self._file.new_code].source])
        return Finding("\n\n".join(paragraphs), sources, self._file.verified_on, self._file.review_by)

    def kinds(self, value: str) -> tuple[str, ...]:
        """The first word of each row's name: "pencurian" of "pencurian dengan pemberatan"."""
        rows: list[Offence] = []
        for part in value.split():
            citation = Citation.decoded(part)
            rows.extend(self._fitting(citation)[0] if citation else [self._rows[part]] if part in self._rows else [])
        return tuple(dict.fromkeys(row.name.split()[0] for row in rows))

    # What a message names

    def _told_apart(self, named: list[tuple[Span, str]], said: Set[str]) -> list[tuple[Span, str]]:
        """Of rows with the same name in the message those that another of its words tells."""
        told = {(span, key) for span, key in named if not said.isdisjoint(self._rows[key].told_by)}
        spans = {span for span, _ in told}
        return [one for one in named if one[0] not in spans or one in told]

    def _of_the_young(self, words: Sequence[str], found: Found) -> list[str]:
        """The rows on people as young as the one in the message."""
        age = 0 if _MINOR in found else self._age(words)
        if age is None:
            return []
        return [row.key for row in self._file.offences if row.ages_below is not None and age < row.ages_below]

    def _age(self, words: Sequence[str]) -> int | None:
        """ "anak 13 tahun", "umurnya masih 13"; not "anak dipenjara 5 tahun"."""
        ahead = ""
        for word in words:
            age = _AGE.match(word)
            if age is not None and (not age[2] or age[2] in self._years) and ahead in self._of_age:
                return int(age[1])
            if word in self._of_age or word not in self._hollow:
                ahead = word
        return None

    # What is said

    def _fitting(self, citation: Citation) -> tuple[list[Offence], list[str]]:
        """The rows of a citation, and words on the readings that the table does not hold."""
        if citation.code != ANY:
            return self._under(citation.code, citation), []
        rows: list[Offence] = []
        lacking: list[str] = []
        for code, described in self._file.codes.items():
            if not described.bare:
                continue
            found = self._under(code, citation)
            rows.extend(found)
            may_be = citation.number.isdigit() and int(citation.number) <= (described.last_article or 0)
            if not found and may_be:
                note = self._file.texts.other_reading.format(article=citation.number, code=described.title)
                lacking.append(note.strip())
        return rows, lacking

    def _under(self, code: str, citation: Citation) -> list[Offence]:
        """The rows on the very paragraph, else those on the whole article."""
        entries = self._by_number.get((code, citation.number), [])
        if not citation.paragraph:
            return [entry.row for entry in entries]
        own = [entry.row for entry in entries if citation.paragraph in entry.paragraphs]
        return own or [entry.row for entry in entries if not entry.paragraphs]

    def _told(self, row: Offence) -> str:
        texts, code = self._file.texts, self._file.codes[row.code].title
        article = " ".join(part for part in (row.article, row.paragraph) if part)
        head = (texts.head if row.article else texts.plain).format(article=article, code=code, name=row.name).strip()
        if row.former:
            articles = "; ".join(
                f"{', '.join(self._former(article) for article in former.articles)} "
                f"{self._file.codes[former.code].title}"
                for former in row.former
            )
            head = f"{head} {texts.former.format(articles=articles)}"
        told = head
        if row.maximum is not None:
            maximum = self._expanded(row.maximum)
            told += "\n" + (texts.maximum if row.mark == "S" else texts.doubted).format(maximum=maximum).strip()
        if row.levels:
            levels = [
                texts.level.format(case=level.case, maximum=self._expanded(level.maximum)) for level in row.levels
            ]
            told += "\n\n" + "\n".join(f"- {level}" for level in levels)
        return f"{told}\n\n{row.remark.strip()}" if row.remark else told

    def _beside(self, shown: Sequence[Offence]) -> Iterator[str]:
        """The rows to look at as well."""
        texts, told = self._file.texts, {row.key for row in shown}
        for key in dict.fromkeys(key for row in shown for key in row.see if key not in told):
            row = self._rows[key]
            certain = row.mark == "S" and row.maximum is not None
            yield (
                (texts.see if certain else texts.see_doubted)
                .format(
                    article=row.article,
                    code=self._file.codes[row.code].title,
                    name=row.name,
                    maximum=self._expanded(row.maximum or ""),
                )
                .strip()
            )

    def _closing(self, row: Offence) -> str:
        own = None if row.general_closing else self._file.codes[row.code].closing
        return own or self._file.texts.closing

    def _expanded(self, maximum: str) -> str:
        categories = self._file.categories
        return CATEGORY.sub(
            lambda found: self._file.texts.category.format(number=found.group(1), amount=categories[found.group(1)]),
            maximum,
        )

    def _title(self, citation: Citation) -> str:
        code = self._file.codes.get(citation.code)
        return f"{self._cited(citation)} {code.title}" if code else self._cited(citation)

    def _former(self, article: str) -> str:
        paragraph = PARAGRAPH.search(article)
        return self._cited(Citation(article.partition("(")[0], ANY, paragraph[1] if paragraph else ""))

    def _cited(self, citation: Citation) -> str:
        if not citation.paragraph:
            return citation.number
        return self._file.texts.paragraph.format(article=citation.number, paragraph=citation.paragraph)


def _numbered(file: LawFile) -> dict[tuple[str, str], list[_Entry]]:
    """(code, article) → the rows that stand or stood there."""
    rows: dict[tuple[str, str], list[_Entry]] = {}
    for offence in file.offences:
        if offence.article:
            about = frozenset(PARAGRAPH.findall(offence.paragraph or ""))
            rows.setdefault((offence.code, offence.article), []).append(_Entry(offence, about))
        for former in offence.former:
            for article in former.articles:
                number, about = article.partition("(")[0], frozenset(PARAGRAPH.findall(article))
                rows.setdefault((former.code, number), []).append(_Entry(offence, about))
    return rows


def _within(spans: Iterable[Span]) -> set[int]:
    return {position for start, end in spans for position in range(start, end)}


def _longest(found: Iterable[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Spans that do not overlap, longer ones first; in the order of the message."""
    kept: list[tuple[Span, str]] = []
    for span, key in sorted(found, key=lambda item: (item[0][0] - item[0][1], item[0][0])):
        if all(span == other or span[1] <= other[0] or other[1] <= span[0] for other, _ in kept):
            kept.append((span, key))
    return sorted(kept, key=lambda item: item[0])
