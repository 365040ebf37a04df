"""Rows of the outbox that say something else than when they were written: composed anew while they wait, or sent after
all. The key and its transaction stay, so it is one message whatever it says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from bot.outgoing import Outgoing
from bot.store.tables import outbox


def renew(connection: Connection, key: str, content: dict[str, Any], not_after: int) -> None:
    """Other content for a row that waits, which holds until then.

    Should a request for it be under way with what it said before, `stands` says so when its event comes back.
    """
    waits = (outbox.c.key == key, outbox.c.state == "queued")
    connection.execute(update(outbox).where(*waits).values(content=content, not_after=not_after))


def stands(connection: Connection, txn_id: str, content: dict[str, Any]) -> None:
    """What came back of a row that may have been composed anew is what it said, whatever it says now."""
    mine = (outbox.c.txn_id == txn_id, outbox.c.not_after.is_not(None), outbox.c.content.is_not(None))
    kept = connection.scalar(select(outbox.c.content).where(*mine))
    if kept and "body" in content and kept.get("body") != content["body"]:
        connection.execute(update(outbox).where(*mine).values(content=content))


def revive(connection: Connection, outgoing: Outgoing) -> bool:
    """What was refused or withdrawn goes out after all, in the words it has now; false when it is under way or done.

    The transaction id stays the same, and so does the time since which it may have been tried: what arrived unheard
    of is not said twice.
    """
    again = update(outbox).where(outbox.c.key == outgoing.key, outbox.c.state.in_(("failed", "cancelled")))
    values = {
        "state": "queued", "attempts": 0, "error": None, "sent_at": None, "content": outgoing.content,
        "upload": outgoing.upload, "not_before": outgoing.not_before, "not_after": outgoing.not_after,
    }  # fmt: skip
    return bool(connection.execute(again.values(values)).rowcount)
