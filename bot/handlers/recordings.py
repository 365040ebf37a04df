"""Contents of recordings that go over with a ticket. Pure."""

from __future__ import annotations

from typing import Any

from bot.event import Media

_ENCRYPTED_FILE = ("v", "url", "key", "iv", "hashes")
"""Client-server API, "Extensions to m.room.message msgtypes": what opens an encrypted attachment, and nothing more."""


def recording(media: Media | None, name: str) -> dict[str, Any]:
    """A voice message (MSC3245) whose file is still to be uploaded; `name` is what it is called."""
    info: dict[str, Any] = {"mimetype": (media.mimetype if media else "") or "audio/ogg"}
    if media is not None and media.duration_ms is not None:
        info["duration"] = media.duration_ms
    return {
        "msgtype": "m.audio", "body": name, "info": info, "org.matrix.msc3245.voice": {}, "m.mentions": {},
    }  # fmt: skip


def forwarded(media: Media, name: str) -> dict[str, Any]:
    """The same attachment in another room: what its sender uploaded, without the name it had there.

    The key of an encrypted attachment travels in the event, so the file need not be fetched and uploaded again.
    """
    content = recording(media, name)
    if media.size is not None:
        content["info"]["size"] = media.size
    audio: dict[str, Any] = {"waveform": list(media.waveform)} if media.waveform else {}
    if media.duration_ms is not None:
        audio["duration"] = media.duration_ms
    if media.file is not None:
        content["file"] = {part: media.file[part] for part in _ENCRYPTED_FILE if part in media.file}
    else:
        content["url"] = media.url
    return content | {"org.matrix.msc1767.audio": audio}
