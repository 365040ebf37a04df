"""What the card says of recordings that an officer keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.handlers import casewords
from bot.handlers.desk import Desk
from bot.markup import escape
from bot.store import keepings


def shown(connection: Connection, desk: Desk, number: int) -> str | None:
    """A line of Markdown; `None` when nothing is kept."""
    one = keepings.standing(connection, number)
    if one is None:
        return None
    reason = f" ({escape(one.reason)})" if one.reason else ""
    return casewords.KEPT.format(until=until_words(desk, one.until_at), reason=reason)


def until_words(desk: Desk, until: int | None) -> str:
    """The last day ("31.12.2026"), or "laporan ini selesai"."""
    if until is None:
        return casewords.UNTIL_CLOSED
    # It ends with the midnight after its last day.
    return f"{datetime.fromtimestamp(until / 1000, desk.config.zone) - timedelta(seconds=1):%d.%m.%Y}"
