"""BMKG's forecast for a village or kelurahan, three days ahead in steps of three hours. Pure.

Source: data.bmkg.go.id/prakiraan-cuaca ("adm4" is the Kepmendagri code of a village). BMKG must be named where its
data are shown.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.feeds.fault import FeedFault

ATTRIBUTION = "BMKG"
MOST_STEPS = 200
"""Three days of three hours are 24; more than this is not a forecast."""


@dataclass(frozen=True)
class Step:
    """What is expected at one time."""

    at: dt.datetime
    """Aware, UTC."""
    description: str
    """BMKG's own words, Indonesian; public tables of its weather codes disagree, so that codes are not read."""
    temperature: float | None = None
    """°C."""
    humidity: float | None = None
    """%."""
    wind: float | None = None
    """km/h."""
    rain: float | None = None
    """mm."""


@dataclass(frozen=True)
class Forecast:
    """A place's forecast."""

    place: str
    """Kecamatan as BMKG writes it, or its kelurahan when there is none."""
    adm4: str
    analysed: dt.datetime | None
    """When BMKG made it, aware UTC; `None` when it does not say."""
    steps: tuple[Step, ...]
    """Oldest first."""

    def between(self, since: dt.datetime, until: dt.datetime) -> tuple[Step, ...]:
        """Steps with since ≤ time < until."""
        return tuple(step for step in self.steps if since <= step.at < until)


def parse_forecast(raw: bytes) -> Forecast:
    """The forecast in an answer. Raises FeedFault when it is none; steps that make no sense are left out."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise FeedFault("bukan JSON") from None
    place = _table(_table(document).get("lokasi"))
    data = _table(document).get("data")
    if not isinstance(data, list) or not data:
        raise FeedFault("tanpa 'data'")
    steps: dict[dt.datetime, Step] = {}
    analysed: list[dt.datetime] = []
    for part in data:
        place = place or _table(_table(part).get("lokasi"))
        for entry in _entries(_table(part).get("cuaca")):
            step = _step(entry)
            if step is not None and len(steps) < MOST_STEPS:
                steps.setdefault(step.at, step)
            made = _utc(entry.get("analysis_date"))
            if made is not None:
                analysed.append(made)
    if not steps:
        raise FeedFault("tidak ada jam dengan keterangan cuaca")
    name = _text(place.get("kecamatan")) or _text(place.get("desa")) or _text(place.get("kotkab"))
    return Forecast(
        name, _text(place.get("adm4")), max(analysed, default=None), tuple(steps[at] for at in sorted(steps))
    )


def _entries(weather: Any) -> Iterator[dict[str, Any]]:
    """Days of steps, as documented; a flat list is taken as one day."""
    for day in weather if isinstance(weather, list) else ():
        for entry in day if isinstance(day, list) else (day,):
            if isinstance(entry, dict):
                yield entry


def _step(entry: dict[str, Any]) -> Step | None:
    at = _utc(entry.get("utc_datetime")) or _utc(entry.get("datetime"))
    description = _text(entry.get("weather_desc"))
    if at is None or not description:
        return None
    return Step(
        at,
        description,
        temperature=_number(entry.get("t"), -20, 60),
        humidity=_number(entry.get("hu"), 0, 100),
        wind=_number(entry.get("ws"), 0, 400),
        rain=_number(entry.get("tp"), 0, 2000),
    )


def _utc(value: Any) -> dt.datetime | None:
    """BMKG writes UTC with or without a Z, and with a space or a T between."""
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value.strip().replace(" ", "T"))
    except ValueError:
        return None
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def _number(value: Any, least: float, most: float) -> float | None:
    """A number within what nature does."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and least <= value <= most else None


def _text(value: Any) -> str:
    return " ".join(value.split())[:120] if isinstance(value, str) else ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
