"""People whose reports are not taken up for a while: by whom, because of what, until when. Rows are never deleted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot.store.tables import blocks


@dataclass(frozen=True)
class Block:
    """One that holds. Times in milliseconds."""

    id: int
    incident_id: int
    reason: str | None
    until_at: int


def add(
    connection: Connection, user_id: str, incident: int, *, by: str, reason: str | None, until: int, now: int
) -> None:
    """Do not take up this person's reports until then."""
    connection.execute(
        blocks.insert().values(
            user_id=user_id, incident_id=incident, by=by, reason=reason, since_at=now, until_at=until
        )
    )


def active(connection: Connection, user_id: str, now: int) -> Block | None:
    """The block that holds for a person now, the longest if there are several."""
    row = connection.execute(
        select(blocks)
        .where(blocks.c.user_id == user_id, blocks.c.until_at > now, blocks.c.ended_at.is_(None))
        .order_by(blocks.c.until_at.desc())
        .limit(1)
    ).first()
    return Block(row.id, row.incident_id, row.reason, row.until_at) if row else None


def lift(connection: Connection, user_id: str, *, by: str, now: int) -> bool:
    """Their reports are taken up again; false when they were."""
    holds = update(blocks).where(blocks.c.user_id == user_id, blocks.c.until_at > now, blocks.c.ended_at.is_(None))
    return bool(connection.execute(holds.values(ended_by=by, ended_at=now)).rowcount)
