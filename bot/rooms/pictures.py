"""Pictures of rooms: read from the folder of rooms.yaml and nowhere else, small, and what they say they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from bot.rooms.model import Avatar

MAX_BYTES = 1_000_000
_KINDS: Mapping[bytes, str] = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""First bytes → type. No SVG: it can hold scripts."""


def read(folder: Path, name: str) -> Avatar:
    """The picture of that name. Raises ValueError with what is wrong and what to do."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError(f"avatar: '{name}' is outside of this folder: copy the picture beside this file")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"avatar: '{name}' cannot be read ({error.strerror}): put the picture beside this file"
        ) from None
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is None:
        raise ValueError(f"avatar: '{name}' is no PNG and no JPEG")
    if len(data) > MAX_BYTES:
        raise ValueError(f"avatar: '{name}' has {len(data)} bytes, more than {MAX_BYTES}: every member fetches it")
    return Avatar(file=file, sha256=hashlib.sha256(data).hexdigest(), mimetype=kind, size=len(data))
