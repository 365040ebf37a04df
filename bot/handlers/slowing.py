"""Slow mode: who writes faster than the channel's pause has the message taken out of it, and hears so once.

A report is never lost by it: it has been taken up before this looks, and only the channel's copy goes. One of danger to
life stays altogether, with what its reporter goes on to say about it: the neighbours read it, too. What the log
holds no copy of stays: voice notes, which nobody has heard yet, and photos of a report. Voice notes are not counted
as too fast at all; a flood of them is for protections.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import anchors, sites
from bot.handlers.desk import Desk
from bot.handlers.exempt import why_exempt
from bot.handlers.replies import threaded
from bot.handlers.sweeping import redact
from bot.incidents.rules import Urgency
from bot.markup import render
from bot.moderation import words
from bot.moderation.terms import spell
from bot.outgoing import Outgoing
from bot.store import acts, amendments, incidents, notices, outbox, rooms, roomstate, sayings, transmissions
from bot.store.transmissions import Transmission

_SWEPT = frozenset((Kind.TEXT, Kind.NOTICE, Kind.IMAGE, Kind.FILE, Kind.LOCATION, Kind.OTHER, Kind.UNREADABLE))
_SEEN = frozenset((Kind.IMAGE, Kind.FILE))


def enforce(connection: Connection, event: IncomingEvent, desk: Desk, now: int, *, follows: bool) -> bool:
    """Look at a message of a channel after it was handled; true when it goes. `follows`: it belongs to a report."""
    if event.kind not in _SWEPT or event.state_key is not None or event.sender == desk.me:
        return False
    held = acts.in_force(connection, now, kind="slow", room_id=event.room_id)
    pause = held[-1].amount if held else None
    if not pause or _is_exempt(connection, event, desk):
        return False
    since = event.sent_at - pause * 1000
    if sayings.before(connection, event.room_id, event.sender, event.event_id, since=since) is None:
        return False
    taken = transmissions.by_event(connection, event.event_id)
    report = follows or taken is not None
    if report and event.kind in _SEEN:
        return False
    if _is_danger(connection, taken or (anchors.followed(connection, event) if follows else None)):
        return False
    if not redact(connection, event.room_id, event.event_id, words.SWEPT_REASON, now):
        return False
    payload = {"room": event.room_id, "sender": event.sender, "why": words.SWEPT_REASON}
    desk.record(connection, "message.swept", event.event_id, payload, now)
    _tell(connection, event, desk, held[-1].id, pause, now, report=report)
    return True


def _is_danger(connection: Connection, report: Transmission | None) -> bool:
    """Whether a report is, or belongs to, one of danger to life."""
    number = amendments.of_transmission(connection, report.id) if report is not None else None
    return number is not None and incidents.get(connection, number).urgency == Urgency.DARURAT


def _is_exempt(connection: Connection, event: IncomingEvent, desk: Desk) -> bool:
    """People of the files, agencies' people, and whoever keeps order there by the homeserver's word."""
    if why_exempt(desk)(event.sender) is not None:
        return True
    found = roomstate.found(connection, event.room_id)
    return found is not None and found.power(event.sender) >= max(1, found.needed_for("kick"))


def _tell(
    connection: Connection, event: IncomingEvent, desk: Desk, act: int, pause: int, now: int, *, report: bool
) -> None:
    """Once for each slow mode; of a report each time, since its reporter must know that it is not lost."""
    first = notices.first_time(connection, event.sender, f"slow:{act}", now)
    if not first and not report:
        return
    texts = desk.content.moderation.texts
    text = texts.too_fast_report if report else texts.too_fast
    title = sites.title(connection, desk, event.room_id)
    said = render(text.format(kanal=f"**{title}**", jeda=spell(pause))).content(notice=True)
    room_id = rooms.direct_with(connection, event.sender)
    if room_id is None:
        room_id, said["m.mentions"] = event.room_id, {"user_ids": [event.sender]}
        said = threaded(event.thread_root or event.event_id, said)
    outbox.append(connection, Outgoing(f"slowed:{event.event_id}", room_id, said), now)
