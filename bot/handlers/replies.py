"""Contents of our messages: relations, threads, links. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from bot.event import IncomingEvent
from bot.markup import Message

_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d{1,15})?),(-?\d{1,3}(?:\.\d{1,15})?)(?![\d.])")


def reply(event: IncomingEvent, message: Message, *, notice: bool = False, thread: bool = False) -> dict[str, Any]:
    """An answer to an event: a rich reply, in the event's thread (or a new one under it when `thread`).

    Client-server API, "Rich replies" and "Threading"; no user is mentioned, so no phone rings for it
    except by the homeserver's ordinary rules for a message.
    """
    content = message.content(notice=notice)
    root = event.thread_root or (event.event_id if thread else None)
    relation: dict[str, Any] = {"m.in_reply_to": {"event_id": event.event_id}}
    if root is not None:
        relation |= {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    content["m.relates_to"] = relation
    return content


def shared_place(event: IncomingEvent) -> str | None:
    """The place of a location event as "latitude,longitude" (RFC 5870, "geo" URI), `None` when it is none on Earth."""
    found = _GEO.match(str(event.content.get("geo_uri", "")))
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return f"{latitude:.6f},{longitude:.6f}"


def threaded(root: str, content: dict[str, Any]) -> dict[str, Any]:
    """`content` in the thread under `root` (an event id, or "outbox:KEY" for an event still to be sent)."""
    relation = {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    return {**content, "m.relates_to": relation}


def room_link(room_id: str, server: str) -> str:
    """A matrix.to link to a room; `via` our own server."""
    return f"https://matrix.to/#/{quote(room_id, safe='')}?via={quote(server, safe='')}"


def permalink(room_id: str, event_id: str, server: str) -> str:
    """A matrix.to link to an event (appendices, "matrix.to navigation"); `via` our own server."""
    return f"https://matrix.to/#/{quote(room_id, safe='')}/{quote(event_id, safe='')}?via={quote(server, safe='')}"
