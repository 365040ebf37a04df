"""Which content decided: one short digest over every file that an officer can edit. It stands in every audit row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.config import Config

DIGITS = 12


def content_version(config: Config) -> str:
    """Digest of flows, rooms and places as they stand on disk."""
    return version_of(content_files(config))


def content_files(config: Config) -> dict[str, str]:
    """Every file of flows, rooms and places as it stands on disk: "flows/skck.yaml" → SHA-256 in hex."""
    folders = (("flows", config.paths.flows), ("rooms", config.paths.rooms), ("places", config.paths.places))
    return files_of((name, config.resolve(folder)) for name, folder in folders)


def version_of(files: Mapping[str, str]) -> str:
    """First hex digits of SHA-256 over the files' names and digests, in their order."""
    total = hashlib.sha256()
    for name, content in files.items():
        total.update(f"{name}\0".encode("utf-8", "surrogateescape") + bytes.fromhex(content))
    return total.hexdigest()[:DIGITS]


def digest(folders: Iterable[tuple[str, Path]]) -> str:
    """The version of all files in the (name, folder) pairs."""
    return version_of(files_of(folders))


def files_of(folders: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """The files in the (name, folder) pairs with the digest of their bytes, in a fixed order.

    Hidden files and editors' backups are no content; a file that cannot be read is for its loader to report.
    """
    found: dict[str, str] = {}
    for name, folder in folders:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            relative = path.relative_to(folder)
            if not path.is_file() or any(part.startswith(".") or part.endswith("~") for part in relative.parts):
                continue
            try:
                found[f"{name}/{relative.as_posix()}"] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError:
                continue
    return found


def changed_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[dict[str, str | None]]:
    """What differs, by name: {"file", "old", "new"} with short digests, null where there is no such file."""
    return [
        {"file": name, "old": _short(old.get(name)), "new": _short(new.get(name))}
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _short(digest: str | None) -> str | None:
    return digest[:DIGITS] if digest is not None else None
