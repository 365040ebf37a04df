"""What the forecast says of the hours from one slot to the next. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins.moments import clock
from bot.bulletins.template import clean
from bot.feeds.forecast import Forecast, Step

STEP = dt.timedelta(hours=3)
"""What is forecast for a time holds until the next one (data.bmkg.go.id/prakiraan-cuaca)."""
MOST_SKIES = 4
"""Changes of the sky that are told; a night has five steps, and nobody reads more."""
SKY_CHARACTERS = 40


@dataclass(frozen=True)
class _Stretch:
    """Hours with the same words, or with rain."""

    since: dt.datetime
    until: dt.datetime
    words: str


def weather(
    name: str, forecast: Forecast, since: dt.datetime, until: dt.datetime, zone: ZoneInfo
) -> dict[str, Any] | None:
    """One place in a few words; `None` when the forecast does not reach these hours."""
    steps = [step for step in forecast.steps if since - STEP < step.at < until]
    if not steps:
        return None
    skies = _joined([(step, clean(step.description, SKY_CHARACTERS).lower()) for step in steps], since, until)
    wet = _joined([(step, "") for step in steps if step.rain], since, until)
    heat = [round(step.temperature) for step in steps if step.temperature is not None]
    wind = [round(step.wind) for step in steps if step.wind is not None]
    return {
        "names": [name],
        "skies": [
            {"since": clock(one.since, zone), "words": one.words, "now": one.since == since}
            for one in skies[:MOST_SKIES]
        ],
        "rain": [f"{clock(one.since, zone)}–{clock(one.until, zone)}" for one in wet],
        "low": min(heat, default=None),
        "high": max(heat, default=None),
        "wind": max(wind, default=None),
    }


def _joined(steps: Sequence[tuple[Step, str]], since: dt.datetime, until: dt.datetime) -> list[_Stretch]:
    """Neighbours with the same words are one stretch, within the hours that are told of."""
    found: list[_Stretch] = []
    for step, words in steps:
        start, end = max(step.at, since), min(step.at + STEP, until)
        if found and found[-1].words == words and found[-1].until >= start:
            found[-1] = _Stretch(found[-1].since, end, words)
        else:
            found.append(_Stretch(start, end, words))
    return found


def grouped(places: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Places with the same weather in one line."""
    found: list[dict[str, Any]] = []
    for place in places:
        same = next((one for one in found if {**one, "names": []} == {**place, "names": []}), None)
        if same is None:
            found.append(place)
        else:
            same["names"] = [*same["names"], *place["names"]]
    return found
