"""Bulletins that wait for the homeserver: what they say stays true, and what waited too long is withdrawn.

A bulletin's words hold for a short while; nobody sends them later (`Outgoing.not_after`). So a bot that starts, or a
machine that wakes up, sends nothing before it was looked at here.
"""

from __future__ import annotations

import datetime as dt

import structlog
from sqlalchemy import Connection

from bot.bulletins.announce import HOLDS, Announcer, Record, milliseconds, moment_of
from bot.bulletins.due import Reason, Target
from bot.bulletins.spoken import speakable
from bot.bulletins.template import TemplateFault
from bot.markup import render
from bot.store import bulletins as store
from bot.store import recitations, rewording, unsent
from bot.store.unsent import Waiting

log = structlog.get_logger()


def renew(announcer: Announcer, connection: Connection, now: int, audit: Record | None = None) -> int:
    """Compose anew what still waits, withdraw what has waited too long; returns how many were withdrawn."""
    store.arrived(connection)
    unsent.forget_words(connection)
    grace_ms = round(announcer.grace.total_seconds() * 1000)
    late = unsent.withdraw(connection, grace_ms, Reason.UNDELIVERED, now)
    names = {target.room_id: target for target in announcer.targets}
    for row in late:
        room = names[row.room_id].name if row.room_id in names else None
        if audit:
            audit("bulletin.undelivered", row.outbox_key, {"due_at": row.due_at, "room": room})
        log.warning("bulletin.undelivered", slot=row.slot, date=row.date, room=room)
    soon = now + round(HOLDS.total_seconds() * 1000 / 2)
    for one in unsent.waiting(connection, grace_ms, holds_until=soon):
        target = names.get(one.room_id)
        # What nobody is to hear any more (taken out of the files, or not asked for) waits until its time is over.
        if target is not None and one.slot in announcer.bulletins.slots:
            _compose(announcer, connection, one, target, now)
    return len(late)


def _compose(announcer: Announcer, connection: Connection, one: Waiting, target: Target, now: int) -> None:
    slot = announcer.slot_of(target, one.slot, dt.date.fromisoformat(one.date))
    until = milliseconds(announcer.holds(slot, moment_of(now), moment_of(one.not_after)))
    if until == one.holds_until:
        return
    try:
        composed = announcer.draft(connection, slot, now, one.words)
    except TemplateFault as fault:  # what it said before is not true any more
        log.error("bulletin.broken", slot=one.slot, room=target.name, template=fault.name, line=fault.line)
        return
    content = render(composed.markdown).content()
    rewording.renew(connection, one.key, content, until)
    if content == one.content:
        return
    unsent.composed(connection, one.id, composed.sources(), composed.tip, announcer.version)
    if announcer.reading is not None and (said := speakable(composed.markdown, announcer.reading)):
        title = announcer.bulletins.slot(one.slot, target.name).title
        recitations.reword(connection, one.key, title, said)
