"""A warning goes into every channel at once: one outbox row a room, most urgent of all, and none when its time is over.

What changes an earlier one answers in each room the first of its chain that came there, and the earlier one says that
there is something newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.handlers import warningwords
from bot.handlers.desk import Desk
from bot.markup import render
from bot.outgoing import REFERENCE, Outgoing, Priority
from bot.store import outbox, rooms, warnings
from bot.store.warnings import Warning, key


def channels(connection: Connection, desk: Desk, *, silent: Sequence[str] = ()) -> list[str]:
    """Ids of the channels that exist, without those named in `silent`."""
    known = rooms.named(connection)
    names = [room.name for room in desk.content.rooms.channels if room.name not in silent]
    return [known[name].room_id for name in names if name in known]


def say(
    connection: Connection,
    desk: Desk,
    warning: Warning,
    markdown: str,
    room_ids: Sequence[str],
    now: int,
    *,
    ping: bool = False,
    beside: str = "",
    until: int | None = None,
) -> int:
    """Put it before these rooms and the officers (with `beside` for them alone); returns how many rooms.

    `until`: when it is too late to send it; else when it is over.

    In the transaction that recorded the warning: a crash between two rooms leaves rows, and the sender goes on.
    """
    operations = desk.operations_room(connection)
    older = warnings.heard(connection, warning.root, before=warning.id)
    first = firsts(connection, older)
    outdate(connection, desk, warning, older, now)
    for room_id in dict.fromkeys((*room_ids, *([operations] if operations else []))):
        words = f"{markdown}\n\n{beside}" if beside and room_id == operations else markdown
        content = render(words).content()
        if ping and room_id != operations:
            content["m.mentions"] = {"room": True}
        if room_id in first:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": REFERENCE + first[room_id]}}
        outgoing = Outgoing(
            key(warning.id, room_id), room_id, content, priority=Priority.WARNING,
            not_after=warning.expires_at if until is None else until,
        )  # fmt: skip
        outbox.append(connection, outgoing, now)
    return len(room_ids)


def firsts(connection: Connection, older: Sequence[Warning]) -> dict[str, str]:
    """Room id → outbox key of the first of a chain that came there, or may still come."""
    found: dict[str, str] = {}
    for one in older:
        for room_id, state in warnings.rooms_of(connection, one.id).items():
            if state in ("sent", "queued"):
                found.setdefault(room_id, key(one.id, room_id))
    return found


def outdate(connection: Connection, desk: Desk, warning: Warning, older: Sequence[Warning], now: int) -> None:
    """What is older in the chain: not sent any more where it waits, and marked where it stands."""
    word = warningwords.OVER if warning.kind == "cancel" else warningwords.NEWER
    line = word.format(time=clock(desk, now))
    for one in older:
        for room_id, state in warnings.rooms_of(connection, one.id).items():
            if state == "queued":
                # Should it be under way just now, the newer one follows it all the same.
                outbox.cancel(connection, key(one.id, room_id))
            elif state == "sent" and one.words:
                edit = edited(key(one.id, room_id), f"{line}\n\n{one.words}")
                name = f"warning-edit:{warning.id}:{one.id}:{room_id}"
                outbox.append(connection, Outgoing(name, room_id, edit, priority=Priority.NOTICE), now)


def edited(of: str, markdown: str) -> dict[str, Any]:
    """An edit of the message with that outbox key (client-server API, "Event replacements")."""
    new = render(markdown).content()
    return {
        **new,
        "body": f"* {new['body']}",
        "formatted_body": f"* {new['formatted_body']}",
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": REFERENCE + of},
    }


def reply_to(event_id: str, markdown: str) -> dict[str, Any]:
    """An answer to an event."""
    return {**render(markdown).content(), "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}


def clock(desk: Desk, at: int) -> str:
    """Local time of day."""
    return f"{datetime.fromtimestamp(at / 1000, desk.config.zone):%H.%M}"
