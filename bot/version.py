"""Which content decided: one short digest over every file that an officer can edit. It stands in every audit row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bot.config import Config

DIGITS = 12


def content_version(config: Config) -> str:
    """Digest of flows, rooms and places as they stand on disk."""
    folders = (("flows", config.paths.flows), ("rooms", config.paths.rooms), ("places", config.paths.places))
    return digest((name, config.resolve(folder)) for name, folder in folders)


def digest(folders: Iterable[tuple[str, Path]]) -> str:
    """First hex digits of SHA-256 over names and bytes of all files in the (name, folder) pairs.

    Hidden files and editors' backups are no content; a file that cannot be read is for its loader to report.
    """
    total = hashlib.sha256()
    for name, folder in folders:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            relative = path.relative_to(folder)
            if not path.is_file() or any(part.startswith(".") or part.endswith("~") for part in relative.parts):
                continue
            try:
                content = hashlib.sha256(path.read_bytes()).digest()
            except OSError:
                continue
            total.update(f"{name}/{relative.as_posix()}\0".encode("utf-8", "surrogateescape") + content)
    return total.hexdigest()[:DIGITS]
