"""The day that somebody names: "besok", "sabtu depan", "12 maret", "3 hari lagi", "12/3". Pure; today is an argument.

A day without its year is the next one to come, as people mean it who plan something.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.language.numbers import digits
from bot.language.tokens import tokens

_NEAR = {
    "hari ini": 0, "sekarang": 0, "saiki": 0, "nanti malam": 0, "nanti sore": 0, "besok lusa": 2, "besok": 1,
    "besuk": 1, "esok": 1, "sesuk": 1, "sesok": 1, "bsk": 1, "mbenjing": 1, "benjing": 1, "lusa": 2, "emben": 2,
}  # fmt: skip
_WEEKDAYS = {
    "senin": 0, "senen": 0, "selasa": 1, "slasa": 1, "rabu": 2, "rebo": 2, "kamis": 3, "kemis": 3, "jumat": 4,
    "jum'at": 4, "jemuwah": 4, "sabtu": 5, "setu": 5, "minggu": 6, "ahad": 6,
}  # fmt: skip
_MONTHS = {
    "januari": 1, "jan": 1, "februari": 2, "pebruari": 2, "feb": 2, "maret": 3, "mar": 3, "april": 4, "apr": 4,
    "mei": 5, "juni": 6, "jun": 6, "juli": 7, "jul": 7, "agustus": 8, "agu": 8, "agt": 8, "september": 9, "sept": 9,
    "sep": 9, "oktober": 10, "okt": 10, "november": 11, "nopember": 11, "nov": 11, "nop": 11, "desember": 12, "des": 12,
}  # fmt: skip
_SPANS = {"hari": 1, "dina": 1, "dinten": 1, "minggu": 7, "pekan": 7}
_NAMED = re.compile(rf"(?<!\d)(\d{{1,2}})\s+({'|'.join(_MONTHS)})(?:\s+(\d{{4}}))?(?!\w)")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?(?![\d/.-])")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_AHEAD = re.compile(rf"(?<!\w)(\d{{1,3}})\s+({'|'.join(_SPANS)})\s+(?:lagi|maneh|malih|ke\s?depan)(?!\w)")
_OF_THE_MONTH = re.compile(r"(?<!\w)(?:tanggal|tgl)\s*(\d{1,2})(?!\w)")
_WEEKS = re.compile(r"(?<!\w)(?:\d+|se|rong|pirang|berapa)\s+minggu(?!\w)")
"""So many weeks, which is no Sunday."""
_NEXT = re.compile(r"(?<!\w)(?:depan|ngarep|sesuke)(?!\w)")
_MONTHS_AHEAD = 12
_CENTURY = 2000


def named_day(text: str, today: date) -> date | None:
    """The day that a text names; None when it names none, or one that no calendar has ("31 februari")."""
    written = text.casefold()
    spoken = " ".join(digits(tokens(text)))
    for pattern, order in ((_ISO, (2, 1, 0)), (_NUMERIC, (0, 1, 2))):
        found = pattern.search(written)
        if found is not None:
            parts = found.groups()
            day, month, year = (parts[index] for index in order)
            return _day(int(day), int(month), int(year) if year else None, today)
    named = _NAMED.search(spoken)
    if named is not None:
        return _day(int(named[1]), _MONTHS[named[2]], int(named[3]) if named[3] else None, today)
    ahead = _AHEAD.search(spoken)
    if ahead is not None:
        return today + timedelta(days=int(ahead[1]) * _SPANS[ahead[2]])
    of_the_month = _OF_THE_MONTH.search(spoken)
    if of_the_month is not None:
        return _next_such(int(of_the_month[1]), today)
    return _near(spoken, today)


def _near(spoken: str, today: date) -> date | None:
    """ "besok", "sabtu", "minggu depan"."""
    padded = f" {spoken} "
    for words, days in _NEAR.items():
        if f" {words} " in padded:
            return today + timedelta(days=days)
    following = _NEXT.search(spoken) is not None
    for name, weekday in _WEEKDAYS.items():
        if f" {name} " in padded and not (name == "minggu" and _WEEKS.search(spoken)):
            if name == "minggu" and following and "hari minggu" not in spoken:
                return today + timedelta(days=7)  # next week
            days = (weekday - today.weekday()) % 7 or 7
            return today + timedelta(days=days)
    return None


def _day(day: int, month: int, year: int | None, today: date) -> date | None:
    try:
        if year is not None:
            return date(year if year >= _CENTURY else year + _CENTURY, month, day)
        this = date(today.year, month, day)
        return this if this >= today else date(today.year + 1, month, day)
    except ValueError:
        return None


def _next_such(day: int, today: date) -> date | None:
    """The next day of that number; the months in between may be too short for it."""
    for ahead in range(_MONTHS_AHEAD):
        year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        try:
            found = date(year, month + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None
