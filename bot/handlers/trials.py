"""What an order would do, in words: for the trial, and before a code is asked for."""

from __future__ import annotations

from bot.handlers import acting, sites, subscribing, switching
from bot.handlers.acting import Doing
from bot.handlers.sites import Site
from bot.markup import escape
from bot.moderation import words
from bot.moderation.terms import spell
from bot.moderation.verbs import Verb
from bot.store import sayings

SWITCHED = frozenset((Verb.PROTECT_OFF, Verb.PROTECT_ON))
_SHOWN = 12
"""Lines in one answer: what fits on a phone."""


def foretold(doing: Doing, there: list[Site]) -> str:
    """A line for each channel and person, with how many people there are."""
    verb, targets = doing.errand.verb, doing.errand.targets or ("",)
    if verb in (Verb.LIST_FOLLOW, Verb.LIST_LEAVE):
        following = verb is Verb.LIST_FOLLOW
        return "- " + subscribing.foretold(doing.connection, doing.desk, targets[0], following=following, now=doing.now)
    if len(targets) > 1:
        lines = [_line(doing, site, targets) for site in there]
    else:
        lines = [_line(doing, site, (targets[0],)) for site in there]
    more = [f"- {words.MORE.format(count=len(lines) - _SHOWN)}"] if len(lines) > _SHOWN else []
    return "\n".join([*(f"- {line}" for line in lines[:_SHOWN]), *more])


def idle(doing: Doing, there: list[Site]) -> bool:
    """Whether it would change nothing: all of it holds already, or there is nothing to take back."""
    targets = doing.errand.targets or ("",)
    if doing.errand.verb is Verb.REDACT:
        return not any(sayings.last(doing.connection, site.room_id, one, 1) for site in there for one in targets)
    if doing.errand.verb in SWITCHED:
        return all(switching.standing(doing, site, one) is not None for site in there for one in targets)
    if not doing.kind:
        return False
    return all(acting.standing(doing, doing.kind, site, one) is not None for site in there for one in targets)


def _line(doing: Doing, site: Site, targets: tuple[str, ...]) -> str:
    verb, errand = doing.errand.verb, doing.errand
    if verb in SWITCHED:
        return switching.foretold(doing, site, targets[0])
    if len(targets) == 1 and doing.kind:
        held = acting.standing(doing, doing.kind, site, targets[0])
        if held is not None:
            return held
    who = ", ".join(f"**{sites.person(doing.desk, one)}**" for one in targets if one)
    count, short, warning = 0, "", ""
    if verb is Verb.BAN_SERVER:
        count = len(acting.hit(doing, site, targets[0]))
        warning = "".join(
            f" {words.AGENCY_SERVER.format(agency=escape(one.title))}"
            for one in doing.desk.content.agencies.of_server(targets[0])
        )
    elif verb is Verb.REDACT:
        wanted = errand.amount or 0
        count = len(sayings.last(doing.connection, site.room_id, targets[0], wanted))
        short = words.SHORT.format(wanted=wanted) if count < wanted else ""
    told = words.WOULD[verb].format(
        who=who, room=words.PLACE.format(room=site.room.title, count=site.members), count=count, short=short,
        until=sites.until(doing.desk, doing.until, doing.now, doing.kind), pause=spell(errand.amount or 0),
    )  # fmt: skip
    return told + warning
