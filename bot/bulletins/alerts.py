"""Which of the alerts that a source offers are in force for the regency. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins import words
from bot.bulletins.moments import told
from bot.bulletins.template import clean
from bot.feeds.cap import ALERT, CANCEL, Alert
from bot.feeds.nowcast import Concern, Region, concerns

EVENT_CHARACTERS = 80
WORDS_CHARACTERS = 200
WHOLE = Concern((), "sumber kita sendiri")
CLOCKS_APART = dt.timedelta(minutes=10)
"""A message from further ahead in time is doubtful."""
PAST = "Past"
"""An urgency: what it tells of is over."""


@dataclass(frozen=True)
class InForce:
    """An alert with what it says of the regency."""

    alert: Alert
    concern: Concern
    who: str


Concerns = Callable[[Alert], Concern | None]
"""What an alert says of the regency."""


def changes(alert: Alert, concern: Concern | None, now: dt.datetime) -> bool:
    """Whether what an alert refers to is out of date by it.

    An update replaces even when it is over itself or speaks of elsewhere: that is its news. What has to wait for an
    officer, or is not for everybody, takes nothing out of anybody's ears.
    """
    sure = alert.kind == CANCEL or concern is None or concern.sure
    return alert.kind != ALERT and alert.meant and alert.public and sure and alert.sent - now <= CLOCKS_APART


def replaced(alerts: Iterable[Alert], concern: Concerns, now: dt.datetime) -> set[str]:
    """Names of those of one source that others of it have replaced or taken back, which were sent no earlier."""
    alerts = tuple(alerts)
    newest: dict[str, dt.datetime] = {}
    for alert in alerts:
        if changes(alert, concern(alert), now):
            newest |= {one: max(alert.sent, newest.get(one, alert.sent)) for one in alert.replaces}
    return {one.name for one in alerts if one.name in newest and newest[one.name] >= one.sent}


def stands(alert: Alert, concern: Concern | None, now: dt.datetime) -> bool:
    """Whether by itself it surely concerns everybody here now."""
    if alert.kind == CANCEL or alert.urgency == PAST or alert.over(now):
        return False
    return alert.meant and alert.public and concern is not None and concern.sure and alert.sent - now <= CLOCKS_APART


def standing(alerts: Iterable[Alert], concern: Concerns, now: dt.datetime) -> list[Alert]:
    """Those of one source that hold at `now`, and that nothing has replaced."""
    alerts = tuple(alerts)
    gone = replaced(alerts, concern, now)
    return [one for one in alerts if one.name not in gone and stands(one, concern(one), now)]


def in_force(alerts: Iterable[Alert], region: Region | None, who: str, now: dt.datetime) -> list[InForce]:
    """Those that surely concern the region (`None`: all of the source's do), the gravest and soonest over first.

    What is not for everybody, or may be about somebody else, waits for an officer (`bot.bulletins.judge`) and has no
    other way into a room.
    """

    def concern(alert: Alert) -> Concern | None:
        return WHOLE if region is None else concerns(alert, region)

    found = [InForce(one, said, who) for one in standing(alerts, concern, now) if (said := concern(one)) is not None]
    return sorted(found, key=_order)


def speaks_of(alert: Alert, terms: Iterable[str]) -> bool:
    """Whether an alert says one of these anywhere in its words."""
    said = f"{alert.event} {alert.headline} {alert.description} {alert.instruction}".casefold()
    return any(one.casefold() in said for one in terms)


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
