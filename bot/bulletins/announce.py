"""Deciding what is due, composing it and recording it, in the caller's one transaction.

The only part of this package that touches the store; the schedule and `kentongan bulletin send` both go
through here, so that a slot is one bulletin whoever comes first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from bot.bulletins import approval
from bot.bulletins.compose import LATE_AFTER, Composed, compose
from bot.bulletins.due import Act, Due, Reason, Target, after, before, due, window
from bot.bulletins.facts import Count, Facts, Note, Obstacle, Reading, Statistics
from bot.bulletins.model import Bulletins
from bot.bulletins.roads import roads
from bot.bulletins.spoken import Spoken, speakable
from bot.bulletins.template import TemplateFault
from bot.feeds.nowcast import Region
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import bulletinnotes, feeds, recitations, subscriptions
from bot.store import bulletins as store

log = structlog.get_logger()

HOLDS = dt.timedelta(minutes=2)
"""So long a bulletin may be sent as it was composed; what waits longer is composed anew (`waiting.renew`)."""
FIRST_LOOK_MS = 2 * 60 * 1000
"""A slot seen for the first time is ours from a little earlier: starting up takes a while."""

Record = Callable[[str, str, dict[str, Any]], object]
"""Writes an audit row: (kind, subject, payload)."""


@dataclass(frozen=True)
class Announced:
    """A slot that was decided just now."""

    due: Due
    sent: bool
    """Queued in the outbox; else recorded as skipped."""
    reason: Reason | None = None


@dataclass(frozen=True)
class Announcer:
    """What announcing needs besides the database and the time."""

    bulletins: Bulletins
    targets: Sequence[Target]
    zone: ZoneInfo
    grace: dt.timedelta
    version: str
    """Content version, for the record."""
    title: Callable[[str], str] = str
    """Category code → words."""
    region: Region | None = None
    """The regency, for warnings that come without asking who is meant."""
    reading: Spoken | None = None
    """How it is read out; `None`: nobody reads it out."""

    def run(self, connection: Connection, now: int, audit: Record | None = None) -> list[Announced]:
        """Decide everything that is due at `now` (milliseconds since the epoch). Safe to call at any time."""
        moment = moment_of(now)
        pairs = [(slot, target.room_id) for target in self.targets for slot in target.slots if not target.since]
        watched = store.watched(connection, pairs, now, since=now - FIRST_LOOK_MS)
        for target in self.targets:
            for slot, at in target.since.items():  # later than now: asked for while the clock ran ahead
                watched[slot, target.room_id] = at if at <= now else now - FIRST_LOOK_MS
        last = store.looked(connection, now)
        looked = None if last is None else moment_of(last)
        since = window(moment, looked).astimezone(self.zone).date() - dt.timedelta(days=1)
        waiting = due(
            self.bulletins,
            self.targets,
            moment,
            zone=self.zone,
            grace=self.grace,
            decided=store.decided(connection, since.isoformat(), now),
            watched={pair: moment_of(at) for pair, at in watched.items()},
            looked=looked,
        )
        decisions = (self._decide(connection, one, now, audit, revise_skips=False) for one in waiting)
        return [decision for decision in decisions if decision is not None]

    def send(
        self, connection: Connection, slot: str, date: dt.date, now: int, audit: Record | None = None
    ) -> list[Announced]:
        """An officer's word: send this slot now to every target that has not had it; a recorded skip gives way.

        A private copy only goes to whoever had asked for it by the slot's time.
        """
        announced: list[Announced] = []
        for target in self.targets:
            one = self.slot_of(target, slot, date)
            if target.since.get(slot, 0) > milliseconds(one.at):
                continue
            decision = self._decide(connection, one, now, audit, revise_skips=True)
            if decision is not None:
                announced.append(decision)
        return announced

    def slot_of(self, target: Target, slot: str, date: dt.date) -> Due:
        """A slot of a room, whether it has come or not."""
        at = dt.datetime.combine(date, self.bulletins.slot(slot, target.name).time, self.zone).astimezone(dt.UTC)
        return Due(slot, date, target, at, before(self.bulletins, target, at, self.zone), Act.SEND)

    def holds(self, one: Due, now: dt.datetime, end: dt.datetime) -> dt.datetime:
        """Until when what is composed now may be sent: never once it would have to say that it is late."""
        late = one.at + LATE_AFTER + dt.timedelta(milliseconds=1)
        return min(now + HOLDS, end, late if late > now else end)

    def draft(
        self, connection: Connection, one: Due, now: int, words: str | None = None, *, room_title: str | None = None
    ) -> Composed:
        """What would be said now. `words`: what an officer wants said instead. Raises TemplateFault."""
        return compose(
            self.bulletins,
            one.slot,
            one.date,
            self._facts(connection, one, now),
            room=one.target.name,
            room_title=room_title or one.target.title,
            zone=self.zone,
            title=self.title,
            instead=words,
        )

    def _decide(
        self, connection: Connection, one: Due, now: int, audit: Record | None, *, revise_skips: bool
    ) -> Announced | None:
        reason, words = one.reason, None
        end = (max(one.at, moment_of(now)) if revise_skips else one.at) + self.grace
        sources: dict[str, Any] = {}
        tip: str | None = None
        content: dict[str, Any] | None = None
        markdown = ""
        if one.act is Act.SEND:
            forced = revise_skips  # an operator's command stands above what was answered to the preview
            reason, words = approval.judge(connection, self.bulletins, one.slot, one.date, forced=forced)
        if one.act is Act.SEND and reason is None:
            try:
                composed = self.draft(connection, one, now, words)
                markdown, sources, tip = composed.markdown, composed.sources(), composed.tip
                content = render(markdown).content()
            except TemplateFault as fault:  # one room's template must not silence the others
                reason = Reason.BROKEN
                log.error("bulletin.broken", slot=one.slot, room=one.target.name, template=fault.name, line=fault.line)
        entry = store.Entry(
            slot=one.slot,
            date=one.date.isoformat(),
            room_id=one.target.room_id,
            due_at=milliseconds(one.at),
            sources=sources,
            content_version=self.version,
            reason=reason,
            tip=tip,
            words=None if content is None else words,
            not_after=None if content is None else milliseconds(end),
        )
        outgoing = None
        if content is not None:
            until = milliseconds(self.holds(one, moment_of(now), end))
            outgoing = Outgoing(
                entry.outbox_key, one.target.room_id, content, priority=Priority.BULLETIN, not_after=until
            )
        if not store.record(connection, entry, outgoing, now, revise_skips=revise_skips):
            return None
        if outgoing is not None and self.reading is not None and (said := speakable(markdown, self.reading)):
            title = self.bulletins.slot(one.slot, one.target.name).title
            recitations.ask(connection, one.slot, entry.date, one.target.room_id, title, said, now)
        kind = "bulletin.skipped" if outgoing is None else "bulletin.sent"
        if audit:
            payload = {"due_at": entry.due_at, "reason": reason, "sources": sources, "room": one.target.name}
            payload |= {"reworded": True} if words is not None and outgoing is not None else {}
            audit(kind, entry.outbox_key, payload)
        log.info(kind, slot=one.slot, date=entry.date, room=one.target.name, reason=reason)
        return Announced(one, outgoing is not None, reason)

    def _facts(self, connection: Connection, one: Due, now: int) -> Facts:
        until = after(self.bulletins, one.target, one.at, self.zone)
        known = facts(
            connection, self.bulletins, one.target.room_id, one.since, one.at, until, moment_of(now), self.region
        )
        told = store.told_tips(connection, one.target.room_id, but=(one.slot, one.date.isoformat()))
        return replace(known, notes=notes(connection, one), told=told)


def facts(
    connection: Connection,
    bulletins: Bulletins,
    room_id: str,
    since: dt.datetime,
    at: dt.datetime,
    until: dt.datetime,
    now: dt.datetime,
    region: Region | None,
) -> Facts:
    """What the database knows for a slot at `at`, between the slots around it."""
    # Up to the slot's own time, not to now: a late bulletin must not tell what the next one tells again.
    end = min(at, now)
    since = min(since, end)
    return Facts(
        now,
        statistics(connection, since, end),
        since=since,
        until=until,
        readings=readings(connection),
        region=region,
        obstacles=obstacles(connection, bulletins, end),
        told=store.told_tips(connection, room_id),
    )


def readings(connection: Connection) -> dict[str, Reading]:
    """What each source last said."""
    return {
        name: Reading(feed.raw, None if feed.fetched_at is None else moment_of(feed.fetched_at), feed.error)
        for name, feed in feeds.known(connection).items()
    }


def obstacles(connection: Connection, bulletins: Bulletins, until: dt.datetime) -> tuple[Obstacle, ...]:
    """What stands in the way and is not over."""
    traffic = bulletins.traffic
    since = until - dt.timedelta(hours=traffic.max_hours)
    rows = store.standing(connection, traffic.categories, milliseconds(since), milliseconds(until))
    return tuple(
        Obstacle(row.category, row.district, roads(row.places, row.district), moment_of(row.opened_at)) for row in rows
    )


def copies(connection: Connection, title: str) -> list[Target]:
    """The DMs that get a private copy: of no channel, so with what is said in all of them. `title`: of us all."""
    wanted: list[Target] = []
    for room_id, group in groupby(subscriptions.everybody(connection), key=lambda one: one.room_id):
        since = {one.slot: one.at for one in group}
        wanted.append(Target("", room_id, title, tuple(since), since))
    return wanted


def statistics(connection: Connection, since: dt.datetime, until: dt.datetime) -> Statistics:
    """Incident numbers of a span, from the log."""
    rows = store.incident_counts(connection, milliseconds(since), milliseconds(until))
    unconfirmed = store.unconfirmed(connection, milliseconds(since), milliseconds(until))
    return Statistics(since, until, tuple(Count(*row) for row in rows), unconfirmed)


def notes(connection: Connection, one: Due) -> tuple[Note, ...]:
    """What officers want said then and there."""
    found = bulletinnotes.said(connection, one.slot, one.date.isoformat(), one.target.name)
    return tuple(Note(note.words, moment_of(note.at)) for note in found)


def moment_of(milliseconds: int) -> dt.datetime:
    """As the store keeps times: since the epoch."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)


def milliseconds(moment: dt.datetime) -> int:
    """Inverse of `moment_of`."""
    return round(moment.timestamp() * 1000)
