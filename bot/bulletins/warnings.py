"""What of the sources' messages is to be said between the bulletins. Pure.

A message is said when it is new, meant, for the public, about us, in force and fresh. What changes or takes back one
that was said refers to it; what is doubtful waits for an officer; the rest is left, and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins import template
from bot.bulletins.alerting import MMI, Alerting
from bot.bulletins.alerts import WHOLE
from bot.bulletins.asked import QUAKES
from bot.bulletins.moments import told
from bot.feeds.cap import Alert
from bot.feeds.forecast import ATTRIBUTION
from bot.feeds.nowcast import Concern, Region, concerns
from bot.feeds.quakes import Quake

ALERT, UPDATE, CANCEL = "alert", "update", "cancel"
SENT, HELD, OVER = "sent", "held", "over"
CLOCKS_APART = dt.timedelta(minutes=10)
"""A message from further ahead in time is doubtful."""
HEADLINE, INSTRUCTION, POTENTIAL = 200, 400, 200
_PAST = "Past"


class Act(StrEnum):
    """What becomes of a message."""

    SAY = "say"
    HOLD = "hold"
    """An officer decides."""
    SHOW = "show"
    """Officers see it, and it is not for them to pass on."""
    LEAVE = "leave"


class Why(StrEnum):
    """Why a message is not simply said; stored."""

    DRILL = "drill"
    """Exercise or Test."""
    RESTRICTED = "restricted"
    """Not for the public."""
    DOUBTFUL = "doubtful"
    """It may be about somebody else."""
    AHEAD = "ahead"
    """Sent in the future."""
    TSUNAMI = "tsunami"
    """A tsunami may come somewhere, and nobody felt anything here."""
    OLD = "old"
    REPLACED = "replaced"
    """A newer message is there already."""
    REPEATED = "repeated"
    """It says what was said."""
    ELSEWHERE = "elsewhere"
    """It concerned us, and does no longer: taken back for us."""
    ENDED = "ended"
    """The publisher ends it before its time."""


@dataclass(frozen=True)
class Known:
    """A message that was decided before."""

    id: int
    source: str
    identifier: str
    first_id: int | None
    kind: str
    state: str
    """sent | held | over"""
    words: str | None
    districts: tuple[str, ...]
    expires: dt.datetime | None
    at: dt.datetime

    @property
    def said(self) -> bool:
        """Whether people heard it; of what was left or dropped no words are kept."""
        return self.words is not None and self.state != HELD

    @property
    def root(self) -> int:
        """The first of its chain."""
        return self.first_id or self.id


@dataclass(frozen=True)
class Verdict:
    """A message's fate."""

    source: str
    identifier: str
    act: Act
    kind: str = ALERT
    words: str = ""
    """Markdown, complete in itself; that it changes another is said in front of it."""
    districts: tuple[str, ...] = ()
    expires: dt.datetime | None = None
    first: int | None = None
    """Id of the first of the chain that it belongs to."""
    why: Why | None = None
    replaces: int | None = None
    """One that waits for an officer and is out of date by this."""


@dataclass(frozen=True)
class Origin:
    """Where an alert comes from."""

    name: str
    """As it is stored (`bot.bulletins.asked`)."""
    who: str
    """Who is named for it."""
    ours: bool = False
    """Whatever it says is for this regency."""


@dataclass(frozen=True)
class Judge:
    """What judging needs besides messages and the time."""

    alerting: Alerting
    region: Region
    places: tuple[str, ...]
    """Names under which a quake is felt here."""
    zone: ZoneInfo
    emergency: str
    templates: Mapping[str, str]

    def alert(
        self, alert: Alert, origin: Origin, known: Sequence[Known], now: dt.datetime, replaced: Collection[str] = ()
    ) -> Verdict | None:
        """The verdict on a CAP alert; `None` when there is nothing to record: known, or not about us.

        `replaced`: identifiers that other messages at hand refer to. Raises template.TemplateFault.
        """
        mine = [one for one in known if one.source == origin.name]
        if any(one.identifier == alert.identifier for one in mine):
            return None
        before = next((one for one in reversed(mine) if one.identifier in alert.references), None)
        first = _said(before, mine)
        concern = WHOLE if origin.ours else concerns(alert, self.region)
        expires = alert.expires or alert.sent + dt.timedelta(minutes=self.alerting.most_age_minutes)
        base = Verdict(
            origin.name, alert.identifier, Act.LEAVE, districts=concern.districts if concern else (), expires=expires,
            first=first.root if first else None,
            replaces=before.id if before is not None and before.state == HELD else None,
        )  # fmt: skip
        ended = alert.kind == CANCEL.title() or alert.over(now) or alert.urgency == _PAST
        if alert.meant and (ended or concern is None) and (first is not None or base.replaces is not None):
            return self._end(base, alert, first, now, concern)
        if ended or concern is None:
            return None
        words = self._words(alert, origin, concern, expires, now)
        found = replace(base, words=words, kind=UPDATE if first is not None else ALERT)
        if not alert.meant:
            return replace(found, act=Act.SHOW, why=Why.DRILL)
        if not alert.public:
            return replace(found, act=Act.SHOW, why=Why.RESTRICTED)
        if alert.identifier in replaced:
            return replace(found, why=Why.REPLACED)
        if now - alert.sent > dt.timedelta(minutes=self.alerting.most_age_minutes):
            return replace(found, why=Why.OLD)
        same = self._repeats(alert, origin, concern, expires, mine)
        if same is not None and (first is None or same.root == first.root):
            return replace(found, why=Why.REPEATED, first=same.root)
        if alert.sent - now > CLOCKS_APART:
            return replace(found, act=Act.HOLD, why=Why.AHEAD)
        if not concern.sure:
            return replace(found, act=Act.HOLD, why=Why.DOUBTFUL)
        return replace(found, act=Act.SAY)

    def quake(self, quake: Quake, known: Sequence[Known], now: dt.datetime) -> Verdict | None:
        """The verdict on a quake, as `alert`. One whose numbers are mended is news only if they change enough."""
        rules = self.alerting.quakes
        mmi = quake.felt_in(self.places)
        threat = rules.tsunami_in(quake.potential)
        intensity = strongest(mmi or "")
        expires = quake.at + dt.timedelta(minutes=rules.most_age_minutes)
        if (intensity < MMI.index(rules.least_mmi) + 1 and not threat) or expires <= now:
            return None
        told = [one for one in known if one.source == QUAKES and _same(one.identifier, quake, rules.same_seconds)]
        identifier = "/".join((quake.key, f"{quake.magnitude:g}", mmi or "-"))
        if any(one.identifier == identifier for one in told):
            return None
        if told:
            magnitude, felt = _numbers(told[-1].identifier)
            step = abs(round(quake.magnitude - magnitude, 6)) >= rules.magnitude_step
            if not step and abs(intensity - strongest(felt)) < rules.mmi_step:
                return None
        first = next((one for one in told if one.said), None)
        words = self._render(self.alerting.templates.quake, self._quake_values(quake, mmi, now))
        verdict = Verdict(
            QUAKES, identifier, Act.SAY, UPDATE if first else ALERT, words, expires=expires,
            first=first.root if first else None,
            replaces=next((one.id for one in told if one.state == HELD), None),
        )  # fmt: skip
        if quake.at - now > CLOCKS_APART:
            return replace(verdict, act=Act.HOLD, why=Why.AHEAD)
        # Words on a tsunami are never passed on by a machine's reading of them.
        return replace(verdict, act=Act.HOLD, why=Why.TSUNAMI) if threat else verdict

    def _end(
        self, base: Verdict, alert: Alert, first: Known | None, now: dt.datetime, concern: Concern | None
    ) -> Verdict:
        ends = replace(base, kind=CANCEL, expires=None, districts=first.districts if first else ())
        if alert.kind != CANCEL.title():
            ends = replace(ends, why=Why.ELSEWHERE if concern is None else Why.ENDED)
        if first is None or (first.expires is not None and first.expires <= now):
            return ends  # nobody heard of it, or it is over by itself
        return replace(ends, act=Act.SAY, words=first.words or "")

    def _repeats(
        self, alert: Alert, origin: Origin, concern: Concern, expires: dt.datetime, mine: Sequence[Known]
    ) -> Known | None:
        """What is in force and reads the same, under another identifier; judged as of when that was said."""
        newest = {one.root: one for one in mine if one.said and one.state == SENT}
        said = (one for one in newest.values() if one.words == self._words(alert, origin, concern, expires, one.at))
        return next(said, None)

    def _words(self, alert: Alert, origin: Origin, concern: Concern, expires: dt.datetime, now: dt.datetime) -> str:
        headline = alert.headline or alert.event
        return self._render(
            self.alerting.templates.warning,
            {
                "source": origin.who,
                "headline": template.clean(headline, HEADLINE),
                "districts": list(concern.districts),
                "region": self.region.name,
                "until": told(expires, now, self.zone),
                "instruction": template.clean(alert.instruction, INSTRUCTION),
                "advice": self.alerting.advise(f"{alert.event} {alert.headline} {alert.description}"),
            },
        )

    def _quake_values(self, quake: Quake, mmi: str | None, now: dt.datetime) -> dict[str, Any]:
        rules = self.alerting.quakes
        threat = rules.tsunami_in(quake.potential)
        return {
            "source": ATTRIBUTION,
            "region": self.region.name,
            "magnitude": f"{quake.magnitude:g}".replace(".", ","),
            "at": told(quake.at, now, self.zone),
            "where": template.clean(quake.region, HEADLINE),
            "depth": "" if quake.depth is None else f"{quake.depth:g}".replace(".", ","),
            "mmi": mmi or "",
            "potential": template.clean(quake.potential, POTENTIAL),
            # "No tsunami" must not bring the advice against one.
            "advice": self.alerting.advise(f"{rules.event} {quake.potential if threat else ''}"),
        }

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        env = template.environment(self.templates)
        return template.render(env, name, {**values, "emergency": self.emergency})


def strongest(mmi: str) -> int:
    """The upper end of an intensity ("II-III"): 1 to 12; 0 for none."""
    ranks = [MMI.index(part) + 1 for part in mmi.replace("–", "-").split("-") if part in MMI]
    return max(ranks, default=0)


def _said(before: Known | None, mine: Sequence[Known]) -> Known | None:
    """The newest of its chain that people heard and that was not taken back."""
    chain = [one for one in mine if before is not None and one.root == before.root and one.said]
    return chain[-1] if chain and chain[-1].kind != CANCEL else None


def _same(identifier: str, quake: Quake, seconds: int) -> bool:
    try:
        at = dt.datetime.strptime(identifier.split("/")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return abs((at - quake.at).total_seconds()) <= seconds


def _numbers(identifier: str) -> tuple[float, str]:
    _, magnitude, mmi = identifier.split("/")
    return float(magnitude), mmi
