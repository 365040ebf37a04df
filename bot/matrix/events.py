"""A raw event of a timeline → `bot.event.IncomingEvent`. Pure, and total: any JSON gives a value, nothing raises.

The raw JSON is read, not nio's event classes: those turn an encrypted room's plain attachment, a v12 create
event or a member with an odd display name into a `BadEvent` and lose what was said.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from bot.event import IncomingEvent, Kind, Media, Trust

MAX_DEPTH = 40
MAX_MENTIONS = 100
MAX_WAVEFORM = 1000
MAX_INT = 2**53 - 1
"""The largest integer that Matrix allows (appendices, "Canonical JSON")."""

_MXC = re.compile(r"mxc://[^/\s?#]+/[^/\s?#]+")
_GEO = re.compile(r"geo:-?\d{1,3}(\.\d+)?,-?\d{1,3}(\.\d+)?([,;].*)?", re.ASCII)
_VOICE = ("org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "m.voice")
_ATTACHMENTS = {"m.audio": Kind.AUDIO, "m.image": Kind.IMAGE, "m.file": Kind.FILE, "m.video": Kind.FILE}


def clean(value: Any, depth: int = MAX_DEPTH) -> Any:
    """JSON that every database can store: no lone surrogates, NULs, NaN, or nesting past `depth`.

    An encrypted payload never passed the homeserver's checks, so it may hold all of these.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INT else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth <= 0:
        return None
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, depth - 1) for item in value]
    return None


def text(value: Any) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def table(value: Any) -> dict[str, Any]:
    """The value if it is an object, else {}."""
    return value if isinstance(value, dict) else {}


def whole(value: Any) -> int | None:
    """The value if it is a whole number ≥ 0 that Matrix allows."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_INT else None


def parse(
    source: Any,
    *,
    room_id: str,
    decrypted: Mapping[str, Any] | None = None,
    trust: Trust = Trust.CLEAR,
    device_id: str | None = None,
    master_key: str | None = None,
    direct: bool = False,
    encrypted_room: bool = False,
    backfilled: bool = False,
) -> IncomingEvent:
    """One timeline event.

    `source` is the event as the homeserver gave it, `decrypted` the plaintext of an m.room.encrypted one
    (`{"type", "content"}`). Sender, time and id always come from `source`; being state does too.
    """
    source = table(clean(source))
    inner = table(clean(decrypted)) if decrypted is not None else source
    raw_content = inner.get("content")
    content = table(raw_content)
    type_ = text(inner.get("type"))
    state_key = source.get("state_key") if isinstance(source.get("state_key"), str) and decrypted is None else None
    common: dict[str, Any] = {
        "event_id": event_id_of(source),
        "room_id": room_id,
        "sender": text(source.get("sender")),
        "sent_at": whole(source.get("origin_server_ts")) or 0,
        "trust": trust,
        "device_id": device_id,
        "master_key": master_key,
        "type": type_,
        "content": content,
        "state_key": state_key,
        "direct": direct,
        "encrypted_room": encrypted_room,
        "backfilled": backfilled,
    }
    if not isinstance(raw_content, dict):
        return IncomingEvent(kind=Kind.UNREADABLE, **common)
    if state_key is not None:
        return IncomingEvent(kind=Kind.MEMBER if type_ == "m.room.member" else Kind.STATE, **common)
    if type_ == "m.room.message":
        return IncomingEvent(**{**common, **_message(content, source)})
    if type_ == "m.room.encrypted":
        return IncomingEvent(kind=Kind.UNREADABLE, **common)
    if type_ == "m.reaction":
        relation = table(content.get("m.relates_to"))
        target = text(relation.get("event_id"))
        if relation.get("rel_type") == "m.annotation" and target and isinstance(relation.get("key"), str):
            return IncomingEvent(kind=Kind.REACTION, target=target, body=relation["key"], **common)
        return IncomingEvent(kind=Kind.OTHER, **common)
    if type_ == "m.room.redaction" and decrypted is None:  # an encrypted one redacts nothing
        target = text(content.get("redacts")) or text(source.get("redacts"))  # room versions ≥ 11, < 11
        kind = Kind.REDACTION if target else Kind.OTHER
        return IncomingEvent(kind=kind, target=target or None, body=text(content.get("reason")), **common)
    if type_ in ("m.location", "org.matrix.msc3488.location"):
        return IncomingEvent(**{**common, **_location(content)})
    return IncomingEvent(kind=Kind.OTHER, body=text(content.get("body")), **common)


def event_id_of(source: Mapping[str, Any]) -> str:
    """The event's id; one made from its content where there is none, so that it is still stored only once."""
    event_id = source.get("event_id")
    if isinstance(event_id, str) and event_id:
        return event_id
    return "none:" + hashlib.sha256(json.dumps(clean(source), sort_keys=True).encode()).hexdigest()


def _message(content: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    if not content:  # what a redaction leaves behind
        redacted = "redacted_because" in table(source.get("unsigned"))
        return {"kind": Kind.OTHER if redacted else Kind.UNREADABLE}
    relation = table(content.get("m.relates_to"))
    values = _relations(relation) | _mentions(content)
    replacement = content.get("m.new_content")
    if relation.get("rel_type") == "m.replace" and isinstance(relation.get("event_id"), str):
        edited = text(table(replacement).get("body")) or text(content.get("body"))
        values |= _mentions(table(replacement)) if "m.mentions" in table(replacement) else {}
        return values | {"kind": Kind.EDIT, "target": relation["event_id"], "body": edited}
    msgtype, said = content.get("msgtype"), content.get("body")
    if isinstance(msgtype, str) and msgtype in _ATTACHMENTS:
        media = _media(content)
        kind = _ATTACHMENTS[msgtype] if media else Kind.UNREADABLE
        return values | {"kind": kind, "media": media, "body": text(said)}
    if msgtype == "m.location":
        return values | _location(content)
    if not isinstance(said, str) or not isinstance(msgtype, str):
        return values | {"kind": Kind.UNREADABLE}
    body = _without_fallback(said) if values.get("reply_to") else said
    kind = {"m.text": Kind.TEXT, "m.emote": Kind.TEXT, "m.notice": Kind.NOTICE}.get(msgtype, Kind.OTHER)
    return values | {"kind": kind, "body": body}


def _relations(relation: dict[str, Any]) -> dict[str, Any]:
    reply_to: str | None = text(table(relation.get("m.in_reply_to")).get("event_id")) or None
    if relation.get("rel_type") != "m.thread":
        return {"reply_to": reply_to}
    if relation.get("is_falling_back") is True:
        reply_to = None
    return {"thread_root": text(relation.get("event_id")) or None, "reply_to": reply_to}


def _mentions(content: dict[str, Any]) -> dict[str, Any]:
    mentions = table(content.get("m.mentions"))
    users = mentions.get("user_ids")
    names = [user for user in users if isinstance(user, str)] if isinstance(users, list) else []
    return {"mentions": tuple(dict.fromkeys(names))[:MAX_MENTIONS], "mentions_room": mentions.get("room") is True}


def _without_fallback(body: str) -> str:
    """Without the quoted original that clients before spec 1.13 put in front of a reply."""
    lines = body.split("\n")
    quoted = 0
    while quoted < len(lines) and lines[quoted].startswith(">"):
        quoted += 1
    if quoted and quoted < len(lines) and not lines[quoted].strip():
        quoted += 1
        return "\n".join(lines[quoted:]) or body
    return body


def _media(content: dict[str, Any]) -> Media | None:
    """The attachment, from `file` or `url`, whichever is usable; `None` when neither is."""
    file = _encrypted_file(content.get("file"))
    url = text(file["url"]) if file else text(content.get("url"))
    if not _MXC.fullmatch(url):
        return None
    info = table(content.get("info"))
    audio = table(content.get("org.matrix.msc1767.audio"))
    waveform = audio.get("waveform")
    points = waveform[:MAX_WAVEFORM] if isinstance(waveform, list) else []
    duration = whole(info.get("duration"))
    return Media(
        url=url,
        mimetype=text(info.get("mimetype")),
        size=whole(info.get("size")),
        duration_ms=duration if duration is not None else whole(audio.get("duration")),
        filename=text(content.get("filename")) or text(content.get("body")),
        voice=any(content.get(name) is not None for name in _VOICE),
        file=file,
        waveform=tuple(min(point, 1024) for point in map(whole, points) if point is not None),
    )


def _encrypted_file(value: Any) -> dict[str, Any] | None:
    file = table(value)
    key, hashes = table(file.get("key")), table(file.get("hashes"))
    needed = (file.get("url"), file.get("iv"), key.get("k"), hashes.get("sha256"))
    return file if all(isinstance(part, str) and part for part in needed) else None


def _location(content: dict[str, Any]) -> dict[str, Any]:
    """m.location and MSC3488; `content["geo_uri"]` then holds the place whichever way it was said."""
    extended = table(content.get("org.matrix.msc3488.location")) or table(content.get("m.location"))
    geo = next(
        (uri for uri in (content.get("geo_uri"), extended.get("uri")) if isinstance(uri, str) and _GEO.fullmatch(uri)),
        None,
    )
    if geo is None:
        return {"kind": Kind.UNREADABLE}
    body = text(content.get("body")) or text(extended.get("description"))
    return {"kind": Kind.LOCATION, "body": body, "content": {**content, "geo_uri": geo}}
