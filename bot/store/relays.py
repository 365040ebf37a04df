"""Messages of the outbox that may be changed after they were written: edited, or taken back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select, update

from bot.store.tables import outbox


@dataclass(frozen=True)
class Relayed:
    """One of our messages, sent or still to be sent."""

    key: str
    room_id: str
    priority: int
    content: dict[str, Any]
    """Empty once erased."""
    created_at: int = 0
    """Milliseconds."""


def row_of(connection: Connection, key: str) -> Relayed | None:
    """The message with that key."""
    row = connection.execute(select(outbox).where(outbox.c.key == key)).first()
    return _relayed(row) if row is not None else None


def edits_of(connection: Connection, prefix: str) -> list[Relayed]:
    """The messages whose keys begin with that, without redactions, in the order in which they were written."""
    begins = outbox.c.key.startswith(prefix, autoescape=True)
    if connection.dialect.name == "sqlite":  # whose LIKE uses no index when it has an escape character
        begins = and_(outbox.c.key >= prefix, outbox.c.key < prefix + chr(sys.maxunicode), begins)
    rows = connection.execute(select(outbox).where(begins, outbox.c.action == "event").order_by(outbox.c.id))
    return [_relayed(row) for row in rows]


def emptied(connection: Connection, one: Relayed, content: dict[str, Any]) -> None:
    """What has not been sent says `content` from now on, with the same relation and without its file.

    The row stays queued: it may be on its way in this very moment, and only a row that is sent or queued can be
    redacted.
    """
    if "m.relates_to" in one.content:
        content = {**content, "m.relates_to": one.content["m.relates_to"]}
    if "m.new_content" in one.content:
        content["m.new_content"] = {name: value for name, value in content.items() if name != "m.relates_to"}
    connection.execute(
        update(outbox).where(outbox.c.key == one.key, outbox.c.state == "queued").values(content=content, upload=None)
    )


def _relayed(row: Any) -> Relayed:
    return Relayed(row.key, row.room_id, row.priority, row.content or {}, row.created_at)
