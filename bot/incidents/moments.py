"""When it happened, as people say it: "tadi malam", "barusan", "jam setengah tiga", "2 jam yang lalu".

Words of time that stand together are read together and resolved against the moment the message was sent, in the
district's time (Asia/Jakarta, UTC+7 without summer time). What is vague becomes an interval, never a made-up minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.incidents.words import Span, Words
from bot.language.numbers import compound

WIB = ZoneInfo("Asia/Jakarta")
_JUST_NOW = timedelta(minutes=15)
_SLACK = timedelta(minutes=1)
"""By how much people's clocks may be ahead of the server's."""
_DAY = timedelta(days=1)
_UNITS = {
    "detik": timedelta(seconds=1), "menit": timedelta(minutes=1), "jam": timedelta(hours=1), "hari": _DAY,
    "minggu": timedelta(weeks=1), "bulan": timedelta(days=30),
}  # fmt: skip
_LONGEST_AGO = timedelta(days=3650)
_FILLERS = frozenset(("hari", "sekitar", "kira", "kurang", "lebih", "pas", "waktu", "pada", "yang", "wib", "tepat"))


@dataclass(frozen=True)
class TimeWords:
    """The words of `particulars.yaml`, each entry plain words joined by _."""

    parts: Mapping[str, tuple[time, time]]
    """Part of the day → from, to; over midnight when it ends before it begins."""
    names: Mapping[str, str]
    """Other names of the parts."""
    weekdays: Mapping[str, int]
    """Name → 0 Monday … 6 Sunday."""
    phrases: Mapping[str, frozenset[str]]
    """now, just_now, earlier, yesterday, later, tomorrow, ago, clock."""


@dataclass(frozen=True)
class Moment:
    """One time that was named."""

    words: str
    span: Span
    start: datetime
    """First moment it can have been, with the district's offset."""
    end: datetime
    """Last one; the same as `start` for a time of the clock."""

    def to_json(self) -> dict[str, Any]:
        """Times as ISO 8601 with their offset."""
        return {
            "words": self.words,
            "span": list(self.span),
            "start": self.start.isoformat(timespec="minutes"),
            "end": self.end.isoformat(timespec="minutes"),
        }


@dataclass
class _Said:
    """What stands together: at most one of each."""

    first: int
    last: int
    marks: set[str] = field(default_factory=set)
    part: str | None = None
    clock: tuple[int, int] | None = None
    weekday: int | None = None
    ago: tuple[float, str] | None = None

    @property
    def something(self) -> bool:
        """Whether it fixes a time: "malam" alone is a greeting, "tadi" alone says too little."""
        if self.clock or self.ago or self.weekday is not None:
            return True
        if self.part:
            return bool(self.marks)
        return bool(self.marks & {"yesterday", "tomorrow", "now", "just_now"})


def find_moments(words: Words, when: datetime, terms: TimeWords) -> tuple[Moment, ...]:
    """Every time that a text names, in its order. `when` is the time of sending, with an offset."""
    forms = [word.plain for word in words.words]
    local = when.astimezone(WIB)
    found: list[Moment] = []
    index = 0
    while index < len(forms):
        said = _Reader(forms, terms).read(index)
        if said is None:
            index += 1
            continue
        index = said.last + 1
        interval = _resolve(said, local, terms)
        if interval is not None:
            span = words.span(said.first, said.last)
            found.append(Moment(words.quote(span), span, *interval))
    return tuple(found)


class _Reader:
    """Collects the words of time that stand side by side."""

    def __init__(self, forms: Sequence[str], terms: TimeWords) -> None:
        self._forms, self._terms = forms, terms

    def read(self, start: int) -> _Said | None:
        said = _Said(start, start)
        index = start
        while index < len(self._forms):
            end = self._component(index, said)
            if end > index:
                said.last = end - 1
            elif index == start or self._forms[index] not in _FILLERS:
                break
            index = max(end, index + 1)
        return said if said.something else None

    def _component(self, index: int, said: _Said) -> int:
        forms = self._forms
        word = forms[index]
        if said.ago is None and (end := self._ago(index, said)) > index:
            return end
        for mark in ("just_now", "now", "earlier", "yesterday", "later", "tomorrow"):
            if length := self._phrase(index, mark):
                said.marks.add(mark)
                return index + length
        if word in ("semalam", "sewengi") and said.part is None:
            said.marks |= {"earlier", "last_night"}
            said.part = "malam"
            return index + 1
        if word == "ini" and (said.part or said.marks):
            said.marks.add("this")
            return index + 1
        for length in (2, 1):
            name = "_".join(forms[index : index + length])
            part = self._terms.names.get(name, name)
            if said.part is None and part in self._terms.parts and len(forms[index : index + length]) == length:
                said.part = part
                return index + length
        if said.weekday is None and word in self._terms.weekdays and self._weekday_meant(index, said):
            said.weekday = self._terms.weekdays[word]
            return index + 1
        if said.clock is None and (length := self._phrase(index, "clock")):
            return self._clock(index + length, index, said)
        return index

    def _phrase(self, index: int, name: str) -> int:
        """Words of the longest entry of that name that stands here; 0 when none does."""
        lengths = [
            len(parts)
            for entry in self._terms.phrases[name]
            if tuple(self._forms[index : index + len(parts := entry.split("_"))]) == tuple(parts)
        ]
        return max(lengths, default=0)

    def _weekday_meant(self, index: int, said: _Said) -> bool:
        before = self._forms[index - 1] if index else ""
        after = self._forms[index + 1] if index + 1 < len(self._forms) else ""
        if self._forms[index] == "minggu":  # also "week"
            return before == "hari" or said.part == "malam"
        return before == "hari" or said.part is not None or after in ("lalu", "kemarin", "depan") or bool(said.marks)

    def _ago(self, index: int, said: _Said) -> int:
        forms = self._forms
        word, end, amount, unit = forms[index], index, 0.0, ""
        if word.startswith("se") and word[2:] in _UNITS:
            end, amount, unit = index + 1, 1.0, word[2:]
        elif word == "setengah" and index + 1 < len(forms) and forms[index + 1] in _UNITS:
            end, amount, unit = index + 2, 0.5, forms[index + 1]
        elif word in ("minggu", "bulan") and said.part is None and (index == 0 or forms[index - 1] != "hari"):
            end, amount, unit = index + 1, 1.0, word
        else:
            end, value = compound(forms, index)
            if end == index or end >= len(forms) or forms[end] not in _UNITS:
                return index
            end, amount, unit = end + 1, float(value), forms[end]
        while end < len(forms) and forms[end] in ("lebih", "an", "yang"):
            end += 1
        if end >= len(forms) or forms[end] not in self._terms.phrases["ago"]:
            return index
        if amount * _UNITS[unit] > _LONGEST_AGO:
            return index
        said.ago = amount, unit
        return end + 1

    def _clock(self, index: int, before: int, said: _Said) -> int:
        """An hour after "jam": "3", "setengah tiga", "14.30", "tiga lebih sepuluh", "tiga kurang seperempat"."""
        forms = self._forms
        half = index < len(forms) and forms[index] == "setengah"
        index += half
        if index >= len(forms):
            return before
        written = forms[index].replace(",", ".")
        if "." in written:
            hour, _, minute = written.partition(".")
            if not (hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60 and len(minute) == 2):
                return before
            said.clock = int(hour), int(minute)
            return index + 1
        end, value = compound(forms, index)
        if end == index:
            return before
        hour_, minute_ = (value // 100, value % 100) if 100 <= value <= 2359 else (value, 0)
        if hour_ > 24 or minute_ > 59:
            return before
        if half:
            hour_, minute_ = (hour_ - 1) % 24, 30
        else:
            end, minute_ = self._minutes(end, minute_)
            if minute_ < 0:
                hour_, minute_ = (hour_ - 1) % 24, minute_ + 60
        said.clock = hour_ % 24, minute_
        return end

    def _minutes(self, index: int, minute: int) -> tuple[int, int]:
        forms = self._forms
        word = forms[index] if index < len(forms) else ""
        if word in ("lebih", "lewat", "kurang") and index + 1 < len(forms):
            sign = -1 if word == "kurang" else 1
            if forms[index + 1] in ("seperempat", "prapat"):
                return index + 2, sign * 15
            end, value = compound(forms, index + 1)
            if end > index + 1 and 0 < value < 60:
                return end + (end < len(forms) and forms[end] == "menit"), sign * value
            return index, minute
        if word in ("seperempat", "prapat"):
            return index + 1, 15
        if index < len(forms) and not minute:
            end, value = compound(forms, index)
            following = forms[end] if end < len(forms) else ""
            counted = following in ("orang", "motor", "mobil", "truk", "korban", "rumah", "unit", "kali")
            if end > index and 10 <= value < 60 and not counted:
                return end, value
        return index, minute


def _resolve(said: _Said, when: datetime, terms: TimeWords) -> tuple[datetime, datetime] | None:
    today = when.replace(hour=0, minute=0, second=0, microsecond=0)
    if said.ago is not None:
        start, end = _back(said, when)
        if said.clock is not None and _UNITS[said.ago[1]] >= _DAY:
            start = end = _on_the_clock(said, start + _DAY - _SLACK, start)
        return start, end
    if said.clock is not None:
        moment = _on_the_clock(said, when, today)
        return moment, moment
    if said.weekday is not None:
        return _on_weekday(said, when, today, terms)
    if said.part is not None:
        return _in_part(said, when, today, terms)
    if "just_now" in said.marks:
        return when - _JUST_NOW, when
    if "now" in said.marks:
        return when, when
    day = today + (_DAY if "tomorrow" in said.marks else -_DAY)
    return day, day + _DAY - timedelta(minutes=1)


def _back(said: _Said, when: datetime) -> tuple[datetime, datetime]:
    assert said.ago is not None  # noqa: S101 - asked by the caller
    amount, unit = said.ago
    moment = when - amount * _UNITS[unit]
    if _UNITS[unit] < _DAY:
        return moment, moment
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    vague = {"minggu": 3, "bulan": 15}.get(unit, 0) * _DAY
    return day - vague, day + vague + _DAY - timedelta(minutes=1)


def _interval(day: datetime, part: tuple[time, time]) -> tuple[datetime, datetime]:
    start, end = (datetime.combine(day.date(), one, WIB) for one in part)
    return start, end if end > start else end + _DAY


def _in_part(said: _Said, when: datetime, today: datetime, terms: TimeWords) -> tuple[datetime, datetime]:
    assert said.part is not None  # noqa: S101 - asked by the caller
    part = terms.parts[said.part]
    if "yesterday" in said.marks:
        return _interval(today - _DAY, part)
    if "tomorrow" in said.marks:
        return _interval(today + _DAY, part)
    around = [_interval(today + days * _DAY, part) for days in (-1, 0, 1)]
    if "later" in said.marks or "this" in said.marks:
        start, end = next((start, end) for start, end in around if end > when)
        return (max(start, when), end) if "later" in said.marks else (start, end)
    begun = [(start, min(end, when)) for start, end in around if start <= when]
    if "last_night" in said.marks and begun[-1][0].date() == when.date() and when.hour >= part[0].hour:
        begun.pop()  # "semalam", said in the evening, is the night before
    return begun[-1]


def _on_the_clock(said: _Said, when: datetime, today: datetime) -> datetime:
    assert said.clock is not None  # noqa: S101 - asked by the caller
    hour, minute = said.clock
    hours = [_hour(hour, said.part)] if said.part else sorted({hour, (hour + 12) % 24} if hour <= 12 else {hour})
    times = [today + days * _DAY + timedelta(hours=one, minutes=minute) for days in (-2, -1, 0, 1, 2) for one in hours]
    late = said.part == "malam" and hours[0] < 5
    if said.weekday is not None:
        day = today - ((today.weekday() - said.weekday) % 7) * _DAY
        return day + timedelta(hours=hours[-1] if hours[0] < 6 else hours[0], minutes=minute)
    if said.marks & {"yesterday", "tomorrow"}:
        day = today + (_DAY if "tomorrow" in said.marks else -_DAY) + (_DAY if late else timedelta())
        wanted = [one for one in times if one.date() == day.date() and (late or one <= when or day > today)]
        return wanted[-1] if "yesterday" in said.marks else wanted[0]
    times.sort()
    if "later" in said.marks or "tomorrow" in said.marks:
        return next(one for one in times if one >= when)
    return [one for one in times if one <= when + _SLACK][-1]


def _hour(hour: int, part: str | None) -> int:
    """The hour of the 24 that "jam sembilan malam" means."""
    if hour > 12:
        return hour
    if part == "malam":
        return hour % 12 if hour < 5 or hour == 12 else hour + 12
    if part in ("sore", "magrib", "isya"):
        return hour + 12 if hour < 12 else hour
    if part == "siang":
        return hour + 12 if hour < 6 else hour
    if part == "tengah_malam":
        return hour % 12 if hour < 6 or hour == 12 else hour + 12
    return hour % 12


def _on_weekday(said: _Said, when: datetime, today: datetime, terms: TimeWords) -> tuple[datetime, datetime]:
    assert said.weekday is not None  # noqa: S101 - asked by the caller
    back = (today.weekday() - said.weekday) % 7
    if said.part == "malam":  # "malam Minggu" is the evening before Sunday
        eve = today - (back + 1) * _DAY
        if eve + 7 * _DAY + timedelta(hours=18) <= when:
            eve += 7 * _DAY
        if said.marks & {"later", "tomorrow", "this"}:
            eve += 7 * _DAY
        return _interval(eve, terms.parts["malam"])
    ahead = said.marks & {"later", "tomorrow"}
    day = today + (7 - back) * _DAY if ahead else today - back * _DAY
    if said.part:
        return _interval(day, terms.parts[said.part])
    return day, day + _DAY - timedelta(minutes=1)
