"""The parts of a bulletin that rest on sources outside the house, and which of these could not be told. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins import alerts, reading, words
from bot.bulletins.facts import Facts
from bot.bulletins.moments import clock, told
from bot.bulletins.origins import Sources
from bot.bulletins.reading import Had, Lack
from bot.bulletins.tremors import felt
from bot.bulletins.weather import grouped, weather
from bot.feeds.cap import Alert
from bot.feeds.forecast import ATTRIBUTION
from bot.feeds.nowcast import Region

MOST_WARNINGS = 4


@dataclass(frozen=True)
class Used:
    """A source that the bulletin rests on."""

    name: str
    age: dt.timedelta | None = None
    """How old it was; `None` for what does not age (dated notes) or has its date in the text."""
    credit: str = ""
    """Who is to be named wherever its data is repeated, also where an officer has put it in other words."""


@dataclass
class Outside:
    """What the sources say for one bulletin, as values for its template."""

    weather: dict[str, Any] | None = None
    quakes: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lack(self, name: str, reason: str) -> None:
        """Name what is left out."""
        self.missing.append(f"{name}: {reason}")


def outside(
    sources: Sources, facts: Facts, room: str, since: dt.datetime, at: dt.datetime, until: dt.datetime, zone: ZoneInfo,
    two_officers: Collection[str] = (),
) -> Outside:  # fmt: skip
    """Everything for a slot at `at`, with what happened after `since` and what is expected before `until`.

    `two_officers`: words of alerts that are theirs to say.
    """
    found = Outside()
    _weather(found, sources, facts, room, at, until, zone)
    _quakes(found, sources, facts, since, at, zone)
    # A late bulletin must not warn of what is over by now; a preview speaks as if it were its slot's time.
    _warnings(found, sources, facts, max(at, facts.now), zone, two_officers)
    return found


def _weather(
    found: Outside, sources: Sources, facts: Facts, room: str, at: dt.datetime, until: dt.datetime, zone: ZoneInfo
) -> None:
    if sources.forecast is None:
        return
    places, analysed = [], []
    for place in sources.forecast.places_of(room):
        name = words.of_place(words.FORECAST, place.name)
        had = reading.forecast(facts, sources.forecast, place)
        if isinstance(had, Lack):
            found.lack(name, had.reason)
            continue
        said = weather(place.name, had.value, at, until, zone)
        if said is None:
            found.lack(name, words.NO_STEPS)
            continue
        places.append(said)
        found.used.append(Used(name, had.age, ATTRIBUTION))
        if had.value.analysed:
            analysed.append(had.value.analysed)
    if places:
        found.weather = {
            "since": clock(at, zone),
            "until": clock(until, zone),
            "places": grouped(places),
            "who": ATTRIBUTION,
            "analysed": told(min(analysed), at, zone) if analysed else "",
        }


def _quakes(
    found: Outside, sources: Sources, facts: Facts, since: dt.datetime, at: dt.datetime, zone: ZoneInfo
) -> None:
    if sources.quakes is None:
        return
    had = reading.quakes(facts, sources.quakes)
    if isinstance(had, Lack):
        found.lack(words.QUAKES, had.reason)
        return
    ours = felt(had.value, sources.quakes.places, since, at, zone)
    found.used.append(Used(words.QUAKES, had.age, ATTRIBUTION if ours else ""))
    if ours:
        found.quakes = {"entries": ours, "who": ATTRIBUTION}


def _warnings(
    found: Outside, sources: Sources, facts: Facts, at: dt.datetime, zone: ZoneInfo, two_officers: Collection[str]
) -> None:
    standing: list[alerts.InForce] = []

    def grave(one: alerts.InForce) -> bool:
        waits = alerts.speaks_of(one.alert, two_officers)
        if waits:
            found.lack(one.who, words.TWO_OFFICERS)
        return waits

    def take(
        name: str, who: str, region: Region | None, said: tuple[Had[tuple[Alert, ...]] | Lack, tuple[str, ...]]
    ) -> None:
        had, unread = said
        if isinstance(had, Lack):
            found.lack(name, had.reason)
            return
        ours = [one for one in alerts.in_force(had.value, region, who, at) if not grave(one)]
        found.used.append(Used(name, had.age, who if ours else ""))
        for reason in dict.fromkeys(unread):
            found.lack(name, reason)
        standing.extend(ours)

    if sources.nowcast and facts.region:
        take(words.WARNINGS, ATTRIBUTION, facts.region, reading.nowcast(facts, sources.nowcast))
    elif sources.nowcast:
        found.lack(words.WARNINGS, words.NO_REGION)
    for source in sources.cap:
        if source.ours or facts.region:
            take(source.who, source.who, None if source.ours else facts.region, reading.alerts(facts, source))
        else:
            found.lack(source.who, words.NO_REGION)
    if len(standing) > MOST_WARNINGS:
        found.lack(words.WARNINGS, words.too_many(len(standing) - MOST_WARNINGS, len(standing)))
    found.warnings = [alerts.told_of(one, at, zone) for one in standing[:MOST_WARNINGS]]
