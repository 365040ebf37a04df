"""Other people's moderation policy lists: what their rules say, whom of us they hit, which of them we refuse. Pure.

A list is a stranger's room (client-server API, "Moderation policy lists"; MSC2313): anything can stand in it, and
whoever holds it can turn it against us. So what is no proper rule counts for nothing, matching takes no longer than the
names are long, and a rule that hits ourselves, those who keep order, an agency, or too many of us is never followed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

LONGEST = 255
"""No identifier of Matrix is longer (appendices, "Common Identifier Format")."""
MOST_RULES = 50_000
MOST_GLOBS = 2_000
"""So many rules with "*" or "?" of one list are read: each is compared with every member."""
MOST_OF_ONE = 10
"""So many rules about one person are weighed when they come."""
_LONGEST_REASON = 200
_SERVER = re.compile(r"[A-Za-z0-9.\-_:\[\]*?]+")
_BAN = frozenset(("m.ban", "org.matrix.mjolnir.ban"))


class Kind(StrEnum):
    """What a rule is about."""

    USER = "user"
    SERVER = "server"
    ROOM = "room"


class Ignored(StrEnum):
    """Why something in a list is no rule."""

    MALFORMED = "malformed"
    OTHER = "other"
    """It recommends something else than a ban."""
    TOO_MANY = "too_many"


class Refusal(StrEnum):
    """Why a rule is never followed."""

    OURSELVES = "ourselves"
    OFFICER = "officer"
    AGENCY = "agency"
    OUR_ROOM = "our_room"
    TOO_MANY = "too_many"


class StateEvent(Protocol):
    """A state event of a list's room."""

    @property
    def type(self) -> str: ...
    @property
    def state_key(self) -> str: ...
    @property
    def content(self) -> Mapping[str, Any]: ...
    @property
    def event_id(self) -> str | None: ...


@dataclass(frozen=True)
class Rule:
    """One rule that recommends a ban."""

    kind: Kind
    entity: str
    """A user id, a server's name or a room's id or alias; "*" and "?" stand for anything, and for one character."""
    reason: str = ""
    event_id: str | None = None

    @property
    def is_glob(self) -> bool:
        """Whether it may hit several."""
        return "*" in self.entity or "?" in self.entity


@dataclass(frozen=True)
class Reading:
    """What stands in a list."""

    rules: tuple[Rule, ...] = ()
    ignored: Mapping[Ignored, int] = field(default_factory=dict)

    def count(self, kind: Kind) -> int:
        """How many rules of that kind."""
        return sum(rule.kind is kind for rule in self.rules)


@dataclass(frozen=True)
class Around:
    """Who we are: what a rule must not hit."""

    me: str
    server: str
    guarded: frozenset[str] = frozenset()
    """User ids of officers, spare accounts and liaisons."""
    agencies: frozenset[str] = frozenset()
    """Servers of agencies."""
    rooms: frozenset[str] = frozenset()
    """Ids and aliases of our rooms."""
    members: frozenset[str] = frozenset()
    """Everybody in our channels."""
    most_percent: int = 5

    @property
    def most(self) -> int:
        """So many members a list may hit: a share, and one at least."""
        return max(1, len(self.members) * self.most_percent // 100)


@dataclass(frozen=True)
class Weighed:
    """What following a list would do now."""

    bans: Mapping[str, Rule] = field(default_factory=dict)
    """Member → the rule that hits them."""
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Server rules that are not refused: entity → our members there; officers decide about those."""
    refused: tuple[tuple[Rule, Refusal], ...] = ()
    halted: bool = False
    """All its rules together hit too many of us: none is followed."""


def read(events: Iterable[StateEvent]) -> Reading:
    """The rules among a room's state events; the rest is counted."""
    rules: list[Rule] = []
    ignored: Counter[Ignored] = Counter()
    globs = 0
    for event in events:
        kind = _KINDS.get(event.type)
        if kind is None or not event.content:  # an emptied rule is one that was taken back
            continue
        entity, recommendation = event.content.get("entity"), event.content.get("recommendation")
        if not isinstance(entity, str) or not isinstance(recommendation, str) or not _proper(kind, entity):
            ignored[Ignored.MALFORMED] += 1
            continue
        if recommendation not in _BAN:
            ignored[Ignored.OTHER] += 1
            continue
        reason = event.content.get("reason")
        words = reason[:_LONGEST_REASON] if isinstance(reason, str) else ""
        rule = Rule(kind, entity.casefold(), words, event.event_id)
        globs += rule.is_glob
        if len(rules) >= MOST_RULES or (rule.is_glob and globs > MOST_GLOBS):
            ignored[Ignored.TOO_MANY] += 1
            continue
        rules.append(rule)
    return Reading(tuple(rules), dict(ignored))


def weigh(rules: Sequence[Rule], around: Around) -> Weighed:
    """Whom of us the rules hit, without those that are refused."""
    members = {one.casefold(): one for one in sorted(around.members)}
    bans: dict[str, Rule] = {}
    servers: dict[str, tuple[str, ...]] = {}
    refused: list[tuple[Rule, Refusal]] = []
    for rule in rules:
        hits = _hits(rule, members)
        why = _refusal(rule, hits, around)
        if why is not None:
            refused.append((rule, why))
        elif rule.kind is Kind.USER:
            for one in hits:
                bans.setdefault(one, rule)
        elif rule.kind is Kind.SERVER:
            servers[rule.entity] = tuple(hits)
    if len(bans) > around.most:
        return Weighed({}, servers, tuple(refused), halted=True)
    return Weighed(bans, servers, tuple(refused))


def hit_by(user_id: str, rules: Iterable[Rule]) -> Rule | None:
    """The first user rule that hits somebody."""
    return next(_of(user_id, rules), None)


def hits_of(user_id: str, rules: Iterable[Rule]) -> list[Rule]:
    """The first user rules that hit somebody, so many that one of them may be refused."""
    return list(islice(_of(user_id, rules), MOST_OF_ONE))


def _of(user_id: str, rules: Iterable[Rule]) -> Iterator[Rule]:
    folded = user_id.casefold()
    for rule in rules:
        if rule.kind is Kind.USER and (matches(rule.entity, folded) if rule.is_glob else rule.entity == folded):
            yield rule


def matches(glob: str, name: str) -> bool:
    """Whether a name is meant by a glob (appendices, "Glob-style matching"); both case-folded.

    Goes back only to the last star, so that a glob of many stars keeps nobody busy.
    """
    at = seen = resume = 0
    star = -1
    while seen < len(name):
        if at < len(glob) and glob[at] == "*":
            star, resume, at = at, seen, at + 1
        elif at < len(glob) and glob[at] in ("?", name[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            resume += 1
            at, seen = star + 1, resume
        else:
            return False
    return not glob[at:].strip("*")


def _proper(kind: Kind, entity: str) -> bool:
    """Whether an entity can be what it says; one of nothing but stars means everybody, and so nobody in particular."""
    if not entity or len(entity) > LONGEST or not entity.isprintable() or any(sign.isspace() for sign in entity):
        return False
    first = entity[0]
    starts = {Kind.USER: "@*?", Kind.ROOM: "#!*?", Kind.SERVER: None}[kind]
    if starts is not None:
        return first in starts and bool(entity.strip("@#!*?:"))
    return _SERVER.fullmatch(entity) is not None and bool(entity.strip("*?.:"))


def _hits(rule: Rule, members: Mapping[str, str]) -> list[str]:
    if rule.kind is Kind.ROOM:
        return []
    if rule.kind is Kind.USER:
        if not rule.is_glob:
            return [members[rule.entity]] if rule.entity in members else []
        return [one for folded, one in members.items() if matches(rule.entity, folded)]
    return [one for folded, one in members.items() if _is_on(rule.entity, folded.partition(":")[2])]


def _refusal(rule: Rule, hits: Sequence[str], around: Around) -> Refusal | None:
    if rule.kind is Kind.ROOM:
        return Refusal.OUR_ROOM if _any(rule.entity, around.rooms) else None
    if rule.kind is Kind.SERVER:
        if _is_on(rule.entity, around.server.casefold()):
            return Refusal.OURSELVES
        if any(_is_on(rule.entity, one.casefold()) for one in around.agencies):
            return Refusal.AGENCY
        return Refusal.TOO_MANY if len(hits) > around.most else None
    if matches(rule.entity, around.me.casefold()):
        return Refusal.OURSELVES
    if _any(rule.entity, around.guarded):
        return Refusal.OFFICER
    return Refusal.TOO_MANY if len(hits) > around.most else None


def _any(glob: str, names: Collection[str]) -> bool:
    return any(matches(glob, one.casefold()) for one in names)


def _is_on(glob: str, server: str) -> bool:
    """A server's name with its port or without: lists name hosts, homeservers themselves."""
    host, _, port = server.rpartition(":")
    return matches(glob, server) or (port.isdecimal() and bool(host) and matches(glob, host))


_KINDS = {
    "m.policy.rule.user": Kind.USER,
    "m.policy.rule.server": Kind.SERVER,
    "m.policy.rule.room": Kind.ROOM,
}
