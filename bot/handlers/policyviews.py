"""What officers read about policy lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.handlers import policywords as words
from bot.handlers.desk import Desk
from bot.incidents.excerpts import quote
from bot.markup import escape
from bot.moderation import policies as rules
from bot.moderation.policies import Reading, Weighed
from bot.store.policies import PolicyList, State

SHOWN = 10
"""So many of a list are named, the rest is counted."""


def preview(desk: Desk, one: PolicyList, reading: Reading, weighed: Weighed) -> str:
    """What following it would do now."""
    return words.PREVIEW.format(
        address=escape(one.address),
        users=reading.count(rules.Kind.USER), servers=reading.count(rules.Kind.SERVER),
        rooms=reading.count(rules.Kind.ROOM),
        now=_now(desk, weighed), refused=_refused(weighed), ignored=_ignored(reading.ignored),
        state=_state(one),
    )  # fmt: skip


def foretold(desk: Desk, one: PolicyList, reading: Reading, weighed: Weighed) -> str:
    """What is confirmed by a code: whom it hits now."""
    address = escape(one.address)
    return words.WOULD_FOLLOW.format(address=address, rules=len(reading.rules), now=_now(desk, weighed))


def overview(desk: Desk, lists: Sequence[tuple[PolicyList, int]]) -> str:
    """Every list with how many rules it has, and our own."""
    lines = [
        words.OVERVIEW_LINE.format(
            address=escape(one.address), count=count,
            state=words.OVERVIEW_STATES[one.state].format(by=escape(one.by)),
        )
        for one, count in lists
    ]  # fmt: skip
    text = "\n".join([words.OVERVIEW, "", *lines]) if lines else words.OVERVIEW_EMPTY
    name = desk.content.protections.policies.own
    room = desk.content.rooms.by_name(name) if name is not None else None
    return f"{text}\n\n{words.OWN.format(room=room.title)}" if room is not None else text


def _state(one: PolicyList) -> str:
    if one.state is State.FOLLOWED:
        return words.IS_FOLLOWED
    return words.NOT_FOLLOWED.format(address=one.address.replace("`", ""))  # it stands in code, which that would end


def _now(desk: Desk, weighed: Weighed) -> str:
    if weighed.halted:
        text = words.HALTED.format(percent=desk.content.protections.policies.most_percent)
    elif weighed.bans:
        text = words.HITS.format(count=len(weighed.bans), people=people(sorted(weighed.bans)))
    else:
        text = words.HITS_NOBODY
    hit = [server(name, people) for name, people in weighed.servers.items() if people]
    return text + (words.SERVERS.format(servers=_some(hit)) if hit else "")


def _refused(weighed: Weighed) -> str:
    listed = [f"{quote(rule.entity)} ({words.WHY[why]})" for rule, why in weighed.refused]
    return words.REFUSED.format(rules=_some(listed)) if listed else ""


def _ignored(counts: Mapping[rules.Ignored, int]) -> str:
    listed = [f"{count} {words.WHY_IGNORED[why]}" for why, count in sorted(counts.items())]
    return words.IGNORED.format(counts=", ".join(listed)) if listed else ""


def server(server: str, people: Sequence[str]) -> str:
    """A server with how many of us are there."""
    return words.ON_SERVER.format(server=escape(server), count=len(people))


def people(users: Sequence[str]) -> str:
    """User ids, or that there is nobody."""
    return _some([escape(user) for user in users]) if users else words.NOBODY


def _some(listed: Sequence[str]) -> str:
    more = words.MORE.format(count=len(listed) - SHOWN) if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
