"""BMKG's quakes: the newest, those of magnitude 5 and more, those that were felt. Pure.

Source: data.bmkg.go.id/gempabumi. All values are strings there. Where a quake was felt stands in `Dirasakan` as
intensities of the MMI scale with names: "III Batang, II-III Pekalongan".
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.feeds.fault import FeedFault

_FELT = re.compile(r"\s*(?P<mmi>[IVX]{1,4}(?:\s*[-–]\s*[IVX]{1,4})?)\s*(?:MMI\b)?\s+(?:di\s+)?(?P<place>\S.*?)\s*")
_KIND = re.compile(r"^(kab(upaten)?|kota|kec(amatan)?)\b\.?\s*", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,4}(?:[.,]\d{1,3})?")
MOST = 50


@dataclass(frozen=True)
class Quake:
    """One quake."""

    at: dt.datetime
    """Aware, UTC."""
    magnitude: float
    depth: float | None
    """km."""
    region: str
    """BMKG's words on where: "Pusat gempa berada di laut 35 km timur laut Batang"."""
    felt: tuple[tuple[str, str], ...] = ()
    """(MMI as written, place)."""
    potential: str = ""
    """BMKG's words on a tsunami, when it says any."""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def key(self) -> str:
        """What makes it one quake over the lists: BMKG gives no number, the second in which it was is as good."""
        return f"{self.at:%Y%m%dT%H%M%SZ}"

    def felt_in(self, names: Collection[str]) -> str | None:
        """The intensity with which one of these places felt it; a longer name ("Batang Hari") is another place."""
        wanted = {name.casefold() for name in names}
        return next((mmi for mmi, place in self.felt if _KIND.sub("", place).casefold() in wanted), None)


def parse_quakes(raw: bytes) -> tuple[Quake, ...]:
    """Every quake of an answer, newest first. Raises FeedFault; entries that make no sense are left out."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise FeedFault("bukan JSON") from None
    found = _table(_table(document).get("Infogempa")).get("gempa")
    entries = found if isinstance(found, list) else [found]
    quakes = [quake for entry in entries[:MOST] if (quake := _quake(_table(entry))) is not None]
    if not quakes:
        raise FeedFault("tidak ada gempa dengan waktu dan kekuatan di Infogempa.gempa")
    return tuple(sorted(quakes, key=lambda quake: quake.at, reverse=True))


def _quake(entry: dict[str, Any]) -> Quake | None:
    at, magnitude = _time(entry.get("DateTime")), _number(entry.get("Magnitude"))
    if at is None or magnitude is None or not 0 < magnitude < 11:
        return None
    latitude, longitude = _coordinates(entry.get("Coordinates"))
    return Quake(
        at, magnitude, _number(entry.get("Kedalaman")), _text(entry.get("Wilayah")), _felt(entry.get("Dirasakan")),
        _text(entry.get("Potensi")), latitude, longitude,
    )  # fmt: skip


def _felt(value: Any) -> tuple[tuple[str, str], ...]:
    places = []
    for part in re.split(r"[,;]|\bdan\b", _text(value)):
        found = _FELT.fullmatch(part)
        if found:
            places.append((re.sub(r"\s+", "", found["mmi"]), found["place"]))
        elif part.strip() and places:  # "III Batang dan Pekalongan": the intensity holds on
            places.append((places[-1][0], part.strip()))
    return tuple(places)


def _time(value: Any) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(dt.UTC) if at is not None and at.tzinfo is not None else None


def _coordinates(value: Any) -> tuple[float | None, float | None]:
    parts = [_number(part) for part in value.split(",")] if isinstance(value, str) else []
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return None, None
    return (parts[0], parts[1]) if abs(parts[0]) <= 90 and abs(parts[1]) <= 180 else (None, None)


def _number(value: Any) -> float | None:
    found = _NUMBER.search(value) if isinstance(value, str) else None
    number = float(found[0].replace(",", ".")) if found else None
    return number if number is not None and math.isfinite(number) else None


def _text(value: Any) -> str:
    return " ".join(value.split())[:400] if isinstance(value, str) else ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
