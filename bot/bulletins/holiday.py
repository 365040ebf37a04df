"""Public holidays with their Indonesian names. Pure: the package computes them, nothing is asked.

What the package calls an estimate (a date that the sighting of the moon or the government's decision has still to
settle) is not said.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays

COUNTRY, LANGUAGE = "ID", "id"


def holiday(date: dt.date) -> str:
    """The name of a date's holiday; empty when it is none, or not certain."""
    names = _year(date.year).get(date, "").split("; ")
    return ", ".join(name for name in names if name and _estimate() not in name)


@lru_cache(maxsize=4)
def _year(year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays(COUNTRY, years=year, language=LANGUAGE).items())


@lru_cache(maxsize=1)
def _estimate() -> str:
    """The package's own mark of an estimate, "(perkiraan)", without the name that stands before it."""
    own = holidays.country_holidays(COUNTRY, language=LANGUAGE)
    return str(own.tr(own.estimated_label)).replace("%s", "").strip()
