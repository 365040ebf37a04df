"""What is told of bulletins to whoever asks with `!buletin`: the notes there are, and how today's slots stand."""

from __future__ import annotations

import datetime as dt
import re

from babel.dates import format_date
from sqlalchemy import Connection

from bot.bulletins import approval, deskwords
from bot.bulletins.moments import LOCALE
from bot.bulletins.orders import Unsure
from bot.handlers import previewing
from bot.handlers.desk import Desk
from bot.incidents.cards import short_name
from bot.markup import escape
from bot.store import bulletinnotes, bulletins, previews
from bot.store.bulletinnotes import Note

_SHIFTS = re.compile(r"\b(besok|lusa|kemarin|hari ini|nanti malam|malam ini|tadi)\b", re.IGNORECASE)
"""Words that mean another day on another day."""


def unsure(what: Unsure) -> str:
    """Why a line was no order, and what was probably meant."""
    said = deskwords.FAULT[what.fault].format(word=escape(what.word))
    if what.meant:
        said += deskwords.MEANT.format(meant=escape(what.meant))
    return deskwords.UNSURE.format(what=said)


def notes(connection: Connection, desk: Desk, now: int) -> str:
    """Those that are read out today or later."""
    found = bulletinnotes.standing(connection, previewing.local(desk, now).date().isoformat())
    if not found:
        return deskwords.NOTES_NONE
    lines = [
        deskwords.NOTE_LINE.format(
            number=note.id, scope=_scope(desk, note), who=escape(short_name(note.by)), words=_quiet(note.words)
        )
        for note in found
    ]
    return "\n".join([deskwords.NOTES, "", *lines])


def said(desk: Desk, note: Note, words: str, now: int) -> str:
    """A note as it was understood, to its author. `words`: with places for number, scope and words."""
    text = words.format(number=note.id, scope=_scope(desk, note), words=_quiet(note.words))
    today = previewing.local(desk, now).date().isoformat()
    shifts = _SHIFTS.search(note.words)
    if shifts and not note.since == note.until == today:
        text += "\n\n" + deskwords.NOTE_SHIFTS.format(word=escape(shifts[0]))
    return text


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


def guide(connection: Connection, desk: Desk, now: int) -> str:
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
