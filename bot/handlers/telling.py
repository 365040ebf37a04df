"""What members are told when order is kept: in the thread of what they wrote, in their DM, or to the channel.

One way for what officers order, what they do from a card, and what protections do; rooms/moderation.yaml has the words.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from bot.handlers import sites
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.markup import render
from bot.moderation import words
from bot.outgoing import Outgoing, Priority
from bot.store import inbox, outbox, rooms


@dataclass(frozen=True)
class Cause:
    """What was done in a channel, as far as its members hear of it."""

    room_id: str
    kind: str
    """Of the act; "" for one that is over at once."""
    until: int | None = None
    reason: str = ""
    about: str | None = None
    """Event id of the message that led to it."""


def member(
    connection: Connection, desk: Desk, cause: Cause, target: str, number: int, text: str, now: int, *,
    thread: bool = True, public: bool = False,
) -> bool:  # fmt: skip
    """Tell whom it hits; false when there was no way that is theirs.

    `thread`: under their message that led to it. `public`: else in the channel, by name.
    """
    content = render(_filled(connection, desk, cause, text, now)).content()
    content["m.mentions"] = {"user_ids": [target]}
    direct, room_id = rooms.direct_with(connection, target), cause.room_id
    if thread and (root := _thread(connection, cause, target)) is not None:
        content = threaded(root, content)
        content["m.relates_to"] |= {"is_falling_back": False, "m.in_reply_to": {"event_id": cause.about}}
    elif direct is not None:
        room_id = direct
        content["m.mentions"] = {}
    elif public:
        content["body"] = f"{target}: {content['body']}"
        link = f"https://matrix.to/#/{quote(target, safe='@:')}"
        content["formatted_body"] = f'<a href="{link}">{html.escape(target)}</a> {content["formatted_body"]}'
    else:
        return False
    outbox.append(connection, Outgoing(f"tell:{number}", room_id, content), now)
    return True


def channel(
    connection: Connection, desk: Desk, cause: Cause, what: int | str, text: str, now: int, *, pause: str = "",
    after: bool = False,
) -> None:  # fmt: skip
    """Tell everybody in the channel. `after`: once what was ordered is done, so that people can answer."""
    said: dict[str, Any] = render(_filled(connection, desk, cause, text, now, pause)).content(notice=True)
    priority = Priority.REPLY if after else Priority.WARNING
    outbox.append(connection, Outgoing(f"tell:{what}", cause.room_id, said, priority=priority), now)


def _thread(connection: Connection, cause: Cause, target: str) -> str | None:
    """The thread of the message in that channel, if it is theirs: threads do not nest."""
    event = inbox.event(connection, cause.about) if cause.about is not None else None
    if event is None or event.sender != target or event.room_id != cause.room_id:
        return None
    return event.thread_root or event.event_id


def _filled(connection: Connection, desk: Desk, cause: Cause, text: str, now: int, pause: str = "") -> str:
    reason = sites.literal(cause.reason.rstrip(" .!"))
    return text.format(
        kanal=f"**{sites.title(connection, desk, cause.room_id)}**", jeda=pause,
        sampai=sites.until(desk, cause.until, now, cause.kind),
        alasan=words.REASON.format(reason=reason) if reason else "",
    )  # fmt: skip
