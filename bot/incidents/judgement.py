"""One message under the rules: of what category it is, how urgent, whether private, and by which words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from bot.incidents.analysis import PRIVATE, Analysis, Evidence, FoundPlace
from bot.incidents.hearing import correct
from bot.incidents.mentions import Mention, Role
from bot.incidents.patterns import Match, Pattern
from bot.incidents.rules import REPORTS, Category, Rules, Urgency
from bot.incidents.scene import Scene, scene
from bot.incidents.words import QUESTION, STOP, Words

_AT_HOME = ("Met", "Geo")
"""Kinds of incident (CAP) that come over people at home."""
_HINTS, _HINTS_AGAINST_TALK = 2, 3
"""Words that must speak for a category when no pattern fits; and when the message reads like small talk."""


class Judgement:
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
        """The whole proposal, but for the particulars."""
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
        told: list[tuple[Category, Match]] = []
        for category in self._rules.categories:
            if match := self._first(category.first):
                told.append((category, match))
            elif match := self._first(category.words):
                if self._first(category.unless) is not None and self._first(category.despite) is None:
                    continue
                found.append((category, match))
        return told + found

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
        if gravest is not None and (denied := self._put_right(gravest[0])):
            self._note("jenis.disangkal", denied)
            self._said("meluruskan")
            return "situasi_aman", None
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
            category, match = denied
            if self._said("peringatan"):
                self._note(f"kategori.{category.code}", match)
                return category.code
            self._note("jenis.disangkal", match)
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

    def _only_denied(self) -> tuple[Category, Match] | None:
        """ "Tidak ada kebakaran", "rawan begal": an incident is named only to say that there is none, or may be one."""
        patterns = ((category, pattern) for category in self._rules.categories for pattern in category.words)
        found = ((category, match) for category, pattern in patterns for match in pattern.find(self._words))
        return next(((category, match) for category, match in found if self._denied(match)), None)

    def _put_right(self, category: Category) -> Match | None:
        """ "Tidak ada banjir, cuma got mampet": what is left of an incident that is denied, unless minutes count."""
        after = self._first(self._rules.kinds["meluruskan"])
        raised = self._first(category.raised[Urgency.DARURAT]) or self._first(self._rules.urgency["bahaya"])
        lowered = category.urgency is not Urgency.DARURAT or self._first(category.raised[Urgency.SEGERA])
        if after is None or raised or not lowered:
            return None
        found = (match for pattern in category.words for match in pattern.find(self._words) if self._denied(match))
        return next((match for match in found if match.last < after.first), None)

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
        building_up = self._first((*row.raised[Urgency.DARURAT], *row.raised[Urgency.SEGERA]))
        if not self._fitting and self._is("peringatan") and building_up is None:
            return Urgency.INFO
        harmless = self._said_urgency("nihil_korban")
        if settled:
            self._said_urgency("selesai")
            return Urgency.INFO
        past, later = self._is_urgency("lewat"), self._is_urgency("nanti")
        meant = later or self._is_urgency("niat")
        running = self._is_urgency("berlangsung")
        if category == "pembaruan" and self._died() and self._said_urgency("sudah_mati"):
            return Urgency.SEGERA
        spared = harmless and row.cap == "Transport" and not self._is_urgency("bahaya")
        if not spared and (match := self._first(row.raised[Urgency.DARURAT])):
            self._note(f"darurat.{row.code}", match)
            return Urgency.SEGERA if later and not running else Urgency.DARURAT
        if row.cap in ("Health", "Rescue") and self._died() and self._said_urgency("sudah_mati"):
            return Urgency.SEGERA  # whoever is found dead can be helped by nobody in minutes
        if self._is_urgency("bahaya") and not meant and row.code not in ("penipuan", "kemacetan", "konvoi"):
            self._said_urgency("bahaya")
            return Urgency.DARURAT
        for urgency in (Urgency.INFO, Urgency.SEGERA):
            # "Awas jambret lagi beraksi": a warning of what goes on is more than a warning
            going_on = urgency is Urgency.INFO and row.urgency is Urgency.DARURAT and running
            if not going_on and (match := self._first(row.raised[urgency])):
                self._note(f"{urgency}.{row.code}", match)
                return urgency
        if meant and (self._said_urgency("nanti") or self._said_urgency("niat")):
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

    def _died(self) -> bool:
        """Whoever there is has died, and nobody else is in danger."""
        return self._is_urgency("sudah_mati") and not self._is_urgency("mungkin_hidup")

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
