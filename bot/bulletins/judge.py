"""What of the sources' alerts is to be said between the bulletins. Pure.

A message is said when it is new, meant, for the public, about us, in force and fresh. What changes or takes back one
that was said refers to it; what is doubtful, grave or one of too many waits for officers; the rest is left, and why.
Only what counts for everybody takes another's place: the rooms' last word is the publisher's last public word.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins import alerts, lineage, template
from bot.bulletins.alerting import Alerting
from bot.bulletins.alerts import CLOCKS_APART, WHOLE
from bot.bulletins.moments import dated
from bot.bulletins.warnings import CANCEL, HELD, UNSAID, UPDATE, Act, Known, Origin, Verdict, Why
from bot.feeds import cap
from bot.feeds.cap import Alert
from bot.feeds.nowcast import Concern, Region, concerns

HEADLINE, INSTRUCTION = 200, 400
_HOUR = dt.timedelta(hours=1)


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
    origins: tuple[Origin, ...] = ()
    """Everybody who is asked for alerts."""

    def alert(
        self, alert: Alert, origin: Origin, known: Sequence[Known], now: dt.datetime, listed: Sequence[Alert] = ()
    ) -> Verdict | None:
        """The verdict on a CAP alert; `None` when there is nothing to record: known, or not about us.

        `listed`: everything that its source lists now. Raises template.TemplateFault.
        """
        mine = [one for one in known if one.source == origin.name]
        if any(one.identifier == alert.name for one in mine):
            return None
        concern = self._concern(alert, origin)
        horizon = dt.timedelta(minutes=self.alerting.most_age_minutes)
        base = Verdict(
            origin.name, alert.name, Act.LEAVE, sent_at=min(alert.sent, now), expires=alert.expires or now + horizon,
            open_end=alert.expires is None, districts=concern.districts if concern is not None else (),
        )  # fmt: skip
        ends = alert.kind == cap.CANCEL or alert.over(now) or alert.urgency == alerts.PAST or concern is None
        if not alert.meant:
            return None if ends else self._seen(self._worded(base, alert, origin, concern, now), Why.DRILL, mine)
        kin = lineage.chain(alert.name, alert.replaces, mine)
        tied = replace(base, chains=_roots(kin), refers=tuple(sorted(alert.replaces)))
        if ends:
            elsewhere = concern is None and alert.kind != cap.CANCEL
            standing = {one.name for one in alerts.standing(listed, lambda one: self._concern(one, origin), now)}
            found = replace(tied, kind=CANCEL, expires=now + horizon)
            return self._end(found, alert, kin, mine, now, standing, elsewhere=elsewhere)
        found = self._worded(tied, alert, origin, concern, now)
        heard = lineage.heard(kin)
        found = replace(found, kind=UPDATE if heard is not None else found.kind)
        if not alert.public:
            return self._seen(replace(found, chains=(), refers=()), Why.RESTRICTED, mine)
        replaced = alerts.replaced(listed, lambda one: self._concern(one, origin), now)
        if alert.name in replaced or lineage.outdated(alert.name, alert.replaces, alert.sent, kin):
            return self._late(found, alert, kin)
        if now - alert.sent > horizon:
            return found.because(Why.OLD)
        found = replace(found, settles=lineage.waiting(alert.name, kin))
        same = self._said_already(alert, known)
        if same is not None and (heard is None or same.root == heard.root):
            chains = _roots((same, *kin)) if same.source == origin.name else found.chains
            return replace(found, chains=chains, act=Act.LEAVE, why=Why.REPEATED)
        if same is not None and same.source == origin.name:  # one of them is in force from now on
            found = replace(found, chains=_roots((same, *kin)))
        return self._public(found, alert, concern, mine, now)

    @staticmethod
    def _late(found: Verdict, alert: Alert, kin: Sequence[Known]) -> Verdict:
        """No news itself; and what it shows to belong together was said as if it did not, and may be out of date."""
        left = found.because(Why.REPLACED)
        joined = lineage.overtaken(alert.name, alert.replaces, kin)
        if joined is None:
            return left
        last, older = joined
        if last.kind == CANCEL:
            return replace(left, act=Act.SAY, kind=CANCEL, words=older[-1].words or "")
        if not last.said:  # it said what was in force then
            return replace(
                left, act=Act.SAY, kind=UPDATE, words=last.words or "", expires=last.expires, open_end=last.open_end
            )
        return replace(left, newest=last.id, overtaken=tuple(one.id for one in older))

    def _public(
        self, found: Verdict, alert: Alert, concern: Concern | None, mine: Sequence[Known], now: dt.datetime
    ) -> Verdict:
        """What is new, for everybody and about us: said, unless officers have to look at it."""
        if alert.sent - now > CLOCKS_APART:
            return self._seen(found, Why.AHEAD, mine)
        if concern is None or not concern.sure:
            return self._seen(found, Why.DOUBTFUL, mine)
        if self.alerting.grave(f"{_text(alert)} {alert.instruction}"):
            return self._seen(found, Why.TSUNAMI, mine)
        return self.rationed(found, mine, now)

    def rationed(self, found: Verdict, mine: Sequence[Known], now: dt.datetime) -> Verdict:
        """Said, unless its source has said so much that officers should look first; in the place of its like."""
        lately = [one for one in mine if one.said and one.kind != CANCEL and now - _HOUR < one.at]
        if len(lately) >= self.alerting.most_an_hour:
            return self._seen(found, Why.MANY, mine)
        like = tuple(one.id for one in mine if one.state == HELD and one.words == found.words)
        return replace(found, act=Act.SAY, settles=tuple(sorted({*found.settles, *like})))

    def _seen(self, found: Verdict, why: Why, mine: Sequence[Known]) -> Verdict:
        """Before the officers, once: a source may offer the same under a new name every time."""
        act = Act.SHOW if why in (Why.DRILL, Why.RESTRICTED) else Act.HOLD
        same = [one for one in mine if one.state in (HELD, UNSAID) and (one.words, one.why) == (found.words, why)]
        if not same:
            return found.because(why, act)
        chains = tuple(sorted({*found.chains, same[-1].root})) if act is Act.HOLD else ()
        return replace(found.because(Why.REPEATED), chains=chains)

    def _end(
        self, found: Verdict, alert: Alert, kin: Sequence[Known], mine: Sequence[Known], now: dt.datetime,
        standing: set[str], *, elsewhere: bool,
    ) -> Verdict | None:  # fmt: skip
        """Taken back or over: for everybody who heard of it, and for the officers before whom it is."""
        foreign = [] if kin or alert.kind != cap.CANCEL else lineage.chain(alert.name, alert.references, mine)
        if not alert.references or (alert.kind == cap.ALERT):
            return None
        if foreign:
            return self._ended_by_half(replace(found, chains=_roots(foreign), refers=()), Why.FOREIGN_END, foreign, now)
        if not alert.public:
            return self._ended_by_half(replace(found, refers=()), Why.RESTRICTED_END, kin, now)
        if alert.sent - now > CLOCKS_APART:
            return self._ended_by_half(replace(found, refers=()), Why.AHEAD, kin, now)
        if lineage.outdated(alert.name, alert.replaces, alert.sent, kin):
            return self._late(found, alert, kin)
        if standing & {one.identifier for one in kin} - lineage.tied(alert.replaces, kin):
            return found.because(Why.STANDS)
        found = replace(found, settles=lineage.waiting(alert.name, kin))
        if alert.kind != cap.CANCEL:
            found = replace(found, why=Why.ELSEWHERE if elsewhere else Why.ENDED)
        heard = _unended(kin, now)
        return found if heard is None else replace(found, act=Act.SAY, words=heard.words or "")

    def _ended_by_half(self, found: Verdict, why: Why, kin: Sequence[Known], now: dt.datetime) -> Verdict:
        """An end that is not simply passed on: officers decide, where anybody heard what it ends."""
        heard = _unended(kin, now)
        if heard is not None:
            return self._seen(replace(found, words=heard.words or ""), why, kin)
        waits = next((one for one in reversed(kin) if one.state == HELD), None)
        if waits is None:
            return found.because(why)
        return replace(found, act=Act.SHOW, why=why, words=waits.words or "")

    def _said_already(self, alert: Alert, known: Sequence[Known]) -> Known | None:
        """What is in force and reads the same, under another name or from another source; as of when it was said."""
        origins = {one.name: one for one in self.origins}
        for one in lineage.newest(known):
            origin = origins.get(one.source)
            concern = self._concern(alert, origin) if origin is not None else None
            if origin is None or concern is None or not concern.sure:
                continue
            if self._words(alert, origin, concern, one.at) == one.words:
                return one
        return None

    def _concern(self, alert: Alert, origin: Origin) -> Concern | None:
        return WHOLE if origin.ours else concerns(alert, self.region)

    def _worded(
        self, base: Verdict, alert: Alert, origin: Origin, concern: Concern | None, now: dt.datetime
    ) -> Verdict:
        return replace(base, words=self._words(alert, origin, concern, now)) if concern is not None else base

    def _words(self, alert: Alert, origin: Origin, concern: Concern, now: dt.datetime) -> str:
        headline = alert.headline or alert.event
        return self.render(
            self.alerting.templates.warning,
            {
                "source": origin.who,
                "headline": template.clean(headline, HEADLINE),
                "districts": list(concern.districts),
                "region": self.region.name,
                "since": dated(alert.onset, now, self.zone) if alert.onset and alert.onset > now else "",
                "until": dated(alert.expires, now, self.zone) if alert.expires else "",
                "instruction": template.clean(alert.instruction, INSTRUCTION),
                "advice": self.alerting.advise(_text(alert)),
            },
        )

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """A template with these values. Raises template.TemplateFault."""
        env = template.environment(self.templates)
        return template.render(env, name, {**values, "emergency": self.emergency})


def _text(alert: Alert) -> str:
    return f"{alert.event} {alert.headline} {alert.description}"


def _roots(kin: Sequence[Known]) -> tuple[int, ...]:
    return tuple(sorted({one.root for one in kin}))


def _unended(kin: Sequence[Known], now: dt.datetime) -> Known | None:
    """What people heard and do not know to be over."""
    heard = lineage.heard(kin)
    over = heard is not None and heard.expires is not None and heard.expires <= now and not heard.open_end
    return None if over else heard
