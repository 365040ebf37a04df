"""Which quakes are told between the bulletins, and which changes of what is known about one. Pure.

BMKG gives a quake no number and mends its figures: it is the same while its time is about the same. What it says of a
tsunami is part of the news, and never passed on by a machine's reading of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.bulletins import lineage, template
from bot.bulletins.alerting import MMI, Quakes
from bot.bulletins.alerts import CLOCKS_APART
from bot.bulletins.asked import QUAKES
from bot.bulletins.judge import HEADLINE, Judge
from bot.bulletins.moments import dated
from bot.bulletins.warnings import ALERT, HELD, UPDATE, Act, Known, Verdict, Why
from bot.feeds.forecast import ATTRIBUTION
from bot.feeds.quakes import Quake

POTENTIAL = 200


class Wave(StrEnum):
    """What is said of a tsunami; stored in a quake's identifier."""

    THREAT = "tsunami"
    NONE = "aman"
    UNSAID = "-"
    """Nothing: that takes nothing back."""


@dataclass(frozen=True)
class Told:
    """A quake as it was decided before, from its identifier "time/magnitude/MMI/wave"."""

    at: dt.datetime
    magnitude: float
    mmi: str
    wave: Wave


def judged(judge: Judge, quake: Quake, known: Sequence[Known], now: dt.datetime) -> Verdict | None:
    """The verdict on a quake; `None` when it is no news. Raises template.TemplateFault."""
    rules = judge.alerting.quakes
    mine = [one for one in known if one.source == QUAKES]
    told = [one for one in mine if _same(one, quake, rules.same_seconds)]
    before = _read(told[-1]) if told else None
    mmi, wave = quake.felt_in(judge.places), _wave(rules, quake)
    feared = _feared(told)
    calmed = wave is Wave.NONE and _feared([one for one in told if one.said])
    felt = strongest(mmi or "") >= MMI.index(rules.least_mmi) + 1
    waits = tuple(one.id for one in told if one.state == HELD)
    expires = (now if calmed else quake.at) + dt.timedelta(minutes=rules.most_age_minutes)
    if expires <= now or not (felt or wave is Wave.THREAT or calmed or waits):
        return None
    if before is not None and not calmed and not _turned(before, wave) and not _moved(rules, before, quake, mmi):
        return None
    identifier = "/".join((quake.key, f"{quake.magnitude:g}", mmi or "-", wave))
    if any(one.identifier == identifier for one in told):
        identifier += f"/{now:%Y%m%dT%H%M%SZ}"  # back to what was said earlier
    found = Verdict(
        QUAKES, identifier, Act.SAY, UPDATE if lineage.heard(told) is not None else ALERT,
        judge.render(judge.alerting.templates.quake, _values(judge, quake, mmi, wave, now)),
        sent_at=min(quake.at, now), expires=expires, chains=tuple(sorted({one.root for one in told})), settles=waits,
    )  # fmt: skip
    if wave is Wave.THREAT:
        return found.because(Why.TSUNAMI, Act.HOLD)
    if feared and wave is Wave.UNSAID:
        return found.because(Why.TSUNAMI_UNSAID, Act.HOLD)
    if quake.at - now > CLOCKS_APART:
        return found.because(Why.AHEAD, Act.HOLD)
    if not (felt or calmed):  # all it does is to end what officers have before them
        return replace(found, act=Act.LEAVE, words="", why=Why.ENDED)
    return found if calmed else judge.rationed(found, mine, now)


def strongest(mmi: str) -> int:
    """The upper end of an intensity ("II-III"): 1 to 12; 0 for none."""
    ranks = [MMI.index(part) + 1 for part in mmi.replace("–", "-").split("-") if part in MMI]
    return max(ranks, default=0)


def _wave(rules: Quakes, quake: Quake) -> Wave:
    if rules.tsunami_in(quake.potential):
        return Wave.THREAT
    return Wave.NONE if rules.no_tsunami_in(quake.potential) else Wave.UNSAID


def _feared(told: Sequence[Known]) -> bool:
    """Whether the last word on a tsunami is that it may come."""
    words = [was.wave for one in told if (was := _read(one)) is not None and was.wave is not Wave.UNSAID]
    return words[-1:] == [Wave.THREAT]


def _turned(before: Told, wave: Wave) -> bool:
    """Whether a threat comes or goes: that none is expected is no news by itself."""
    return wave is not before.wave and Wave.THREAT in (wave, before.wave)


def _moved(rules: Quakes, before: Told, quake: Quake, mmi: str | None) -> bool:
    step = abs(round(quake.magnitude - before.magnitude, 6)) >= rules.magnitude_step
    return step or abs(strongest(mmi or "") - strongest(before.mmi)) >= rules.mmi_step


def _same(one: Known, quake: Quake, seconds: int) -> bool:
    was = _read(one)
    return was is not None and abs((was.at - quake.at).total_seconds()) <= seconds


def _read(one: Known) -> Told | None:
    """`None` for what is no quake's identifier; one of a time before tsunamis stood in it tells nothing of them."""
    at, *rest = one.identifier.split("/")
    try:
        moment = dt.datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        return Told(moment, float(rest[0]), rest[1], Wave(rest[2]) if len(rest) > 2 else Wave.UNSAID)
    except (ValueError, IndexError):
        return None


def _values(judge: Judge, quake: Quake, mmi: str | None, wave: Wave, now: dt.datetime) -> dict[str, Any]:
    rules = judge.alerting.quakes
    return {
        "source": ATTRIBUTION,
        "region": judge.region.name,
        "magnitude": f"{quake.magnitude:g}".replace(".", ","),
        "at": dated(quake.at, now, judge.zone),
        "where": template.clean(quake.region, HEADLINE),
        "depth": "" if quake.depth is None else f"{quake.depth:g}".replace(".", ","),
        "mmi": mmi or "",
        "potential": template.clean(quake.potential, POTENTIAL),
        # "No tsunami" must not bring the advice against one.
        "advice": judge.alerting.advise(f"{rules.event} {quake.potential if wave is Wave.THREAT else ''}"),
    }
