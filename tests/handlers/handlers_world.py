"""What the tests of the handlers share: names, and looking into the outbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Engine, select

from bot.event import IncomingEvent
from bot.store.tables import audit, outbox

ME = "@kentongan:batang.test"
OJOL, OPERATIONS, DIRECT = "!ojol", "!kendali", "!pribadi"
NOW = 1_795_000_000_000

Event = Callable[..., IncomingEvent]
Take = Callable[..., Awaitable[None]]


def sent(engine: Engine, room: str | None = None) -> list[dict[str, Any]]:
    """What stands in the outbox, in order: key, room, content."""
    with engine.connect() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.id)).mappings().all()
    return [dict(row) for row in rows if room is None or row["room_id"] == room]


def audited(engine: Engine) -> list[str]:
    """Kinds of the audit rows, in order."""
    with engine.connect() as connection:
        return list(connection.scalars(select(audit.c.kind).order_by(audit.c.id)))
