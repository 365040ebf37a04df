"""Quakes that were felt here since the last slot. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from bot.bulletins.moments import LOCALE, told
from bot.bulletins.template import clean
from bot.feeds.quakes import Quake

LATE = dt.timedelta(minutes=20)
"""Where a quake was felt is known only some time after it: one of just before the last slot was not in that slot's
bulletin. Told twice is better than never."""
MOST = 3
CHARACTERS = 160


def felt(
    quakes: Iterable[Quake], places: Collection[str], since: dt.datetime, at: dt.datetime, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """Those felt in one of these places after `since`, the newest first.

    What the source says of a tsunami is left out: no machine says it to a room by itself (`bot.bulletins.quakenews`).
    """
    found = []
    for quake in quakes:
        intensity = quake.felt_in(places) if since - LATE < quake.at <= at else None
        if intensity is not None:
            found.append(
                {
                    "time": told(quake.at, at, zone),
                    "magnitude": format_decimal(quake.magnitude, "0.0", locale=LOCALE),
                    "depth": None if quake.depth is None else round(quake.depth),
                    "where": clean(quake.region, CHARACTERS),
                    "intensity": intensity,
                }
            )
    return found[:MOST]
