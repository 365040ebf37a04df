"""Protections of the channels: what somebody's message is found to be, and what follows.

Judged in the transaction that has handled the message, and after it: by then it is known whether it is a report. Facts
come from our own tables; a flood that is still arriving is swept as it comes, under the mute that has gone out before.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import complaints, guardwords, restraint, telling
from bot.handlers.desk import Desk
from bot.handlers.exempt import exempt, may_notify
from bot.handlers.routing import RoomKind
from bot.handlers.sweeping import sweep
from bot.handlers.telling import Cause
from bot.moderation.protectionfile import NAMES, Name, Watches
from bot.moderation.protections import CALM_MS, Facts, Said, Verdict, judge, longest_window
from bot.store import acts, guard, inbox, notices, rooms, roomstate
from bot.store.acts import KENTONGAN

DANGER_MS = 30 * 60_000
"""So long after reporting danger to life somebody may write twice as much."""
LONG_AGO_MS = 10 * 60_000
"""What is read so long after it was sent is only taken away and shown, if anything."""
STRANGE_MS = 2 * 60_000
"""A stranger's server that says its message is older than that: perhaps it was away, perhaps it lies."""
STRIKES_MS = 365 * 24 * 3_600_000
_HOUR = 3_600_000
_JUDGED = frozenset(
    (Kind.TEXT, Kind.NOTICE, Kind.AUDIO, Kind.IMAGE, Kind.FILE, Kind.LOCATION, Kind.EDIT, Kind.OTHER, Kind.UNREADABLE)
)


def watch(connection: Connection, row: inbox.Row, event: IncomingEvent, desk: Desk, now: int) -> Verdict | None:
    """Judge a message of a channel, and do what follows; the verdict, `None` when there is none."""
    room = desk.room(connection, event.room_id)
    if (
        room is None
        or RoomKind(room.kind) is not RoomKind.CHANNEL
        or event.kind not in _JUDGED
        or event.state_key is not None
    ):
        return None
    watches = desk.content.protections.of(room.name)
    found = roomstate.found(connection, event.room_id) if watches is not None else None
    if watches is None or exempt(desk, found, event.sender):
        return None
    own = event.sender.partition(":")[2] == desk.config.homeserver.server_name
    at = min(event.sent_at, row.received_at) if own else row.received_at
    kept = _is_kept(connection, event)
    danger = guard.of_danger(connection, event.sender, since=row.received_at - DANGER_MS, room_id=event.room_id)
    if _swept(connection, event, at, kept=kept, emergency=event.event_id in danger, now=now):
        return None
    facts = Facts(
        past=guard.past(
            connection, event.sender, since=row.received_at - longest_window(watches), newest=row.id,
            own_server=desk.config.homeserver.server_name,
        ),
        strikes=guard.strikes_of(connection, event.sender, since=now - STRIKES_MS),
        member_since=_member_since(connection, event),
        may_notify=may_notify(found, event.sender),
        ours=_ours(connection, desk),
        in_danger=bool(danger),
        long_ago=now - at > LONG_AGO_MS,
        sure_of_time=own or not (event.backfilled or row.received_at - event.sent_at > STRANGE_MS),
    )  # fmt: skip
    said = Said(
        event.event_id, event.room_id, event.kind, at, event.words, event.content, event.mentions,
        event.mentions_room, kept=kept, emergency=event.event_id in danger,
    )  # fmt: skip
    verdict = judge(watches, said, facts, active(connection, watches, event.room_id, now))
    if verdict is not None:
        _follow(connection, event, desk, verdict, at, now)
    return verdict


def watch_unreadable(connection: Connection, desk: Desk, now: int) -> int:
    """What nobody can open never reaches `watch`, but a flood of it hides what others say all the same."""
    count = 0
    for known in rooms.named(connection).values():
        watches = desk.content.protections.of(known.name) if known.kind == RoomKind.CHANNEL else None
        if watches is None:
            continue
        since = now - max(watches.flood.seconds * 1000, CALM_MS)
        for _, number in guard.unreadable(connection, known.room_id, since=since):
            row = inbox.row(connection, number)
            if row is not None:
                count += watch(connection, row, row.event, desk, now) is not None
    return count


def active(connection: Connection, watches: Watches, room_id: str, now: int) -> Collection[Name]:
    """The protections that hold in a room: as the files say, unless an officer has switched."""
    switched = guard.switches(connection, room_id, now)
    return [name for name in NAMES if (switched[name].on if name in switched else watches.on(name))]


def _swept(connection: Connection, event: IncomingEvent, at: int, *, kept: bool, emergency: bool, now: int) -> bool:
    """Whether it is the rest of a flood whose sender is muted: sent before the mute had reached the homeserver."""
    flood = next(
        (
            one
            for one in acts.in_force(connection, now, kind="mute", room_id=event.room_id, target=event.sender)
            if one.by == KENTONGAN and one.event_id is not None and guard.struck(connection, one.event_id, "flood")
        ),
        None,
    )
    if flood is None or kept or emergency or event.kind in (Kind.AUDIO, Kind.UNREADABLE):
        return False
    if at > flood.since_at + CALM_MS:
        return False  # the mute did not hold them, then: judged anew
    why = guardwords.REDACTED.format(why=guardwords.NAMES["flood"])
    _count(connection, event, sweep(connection, event.room_id, [event.event_id], why, now), now)
    return True


def _follow(connection: Connection, event: IncomingEvent, desk: Desk, verdict: Verdict, at: int, now: int) -> None:
    what, name = verdict.consequences, guardwords.NAMES[verdict.protection]
    if not verdict.again:
        guard.strike(
            connection, verdict.protection, room_id=event.room_id, user_id=event.sender, event_id=event.event_id,
            at=at,
        )  # fmt: skip
    swept = 0
    if "mute" in what:
        _mute(connection, event, desk, verdict, now)
    if "kick" in what:
        restraint.kick(
            connection, event.room_id, event.sender, by=KENTONGAN, reason=name, event_id=event.event_id, now=now
        )
    if "redact" in what:
        why = guardwords.REDACTED.format(why=name)
        swept = sweep(connection, event.room_id, verdict.sweep, why, now)
        _count(connection, event, swept, now)
    if "warn" in what and notices.first_time(
        connection, event.sender, f"guard:{verdict.protection}:{now // _HOUR}", now
    ):
        words = guardwords.WARNINGS[verdict.protection]
        desk.say(connection, event, f"warn:{event.event_id}", words, now, notice=True, thread=True)
    if "report" in what:
        complaints.by_protection(connection, event, desk, verdict.protection, verdict.evidence, now)
    if verdict.again and not swept:
        return  # the same as before: what nobody can read is looked at every few seconds
    payload = {
        "protection": verdict.protection, "level": verdict.level, "consequences": list(what), "swept": swept,
        "evidence": verdict.evidence, "room": event.room_id, "again": verdict.again,
    }  # fmt: skip
    desk.record(connection, "protection.struck", event.event_id, payload, now)


def _mute(connection: Connection, event: IncomingEvent, desk: Desk, verdict: Verdict, now: int) -> None:
    until = now + verdict.mute_minutes * 60_000
    why = guardwords.NAMES[verdict.protection]
    number = restraint.mute(
        connection, event.room_id, event.sender, by=KENTONGAN, reason=why, event_id=event.event_id, until=until,
        now=now,
    )  # fmt: skip
    if number is not None:
        cause = Cause(event.room_id, "mute", until, why, event.event_id)
        telling.member(connection, desk, cause, event.sender, number, desk.content.moderation.texts.muted, now)


def _count(connection: Connection, event: IncomingEvent, swept: int, now: int) -> None:
    """One act for one sweep, however many messages it comes to."""
    if not swept:
        return
    mine = next(
        (
            one
            for one in acts.about(connection, event.sender)
            if one.kind == "redact" and one.by == KENTONGAN and one.room_id == event.room_id
            and now - one.since_at < CALM_MS
        ),
        None,
    )  # fmt: skip
    if mine is not None:
        acts.grow(connection, mine.id, (mine.amount or 0) + swept)
        return
    restraint.once(
        connection, "redact", event.sender, room_id=event.room_id, by=KENTONGAN, reason=None,
        event_id=event.event_id, now=now, amount=swept,
    )  # fmt: skip


def _is_kept(connection: Connection, event: IncomingEvent) -> bool:
    """Whether it is a report or part of one; an edit is what it edits."""
    about = [event.event_id] if event.target is None else [event.event_id, event.target]
    return bool(guard.kept(connection, about))


def _member_since(connection: Connection, event: IncomingEvent) -> int | None:
    found = roomstate.since(connection, event.room_id, event.sender)
    return found[1] if found is not None and found[0] == "join" else None


def _ours(connection: Connection, desk: Desk) -> set[str]:
    server = desk.config.homeserver.server_name
    known = rooms.named(connection).values()
    return {server, *(one.room_id for one in known), *(one.alias for one in known if one.alias)}
