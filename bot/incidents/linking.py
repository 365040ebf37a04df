"""Whether two reports speak of the same thing. Pure; the score and its reasons are kept with the link.

A wrong link hides a second incident behind the first, a missing one only costs an officer a look: so a link needs
the same kind of thing *and* a place in common, or the speaker's own word that it is known already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.incidents.analysis import Analysis
from bot.language.neighbourhood import neighbourhoods
from bot.language.stem import stem
from bot.language.tokens import tokens

THRESHOLD = 0.65
_HOUR = 3_600_000
_WINDOW = {
    "banjir": 24, "rob": 12, "longsor": 24, "orang_hilang": 72, "laut": 24, "kebakaran": 12, "lalin_gangguan": 24,
    "pohon_tumbang": 12, "bahan_berbahaya": 12, "gempa": 1, "angin": 6,
}  # fmt: skip
"""Hours after which a further report is of something new, by category; three for the rest."""
_DEFAULT_WINDOW = 3
_KIN = (
    {"laka_lantas", "tabrak_lari", "medis"},
    {"laka_lantas", "kemacetan", "lalin_gangguan"},
    {"tawuran", "konflik_kelompok", "penganiayaan"},
    {"banjir", "rob", "laut"},
    {"angin", "pohon_tumbang"},
    {"longsor", "banjir"},
    {"curas", "curat", "curanmor", "penganiayaan"},
    {"kebakaran", "bahan_berbahaya"},
    {"balap_liar", "konvoi", "tawuran"},
    {"miras", "penganiayaan"},
)
"""What two people may call one and the same thing."""
_EVERYWHERE = frozenset(("gempa",))
"""Felt in many places at once."""
_KNOWN_ALREADY = frozenset(("pembaruan", "duplikat"))
_NOWHERE = 0.3
"""How much two places fit when one of them was not named exactly."""


@dataclass(frozen=True)
class Known:
    """An open incident, as far as linking looks at it."""

    id: int
    category: str
    district: str | None
    places: tuple[str, ...]
    """Codes, or names where there is no code, of the places at the scene."""
    text: str
    at: int
    """When it was last reported, milliseconds."""
    private: bool = False


@dataclass(frozen=True)
class Candidate:
    """How well an open incident fits a new report."""

    id: int
    score: float
    reasons: dict[str, float]


def candidates(known: Iterable[Known], analysis: Analysis, at: int) -> list[Candidate]:
    """The incidents that a report may belong to, best first; those out of the question are left out."""
    scored = [candidate for one in known if (candidate := score(one, analysis, at)) is not None]
    return sorted(scored, key=lambda candidate: (-candidate.score, -candidate.id))


def score(known: Known, analysis: Analysis, at: int) -> Candidate | None:
    """0 to 1, or `None` when kind, place, time or privacy rule it out."""
    if known.private != analysis.private and analysis.category not in _KNOWN_ALREADY:
        return None
    if analysis.private and not known.private:
        return None  # under an open report it would be repeated with it
    kind = _kind(known.category, analysis)
    place = _place(known, analysis)
    window = _WINDOW.get(known.category, _DEFAULT_WINDOW) * _HOUR
    age = abs(at - known.at)
    if kind == 0 or place == 0 or age > window:
        return None
    time = 1 - age / window
    words = _overlap(known.text, analysis.text)
    said = 0.15 if analysis.category in _KNOWN_ALREADY else 0.0
    total = min(1.0, 0.35 * kind + 0.35 * place + 0.15 * time + 0.15 * words + said)
    if place < 1 and not said:
        total = min(total, THRESHOLD - 0.05)  # shown to officers as a possibility, not linked
    reasons = {"kind": kind, "place": place, "time": round(time, 3), "words": round(words, 3), "said": said}
    return Candidate(known.id, round(total, 4), reasons)


def beneath(known: Known, analysis: Analysis) -> Candidate | None:
    """How well a report fits the open incident in whose thread it stands, or whose reporter it answers.

    That alone links it, whoever wrote it and however late: who answers there speaks of it, and the place is known.
    `None` when they name another place, unless as news of it ("pelaku ketangkap di Limpung"), or tell of another kind
    of thing at a place of its own; and when their words are private and it is not, under which they would be repeated.
    """
    if analysis.private and not known.private:
        return None
    kind, place = _kind(known.category, analysis), _place(known, analysis)
    news = analysis.category in _KNOWN_ALREADY
    elsewhere = place < _NOWHERE or (kind == 0 and place < 1 and bool(scene_places(analysis)))
    if elsewhere and not news:
        return None
    sure = round(THRESHOLD + (1 - THRESHOLD) * (kind + place) / 2, 4)
    return Candidate(known.id, sure, {"thread": 1.0, "kind": kind, "place": place})


def scene_places(analysis: Analysis) -> tuple[str, ...]:
    """What `Known.places` holds for an analysis: the exact places at the scene, districts and roads left out."""
    return tuple(
        dict.fromkeys(
            place.code or place.name
            for place in analysis.places
            if place.role == "scene" and place.kind not in ("district", "regency") and place.district is not None
        )
    )


def from_json(places: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The same for places as they are stored."""
    return tuple(
        dict.fromkeys(
            place["code"] or place["name"]
            for place in places
            if place["role"] == "scene" and place["kind"] not in ("district", "regency") and place["district"]
        )
    )


def _kind(category: str, analysis: Analysis) -> float:
    said = analysis.about if analysis.category in _KNOWN_ALREADY else analysis.category
    if said is None:
        return 0.5
    if said == category:
        return 1.0
    return 0.6 if any({said, category} <= kin for kin in _KIN) else 0.0


def _place(known: Known, analysis: Analysis) -> float:
    if known.category in _EVERYWHERE:
        return 1.0
    if known.district and analysis.district and known.district != analysis.district:
        return 0.0
    here = set(scene_places(analysis))
    if here & set(known.places):
        return 1.0
    if here and known.places:
        return 0.15  # two different villages of one district
    return _NOWHERE


def _overlap(one: str, other: str) -> float:
    # Neighbourhoods count as words, however they are written: "RT 03/RW 02" is "rt tiga rw dua".
    first, second = (
        {stem(token) for token in tokens(text) if len(token) > 3}.union(neighbourhoods(text)) for text in (one, other)
    )
    return len(first & second) / len(first | second) if first | second else 0.0
