"""What members are told when order is kept: in the thread of what they wrote, in their DM, or to the channel."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.handlers import sites
from bot.handlers.replies import threaded
from bot.handlers.sites import Site
from bot.markup import render
from bot.moderation import words
from bot.outgoing import Outgoing, Priority
from bot.store import inbox, outbox, rooms

if TYPE_CHECKING:
    from bot.handlers.acting import Doing


def member(
    doing: Doing, site: Site, target: str, number: int, text: str, *, thread: bool = True, public: bool = False
) -> bool:
    """Tell whom it hits; false when there was no way that is theirs.

    `thread`: under the message that the order replied to. `public`: else in the channel, by name.
    """
    errand, content = doing.errand, render(_filled(doing, site, text)).content()
    content["m.mentions"] = {"user_ids": [target]}
    direct = rooms.direct_with(doing.connection, target)
    room_id = site.room_id
    if thread and errand.about is not None and errand.about_room == site.room_id and _theirs(doing, target):
        content = _beneath(doing, errand.about, content)
    elif direct is not None:
        room_id = direct
        content["m.mentions"] = {}
    elif public:
        content["body"] = f"{target}: {content['body']}"
        link = f"https://matrix.to/#/{quote(target, safe='@:')}"
        content["formatted_body"] = f'<a href="{link}">{html.escape(target)}</a> {content["formatted_body"]}'
    else:
        return False
    outbox.append(doing.connection, Outgoing(f"tell:{number}", room_id, content), doing.now)
    return True


def channel(doing: Doing, site: Site, what: int | str, text: str, *, pause: str = "", after: bool = False) -> None:
    """Tell everybody in the channel. `after`: once what was ordered is done, so that people can answer."""
    said = render(_filled(doing, site, text, pause=pause)).content(notice=True)
    priority = Priority.REPLY if after else Priority.WARNING
    outbox.append(doing.connection, Outgoing(f"tell:{what}", site.room_id, said, priority=priority), doing.now)


def _theirs(doing: Doing, target: str) -> bool:
    event = inbox.event(doing.connection, doing.errand.about or "")
    return event is not None and event.sender == target


def _beneath(doing: Doing, about: str, content: dict[str, Any]) -> dict[str, Any]:
    event = inbox.event(doing.connection, about)
    content = threaded((event.thread_root if event else None) or about, content)
    content["m.relates_to"] |= {"is_falling_back": False, "m.in_reply_to": {"event_id": about}}
    return content


def _filled(doing: Doing, site: Site, text: str, pause: str = "") -> str:
    reason = sites.literal(doing.errand.reason.rstrip(" .!"))
    return text.format(
        kanal=f"**{site.room.title}**", jeda=pause,
        sampai=sites.until(doing.desk, doing.until, doing.now, doing.kind),
        alasan=words.REASON.format(reason=reason) if reason else "",
    )  # fmt: skip
