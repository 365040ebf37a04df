"""What a message is found to be, and what follows: facts in, verdict out. Pure.

Reports come first. What became a report, or goes on about one, is judged for its number alone, at twice the usual
threshold, and is never among what is swept; in an emergency nothing is judged at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.event import Kind
from bot.moderation import insults, signals
from bot.moderation.protectionfile import Consequence, Joins, Name, Watch, Watches

CALM_MS = 60_000
"""A flood that stops for so long is over: what comes then is another one."""
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_WEEK_MINUTES = 10_080
_COUNTED = frozenset(
    (Kind.TEXT, Kind.NOTICE, Kind.IMAGE, Kind.FILE, Kind.LOCATION, Kind.EDIT, Kind.OTHER, Kind.UNREADABLE)
)
_WORDED = frozenset((Kind.TEXT, Kind.NOTICE, Kind.IMAGE, Kind.FILE, Kind.LOCATION, Kind.EDIT, Kind.OTHER))
_SHOWN = frozenset((Kind.IMAGE, Kind.FILE))
_IN_TIME: frozenset[Name] = frozenset(("flood", "voices", "repeats"))
"""Protections that rest on how fast something came."""


@dataclass(frozen=True)
class Past:
    """Something the same person sent shortly before, or the message itself."""

    event_id: str
    room_id: str
    kind: Kind
    at: int
    """When it was sent, as far as clocks of ours tell: milliseconds."""
    kept: bool = False
    """It is a report or belongs to one."""
    text: str = ""


@dataclass(frozen=True)
class Strike:
    """That a protection struck before."""

    protection: str
    room_id: str
    at: int


@dataclass(frozen=True)
class Said:
    """The message that is judged."""

    event_id: str
    room_id: str
    kind: Kind
    at: int
    text: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    mentions: Collection[str] = ()
    mentions_room: bool = False
    kept: bool = False
    emergency: bool = False
    """It belongs to a report of danger to life."""


@dataclass(frozen=True)
class Facts:
    """What is known besides."""

    past: Sequence[Past] = ()
    """What the person sent within the longest window, the message itself among it, in any of our rooms."""
    strikes: Sequence[Strike] = ()
    member_since: int | None = None
    """When they joined, milliseconds; `None`: nobody knows."""
    may_notify: bool = False
    """Whether they have the power to call the whole room."""
    ours: Collection[str] = ()
    """Our rooms' ids and aliases, and our server's name: links there are no invitations elsewhere."""
    in_danger: bool = False
    """They reported danger to life a moment ago: they may write in haste."""
    long_ago: bool = False
    """It is read long after it was sent: whom it angered has gone, and a mute would come out of nowhere."""
    sure_of_time: bool = True
    """False when only a stranger's server says when the message was sent: it came with others after a pause."""


@dataclass(frozen=True)
class Verdict:
    """What was found and what follows."""

    protection: Name
    consequences: tuple[Consequence, ...]
    evidence: str
    """Short, for officers and the audit: numbers, hosts, the listed word."""
    level: int
    """Which strike it is, by what is left of the earlier ones; from 1."""
    mute_minutes: int
    sweep: tuple[str, ...] = ()
    """Events to be redacted, the oldest first, if redacting is among the consequences."""
    again: bool = False
    """The same flood goes on: no strike of its own, no second word."""


@dataclass(frozen=True)
class _Finding:
    protection: Name
    evidence: str
    sweep: tuple[str, ...]


def judge(watches: Watches, said: Said, facts: Facts, active: Collection[Name]) -> Verdict | None:
    """The gravest thing found; `None` when there is nothing. `active`: the protections that are switched on here."""
    if said.emergency:
        return None
    for name, look in _LOOKS.items():
        if name not in active or (said.kept and name not in ("flood", "voices")):
            continue
        found = look(watches, said, facts)
        if found is not None:
            return _verdict(getattr(watches, name), found, said, facts)
    return None


def level(strikes: Sequence[Strike], now: int, half_life_days: float) -> int:
    """Which strike the next one is: each earlier one has lost half of its weight after its half-life."""
    weight = sum(0.5 ** ((now - one.at) / (half_life_days * _DAY)) for one in strikes if one.at <= now)
    return 1 + int(weight + 0.5)


def is_wave(watch: Joins, joined: Sequence[int], now: int) -> bool:
    """Whether so many joins (their times, milliseconds) in so short a time are a wave."""
    return sum(now - watch.seconds * 1000 < at <= now for at in joined) >= watch.people


def longest_window(watches: Watches) -> int:
    """Milliseconds of past that judging needs."""
    seconds = max(watches.flood.seconds, watches.voices.seconds)
    return max(seconds * 1000, watches.repeats.minutes * _MINUTE, watches.links.minutes * _MINUTE)


def _verdict(watch: Watch, found: _Finding, said: Said, facts: Facts) -> Verdict:
    earlier = [one for one in facts.strikes if one.protection == found.protection]
    newest = max(earlier, key=lambda one: one.at, default=None)
    again = (
        found.protection in _IN_TIME
        and newest is not None
        and newest.room_id == said.room_id
        and said.at - newest.at < CALM_MS
    )
    counted = [one for one in earlier if one is not newest] if again else earlier
    number = level(counted, said.at, watch.half_life_days)
    consequences = watch.ladder[min(number, len(watch.ladder)) - 1]
    if found.protection in _IN_TIME and not facts.sure_of_time:
        consequences = ("report",)
    if again or facts.long_ago:
        consequences = tuple(one for one in consequences if one in ("redact", "report"))
    minutes = min(watch.mute_minutes * number, _WEEK_MINUTES)
    return Verdict(found.protection, consequences, found.evidence, number, minutes, found.sweep, again)


def _flood(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    watch = watches.flood
    if said.kind not in _COUNTED:
        return None
    since = said.at - watch.seconds * 1000
    sent = [
        one for one in facts.past if one.room_id == said.room_id and one.kind in _COUNTED and since < one.at <= said.at
    ]
    talk = [one for one in sent if not one.kept]
    limit = watch.messages * (2 if facts.in_danger else 1)
    if len(talk) < limit and len(sent) < 2 * watch.messages * (2 if facts.in_danger else 1):
        return None
    # What nobody can read yet may be a report, and its key still come.
    sweep = tuple(one.event_id for one in talk if one.kind is not Kind.UNREADABLE)
    return _Finding("flood", f"{len(sent)}/{watch.seconds}s", sweep)


def _voices(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    watch = watches.voices
    if said.kind is not Kind.AUDIO:
        return None
    since = said.at - watch.seconds * 1000
    notes = [
        one
        for one in facts.past
        if one.room_id == said.room_id and one.kind is Kind.AUDIO and since < one.at <= said.at
    ]
    limit = watch.notes * (2 if facts.in_danger else 1)
    return _Finding("voices", f"{len(notes)}/{watch.seconds}s", ()) if len(notes) >= limit else None


def _invites(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    found = _links(watches, said, facts).invites
    return _Finding("invites", ", ".join(found[:3])[:200], (said.event_id,)) if found else None


def _mentions(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    if signals.names_room(said.text, said.content, mentions_room=said.mentions_room) and not facts.may_notify:
        return _Finding("mentions", "@room", (said.event_id,))
    named = signals.people_named(said.text, said.content, said.mentions)
    return _Finding("mentions", str(named), (said.event_id,)) if named >= watches.mentions.people else None


def _repeats(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    watch, key = watches.repeats, signals.same(said.text)
    if said.kind not in _WORDED - {Kind.EDIT} or len(key) < watch.letters:
        return None
    since = said.at - watch.minutes * _MINUTE
    alike = [one for one in facts.past if not one.kept and since < one.at <= said.at and signals.same(one.text) == key]
    if len(alike) < watch.times:
        return None
    here = tuple(one.event_id for one in alike if one.room_id == said.room_id)
    return _Finding("repeats", f"{len(alike)}/{watch.minutes}min", here[1:] or here)


def _foreign(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    here = _links(watches, said, facts).foreign
    if not here:
        return None
    watch, since = watches.links, said.at - watches.links.minutes * _MINUTE
    total = len(here)
    for one in facts.past:
        if one.event_id != said.event_id and not one.kept and since < one.at <= said.at:
            total += len(signals.links(one.text, {}, watches.link_words, ours=facts.ours).foreign)
    return _Finding("links", ", ".join(here[:3])[:200], (said.event_id,)) if total >= watch.links else None


def _newcomers(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    if said.kind not in _SHOWN or facts.member_since is None:
        return None
    age = said.at - facts.member_since
    if age >= watches.newcomers.hours * _HOUR:
        return None
    return _Finding("newcomers", f"{max(age, 0) // _MINUTE} min", (said.event_id,))


def _insults(watches: Watches, said: Said, facts: Facts) -> _Finding | None:
    word = insults.insult(said.text[: signals.MOST_TEXT], watches.insult_words) if said.kind in _WORDED else None
    return _Finding("insults", word, (said.event_id,)) if word is not None else None


def _links(watches: Watches, said: Said, facts: Facts) -> signals.Links:
    return signals.links(said.text, said.content, watches.link_words, ours=facts.ours)


_LOOKS: Mapping[Name, Callable[[Watches, Said, Facts], _Finding | None]] = {
    "flood": _flood,
    "voices": _voices,
    "invites": _invites,
    "mentions": _mentions,
    "repeats": _repeats,
    "links": _foreign,
    "newcomers": _newcomers,
    "insults": _insults,
}
"""In this order: of several things that are found the first decides."""
