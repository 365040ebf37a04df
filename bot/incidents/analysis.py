"""From the words of a message to a proposal: is it a report, of what, how urgent, where. Pure, no model.

Every conclusion carries the words that made it (`Analysis.evidence`); an officer sees them on the card and decides.
What cannot be understood but sounds like somebody who needs something becomes `tidak_jelas`, which is a report:
nothing is dropped because the machine did not understand it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.incidents.gazetteer import Gazetteer
from bot.incidents.hearing import Change, Hearing, correct
from bot.incidents.particulars import Particulars, find_particulars
from bot.incidents.patterns import Match, Pattern
from bot.incidents.places import Mention, Role, Scene, find_places, scene
from bot.incidents.rules import REPORTS, Category, Rules, Urgency
from bot.incidents.spoken import join_numbers
from bot.incidents.words import QUESTION, STOP, Span, Words, scan

CRY = "jenis.seruan"
"""The rule of the words that make a cry for help of a typed line."""
_CORRECT_FROM = 8
"""Letters a word needs before one wrong letter is forgiven: shorter words turn into other words ("banjar")."""
PRIVATE = "pribadi"
"""Rule of the evidence that makes a message private by its words, before the name of the matter."""
_AT_HOME = ("Met", "Geo")
"""Kinds of incident (CAP) that come over people at home."""
_HINTS, _HINTS_AGAINST_TALK = 2, 3
"""Words that must speak for a category when no pattern fits; and when the message reads like small talk."""
MAX_TEXT = 20_000
"""Characters that are looked at; a longer text is a paste, not a report. Spans stay valid."""


@dataclass(frozen=True)
class Evidence:
    """Which rule was touched by which words."""

    rule: str
    words: str
    span: Span


@dataclass(frozen=True)
class FoundPlace:
    """One meaning of one name in the text."""

    name: str
    kind: str
    code: str | None
    district: str | None
    span: Span
    score: float
    """0 to 1; shared among the meanings of an ambiguous name."""
    role: str
    """scene | origin | direction | home"""
    heard: str
    """The name as it was said."""


@dataclass(frozen=True)
class Analysis:
    """What a message seems to say."""

    text: str
    category: str
    """A code of the table, or a kind of talk (`bot.incidents.rules.TALK`)."""
    urgency: Urgency
    report: bool
    """Whether it belongs in the incident log."""
    district: str | None
    places: tuple[FoundPlace, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    about: str | None = None
    """For updates, duplicates and rumours: the category of the incident that is talked about."""
    private: bool = False
    """Violence at home, children, sexual crime: never repeated in a channel."""
    changes: tuple[Change, ...] = ()
    """Names of places that were misheard: what was heard, what was meant. `text` stays as heard."""
    particulars: Particulars = field(default_factory=Particulars)
    """Victims, vehicles, plates, times, radio codes."""
    title: str = ""
    """What people call the category; kept beside it, so that an old entry reads as it did."""
    about_title: str = ""

    @property
    def cry(self) -> bool:
        """A typed line that calls for somebody, although nobody can say for what."""
        return self.category == "tidak_jelas" and any(one.rule == CRY for one in self.evidence)

    def to_json(self) -> dict[str, Any]:
        """The contract of `kentongan incidents analyse --json`, and what is stored."""
        return {
            "text": self.text,
            "category": self.category,
            "urgency": str(self.urgency),
            "places": [
                {
                    "name": place.name,
                    "kind": place.kind,
                    "code": place.code,
                    "district": place.district,
                    "span": list(place.span),
                    "score": round(place.score, 3),
                    "role": place.role,
                    "heard": place.heard,
                }
                for place in self.places
            ],
            "district": self.district,
            "report": self.report,
            "about": self.about,
            "private": self.private,
            "title": self.title,
            "about_title": self.about_title,
            "evidence": [{"rule": one.rule, "words": one.words, "span": list(one.span)} for one in self.evidence],
            "corrections": [change.to_json() for change in self.changes],
            **self.particulars.to_json(),
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Analysis:
        """Inverse of `to_json`."""
        return cls(
            text=row["text"],
            category=row["category"],
            urgency=Urgency(row["urgency"]),
            report=row["report"],
            district=row["district"],
            places=tuple(FoundPlace(**{**place, "span": tuple(place["span"])}) for place in row["places"]),
            evidence=tuple(Evidence(one["rule"], one["words"], tuple(one["span"])) for one in row["evidence"]),
            about=row.get("about"),
            private=row.get("private", False),
            changes=tuple(
                Change(one["heard"], one["name"], one["score"], tuple(one["span"]))
                for one in row.get("corrections", ())
            ),
            particulars=Particulars.from_json(row),
            title=row.get("title", row["category"]),
            about_title=row.get("about_title", ""),
        )


_QUOTING = ("evidence", "places", "corrections", "victims", "vehicles", "plates", "times", "codes")


def without_words(row: Mapping[str, Any], text: str = "") -> dict[str, Any]:
    """A stored analysis whose message is gone: all that quotes its words is emptied; kind and district stay."""
    return {**row, "text": text, **{name: [] for name in _QUOTING}}


class Analyser:
    """Analyses messages under one set of rules and names."""

    def __init__(self, gazetteer: Gazetteer, rules: Rules) -> None:
        self.gazetteer = gazetteer
        self.rules = rules
        self._vocabulary = sorted(word for word in rules.vocabulary if len(word) >= _CORRECT_FROM)
        self._corrected: dict[str, str] = {}

    def analyse(
        self,
        text: str,
        *,
        room_districts: Sequence[str] = (),
        when: datetime | None = None,
        spoken: bool = True,
    ) -> Analysis:
        """Understand one message. Never raises on any text.

        `room_districts` settle a name that means several places; `when` is the time of sending, from which
        words like "tadi malam" are resolved. A `spoken` note with words that fit nothing is `tidak_jelas`; a typed
        line is chat.
        """
        words = self._read(text)
        mentions = find_places(words, self.gazetteer, self.rules.place, self.rules.common)
        where = scene(mentions, room_districts)
        rules = self.rules
        particulars = find_particulars(words, when, rules.people, rules.times, rules.codes, rules.negation)
        return replace(_Reading(text, words, mentions, where, rules, spoken).result(), particulars=particulars)

    def hear(self, text: str) -> Hearing:
        """The transcript with names of places put right, and what was changed. Never raises on any text."""
        words = self._read(text)
        return correct(text, find_places(words, self.gazetteer, self.rules.place, self.rules.common))

    def _read(self, text: str) -> Words:
        words = self._correct(scan(text[:MAX_TEXT], self.rules.spelling))
        return join_numbers(words, self.rules.codes.numbers)

    def _correct(self, words: Words) -> Words:
        """Misspelt long words become the rule word they are one letter from ("kecelakan" → "kecelakaan")."""
        spelling = {
            word.plain: self._nearest(word.plain)
            for word in words.words
            if len(word.plain) >= _CORRECT_FROM and word.plain not in self.rules.vocabulary
        }
        changed = {bad: good for bad, good in spelling.items() if bad != good}
        return scan(words.text, {**self.rules.spelling, **changed}) if changed else words

    def _nearest(self, word: str) -> str:
        if word not in self._corrected:
            if len(self._corrected) > 50_000:
                self._corrected.clear()
            best = None
            if word.isalpha() and not self.gazetteer.meanings(word):
                best = process.extractOne(word, self._vocabulary, scorer=OSA.distance, score_cutoff=1)
            self._corrected[word] = best[0] if best is not None and best[0][0] == word[0] else word
        return self._corrected[word]


class _Reading:
    """One message under the rules: looks each thing up once, decides in the order of the definitions."""

    def __init__(
        self, text: str, words: Words, mentions: Sequence[Mention], where: Scene, rules: Rules, spoken: bool
    ) -> None:
        self._text, self._words, self._mentions, self._where = text, words, mentions, where
        self._rules, self._spoken = rules, spoken
        self._evidence: list[Evidence] = []
        # A word inside a name is no evidence: "Hutan Kota", "Bandar".
        self._named = {index for mention in mentions for index in range(mention.first, mention.last + 1)}

    def result(self) -> Analysis:
        category, about = self._category()
        favour = self._is("permintaan") and not self._is_urgency("bahaya")
        if category == "tidak_jelas" and not self._spoken and not favour:
            self._said("seruan")
        urgency = self._urgency(category, about)
        row = self._rules.category(about or category)
        if self._where.district is None and row is not None and row.cap in _AT_HOME:
            # "Warga Krengseng minta perahu": water and wind are where the people are.
            self._where = scene(
                [replace(one, role=Role.SCENE) if one.role is Role.HOME else one for one in self._mentions]
            )
        if self._where.because is not None:
            mention = self._where.because
            self._evidence.append(Evidence(f"place.{self._where.rule}", mention.heard, mention.span))
        private = self._private() or (row is not None and row.private)
        return Analysis(
            text=self._text,
            category=category,
            urgency=urgency,
            report=self._rules.category(category) is not None or category in REPORTS,
            district=self._where.district,
            places=tuple(_places(self._mentions)),
            evidence=tuple(dict.fromkeys(self._evidence)),
            about=about,
            private=private,
            changes=correct(self._text, self._mentions).changes,
            title=self._rules.title(category),
            about_title=self._rules.title(about) if about else "",
        )

    # ── category ────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _fitting(self) -> list[tuple[Category, Match]]:
        found: list[tuple[Category, Match]] = []
        for category in self._rules.categories:
            if match := self._first(category.words):
                if self._first(category.unless) is not None and self._first(category.despite) is None:
                    continue
                found.append((category, match))
        return found

    def _category(self) -> tuple[str, str | None]:
        """(category, what it is about when it is talk about an incident)."""
        gravest = self._fitting[0] if self._fitting else None
        about = gravest[0].code if gravest else None
        if self._said("latihan"):
            return "tes", None
        if self._said("duplikat"):
            return "duplikat", about
        if self._is("cerita") and not self._is("tanda_lapor"):
            self._said("cerita")
            return "bukan_laporan", None
        if self._asks_for_service():
            self._said("tanya_layanan")
            return "pertanyaan", None
        danger = self._urgent_now()
        if not danger and self._said("keluhan"):
            return "keluhan", None
        if self._said("pembaruan") and not self._is("laporan_baru"):
            return "pembaruan", about
        if self._is("tanya_benar") and (about or self._is("kabar")):
            self._said("tanya_benar")
            return "rumor", about
        if self._said("kabar"):
            return "rumor", about
        asks = QUESTION in (word.plain for word in self._words.words) or self._is("kalimat_tanya")
        if gravest is None and self._is("tes") and not self._is("tanda_lapor") and not self._is("tidak_jelas"):
            self._said("tes")
            return "tes", None
        if gravest is None or (not danger and self._is("tanya_keadaan")):
            if self._is("situasi_aman") and not asks and (gravest is None or self._settled()):
                self._said("situasi_aman")
                return "situasi_aman", None
            if self._said("tanya_keadaan") or self._said("pertanyaan"):
                return "pertanyaan", None
        if gravest is not None:
            self._note(f"kategori.{gravest[0].code}", gravest[1])
            return gravest[0].code, None
        return self._without_category(), None

    def _asks_for_service(self) -> bool:
        """Law, papers, fees: a question even where it names a crime, unless one goes on now or somewhere."""
        here = any(mention.role is Role.SCENE for mention in self._mentions)
        called = here or self._is_urgency("berlangsung") or self._is("tidak_jelas") or self._is("keluhan")
        return self._is("tanya_layanan") and not called

    def _without_category(self) -> str:
        hinted = self._hinted()
        if hinted is not None and not (self._settled() or self._is("bukan_laporan")):
            return self._by_hints(*hinted)
        if self._said("tidak_jelas"):
            return "tidak_jelas"
        if self._settled():
            self._said_urgency("selesai")
            return "pembaruan"
        for kind in ("tes", "bukan_laporan"):
            if self._is(kind) and not self._is("tanda_lapor"):
                if hinted is not None and len(hinted[1]) >= _HINTS_AGAINST_TALK:
                    return self._by_hints(*hinted)
                self._said(kind)
                return kind
        if denied := self._only_denied():
            self._note("jenis.disangkal", denied)
            return "situasi_aman"
        if self._said("tanda_lapor") or self._said_urgency("bahaya"):
            return "tidak_jelas"
        if not any(word.plain not in (STOP, QUESTION) for word in self._words.words):
            return "tidak_jelas" if self._spoken else "bukan_laporan"
        return "tidak_jelas" if self._spoken or self._mentions else "bukan_laporan"

    def _hinted(self) -> tuple[Category, tuple[Match, ...]] | None:
        """The category that most single words speak for, the gravest of equals; at least two words."""
        best: tuple[Category, tuple[Match, ...]] | None = None
        for category in self._rules.categories:
            # The same word said twice is one hint.
            found: dict[str, Match] = {}
            for pattern in category.hints:
                if (match := self._first((pattern,))) is not None:
                    found.setdefault(self._words.words[match.first].plain, match)
            enough = len(found) >= (_HINTS if best is None else len(best[1]) + 1)
            if enough and self._first(category.unless) is None:
                best = category, tuple(found.values())
        return best

    def _by_hints(self, category: Category, matches: tuple[Match, ...]) -> str:
        for match in matches:
            self._note(f"petunjuk.{category.code}", match)
        return category.code

    def _only_denied(self) -> Match | None:
        """ "Tidak ada kebakaran": an incident is named only to say that there is none."""
        patterns = (pattern for category in self._rules.categories for pattern in category.words)
        return next((match for pattern in patterns for match in pattern.find(self._words) if self._denied(match)), None)

    def _private(self) -> bool:
        """Sexual crime, a crime against a child: whatever the category is, and even where it is talk. What is denied
        ("bukan pelecehan") is as little for a channel as what is told, so denial does not count here."""
        for matter in self._rules.private:
            match = next((match for pattern in matter.words for match in pattern.find(self._words)), None)
            if match is not None and self._first(matter.unless) is None:
                self._note(f"{PRIVATE}.{matter.name}", match)
                return True
        return False

    # ── urgency ─────────────────────────────────────────────────────────────────────────────────────────

    def _urgency(self, category: str, about: str | None) -> Urgency:
        row = self._rules.category(about or category)
        if category in ("tes", "situasi_aman", "pertanyaan", "keluhan", "bukan_laporan"):
            return Urgency.INFO
        settled = self._settled()
        if category == "rumor":
            return Urgency.SEGERA if self._said_urgency("genting_rumor") else Urgency.INFO
        if category == "tidak_jelas":
            return Urgency.SEGERA
        if row is None:  # an update of we know not what
            if self._said_urgency("bahaya") and not settled:
                return Urgency.DARURAT
            return Urgency.INFO if settled else Urgency.SEGERA
        harmless = self._said_urgency("nihil_korban")
        if settled:
            self._said_urgency("selesai")
            return Urgency.INFO
        past, later = self._is_urgency("lewat"), self._is_urgency("nanti")
        running = self._is_urgency("berlangsung")
        if match := self._first(row.raised[Urgency.DARURAT]):
            self._note(f"darurat.{row.code}", match)
            return Urgency.SEGERA if later and not running else Urgency.DARURAT
        if row.cap in ("Health", "Rescue") and self._said_urgency("sudah_mati"):
            return Urgency.SEGERA  # whoever is found dead can be helped by nobody in minutes
        if self._is_urgency("bahaya") and not later and row.code not in ("penipuan", "kemacetan", "konvoi"):
            self._said_urgency("bahaya")
            return Urgency.DARURAT
        for urgency in (Urgency.INFO, Urgency.SEGERA):
            if match := self._first(row.raised[urgency]):
                self._note(f"{urgency}.{row.code}", match)
                return urgency
        if later and self._said_urgency("nanti"):
            return Urgency.SEGERA if row.urgency is Urgency.DARURAT else Urgency.INFO
        if row.urgency is Urgency.DARURAT and (harmless or (past and not running)):
            self._said_urgency("lewat")
            return Urgency.SEGERA
        if row.urgency is Urgency.SEGERA and row.cap in ("Transport", "Met") and self._said_urgency("imbauan"):
            return Urgency.INFO
        if category == "pembaruan" and row.urgency is Urgency.INFO:
            return Urgency.INFO
        return row.urgency

    @cached_property
    def _over(self) -> bool:
        return self._is_urgency("selesai") and not self._is_urgency("belum_selesai")

    def _settled(self) -> bool:
        return self._over

    def _urgent_now(self) -> bool:
        """Something that cannot wait for a question or a complaint to be sorted out."""
        if self._over or not self._fitting:
            return False
        row = self._fitting[0][0]
        raised = self._first(row.raised[Urgency.DARURAT]) is not None or self._is_urgency("bahaya")
        return (raised or row.urgency is Urgency.DARURAT) and not self._is_urgency("lewat")

    # ── looking words up ────────────────────────────────────────────────────────────────────────────────

    def _first(self, patterns: Iterable[Pattern]) -> Match | None:
        for pattern in patterns:
            for match in pattern.find(self._words):
                covered = all(index in self._named for index in range(match.first, match.last + 1))
                if not covered and not self._denied(match):
                    return match
        return None

    def _denied(self, match: Match) -> bool:
        """Whether a negation stands right before ("tidak ada kebakaran")."""
        start = max(0, match.first - 4)
        before = "".join(word.plain + " " for word in self._words.words[start : match.first])
        return any(found.end() == len(before) for found in self._rules.negation.regex.finditer(before))

    def _is(self, kind: str) -> bool:
        return self._first(self._rules.kinds[kind]) is not None

    def _said(self, kind: str) -> bool:
        if match := self._first(self._rules.kinds[kind]):
            self._note(f"jenis.{kind}", match)
        return match is not None

    def _is_urgency(self, name: str) -> bool:
        return self._first(self._rules.urgency[name]) is not None

    def _said_urgency(self, name: str) -> bool:
        if match := self._first(self._rules.urgency[name]):
            self._note(f"mendesak.{name}", match)
        return match is not None

    def _note(self, rule: str, match: Match) -> None:
        span = self._words.span(match.first, match.last)
        self._evidence.append(Evidence(rule, self._words.quote(span), span))


def _places(mentions: Sequence[Mention]) -> Iterable[FoundPlace]:
    for mention in mentions:
        for place in mention.meanings:
            yield FoundPlace(
                name=place.name,
                kind=place.kind,
                code=place.code,
                district=place.districts[0] if len(place.districts) == 1 else None,
                span=mention.span,
                score=mention.score / len(mention.meanings),
                role=str(mention.role),
                heard=mention.heard,
            )
