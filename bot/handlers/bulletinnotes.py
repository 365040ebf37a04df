"""`!buletin …` in the operations room: officers' notes for coming bulletins. Each order is one audit row.

A note belongs to the message that added it: an edit changes it, a redaction ends it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.bulletins import deskwords
from bot.bulletins.orders import Order, Unsure, Verb, asked, read
from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import announcing, bulletinboard, previewing
from bot.handlers.confirming import unproven
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.proof import prove
from bot.markup import render
from bot.outgoing import Outgoing
from bot.store import bulletinnotes, bulletins, changes, outbox
from bot.store.bulletinnotes import Note

_DONE = "👌"
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
        desk.say(connection, event, key, bulletinboard.unsure(order), now, notice=True)
        return
    match order.verb if order else Verb.HELP:
        case Verb.ADD if order:
            # It goes into every channel as ours: like an order there, it must surely come from this officer.
            if doubt := prove(connection, event, desk, now):
                word = f"{unproven(desk, event, doubt)} {deskwords.NOTE_REFUSED}"
                desk.say(connection, event, key, word, now, notice=True)
            else:
                _add(connection, event, desk, order, now)
        case Verb.REMOVE if order and order.number is not None:
            _remove(connection, event, desk, order.number, now)
        case Verb.LIST:
            desk.say(connection, event, key, bulletinboard.notes(connection, desk, now), now, notice=True)
        case Verb.JOIN | Verb.LEAVE:
            word = deskwords.ONLY_NOTES_IN_OPERATIONS.format(slot=next(iter(desk.content.bulletins.slots)))
            desk.say(connection, event, key, word, now, notice=True)
        case _:
            desk.say(connection, event, key, bulletinboard.guide(connection, desk, now), now, notice=True)


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
    if doubt := prove(connection, event, desk, now):
        _tell(connection, event, desk, f"{unproven(desk, event, doubt)} {deskwords.NOTE_REFUSED}", now)
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
        connection,
        event,
        f"reply:{event.event_id}",
        bulletinboard.said(desk, note, deskwords.NOTE_ADDED, now),
        now,
        notice=True,
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
        _tell(connection, event, desk, bulletinboard.said(desk, current, deskwords.NOTE_CHANGED, now), now)
    else:
        if not bulletinnotes.end(connection, note.id, by=event.sender, now=now):
            return
        payload = {"note": note.id, "by": event.sender}
        desk.record(connection, "bulletin.note_ended", event.event_id, payload, now)
        why = bulletinboard.unsure(order) if isinstance(order, Unsure) else ""
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
