"""How long something holds: "1 jam", "3 hari", "sampai 1/12/2026 pukul 10.00", "selamanya". Pure; now is an argument.

Only what stands at the very place is read, so that a time told in a reason is never taken for a term.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_COUNTS = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10, "setengah": 0.5,
}  # fmt: skip
_UNITS = {
    "detik": 1, "dtk": 1, "menit": 60, "mnt": 60, "jam": 3600, "hari": 86_400, "minggu": 7 * 86_400,
    "pekan": 7 * 86_400, "bulan": 30 * 86_400, "tahun": 365 * 86_400,
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_COUNT = "|".join(_COUNTS)
_PART = re.compile(rf"(?:(\d{{1,4}})\s*|({_COUNT})\s+|(se))({_UNIT})(?!\w)", re.IGNORECASE)
_BEFORE = re.compile(r"(?:selama|untuk)\s+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:dan\s+|,\s*)?", re.IGNORECASE)
_ENDLESS = re.compile(
    r"(?:(?:untuk\s+)?selamanya|permanen|seterusnya|(?:sampai|hingga)\s+di(?:cabut|buka))(?!\w)", re.I
)
_UNTIL = re.compile(
    r"(?:sampai|hingga|s/d)\s+(?:(?:tanggal|tgl)\s+)?(\d{1,2})[/.\-](\d{1,2})(?:[/.\-](\d{4}))?(?![\d/])"
    r"(?:\s*,?\s*(?:pukul|jam)\s+(\d{1,2})(?:[.:](\d{2}))?(?!\d))?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:sampai|hingga|s/d)\s+(?:pukul|jam)\s+(\d{1,2})(?:[.:](\d{2}))?(?!\d)", re.IGNORECASE)
_TAIL = re.compile(
    rf"(?:\s|^)(?:(?:selama\s+)?(?:\d{{1,4}}\s*|(?:{_COUNT})\s+|se)(?:{_UNIT})|selamanya|permanen)[\s.!]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """One of the three: so long, until then, or without end."""

    seconds: int | None = None
    until: int | None = None
    """Milliseconds since the epoch."""
    endless: bool = False

    def end(self, now: int) -> int | None:
        """When it is over, in milliseconds, if it begins now; `None` for never."""
        if self.endless:
            return None
        return self.until if self.until is not None else now + (self.seconds or 0) * 1000

    def length(self, now: int) -> int | None:
        """Its seconds from now on; `None` for no end."""
        end = self.end(now)
        return None if end is None else (end - now) // 1000


def read_term(text: str, start: int, now: datetime) -> tuple[Term | None, int] | None:
    """The term that stands at `start`, with where it ends; (`None`, end) for one that no calendar has or that is over.

    `None` when there is none. `now` is local time: a day ends at its midnight there. Never raises.
    """
    if endless := _ENDLESS.match(text, start):
        return Term(endless=True), endless.end()
    if day := _UNTIL.match(text, start):
        return _until(day, now), day.end()
    if clock := _CLOCK.match(text, start):
        return _at(now, clock[1], clock[2], tomorrow=True), clock.end()
    at = before.end() if (before := _BEFORE.match(text, start)) else start
    total, end = 0.0, 0
    while part := _PART.match(text, at):
        count = float(part[1]) if part[1] else _COUNTS[part[2].casefold()] if part[2] else 1
        total += count * _UNITS[part[4].casefold()]
        end = part.end()
        between = _AND.match(text, end)
        at = between.end() if between else end
    if not end:
        return None
    return (Term(seconds=round(total)) if total else None), end


def trails(text: str) -> bool:
    """Whether a text ends with a length of time: perhaps a term in the wrong place."""
    return _TAIL.search(text) is not None


def _until(found: re.Match[str], now: datetime) -> Term | None:
    day, month, year = int(found[1]), int(found[2]), int(found[3] or now.year)
    try:
        midnight = now.replace(year=year, month=month, day=day, hour=0, minute=0, second=0, microsecond=0)
        if not found[3] and midnight.date() < now.date():
            midnight = midnight.replace(year=year + 1)
        if found[4]:
            return _at(midnight, found[4], found[5], after=now)
        end = midnight + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return _term(end, now)


def _at(
    day: datetime, hour: str, minute: str | None, *, tomorrow: bool = False, after: datetime | None = None
) -> Term | None:
    after = after or day
    try:
        end = day.replace(hour=int(hour), minute=int(minute or 0), second=0, microsecond=0)
        if tomorrow and end <= after:
            end += timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return _term(end, after)


def _term(end: datetime, now: datetime) -> Term | None:
    return Term(until=int(end.timestamp() * 1000)) if now < end and end.year < 9999 else None


_SPELT = ((86_400, "hari"), (3600, "jam"), (60, "menit"), (1, "detik"))


def spell(seconds: int) -> str:
    """A length as people say it: "1 jam 30 menit"; "14 hari" rather than "2 minggu"."""
    parts: list[str] = []
    left = max(seconds, 0)
    for size, name in _SPELT:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 detik"
