"""What an officer asks of the log in one line: "banjir subah 7 hari", "kategori:curanmor status:baru bulan ini".

Pure: the line and the time in, words and filters out. Whatever is no filter is a word to look for; what stands in
quotation marks is never a filter. A filter that names what is not there is told, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.incidents.lifecycle import TITLES, Status
from bot.language.tokens import tokens

MAX_LINE = 2_000
"""Characters of a line that are read."""
_LONGEST = timedelta(days=36_500)
_COMMAND = re.compile(r"\s*!cari(?!\w)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]*)[\"“”„«»]")
_FILTER = re.compile(r"(?<!\S)([a-z]+):(\S*)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\S)#(\d{1,15})(?!\S)")
_DAY = re.compile(r"(?<![\w/.\-])(\d{1,2})[./\-](\d{1,2})[./\-](\d{4})(?![\w/.\-])")
_ISO_DAY = re.compile(r"(?<![\w/.\-])(\d{4})-(\d{2})-(\d{2})(?![\w/.\-])")
_COUNTS = {
    "se": 1, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10,
}  # fmt: skip
_UNITS = {
    "menit": timedelta(minutes=1),
    "jam": timedelta(hours=1),
    "hari": timedelta(days=1),
    "minggu": timedelta(days=7),
    "pekan": timedelta(days=7),
    "bulan": timedelta(days=30),
    "tahun": timedelta(days=365),
}
_PERIOD = re.compile(
    rf"(?<!\w)(?:(\d{{1,4}}|{'|'.join(word for word in _COUNTS if word != 'se')})\s+|(se))"
    rf"({'|'.join(_UNITS)})(?:\s+(?:terakhir|lalu|yang\s+lalu))?(?!\w)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<!\w)(hari|minggu|bulan|tahun)\s+ini(?!\w)|(?<!\w)kemarin(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Inquiry:
    """A line, read."""

    words: str = ""
    number: int | None = None
    """"#123": that entry and no other."""
    place: str | None = None
    category: str | None = None
    """A code."""
    status: Status | None = None
    room: str | None = None
    """Name of a channel, as in rooms.yaml."""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    faults: tuple[str, ...] = field(default=())
    """What was asked for and is not there, each as a sentence for the officer."""

    @property
    def empty(self) -> bool:
        """Nothing was asked."""
        return replace(self, faults=()) == Inquiry()


def asked(body: str) -> str | None:
    """What a message asks of the log: the line after `!cari`; `None` when it asks nothing."""
    command = _COMMAND.match(body)
    return body[command.end() :].strip() if command else None


def read_inquiry(
    line: str, now: datetime, *, categories: Mapping[str, str], rooms: Mapping[str, str] | None = None
) -> Inquiry:
    """Read a line. Never raises. `now` is local time; `categories` and `rooms`: code or name → title."""
    reading = _Reading(line[:MAX_LINE], now, categories, rooms or {})
    return reading.result()


class _Reading:
    """Takes filter after filter out of the line; what remains are the words."""

    def __init__(self, line: str, now: datetime, categories: Mapping[str, str], rooms: Mapping[str, str]) -> None:
        self._now = now
        self._categories = _names(categories)
        self._rooms = _names(rooms)
        self._found = Inquiry()
        self._faults: list[str] = []
        self._kept: list[str] = []
        line = _QUOTED.sub(self._quote, line.replace("\x00", " "))
        for pattern, take in (
            (_FILTER, self._filter), (_NUMBER, self._number), (_ISO_DAY, self._day), (_DAY, self._day),
            (_PERIOD, self._period), (_NAMED, self._named),
        ):  # fmt: skip
            line = pattern.sub(take, line)
        self._words = " ".join([*line.split(), *self._kept])

    def result(self) -> Inquiry:
        return replace(self._found, words=self._words, faults=tuple(self._faults))

    def _quote(self, found: re.Match[str]) -> str:
        self._kept.append(" ".join(found[1].split()))
        return " "

    def _filter(self, found: re.Match[str]) -> str:
        name, value = found[1].casefold(), found[2].replace("_", " ")
        takers: dict[str, Callable[[str], bool]] = {
            "kategori": self._category, "status": self._status, "tempat": self._place, "lokasi": self._place,
            "kanal": self._room, "ruang": self._room, "sejak": self._since, "sampai": self._until,
        }  # fmt: skip
        return " " if name in takers and takers[name](value) else found[0]

    def _category(self, value: str) -> bool:
        code = self._categories.get(_key(value))
        if code is None:
            self._unknown("kategori", value, sorted(set(self._categories.values())))
        self._found = replace(self._found, category=code)
        return True

    def _status(self, value: str) -> bool:
        known = {_key(title): status for status, title in TITLES.items()} | {_key(status): status for status in Status}
        if _key(value) not in known:
            self._unknown("status", value, [str(status) for status in Status])
        self._found = replace(self._found, status=known.get(_key(value)))
        return True

    def _room(self, value: str) -> bool:
        name = self._rooms.get(_key(value))
        if name is None:
            self._unknown("kanal", value, sorted(set(self._rooms.values())))
        self._found = replace(self._found, room=name)
        return True

    def _place(self, value: str) -> bool:
        self._found = replace(self._found, place=value or None)
        return bool(value)

    def _since(self, value: str) -> bool:
        return self._border(value, "sejak")

    def _until(self, value: str) -> bool:
        return self._border(value, "sampai")

    def _border(self, value: str, name: str) -> bool:
        day = _ISO_DAY.fullmatch(value) or _DAY.fullmatch(value)
        begin = self._midnight(day) if day else None
        if begin is None:
            self._faults.append(f"Tanggal “{value[:20]}” tidak terbaca; tulis {name}:22.11.2026.")
        elif name == "sejak":
            self._found = replace(self._found, since=begin)
        else:
            self._found = replace(self._found, until=begin + timedelta(days=1))
        return True

    def _number(self, found: re.Match[str]) -> str:
        self._found = replace(self._found, number=int(found[1]))
        return " "

    def _day(self, found: re.Match[str]) -> str:
        begin = self._midnight(found)
        if begin is None:
            return found[0]
        self._found = replace(self._found, since=begin, until=begin + timedelta(days=1))
        return " "

    def _period(self, found: re.Match[str]) -> str:
        count = int(found[1]) if found[1] and found[1].isdecimal() else _COUNTS[(found[1] or found[2]).casefold()]
        length = min(count * _UNITS[found[3].casefold()], _LONGEST)
        self._found = replace(self._found, since=self._now - length)
        return " "

    def _named(self, found: re.Match[str]) -> str:
        today = self._now.replace(hour=0, minute=0, second=0, microsecond=0)
        until = None
        match (found[1] or "").casefold():
            case "hari":
                since = today
            case "minggu":
                since = today - timedelta(days=today.weekday())
            case "bulan":
                since = today.replace(day=1)
            case "tahun":
                since = today.replace(month=1, day=1)
            case _:
                since, until = today - timedelta(days=1), today
        self._found = replace(self._found, since=since, until=until)
        return " "

    def _midnight(self, found: re.Match[str]) -> datetime | None:
        parts = [int(part) for part in found.groups()]
        year, month, day = parts if found.re is _ISO_DAY else reversed(parts)
        try:
            if not 1970 <= year <= 9998:
                return None
            day_ = date(year, month, day)
        except ValueError:
            return None
        return datetime(day_.year, day_.month, day_.day, tzinfo=self._now.tzinfo)

    def _unknown(self, what: str, value: str, known: list[str]) -> None:
        self._faults.append(f"Tidak ada {what} “{value[:40]}”. Yang ada: {', '.join(known)}.")


def _names(table: Mapping[str, str]) -> dict[str, str]:
    return {_key(title): name for name, title in table.items()} | {_key(name): name for name in table}


def _key(text: str) -> str:
    return "".join(tokens(text))
