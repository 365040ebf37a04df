"""Bulletins that did not reach their channels: the officers hear of each slot of a date once, with what can be done.

Nothing is said of what officers decided themselves, nor of quiet dates. What was told is marked in the rows, so no
restart tells it again; while the homeserver is away, what is added goes into the one message that waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from bot.bulletins import deskwords
from bot.bulletins.announce import moment_of
from bot.bulletins.due import LONGEST, Reason
from bot.bulletins.moments import full_day
from bot.handlers import announcing, previewing
from bot.handlers.desk import Desk
from bot.markup import escape, render
from bot.store import bulletins, outbox, previews, unsent
from bot.store.unsent import Omission

_REASONS = (Reason.MISSED, Reason.BROKEN, Reason.UNDELIVERED, Reason.UNANSWERED)
_KEY = "bulletin-omitted:"
_NAMED = 3
_LINES = 6


def look(connection: Connection, desk: Desk, now: int) -> bool:
    """Tell what is new; true when something was said. A duty."""
    if desk.operations_room(connection) is None:
        return False
    since = now - round(LONGEST.total_seconds() * 1000)
    untold = unsent.untold(connection, _REASONS, now, since=since)
    unsent.told(connection, [one.id for one in untold if _decided(connection, one)], now)
    found = _news(connection, desk, untold, now)
    if not found:
        return False
    unread = outbox.queued_below(connection, _KEY)
    if unread:
        again = [int(key.removeprefix(_KEY)) for key in unread]
        found = _news(connection, desk, unsent.untold(connection, _REASONS, now, since=since, again=again), now)
        for key in unread:
            outbox.cancel(connection, key)
    unsent.told(connection, [one.id for one in found], now)
    lines = _lines(connection, desk, found)
    if not lines:
        return False
    content = render(_text(desk, lines, _remedies(desk, found, now))).content()
    return desk.tell_operations(connection, f"{_KEY}{now}", content, now)


def _news(connection: Connection, desk: Desk, found: list[Omission], now: int) -> list[Omission]:
    """What may be told: slots of which nothing more is to come, and that nobody decided to leave out. By time."""
    news = [one for one in found if not _decided(connection, one)]
    going = {key for key in {_of(one) for one in news} if _going_on(connection, desk, *key, now)}
    return [one for one in news if _of(one) not in going]


def _of(one: Omission) -> tuple[str, str]:
    return one.slot, one.date


def _decided(connection: Connection, one: Omission) -> bool:
    """Whether officers had the card and left it unanswered: that is their word, as the files have it."""
    return one.reason == Reason.UNANSWERED and previews.get(connection, one.slot, one.date) is not None


def _going_on(connection: Connection, desk: Desk, slot: str, date: str, now: int) -> bool:
    """Whether channels are still to get it: then there would be two messages about one slot."""
    states = {one.room_id: one.state for one in bulletins.states(connection, date, slot, now)}
    day, moment = dt.date.fromisoformat(date), moment_of(now)
    expected = previewing.hearing(connection, desk, slot, day)
    announcer = announcing.announcer_of(desk, expected)
    return any(
        states[target.room_id] == bulletins.QUEUED
        if target.room_id in states
        else announcer.slot_of(target, slot, day).at + announcer.grace > moment
        for target in expected
    )


def _lines(connection: Connection, desk: Desk, found: Sequence[Omission]) -> list[str]:
    """One for each slot, date and reason. Private copies alone are no news: their owners come and go."""
    names = {target.room_id: target.title for target in announcing.targets(connection, desk)}
    groups: dict[tuple[str, str, str], list[Omission]] = {}
    for one in found:
        if one.room_id in names:
            groups.setdefault((one.slot, one.date, one.reason or deskwords.REFUSED), []).append(one)
    lines = []
    for (slot, date, reason), some in groups.items():
        titles = [names[one.room_id] for one in some]
        rooms = ", ".join(escape(title) for title in titles[:_NAMED])
        if len(titles) > _NAMED:
            rooms += deskwords.AND_MORE.format(number=len(titles) - _NAMED)
        entry = desk.content.bulletins.slots.get(slot)
        due = dt.datetime.fromtimestamp(some[0].due_at / 1000, desk.config.zone)
        lines.append(
            deskwords.OMITTED_LINE.format(
                title=escape(entry.title if entry else slot), date=full_day(dt.date.fromisoformat(date)),
                time=f"{due:%H.%M}", number=len(some), rooms=rooms,
                why=deskwords.OMITTED_WHY.get(reason) or deskwords.WHY[reason],
            )
        )  # fmt: skip
    return lines


def _remedies(desk: Desk, found: Sequence[Omission], now: int) -> list[str]:
    """What can be done: only the newest slot of today is still worth sending."""
    last = max(found, key=lambda one: one.due_at)
    reasons = {one.reason for one in found}
    remedies = []
    if Reason.BROKEN in reasons:
        remedies.append(deskwords.REMEDY_BROKEN)
    if None in reasons:
        remedies.append(deskwords.REMEDY_REFUSED)
    if last.date == previewing.local(desk, now).date().isoformat() and not _followed(desk, last, now):
        first = {one.reason for one in found if _of(one) == _of(last)} & {Reason.BROKEN, None}
        remedies.append((deskwords.REMEDY_THEN_SEND if first else deskwords.REMEDY_SEND).format(slot=last.slot))
    return remedies


def _followed(desk: Desk, last: Omission, now: int) -> bool:
    """Whether a later slot of that day has come."""
    local = previewing.local(desk, now)
    due = dt.datetime.fromtimestamp(last.due_at / 1000, desk.config.zone).time()
    slots = desk.content.bulletins.slots.values()
    return any(due < one.time <= local.time() and local.weekday() in one.days for one in slots)


def _text(desk: Desk, lines: Sequence[str], remedies: Sequence[str]) -> str:
    shown = "\n".join(f"- {line}" for line in lines[-_LINES:])
    parts = [deskwords.OMITTED, shown]
    if len(lines) > _LINES:
        parts.append(deskwords.OMITTED_MORE.format(number=len(lines) - _LINES))
    return "\n\n".join([*parts, " ".join(remedies)]).strip()
