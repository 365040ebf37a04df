"""Who has been answered so often lately that the bot pauses. Kept in rows: a restart neither forgets nor repeats it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from bot.store.tables import inbox, notices, outbox

LOOK = 5
"""Messages looked through for each answer that is allowed."""


def answered(connection: Connection, room_id: str, user_id: str, *, since: int, most: int) -> list[str]:
    """Ids of a person's messages in a room that were answered after `since`, the newest first; at most `most`."""
    lately = connection.scalars(
        select(inbox.c.event_id)
        .where(inbox.c.room_id == room_id, inbox.c.sender == user_id)
        .order_by(inbox.c.id.desc())
        .limit(most * LOOK)
    )
    keys = [f"reply:{event_id}" for event_id in lately]
    replies = connection.scalars(
        select(outbox.c.key)
        .where(outbox.c.key.in_(keys), outbox.c.created_at > since)
        .order_by(outbox.c.id.desc())
        .limit(most)
    )
    return [key.removeprefix("reply:") for key in replies]


def bodies(connection: Connection, event_ids: list[str]) -> list[str]:
    """What those messages said, in no order; nothing for those that were erased."""
    payloads = connection.scalars(
        select(inbox.c.payload).where(inbox.c.event_id.in_(event_ids), inbox.c.payload.is_not(None))
    )
    return [str(payload.get("body", "")) for payload in payloads]


def begun(connection: Connection, room_id: str, user_id: str) -> int | None:
    """When the last pause for a person in a room began, milliseconds since the epoch."""
    at: int | None = connection.scalar(
        select(notices.c.at).where(notices.c.user_id == user_id, notices.c.notice == _name(room_id))
    )
    return at


def begin(connection: Connection, room_id: str, user_id: str, now: int) -> None:
    """A pause begins."""
    connection.execute(delete(notices).where(notices.c.user_id == user_id, notices.c.notice == _name(room_id)))
    connection.execute(notices.insert().values(user_id=user_id, notice=_name(room_id), at=now))


def _name(room_id: str) -> str:
    return f"pause:{room_id}"
