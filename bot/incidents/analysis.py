"""What a message seems to say: a proposal with the words that made it. An officer sees them on the card and decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.incidents.hearing import Change
from bot.incidents.particulars import Particulars
from bot.incidents.rules import Urgency
from bot.incidents.words import Span

CRY = "jenis.seruan"
"""The rule of the words that make a cry for help of a typed line."""
PRIVATE = "pribadi"
"""Rule of the evidence that makes a message private by its words, before the name of the matter."""


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
