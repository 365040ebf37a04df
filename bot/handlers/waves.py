"""Many people coming into a channel at once: officers hear of it, and the channel may close until they open it.

What a member's server says about time decides nothing about whether officers hear of it, only whether it is surely
now: after a pause of ours everybody of an hour comes at once, and the channel must not close for that.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import guardwords, lifting, restating, sites
from bot.handlers.desk import Desk
from bot.handlers.exempt import exempt
from bot.handlers.guarding import active
from bot.handlers.officers import officer
from bot.handlers.permission import explained, refusal_of
from bot.handlers.replies import threaded
from bot.incidents.lifecycle import undressed
from bot.markup import escape, render
from bot.moderation import words
from bot.moderation.authority import Refusal
from bot.moderation.protectionfile import Joins
from bot.moderation.protections import is_wave
from bot.moderation.verbs import Right
from bot.outgoing import Priority
from bot.rooms.model import Room
from bot.store import acts, guard, inbox, outbox, roomstate
from bot.store.acts import KENTONGAN, Act

WAVE, CLOSE = "wave", lifting.CLOSE
GOING_MS = 10 * 60_000
"""A wave that rests for less than this is still the same."""
_ROOM = ""
"""Instead of a person, in a strike that is a whole room's."""
_MOST_SERVERS = 5


def watch(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """A member came into a channel; true when that makes, or lengthens, a wave."""
    room = desk.room(connection, event.room_id)
    if room is None or event.kind is not Kind.MEMBER or event.content.get("membership") != "join":
        return False
    watches = desk.content.protections.of(room.name)
    if watches is None or "joins" not in active(connection, watches, event.room_id, now):
        return False
    if exempt(desk, roomstate.found(connection, event.room_id), str(event.state_key)):
        return False
    since = now - watches.joins.seconds * 1000
    came = guard.joined(connection, event.room_id, since=since, limit=watches.joins.people * 4)
    if not is_wave(watches.joins, [one.received_at for one in came], now):
        return False
    sure = is_wave(watches.joins, [min(one.received_at, one.sent_at) for one in came], now)
    _tell(connection, event, desk, room, watches.joins, came, sure=sure, now=now)
    return True


def reacted(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """An officer's ✅ to the word about a wave: the channel opens at once."""
    kind, _, first = (about or "").partition(":")
    if kind != WAVE or undressed(event.body) not in ("✅", "☑", "✔"):
        return
    came = inbox.event(connection, first)
    closed = acts.in_force(connection, now, kind=CLOSE, room_id=came.room_id) if came is not None else []
    if came is None or not closed or officer(connection, desk, event) is None:
        return
    refusal = refusal_of(connection, desk, event, Right.LOCK, came.room_id)
    if refusal is not None:
        _refuse(connection, event, desk, refusal, about or "", now)
        return
    for one in closed:
        if lifting.lift(connection, desk, one, event.sender, now):
            desk.record(connection, "act.close.lifted", event.event_id, {"act": one.id, "by": event.sender}, now)
            text = words.OVER[CLOSE].format(room=f"**{sites.title(connection, desk, one.room_id)}**")
            desk.tell_operations(connection, f"over:{one.id}", render(text).content(notice=True), now)


def _refuse(connection: Connection, event: IncomingEvent, desk: Desk, refusal: Refusal, about: str, now: int) -> None:
    """Why the channel stays closed: under the word about the wave."""
    payload = {"by": event.sender, "room": refusal.room, "why": str(refusal.why)}
    desk.record(connection, "wave.refused", event.event_id, payload, now)
    text = guardwords.WAVE_CANNOT.format(why=explained(desk, refusal))
    said = threaded(f"outbox:{about}", render(text).content(notice=True))
    desk.tell_operations(connection, f"wave-refused:{event.event_id}", said, now)


def _tell(
    connection: Connection, event: IncomingEvent, desk: Desk, room: Room, watch: Joins, came: list[guard.Came],
    *, sure: bool, now: int,
) -> None:  # fmt: skip
    first = guard.newest_strike(connection, _ROOM, "joins", event.room_id, since=now - GOING_MS)
    if first is None:
        guard.strike(connection, "joins", room_id=event.room_id, user_id=_ROOM, event_id=event.event_id, at=now)
        payload = {"room": event.room_id, "people": len(came), "seconds": watch.seconds, "sure": sure}
        desk.record(connection, "protection.wave", event.event_id, payload, now)
    key = f"{WAVE}:{first or event.event_id}"
    closed = _close(connection, event, room, watch, now) if sure else None
    people = sum(one.received_at > now - GOING_MS for one in came)
    said = render(_words(desk, room, watch, came, people, closed, now)).content()
    if not desk.tell_operations(connection, key, said, now, priority=Priority.WARNING):
        restating.replace(connection, key, said, f"grown:{people.bit_length()}", now)


def _words(
    desk: Desk, room: Room, watch: Joins, came: list[guard.Came], people: int, closed: Act | None, now: int
) -> str:
    servers = Counter(one.user_id.partition(":")[2] for one in came).most_common(_MOST_SERVERS)
    shut = ""
    if closed is not None and closed.until_at is not None and watch.close is not None:
        how, until = guardwords.HOW_CLOSED[watch.close], sites.clock(desk, closed.until_at, now)
        shut = guardwords.WAVE_CLOSED.format(how=how, until=until)
    listed = ", ".join(f"{escape(server)} ({count})" for server, count in servers)
    return guardwords.WAVE.format(
        people=people, room=escape(room.title), seconds=watch.seconds, servers=listed, closed=shut
    )


def _close(connection: Connection, event: IncomingEvent, room: Room, watch: Joins, now: int) -> Act | None:
    """Let nobody further in for a while, if the file says so; `None` when the channel is no more open than that."""
    if watch.close is None:
        return None
    standing = acts.in_force(connection, now, kind=CLOSE, room_id=event.room_id)
    if standing:
        return standing[-1]
    found = roomstate.found(connection, event.room_id)
    rule = (found.content(lifting.JOIN_RULES) or {}).get("join_rule") if found is not None else None
    if rule in ("invite", watch.close):
        return None
    number = acts.start(
        connection, CLOSE, "", room_id=event.room_id, by=KENTONGAN, reason=guardwords.NAMES["joins"],
        event_id=event.event_id, now=now, until=now + watch.minutes * 60_000,
    )  # fmt: skip
    outbox.append(connection, lifting.close(event.room_id, watch.close, f"act:{number}:close"), now)
    return acts.in_force(connection, now, kind=CLOSE, room_id=event.room_id)[-1]
