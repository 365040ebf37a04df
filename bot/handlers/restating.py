"""Saying one of our own messages anew: an edit of it, where it stands (client-server API, "Event replacements")."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from bot.handlers import retraction
from bot.outgoing import REFERENCE, Outgoing, Priority
from bot.store import outbox, relays


def replace(connection: Connection, key: str, new: dict[str, Any], cause: str, now: int) -> bool:
    """Edit one of our messages, once for one cause; false when there is none, or it was taken back."""
    row = relays.row_of(connection, key)
    if row is None or retraction.is_taken_back(connection, key):
        return False
    new = {**new, "msgtype": row.content.get("msgtype", new["msgtype"])}
    edit = replacement(REFERENCE + key, new)
    outgoing = Outgoing(f"{key}:edit:{cause}", row.room_id, edit, priority=Priority(row.priority))
    return outbox.append(connection, outgoing, now)


def replacement(of: str, new: dict[str, Any]) -> dict[str, Any]:
    """The content of an edit of the event `of` (or "outbox:KEY" of one still to be sent)."""
    return {
        **new,
        "body": f"* {new['body']}",
        "formatted_body": f"* {new['formatted_body']}",
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": of},
    }


def shown(connection: Connection, key: str) -> dict[str, Any] | None:
    """What one of our messages says now, by its newest edit that stands; `None` when it was taken back or erased."""
    row = relays.row_of(connection, key)
    if row is None or retraction.is_taken_back(connection, key):
        return None
    edits = relays.edits_of(connection, f"{key}:edit:")
    standing = [one for one in edits if one.content and not retraction.is_taken_back(connection, one.key)]
    content = standing[-1].content if standing else row.content
    new = content.get("m.new_content", content)
    return new if isinstance(new, dict) and new else None
