"""A warning goes into every channel at once: one outbox row a room, most urgent of all. What changes an earlier one
answers it in each room, and the earlier one says that there is something newer."""

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
) -> int:
    """Put it before these rooms and the officers (with `beside` for them alone); returns how many rooms.

    In the transaction that recorded the warning: a crash between two rooms leaves rows, and the sender goes on.
    """
    first = warnings.get(connection, warning.first_id) if warning.first_id is not None else None
    operations = desk.operations_room(connection)
    heard = warnings.rooms_of(connection, first.id) if first is not None else {}
    if first is not None:
        _outdate(connection, desk, warning, first, now)
    for room_id in dict.fromkeys((*room_ids, *([operations] if operations else []))):
        words = f"{markdown}\n\n{beside}" if beside and room_id == operations else markdown
        content = render(words).content()
        if ping and room_id != operations:
            content["m.mentions"] = {"room": True}
        if first is not None and room_id in heard:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": REFERENCE + key(first.id, room_id)}}
        outgoing = Outgoing(key(warning.id, room_id), room_id, content, priority=Priority.WARNING)
        outbox.append(connection, outgoing, now)
    return len(room_ids)


def _outdate(connection: Connection, desk: Desk, warning: Warning, first: Warning, now: int) -> None:
    """What is older in the chain: not sent any more where it waits, and marked where it stands."""
    word = warningwords.OVER if warning.kind == "cancel" else warningwords.NEWER
    line = word.format(time=clock(desk, now))
    for older in warnings.chain(connection, first.id):
        if older.id == warning.id:
            continue
        for room_id, state in warnings.rooms_of(connection, older.id).items():
            if state == "queued":
                # Should it be under way just now, the newer one follows it all the same.
                outbox.cancel(connection, key(older.id, room_id))
            elif state == "sent" and older.words:
                edit = edited(key(older.id, room_id), f"{line}\n\n{older.words}")
                name = f"warning-edit:{warning.id}:{older.id}:{room_id}"
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
