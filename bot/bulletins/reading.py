"""Which of the sources' last answers may be told at a moment, and why the others may not. Pure.

An answer counts from when its source last confirmed it. What is too old, was never had or cannot be read is a
`Lack`, with its reason in words for the preview; nothing is made up in its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from bot.bulletins import asked, words
from bot.bulletins.facts import Facts, Reading
from bot.bulletins.origins import CapSource, ForecastPlace, ForecastSource, NowcastSource, QuakeSource
from bot.feeds.cap import Alert, parse_alert
from bot.feeds.fault import FeedFault
from bot.feeds.forecast import Forecast, parse_forecast
from bot.feeds.quakes import Quake, parse_quakes

T = TypeVar("T")


@dataclass(frozen=True)
class Had(Generic[T]):
    """What a source says."""

    value: T
    age: dt.timedelta


@dataclass(frozen=True)
class Lack:
    """Why a source says nothing."""

    reason: str


def forecast(facts: Facts, source: ForecastSource, place: ForecastPlace) -> Had[Forecast] | Lack:
    """The forecast for a place."""
    had = _read(facts, asked.forecast(place.adm4), source.max_age_minutes, _forecast)
    if isinstance(had, Lack) or had.value.analysed is None:
        return had
    made = (facts.seen or facts.now) - had.value.analysed
    if made > dt.timedelta(hours=source.max_analysis_hours):
        return Lack(words.old_analysis(made))
    return had


def quakes(facts: Facts, source: QuakeSource) -> Had[tuple[Quake, ...]] | Lack:
    """Quakes that were felt, newest first."""
    return _read(facts, asked.QUAKES, source.max_age_minutes, _quakes)


def nowcast(facts: Facts, source: NowcastSource) -> tuple[Had[tuple[Alert, ...]] | Lack, tuple[str, ...]]:
    """(warnings that BMKG lists, why some of them are not among them)."""
    return _listed(facts, asked.NOWCAST, source.max_age_minutes)


def alerts(facts: Facts, source: CapSource) -> tuple[Had[tuple[Alert, ...]] | Lack, tuple[str, ...]]:
    """(alerts that an agency offers, why some of them are not among them)."""
    name = asked.cap(source.name)
    single = _read(facts, name, source.max_age_minutes, _single)
    if isinstance(single, Had) and single.value is not None:
        return Had((single.value,), single.age), ()
    return _listed(facts, name, source.max_age_minutes)


def _listed(facts: Facts, name: str, minutes: int) -> tuple[Had[tuple[Alert, ...]] | Lack, tuple[str, ...]]:
    """Alerts of a list: those that it still names, which are those that are stored."""
    had = _read(facts, name, minutes, _anything)
    if isinstance(had, Lack):
        return had, ()
    found: list[Alert] = []
    lacking: list[str] = []
    beginning = asked.entries_of(name)
    for key, reading in (facts.readings or {}).items():
        if not key.startswith(beginning):
            continue
        try:
            if reading.raw is None:
                raise FeedFault(reading.error or words.NEVER)
            found.append(_alert(reading.raw))
        except FeedFault as fault:
            lacking.append(str(fault))
    return Had(tuple(found), had.age), tuple(lacking)


def _read(facts: Facts, name: str, minutes: int, parse: Callable[[bytes], T]) -> Had[T] | Lack:
    if facts.readings is None:
        return Lack(words.NO_DATABASE)
    reading: Reading = facts.readings.get(name, Reading(None))
    if reading.raw is None or reading.confirmed is None:
        return Lack(words.NEVER + (f"; {reading.error}" if reading.error else ""))
    age = max((facts.seen or facts.now) - reading.confirmed, dt.timedelta())
    if age > dt.timedelta(minutes=minutes):
        return Lack(words.stale(age, reading.error))
    try:
        return Had(parse(reading.raw), age)
    except FeedFault as fault:  # it was read before it was stored; another version of us may read otherwise
        return Lack(words.faulty(str(fault)))


# A slot is composed for each of two hundred rooms from the same few answers.
_forecast = lru_cache(maxsize=64)(parse_forecast)
_quakes = lru_cache(maxsize=4)(parse_quakes)
_alert = lru_cache(maxsize=128)(parse_alert)


@lru_cache(maxsize=16)
def _single(raw: bytes) -> Alert | None:
    try:
        return parse_alert(raw)
    except FeedFault:
        return None


def _anything(raw: bytes) -> bytes:
    return raw
