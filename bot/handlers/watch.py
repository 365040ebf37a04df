"""A darurat report calls those on duty, calls them again when nobody takes it, and then those above them.

What was told is a row and an outbox key, so each is told once for each time that the report waits, whatever is
restarted in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.handlers import board, casewords, relocation
from bot.handlers.desk import Desk
from bot.incidents.cards import pill
from bot.incidents.lifecycle import Status
from bot.incidents.placeline import place_line
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.store import alarms, incidents
from bot.store.incidents import Incident

_MINUTE = 60_000


def waits(incident: Incident) -> bool:
    """Whether somebody has to take it at once."""
    return incident.urgency == "darurat" and incident.status is Status.BARU


def ring(connection: Connection, desk: Desk, number: int, now: int, *, cause: str | None = None) -> bool:
    """Begin to wait for somebody to take it, if that is needed and has not begun.

    `cause`: something that made an incident urgent whose card stands already; those on duty are then called in its
    thread, once for each cause.
    """
    if not waits(incidents.get(connection, number)) or not alarms.start(connection, number, now):
        return False
    if cause is not None:
        people = _on_duty(desk, now)
        words = casewords.NOW_URGENT.format(number=number, who=_pills(people))
        board.post(connection, desk, number, f"urgent:{cause}", words, now, notice=False, mentions=people)
    return True


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Call again what nobody has taken; returns how many calls were made."""
    roster, calls = desk.content.roster, 0
    for alarm in alarms.going(connection):
        incident = incidents.get(connection, alarm.incident_id)
        if not waits(incident):
            alarms.end(connection, incident.id, now)
            continue
        minutes = (now - alarm.started_at) // _MINUTE
        if minutes >= roster.escalate_minutes and alarm.escalated_at is None:
            above = roster.above(desk.config.homeserver.server_name)
            _call(connection, desk, incident, "escalate", casewords.ESCALATED, above, alarm.started_at, now)
            alarms.escalated(connection, incident.id, now)
            calls += 1
        elif minutes >= roster.remind_minutes and alarm.reminded_at is None and alarm.escalated_at is None:
            people = _on_duty(desk, now)
            _call(connection, desk, incident, "remind", casewords.REMINDED, people, alarm.started_at, now)
            alarms.reminded(connection, incident.id, now)
            calls += 1
    return calls


def _call(
    connection: Connection, desk: Desk, incident: Incident, what: str, words: str, people: Sequence[str], since: int,
    now: int,
) -> None:  # fmt: skip
    """In the room itself, not in the thread: whoever looks there sees it. Reactions to it count like the card's."""
    where = place_line(incident.analysis) or incident.district or ""
    text = words.format(
        number=incident.id,
        minutes=(now - since) // _MINUTE,
        what=escape(", ".join(part for part in (incident.analysis.title or incident.category, where) if part)),
        who=_pills(people),
    )
    said = render(text).content()
    # Nobody named: the whole room is meant (client-server API, "Mentioning the whole room").
    said["m.mentions"] = {"user_ids": list(people)} if people else {"room": True}
    said["m.relates_to"] = {"m.in_reply_to": {"event_id": f"outbox:{board.live_key(connection, incident.id)}"}}
    key = f"alarm:{incident.id}:{what}:{since}"
    desk.tell_operations(connection, key, said, now, priority=Priority.WARNING)
    relocation.call(connection, desk, incident.id, key, people, (now - since) // _MINUTE, now)
    desk.record(connection, f"incident.{what}", key, {"incident": incident.id, "called": list(people)}, now)


def _on_duty(desk: Desk, now: int) -> tuple[str, ...]:
    local = datetime.fromtimestamp(now / 1000, desk.config.zone)
    return desk.content.roster.on_duty(local, desk.config.homeserver.server_name)


def _pills(people: Sequence[str]) -> str:
    return " ".join(pill(user) for user in people)
