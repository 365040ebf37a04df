"""A bulletin from its template, the files and the facts. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.bulletins import template, words
from bot.bulletins.facts import Facts, Statistics
from bot.bulletins.fields import NOTE_CHARACTERS
from bot.bulletins.holiday import holiday
from bot.bulletins.model import Bulletins
from bot.bulletins.moments import full_day, told
from bot.bulletins.outside import Used, outside
from bot.bulletins.roads import traffic
from bot.bulletins.rotation import next_tip

LATE_AFTER = dt.timedelta(minutes=5)
"""A bulletin that is later than this says so."""

MAX_NOTES = 8
WORDS_WITH_A_TIP = 105
"""Half a minute of reading, marks included; a bulletin that would be longer goes without advice."""
A_SLOT = dt.timedelta(hours=9)
"""What is told of, before and after, where the slots around this one are not known."""


@dataclass(frozen=True)
class Composed:
    """A bulletin ready to be rendered by `bot.markup`."""

    markdown: str
    used: tuple[Used, ...] = ()
    missing: tuple[str, ...] = field(default=())
    """Sources left out, with the reason, for the preview."""
    tip: str | None = None
    """Key of the tip that is told."""
    unconfirmed: int = 0
    """Reports that nobody has looked through, which no channel hears of."""

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
    instead: str | None = None,
) -> Composed:
    """The bulletin of a slot, a local date and a room (its name in rooms/; "" for a copy that is of no room).

    `instead`: what an officer has written for its body. `title` turns a category code into words.
    Raises template.TemplateFault; KeyError for an unknown slot.
    """
    entry = bulletins.slot(slot, room)
    at = dt.datetime.combine(date, entry.time, zone)
    used: list[Used] = []
    missing: list[str] = []

    incidents, unconfirmed = None, 0
    if facts.statistics is None:
        missing.append(f"{words.STATISTICS}: {words.NO_DATABASE}")
    else:
        incidents = _incidents(facts.statistics, bulletins.withheld, title, zone, at)
        unconfirmed = sum(facts.statistics.unconfirmed.values())
        used.append(Used(words.STATISTICS, max(facts.now - facts.statistics.until, dt.timedelta())))

    roads = None
    if bulletins.traffic.categories:
        if facts.obstacles is None:
            missing.append(f"{words.TRAFFIC}: {words.NO_DATABASE}")
        else:
            roads = traffic(facts.obstacles, bulletins.withheld, title, at, zone)
            used.append(Used(words.TRAFFIC, dt.timedelta()))

    around = facts.since or at - A_SLOT, at, facts.until or at + A_SLOT
    others = outside(bulletins.sources, facts, room, *around, zone, bulletins.two_officers)
    used += others.used
    missing += others.missing

    dated = [note.text for note in bulletins.notes if note.holds(date, slot, room)]
    notes = [template.clean(text, NOTE_CHARACTERS) for text in (*dated, *(note.text for note in facts.notes))]
    notes = list(dict.fromkeys(note for note in notes if note))
    if len(notes) > MAX_NOTES:
        missing.append(f"{words.NOTES}: {words.too_many(len(notes) - MAX_NOTES, len(notes))}")
    if notes:
        newest = max((note.at for note in facts.notes if note.at), default=None)
        used.append(Used(words.NOTES, facts.now - newest if newest else None))

    late = facts.now - at
    values = {
        "slot": slot,
        "title": entry.title,
        "room": room_title,
        "date": full_day(date),
        "time": f"{entry.time:%H.%M}",
        "turn": date.toordinal(),
        "holiday": holiday(date),
        "holiday_tomorrow": holiday(date + dt.timedelta(days=1)),
        "late": words.span(late) if late > LATE_AFTER else "",
        "warnings": others.warnings,
        "weather": others.weather,
        "quakes": others.quakes,
        "traffic": roads,
        "incidents": incidents,
        "operations": [one for one in bulletins.operations if one.holds(date, slot, room)],
        "notes": notes[:MAX_NOTES],
        "tip": None,
        "emergency": bulletins.emergency,
    }
    if instead is not None:
        values["words"] = template.spoken(instead)
        values["credits"] = list(dict.fromkeys(one.credit for one in used if one.credit))
        body = template.render(_environment(bulletins), bulletins.reworded, values)
        return Composed(body, tuple(used), tuple(missing), unconfirmed=unconfirmed)
    markdown = template.render(_environment(bulletins), entry.template, values)

    # While something threatens, advice for quiet days is in its way; and nobody reads on for ever.
    tip = None if others.warnings else next_tip(bulletins, slot, date, room, facts.told)
    if tip and len(f"{markdown} {tip.text} {tip.source}".split()) > WORDS_WITH_A_TIP:
        missing.append(f"{words.TIPS}: {words.LONG}")
        tip = None
    elif tip:
        used.append(Used(f"{words.TIPS} ({tip.source})"))
        markdown = template.render(_environment(bulletins), entry.template, values | {"tip": tip})
    elif not others.warnings:
        missing.append(f"{words.TIPS}: {words.NO_TIP}")
    return Composed(markdown, tuple(used), tuple(missing), tip.key if tip else None, unconfirmed)


def _incidents(
    statistics: Statistics, withheld: frozenset[str], title: Callable[[str], str], zone: ZoneInfo, at: dt.datetime
) -> dict[str, Any]:
    """Counts alone; withheld categories leave no trace, not even in a total."""
    counts = [count for count in statistics.counts if count.category not in withheld]
    return {
        "since": told(statistics.since, at, zone),
        "verified": sum(count.number for count in counts),
        "categories": _ranked((title(count.category), count.number) for count in counts),
        "districts": _ranked((count.district, count.number) for count in counts if count.district),
    }


def _ranked(pairs: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Most first, then by name: the same facts always read the same."""
    total: Counter[str] = Counter()
    for name, number in pairs:
        total[name] += number
    return [
        {"name": name, "number": number} for name, number in sorted(total.items(), key=lambda one: (-one[1], one[0]))
    ]


def _environment(bulletins: Bulletins) -> ImmutableSandboxedEnvironment:
    return _cached(tuple(sorted(bulletins.templates.items())))


@lru_cache(maxsize=4)
def _cached(templates: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    """Compiling costs more than rendering, and 200 rooms share a template."""
    return template.environment(dict(templates))
