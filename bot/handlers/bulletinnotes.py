"""`!buletin …` in the operations room: officers' notes for coming bulletins. Each order is one audit row.

A note belongs to the message that added it: an edit changes it, a redaction ends it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

from babel.dates import format_date
from sqlalchemy import Connection

from bot.bulletins import approval, deskwords
from bot.bulletins.moments import LOCALE
from bot.bulletins.orders import Order, Unsure, Verb, asked, read
from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import announcing, previewing
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import Outgoing
from bot.store import bulletinnotes, bulletins, changes, outbox, previews
from bot.store.bulletinnotes import Note

_DONE = "👌"
_SHIFTS = re.compile(r"\b(besok|lusa|kemarin|hari ini|nanti malam|malam ini|tadi)\b", re.IGNORECASE)
"""Words that mean another day on another day."""
_AHEAD = 8
"""Days within which every slot comes round."""


def ordered(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An order, or a plain `!buletin`."""
    line = asked(event.body)
    if line is None or bulletinnotes.of_event(connection, event.event_id) is not None:
        return  # delivered again
    if not _may(connection, event, desk):
        desk.record(connection, "bulletin.refused", event.event_id, {"trust": event.trust}, now)
        desk.say(connection, event, f"reply:{event.event_id}", deskwords.OFFICERS_ONLY, now, notice=True)
        return
    order = _read(desk, line, now)
    key = f"reply:{event.event_id}"
    if isinstance(order, Unsure):
        desk.say(connection, event, key, unsure(order), now, notice=True)
        return
    match order.verb if order else Verb.HELP:
        case Verb.ADD if order:
            _add(connection, event, desk, order, now)
        case Verb.REMOVE if order and order.number is not None:
            _remove(connection, event, desk, order.number, now)
        case Verb.LIST:
            desk.say(connection, event, key, _list(connection, desk, now), now, notice=True)
        case Verb.JOIN | Verb.LEAVE:
            word = deskwords.ONLY_NOTES_IN_OPERATIONS.format(slot=next(iter(desk.content.bulletins.slots)))
            desk.say(connection, event, key, word, now, notice=True)
        case _:
            desk.say(connection, event, key, _help(connection, desk, now), now, notice=True)


def edited(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A message of the operations room was edited: maybe one that added a note."""
    about = changes.original(connection, event)
    if about is None or about.sender != event.sender or about.kind is not Kind.TEXT:
        return
    current, last = changes.latest(connection, about), changes.last_edit(connection, about)
    if current is None or last is None or last.event_id != event.event_id:
        return
    note = bulletinnotes.of_event(connection, about.event_id)
    if note is None:
        order = asked(current.body)
        if order is not None and asked(about.body) != order:
            _tell(connection, event, desk, deskwords.NOTE_EDITED_INTO, now)
        return
    if not _may(connection, event, desk):
        _tell(connection, event, desk, deskwords.OFFICERS_ONLY, now)
        return
    _follow(connection, event, desk, note, current.body, now)


def withdrawn(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Something in the operations room was taken back: maybe a message that added a note, or an edit of one."""
    about = changes.original(connection, event)
    if about is None:
        return
    source = changes.original(connection, about) if about.kind is Kind.EDIT else about
    note = bulletinnotes.of_event(connection, source.event_id) if source is not None else None
    if source is None or note is None:
        return
    current = changes.latest(connection, source) if about.kind is Kind.EDIT else None
    if current is not None:
        _follow(connection, event, desk, note, current.body, now)
    elif bulletinnotes.end(connection, note.id, by=event.sender, now=now):
        desk.record(connection, "bulletin.note_ended", event.event_id, {"note": note.id, "by": event.sender}, now)
        _tell(connection, event, desk, deskwords.NOTE_ENDED.format(number=note.id), now)
        previewing.renew(connection, desk, now)


def unsure(what: Unsure) -> str:
    """Why a line was no order, and what was probably meant."""
    said = deskwords.FAULT[what.fault].format(word=escape(what.word))
    if what.meant:
        said += deskwords.MEANT.format(meant=escape(what.meant))
    return deskwords.UNSURE.format(what=said)


def _may(connection: Connection, event: IncomingEvent, desk: Desk) -> bool:
    if officer(connection, desk, event) is None:
        return False
    return event.encrypted_room and event.trust is Trust.DEVICE


def _read(desk: Desk, line: str, now: int) -> Order | Unsure | None:
    files = desk.content.bulletins
    return read(
        line, previewing.local(desk, now).date(),
        slots={name: slot.title for name, slot in files.slots.items()},
        rooms={room.name: room.title for room in desk.content.rooms.channels},
    )  # fmt: skip


def _add(connection: Connection, event: IncomingEvent, desk: Desk, order: Order, now: int) -> None:
    since, until = _days(connection, desk, order, now)
    note = bulletinnotes.add(
        connection, event.event_id, slot=next(iter(order.slots), None), room=order.room, words=order.words,
        by=event.sender, since=since.isoformat(), until=until.isoformat(), now=now,
    )  # fmt: skip
    if note is None:
        return
    payload = {"note": note.id, "officer": event.sender, "slot": note.slot, "room": note.room, "words": note.words}
    payload |= {"since": note.since, "until": note.until}
    desk.record(connection, "bulletin.note_added", event.event_id, payload, now)
    desk.say(
        connection, event, f"reply:{event.event_id}", _said(desk, note, deskwords.NOTE_ADDED, now), now, notice=True
    )
    _done(connection, event, now)
    previewing.renew(connection, desk, now)


def _remove(connection: Connection, event: IncomingEvent, desk: Desk, number: int, now: int) -> None:
    today = previewing.local(desk, now).date().isoformat()
    key = f"reply:{event.event_id}"
    there = any(note.id == number for note in bulletinnotes.standing(connection, today))
    if not there or not bulletinnotes.end(connection, number, by=event.sender, now=now):
        desk.say(connection, event, key, deskwords.NOTE_UNKNOWN.format(number=number), now, notice=True)
        return
    payload = {"note": number, "by": event.sender}
    desk.record(connection, "bulletin.note_ended", event.event_id, payload, now)
    desk.say(connection, event, key, deskwords.NOTE_ENDED.format(number=number), now, notice=True)
    _done(connection, event, now)
    previewing.renew(connection, desk, now)


def _follow(connection: Connection, event: IncomingEvent, desk: Desk, note: Note, text: str, now: int) -> None:
    """The note says what its message says now; when that is no note any more, it ends."""
    order = _read(desk, line, now) if (line := asked(text)) is not None else None
    if isinstance(order, Order) and order.verb is Verb.ADD:
        since, until = _days(connection, desk, order, now)
        changed: dict[str, Any] = {
            "slot": next(iter(order.slots), None), "room": order.room, "words": order.words,
            "since": since.isoformat(), "until": until.isoformat(),
        }  # fmt: skip
        if order.since is None and order.until is None and order.slots == ((note.slot,) if note.slot else ()):
            changed |= {"since": note.since, "until": note.until}  # other words: the days stay as they were understood
        bulletinnotes.change(connection, note.id, now=now, **changed)
        desk.record(connection, "bulletin.note_changed", event.event_id, {"note": note.id} | changed, now)
        current = bulletinnotes.get(connection, note.id)
        assert current is not None  # noqa: S101 - it has just been changed
        _tell(connection, event, desk, _said(desk, current, deskwords.NOTE_CHANGED, now), now)
    else:
        if not bulletinnotes.end(connection, note.id, by=event.sender, now=now):
            return
        payload = {"note": note.id, "by": event.sender}
        desk.record(connection, "bulletin.note_ended", event.event_id, payload, now)
        why = unsure(order) if isinstance(order, Unsure) else ""
        _tell(connection, event, desk, deskwords.NOTE_ENDED_BY_EDIT.format(number=note.id, why=why).strip(), now)
    previewing.renew(connection, desk, now)


def _days(connection: Connection, desk: Desk, order: Order, now: int) -> tuple[dt.date, dt.date]:
    """From when until when. Without a day: the day of the next bulletin that it is for."""
    today = previewing.local(desk, now).date()
    if order.since is not None:
        return order.since, order.until or order.since
    first = today if order.until is not None else _next(connection, desk, order, now)
    return first, order.until or first


def _next(connection: Connection, desk: Desk, order: Order, now: int) -> dt.date:
    """The local date of the next bulletin that has not gone out."""
    today = previewing.local(desk, now).date()
    slots = order.slots or tuple(desk.content.bulletins.slots)
    for ahead in range(_AHEAD):
        date = today + dt.timedelta(days=ahead)
        for slot in slots:
            heard_by = [
                target
                for target in previewing.hearing(connection, desk, slot, date)
                if order.room in (None, target.name)
            ]
            if not heard_by:
                continue
            announcer = announcing.announcer_of(desk, heard_by)
            done = {one.room_id for one in bulletins.states(connection, date.isoformat(), slot, now)}
            for target in heard_by:
                at = announcer.slot_of(target, slot, date).at.timestamp() * 1000
                if target.room_id not in done and at + desk.config.bulletins.grace_minutes * 60_000 > now:
                    return date
    return today


def _list(connection: Connection, desk: Desk, now: int) -> str:
    notes = bulletinnotes.standing(connection, previewing.local(desk, now).date().isoformat())
    if not notes:
        return deskwords.NOTES_NONE
    lines = [
        deskwords.NOTE_LINE.format(
            number=note.id, scope=_scope(desk, note), who=escape(short_name(note.by)), words=_quiet(note.words)
        )
        for note in notes
    ]
    return "\n".join([deskwords.NOTES, "", *lines])


def _said(desk: Desk, note: Note, words: str, now: int) -> str:
    said = words.format(number=note.id, scope=_scope(desk, note), words=_quiet(note.words))
    today = previewing.local(desk, now).date().isoformat()
    shifts = _SHIFTS.search(note.words)
    if shifts and not note.since == note.until == today:
        said += "\n\n" + deskwords.NOTE_SHIFTS.format(word=escape(shifts[0]))
    return said


def _quiet(words: str) -> str:
    """As typed; a word joiner after every @, so that nobody's phone rings for it."""
    return escape(words).replace("@", "@\u2060")


def _scope(desk: Desk, note: Note) -> str:
    """For which bulletins of which channels, on which days."""
    slot = desk.content.bulletins.slots.get(note.slot or "")
    room = desk.content.rooms.by_name(note.room or "")
    since, until = (
        format_date(dt.date.fromisoformat(day), "EEEE, d MMMM", locale=LOCALE) for day in (note.since, note.until)
    )
    return ", ".join(
        (
            escape(slot.title if slot else note.slot or deskwords.EVERY_SLOT),
            since if since == until else deskwords.SPAN.format(since=since, until=until),
            escape(room.title if room else note.room or deskwords.EVERY_ROOM),
        )
    )


def _help(connection: Connection, desk: Desk, now: int) -> str:
    """What can be ordered, and how today's slots stand."""
    files = desk.content.bulletins
    room = next((room.name for room in desk.content.rooms.channels), "")
    return deskwords.HELP_OFFICER.format(
        slots="\n".join(
            deskwords.SLOT_LINE.format(
                title=escape(slot.title),
                time=f"{slot.time:%H.%M}",
                state=state(connection, desk, name, now, inside=True),
            )
            for name, slot in files.slots.items()
        ),
        slot=next(reversed(list(files.slots))),
        room=room,
    )


def state(connection: Connection, desk: Desk, slot: str, now: int, *, inside: bool) -> str:
    """How a slot stands today. `inside`: among officers, who may know why."""
    date = previewing.local(desk, now).date()
    expected = previewing.hearing(connection, desk, slot, date)
    found = [
        one
        for one in bulletins.states(connection, date.isoformat(), slot, now)
        if one.room_id in {target.room_id for target in expected}
    ]
    if not expected or date in desk.content.bulletins.quiet_dates:
        return deskwords.STATE_NONE
    if any(one.state == "sent" for one in found):
        return deskwords.STATE_SENT
    if any(one.state == bulletins.QUEUED for one in found):
        return deskwords.STATE_QUEUED
    if found:
        why = deskwords.WHY.get(found[0].reason or "", found[0].reason or "")
        return deskwords.STATE_SKIPPED.format(why=escape(why)) if inside else deskwords.STATE_NOT_TODAY
    preview = previews.get(connection, slot, date.isoformat())
    verdict = approval.of(preview) if preview and inside else None
    if verdict and verdict.skipped:
        return deskwords.STATE_STOPPED
    return deskwords.STATE_WORDED if verdict and verdict.worded else deskwords.STATE_AHEAD


def _tell(connection: Connection, event: IncomingEvent, desk: Desk, markdown: str, now: int) -> None:
    """About an edit or a redaction: nobody can reply to those."""
    key = f"reply:{event.event_id}"
    if event.kind is Kind.REDACTION:
        outbox.append(connection, Outgoing(key, event.room_id, render(markdown).content(notice=True)), now)
    else:
        desk.say(connection, replace(event, event_id=event.target or ""), key, markdown, now, notice=True)


def _done(connection: Connection, event: IncomingEvent, now: int) -> None:
    relation = {"rel_type": "m.annotation", "event_id": event.event_id, "key": _DONE}
    mark = Outgoing(f"done:{event.event_id}", event.room_id, {"m.relates_to": relation}, type="m.reaction")
    outbox.append(connection, mark, now)
