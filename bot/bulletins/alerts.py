"""Which of the alerts that a source offers are in force for the regency. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins import words
from bot.bulletins.moments import told
from bot.bulletins.template import clean
from bot.feeds.cap import Alert
from bot.feeds.nowcast import Concern, Region, concerns

EVENT_CHARACTERS = 80
WORDS_CHARACTERS = 200
WHOLE = Concern((), "sumber kita sendiri")


@dataclass(frozen=True)
class InForce:
    """An alert with what it says of the regency."""

    alert: Alert
    concern: Concern
    who: str


def standing(alerts: Iterable[Alert], now: dt.datetime) -> Iterator[Alert]:
    """Those of one source that hold at `now`: meant, begun or announced, not over, not replaced, not taken back.

    An update replaces what it refers to even when it is over itself or speaks of elsewhere: that is its news. A drill
    replaces nothing but drills, which are not told either.
    """
    meant = {alert.identifier: alert for alert in alerts if alert.meant}
    replaced = {one for alert in meant.values() if alert.kind != "Alert" for one in alert.references}
    for alert in meant.values():
        if alert.kind != "Cancel" and alert.identifier not in replaced and not alert.over(now):
            yield alert


def in_force(alerts: Iterable[Alert], region: Region | None, who: str, now: dt.datetime) -> list[InForce]:
    """Those that surely concern the region (`None`: all of the source's do), the gravest and soonest over first.

    What is not for everybody, or may be about somebody else, waits for an officer (`bot.bulletins.warnings`) and has no
    other way into a room.
    """
    found = []
    for alert in standing(alerts, now):
        concern = WHOLE if region is None else concerns(alert, region)
        if concern is not None and concern.sure and alert.public:
            found.append(InForce(alert, concern, who))
    return sorted(found, key=_order)


def told_of(one: InForce, at: dt.datetime, zone: ZoneInfo) -> dict[str, Any]:
    """As a bulletin tells it."""
    alert = one.alert
    return {
        "event": clean(alert.event or alert.headline, EVENT_CHARACTERS) or words.WARNING,
        "districts": list(one.concern.districts),
        "since": told(alert.onset, at, zone) if alert.onset and alert.onset > at else "",
        "until": told(alert.expires, at, zone) if alert.expires else "",
        "advice": clean(alert.instruction, WORDS_CHARACTERS),
        "who": one.who,
    }


_SEVERITY = ("Extreme", "Severe", "Moderate", "Minor")
_NO_END = dt.datetime.max.replace(tzinfo=dt.UTC)


def _order(one: InForce) -> tuple[int, dt.datetime, str]:
    severity = one.alert.severity
    rank = _SEVERITY.index(severity) if severity in _SEVERITY else len(_SEVERITY)
    return rank, one.alert.expires or _NO_END, one.alert.identifier
