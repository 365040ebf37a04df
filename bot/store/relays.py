"""Messages of the outbox that may be changed after they were written: edited, or taken back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.outgoing import transaction_id
from bot.store.tables import copies, outbox


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
    begins = _begins(connection, prefix)
    rows = connection.execute(select(outbox).where(begins, outbox.c.action == "event").order_by(outbox.c.id))
    return [_relayed(row) for row in rows]


def under_way(connection: Connection, number: int) -> bool:
    """Whether something of an incident's card or its thread still waits to be sent."""
    return any(row.state == "queued" for row in _of_card(connection, number))


def retire(connection: Connection, number: int, now: int) -> list[str]:
    """All that stands in the thread of an incident's card is known by other keys from now on; returns those.

    Its own keys, with their transaction ids, are free again for a card in another room: nothing may be under way.
    """
    renamed = []
    for row in _of_card(connection, number):
        key = f"moved:{row.id}:{row.key}"
        values: dict[str, Any] = {"key": key, "txn_id": transaction_id(key)}
        if row.action == "redaction":
            values["key"] = f"moved:{number}:done:{row.id}"
        else:
            renamed.append(key)
            connection.execute(update(copies).where(copies.c.key == row.key).values(key=key, withdrawn_at=now))
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
    return renamed


def _of_card(connection: Connection, number: int) -> list[Any]:
    """Rows of a card, its thread and the calls about it, whatever they do."""
    found = list(connection.execute(select(outbox).where(outbox.c.key == f"card:{number}")))
    for prefix in (f"card:{number}:", f"card-audio:{number}:", f"alarm:{number}:"):
        found += connection.execute(select(outbox).where(_begins(connection, prefix)).order_by(outbox.c.id))
    return found


def _begins(connection: Connection, prefix: str) -> ColumnElement[bool]:
    begins = outbox.c.key.startswith(prefix, autoescape=True)
    if connection.dialect.name == "sqlite":  # whose LIKE uses no index when it has an escape character
        begins = and_(outbox.c.key >= prefix, outbox.c.key < prefix + chr(sys.maxunicode), begins)
    return begins


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
