"""Darurat reports that nobody has taken yet: since when, and who has been told."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import alarms


@dataclass(frozen=True)
class Alarm:
    """One that is not over. Times in milliseconds."""

    incident_id: int
    started_at: int
    reminded_at: int | None
    escalated_at: int | None


def start(connection: Connection, number: int, now: int) -> bool:
    """From now on the incident waits to be taken; false when it does already. One that was over begins anew."""
    values = {"incident_id": number, "started_at": now}
    if insert_or_ignore(connection, alarms, values):
        return True
    again = update(alarms).where(alarms.c.incident_id == number, alarms.c.ended_at.is_not(None))
    return bool(
        connection.execute(again.values(started_at=now, reminded_at=None, escalated_at=None, ended_at=None)).rowcount
    )


def current(connection: Connection, number: int) -> Alarm | None:
    """The alarm of an incident, if it is not over."""
    return next((one for one in going(connection) if one.incident_id == number), None)


def going(connection: Connection) -> list[Alarm]:
    """All that are not over, oldest first."""
    rows = connection.execute(select(alarms).where(alarms.c.ended_at.is_(None)).order_by(alarms.c.started_at))
    return [Alarm(row.incident_id, row.started_at, row.reminded_at, row.escalated_at) for row in rows]


def reminded(connection: Connection, number: int, now: int) -> None:
    """Those on duty were told again."""
    connection.execute(update(alarms).where(alarms.c.incident_id == number).values(reminded_at=now))


def escalated(connection: Connection, number: int, now: int) -> None:
    """Those above them were told; a reminder that had not been sent by then is not sent any more."""
    connection.execute(update(alarms).where(alarms.c.incident_id == number).values(escalated_at=now))


def end(connection: Connection, number: int, now: int) -> None:
    """Somebody has it, or it is no alarm any more."""
    connection.execute(
        update(alarms).where(alarms.c.incident_id == number, alarms.c.ended_at.is_(None)).values(ended_at=now)
    )
