"""What comes round: told once for each period, whatever is restarted in between. One transaction each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from bot import metrics
from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import audit, groups, heartbeats, inbox, notices, outbox, stream, transmissions
from bot.store.tables import gaps

KEY_GRACE_MS = 60_000
"""How long a message may wait for its key before its sender hears that we cannot read it."""


def tell_undecryptable(connection: Connection, desk: Desk, now: int) -> int:
    """Say once a room and sender that a message could not be opened; returns how many were told."""
    told = 0
    for event_id, room_id, sender in inbox.overdue(connection, now - KEY_GRACE_MS):
        inbox.told(connection, event_id, now)
        desk.record(connection, "inbox.undecryptable", event_id, {"room": room_id}, now)
        if groups.waits(connection, room_id) or not notices.first_time(
            connection, sender, f"undecryptable:{room_id}", now
        ):
            continue
        content = render(phrases.CANNOT_DECRYPT).content(notice=True)
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": event_id}}
        outgoing = Outgoing(f"undecryptable:{event_id}", room_id, content, priority=Priority.NOTICE)
        outbox.append(connection, outgoing, now)
        told += 1
    return told


def post_audit_head(connection: Connection, desk: Desk, now: int) -> bool:
    """Once a local day: the chain's head into the operations room, where a later cut-off would show."""
    today = datetime.fromtimestamp(now / 1000, desk.config.zone).date()
    if desk.operations_room(connection) is None or not heartbeats.due(connection, "audit_head", str(today), now):
        return False
    rows, digest = audit.head(connection)
    text = phrases.AUDIT_HEAD.format(date=today, rows=rows, digest=digest[:32] or "-")
    return desk.tell_operations(
        connection, f"audit-head:{today}", render(text).content(notice=True), now, priority=Priority.NOTICE
    )


def report_lost_gaps(connection: Connection, desk: Desk, now: int) -> int:
    """A stretch of a timeline that cannot be had any more is the officers' to know."""
    rows = connection.execute(select(gaps).where(gaps.c.state == "lost", gaps.c.note.is_distinct_from("told"))).all()
    for gap in rows:
        when = [
            datetime.fromtimestamp(at / 1000, desk.config.zone).strftime("%d.%m. %H.%M")
            for at in (gap.found_at, gap.closed_at or now)
        ]
        text = phrases.GAP_LOST.format(room=gap.room_id, since=when[0], until=when[1])
        desk.record(connection, "inbox.gap_lost", str(gap.id), {"room": gap.room_id}, now)
        if desk.tell_operations(connection, f"gap:{gap.id}", render(text).content(), now):
            connection.execute(update(gaps).where(gaps.c.id == gap.id).values(note="told"))
    return len(rows)


def measure(connection: Connection, now: int) -> None:
    """Queue depths and ages for the metrics."""
    for (depth, oldest), count, age in (
        (outbox.depth(connection), metrics.outbox_depth, metrics.outbox_age),
        (transmissions.depth(connection), metrics.speech_depth, metrics.speech_age),
    ):
        count.set(depth)
        age.set((now - oldest) / 1000 if oldest else 0)
    metrics.gaps_open.set(len(stream.open_gaps(connection)))
