"""Times as a bulletin says them: "pukul 20.00 kemarin". Pure."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from babel.dates import format_date

LOCALE = "id"
CLOCK = "pukul "
"""Before a time of day; where it is clear that it is one, it may go."""


def clock(moment: dt.datetime, zone: ZoneInfo) -> str:
    """ "16.40", local."""
    return f"{moment.astimezone(zone):%H.%M}"


def told(moment: dt.datetime, at: dt.datetime, zone: ZoneInfo) -> str:
    """A time as somebody says it at `at`: with its day, unless that is today."""
    local, here = moment.astimezone(zone), at.astimezone(zone)
    said = f"{CLOCK}{local:%H.%M}"
    days = (local.date() - here.date()).days
    near = {0: "", -1: " kemarin", 1: " besok"}
    return said + (near[days] if days in near else f", {day(local.date())}")


def dated(moment: dt.datetime, at: dt.datetime, zone: ZoneInfo) -> str:
    """A time as it is written at `at` for whoever reads it later, maybe on another day."""
    local, here = moment.astimezone(zone), at.astimezone(zone)
    said = f"{CLOCK}{local:%H.%M}"
    return said if local.date() == here.date() else f"{said}, {day(local.date())}"


def day(date: dt.date) -> str:
    """ "Rabu, 2 Desember"."""
    return format_date(date, "EEEE, d MMMM", locale=LOCALE)


def full_day(date: dt.date) -> str:
    """ "Rabu, 2 Desember 2026"."""
    return format_date(date, "EEEE, d MMMM y", locale=LOCALE)
