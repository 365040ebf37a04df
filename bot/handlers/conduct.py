"""Reports for fun: many at once stop ringing, an officer can stop somebody for a while, and both leave a trace.

Nothing is dropped by the machine: what one person sends beyond the limit is logged and shown like the rest, only
without a sound. Only a block, which is a person's decision with an end and a way back, keeps reports out; then the
audit says that there was one, and its sender hears once that there is 110. Marks on a person stand on cards alone.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import casewords
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import amendments, blocks, incidents, notices, transmissions
from bot.store.incidents import Incident

_MINUTE, _DAY = 60_000, 24 * 3_600_000


def is_blocked(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """Whether this person's reports are not taken up now; they hear it once for each block, in their thread."""
    block = blocks.active(connection, event.sender, now)
    if block is None:
        return False
    desk.record(connection, "report.blocked", event.event_id, {"block": block.id, "room": event.room_id}, now)
    if notices.first_time(connection, event.sender, f"blocked:{block.id}", now):
        word = casewords.BLOCKED_REPORTER.format(until=_date(desk, block.until_at))
        desk.say(connection, event, f"reply:{event.event_id}", word, now, notice=True, thread=not event.direct)
    return True


def too_many(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """Whether this person has sent more than the limit, this report counted; they hear it once a day."""
    limits = desk.content.roster.limits
    sent = amendments.reports_from(connection, event.sender, since=now - limits.minutes * _MINUTE, until=now)
    if sent <= limits.reports:
        return False
    if notices.first_time(connection, event.sender, f"too_many:{now // _DAY}", now):
        desk.say(connection, event, f"many:{event.event_id}", casewords.TOO_MANY, now, notice=True, thread=True)
    desk.record(connection, "report.too_many", event.event_id, {"limit": limits.reports}, now)
    return True


def doubts(connection: Connection, desk: Desk, incident: Incident) -> str | None:
    """What officers should know about the one who reported it; `None` when there is nothing."""
    first = next((one for one in incidents.links(connection, incident.id) if one.role != incidents.REPLY), None)
    if first is None:
        return None
    limits, parts = desk.content.roster.limits, []
    false = amendments.false_from(connection, first.sender) - (incident.status is Status.PALSU)
    if false > 0:
        parts.append(casewords.FALSE_BEFORE.format(count=false))
    came = transmissions.get(connection, first.transmission_id).received_at
    since = came - limits.minutes * _MINUTE
    many = amendments.reports_from(connection, first.sender, since=since, until=came)
    if many > limits.reports:
        parts.append(casewords.MANY.format(count=many, minutes=limits.minutes))
    block = blocks.active(connection, first.sender, incident.updated_at)
    if block is not None:
        parts.append(casewords.BLOCKED_UNTIL.format(until=_date(desk, block.until_at)))
    return " ".join(parts) or None


def block(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, user_id: str, days: int | None, reason: str,
    now: int,
) -> str:  # fmt: skip
    """An officer stops a reporter for a while; returns until when, for people."""
    days = max(1, min(days if days is not None else desk.content.roster.limits.block_days, 365))
    until = now + days * _DAY
    blocks.add(connection, user_id, number, by=event.sender, reason=reason or None, until=until, now=now)
    incidents.note(
        connection, number, "blocked", actor=event.sender, after=_date(desk, until), reason=reason or None,
        event_id=event.event_id, now=now,
    )  # fmt: skip
    return _date(desk, until)


def unblock(connection: Connection, event: IncomingEvent, number: int, user_id: str, now: int) -> bool:
    """Their reports are taken up again; false when they were."""
    if not blocks.lift(connection, user_id, by=event.sender, now=now):
        return False
    incidents.note(connection, number, "unblocked", actor=event.sender, event_id=event.event_id, now=now)
    return True


def _date(desk: Desk, at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, desk.config.zone):%d.%m.%Y %H.%M}"
