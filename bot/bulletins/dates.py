"""Days as officers write them: "besok", "Jumat", "5/12", "5 Desember". Pure."""

from __future__ import annotations

import datetime as dt
import re

from bot.bulletins.fields import DAYS

AHEAD = dt.timedelta(days=300)
"""A day and month without a year mean the next such day; further ahead than this it was meant in the past."""

_NEAR = {
    "hari ini": 0, "nanti": 0, "malam ini": 0, "sore ini": 0, "pagi ini": 0, "besok": 1, "esok": 1, "bsk": 1, "lusa": 2,
}  # fmt: skip
_DAY_NAMES = {name: number for number, name in enumerate(DAYS)} | {"jum'at": 4, "ahad": 6}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "jan"), ("februari", "feb", "pebruari"), ("maret", "mar"), ("april", "apr"), ("mei",),
            ("juni", "jun"), ("juli", "jul"), ("agustus", "agu", "agt", "ags"), ("september", "sep", "sept"),
            ("oktober", "okt"), ("november", "nov", "nopember"), ("desember", "des"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_NAMED = rf"(?:hari\s+)?(?P<name>{'|'.join(_DAY_NAMES)})(?P<next>\s+depan)?"
_FIGURES = (
    r"(?:tgl\.?\s*|tanggal\s+)?(?P<day>\d{1,2})\s?[/.-]\s?(?P<month>\d{1,2})(?:\s?[/.-]\s?(?P<year>\d{4}|\d{2}))?"
)
_WRITTEN = rf"(?:tgl\.?\s*|tanggal\s+)?(?P<d>\d{{1,2}})\s+(?P<m>{'|'.join(_MONTHS)})(?:\s+(?P<y>\d{{4}}))?"
_ISO = r"(?P<iso>\d{4}-\d{2}-\d{2})"
DAY = rf"(?:{_ISO}|{_FIGURES}|{_WRITTEN}|{_NAMED}|(?P<near>{'|'.join(_NEAR)}))(?![\w/-])"
"""Pattern of a day; its groups are for `day_of`. To be compiled with IGNORECASE, once in a pattern."""

_ALONE = re.compile(DAY, re.IGNORECASE)


def read_day(text: str, today: dt.date) -> dt.date | None:
    """The day that a text names and nothing else; `None` for anything else, and for days that are past or far off."""
    found = _ALONE.fullmatch(" ".join(text.split()))
    return day_of(found, today) if found else None


def day_of(found: re.Match[str], today: dt.date) -> dt.date | None:
    """The day of a match of `DAY`; `None` for one that is not on the calendar, past, or more than a year ahead."""
    day = _day(found, today)
    return day if day is not None and today <= day <= today + dt.timedelta(days=366) else None


def _day(found: re.Match[str], today: dt.date) -> dt.date | None:
    if near := found["near"]:
        return today + dt.timedelta(days=_NEAR[" ".join(near.casefold().split())])
    if name := found["name"]:
        ahead = (_DAY_NAMES[name.casefold()] - today.weekday()) % 7
        # "Jumat" on a Friday is that day; "Jumat depan" is the one of next week.
        monday = today - dt.timedelta(days=today.weekday())
        later = monday + dt.timedelta(days=7 + _DAY_NAMES[name.casefold()])
        return later if found["next"] else today + dt.timedelta(days=ahead)
    try:
        if found["iso"]:
            return dt.date.fromisoformat(found["iso"])
        if found["d"]:
            return _dated(int(found["d"]), _MONTHS[found["m"].casefold()], found["y"], today)
        return _dated(int(found["day"]), int(found["month"]), found["year"], today)
    except ValueError:
        return None


def _dated(day: int, month: int, year: str | None, today: dt.date) -> dt.date | None:
    """Raises ValueError for what is not on the calendar."""
    if year:
        return dt.date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for number in (today.year, today.year + 1):
        try:
            found = dt.date(number, month, day)
        except ValueError:  # 29 February
            continue
        if found >= today:
            return found if found - today <= AHEAD else None
    return None
