"""A bulletin from its template, the files and the facts. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.bulletins import template
from bot.bulletins.facts import Facts, Statistics
from bot.bulletins.model import NOTE_CHARACTERS, Bulletins, Tip

LATE_AFTER = dt.timedelta(minutes=5)
"""A bulletin that is later than this says so."""

MAX_NOTES = 8
LOCALE = "id"

STATISTICS = "statistik laporan"
NOTES = "catatan petugas"
TIPS = "tips"


@dataclass(frozen=True)
class Used:
    """A source that the bulletin rests on."""

    name: str
    age: dt.timedelta | None = None
    """How old it was; `None` for what does not age (dated notes) or has its date in the text."""


@dataclass(frozen=True)
class Composed:
    """A bulletin ready to be rendered by `bot.markup`."""

    markdown: str
    used: tuple[Used, ...] = ()
    missing: tuple[str, ...] = field(default=())
    """Sources left out, with the reason, for the preview."""

    def sources(self) -> dict[str, Any]:
        """As stored beside the bulletin."""
        return {
            "used": [
                {"name": one.name, "age_seconds": None if one.age is None else int(one.age.total_seconds())}
                for one in self.used
            ],
            "missing": list(self.missing),
        }


def compose(
    bulletins: Bulletins,
    slot: str,
    date: dt.date,
    facts: Facts,
    *,
    room: str,
    room_title: str,
    zone: ZoneInfo,
    title: Callable[[str], str] = str,
) -> Composed:
    """The bulletin of a slot, a local date and a room (its name in rooms/).

    `title` turns a category code into words. Raises template.TemplateFault; KeyError for an unknown slot.
    """
    entry = bulletins.slot(slot, room)
    at = dt.datetime.combine(date, entry.time, zone)
    used: list[Used] = []
    missing: list[str] = []

    incidents = None
    if facts.statistics is None:
        missing.append(f"{STATISTICS}: tidak ada basis data")
    else:
        incidents = _incidents(facts.statistics, bulletins.withheld, title, zone, at)
        used.append(Used(STATISTICS, max(facts.now - facts.statistics.until, dt.timedelta())))

    dated = [note.text for note in bulletins.notes if note.holds(date, slot, room)]
    notes = [template.clean(text, NOTE_CHARACTERS) for text in (*dated, *(note.text for note in facts.notes))]
    notes = list(dict.fromkeys(note for note in notes if note))
    if len(notes) > MAX_NOTES:
        missing.append(f"{NOTES}: {len(notes) - MAX_NOTES} dari {len(notes)} tidak muat")
    if notes:
        newest = max((note.at for note in facts.notes if note.at), default=None)
        used.append(Used(NOTES, facts.now - newest if newest else None))

    tip = _tip(bulletins, slot, date, room)
    if tip:
        used.append(Used(f"{TIPS} ({tip.source})"))
    else:
        missing.append(f"{TIPS}: tidak ada yang berlaku untuk tanggal dan kanal ini")

    late = facts.now - at
    values = {
        "slot": slot,
        "title": entry.title,
        "room": room_title,
        "date": format_date(date, "EEEE, d MMMM y", locale=LOCALE),
        "time": f"{entry.time:%H.%M}",
        "late": _span(late) if late > LATE_AFTER else "",
        "incidents": incidents,
        "notes": notes[:MAX_NOTES],
        "tip": tip,
        "emergency": bulletins.emergency,
    }
    return Composed(template.render(_environment(bulletins), entry.template, values), tuple(used), tuple(missing))


def _incidents(
    statistics: Statistics, withheld: frozenset[str], title: Callable[[str], str], zone: ZoneInfo, at: dt.datetime
) -> dict[str, Any]:
    """Counts alone; withheld categories leave no trace, not even in a total."""
    counts = [count for count in statistics.counts if count.category not in withheld]
    verified = [count for count in counts if count.verified]
    return {
        "since": _moment(statistics.since.astimezone(zone), at),
        "received": sum(count.number for count in counts),
        "verified": sum(count.number for count in verified),
        "categories": _ranked((title(count.category), count.number) for count in verified),
        "districts": _ranked((count.district, count.number) for count in verified if count.district),
    }


def _ranked(pairs: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Most first, then by name: the same facts always read the same."""
    total: Counter[str] = Counter()
    for name, number in pairs:
        total[name] += number
    return [
        {"name": name, "number": number} for name, number in sorted(total.items(), key=lambda one: (-one[1], one[0]))
    ]


def _tip(bulletins: Bulletins, slot: str, date: dt.date, room: str) -> Tip | None:
    """The library in turn: each slot of each day takes the next, so that none comes back before all were read."""
    fitting = [tip for tip in bulletins.tips if tip.holds(date, slot, room)]
    if not fitting:
        return None
    order = list(bulletins.slots)
    return fitting[(date.toordinal() * len(order) + order.index(slot)) % len(fitting)]


def _moment(moment: dt.datetime, at: dt.datetime) -> str:
    clock = f"pukul {moment:%H.%M}"
    days = (at.date() - moment.date()).days
    if days == 0:
        return clock
    if days == 1:
        return f"{clock} kemarin"
    return f"{clock}, {format_date(moment.date(), 'EEEE, d MMMM', locale=LOCALE)}"


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} jam" if hours else "", f"{minutes} menit" if minutes else "") if part)


def _environment(bulletins: Bulletins) -> ImmutableSandboxedEnvironment:
    return _cached(tuple(sorted(bulletins.templates.items())))


@lru_cache(maxsize=4)
def _cached(templates: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    """Compiling costs more than rendering, and 200 rooms share a template."""
    return template.environment(dict(templates))
