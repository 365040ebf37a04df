"""What an archive of `kentongan db backup` is: a plain tar of everything that must come back together.

`manifest.json` stands LAST, so that an archive cut short has none. The archive holds the keys; whoever can read it can
read everything, and whoever can rewrite it whole can rewrite the manifest as well. The manifest's fingerprint, noted
elsewhere, shows that.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.sqlite"
PICKLE_KEY = "secrets/pickle.key"
AUDIT_KEY = "secrets/audit.key"
DATA = "data/"
"""Everything below the data folder stands under this name."""
_MOST_BYTES = 64 << 20
"""Of a manifest; a larger one is none of ours."""

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


class BackupError(Exception):
    """A backup or restore that cannot be done, with the reason and the remedy."""


@dataclass(frozen=True)
class Member:
    """One file of an archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, and whose it is."""

    format: int
    made_at: str
    """ISO 8601, UTC."""
    user_id: str
    device_id: str | None
    """`None` when the bot has never signed in."""
    revision: str | None
    """Schema revision; `None` when the database is not in the archive."""
    files: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(member.size for member in self.files)

    def to_bytes(self) -> bytes:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the manifest, hex: noted elsewhere, it shows a rewritten archive."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def read_manifest(archive: tarfile.TarFile) -> Manifest:
    """The manifest of an archive. Raises BackupError when there is none that this version understands."""
    try:
        member = archive.getmember(MANIFEST)
        handle = archive.extractfile(member) if member.isreg() and member.size < _MOST_BYTES else None
        raw = json.loads(handle.read()) if handle else None
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise BackupError(
                f"the archive has format {raw.get('format') if isinstance(raw, dict) else '?'}; "
                f"this version reads format {FORMAT}"
            )
        files = tuple(Member(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in raw["files"])
        return Manifest(FORMAT, raw["made_at"], raw["user_id"], raw["device_id"], raw["revision"], files)
    except (KeyError, TypeError, ValueError, AttributeError, tarfile.TarError, EOFError) as error:
        raise BackupError(f"the archive has no readable manifest: it was cut short or is no backup ({error})") from None


def add_file(archive: tarfile.TarFile, name: str, path: Path, done: Callable[[int], None] | None = None) -> Member:
    """A file as it is now, hashed while it is read; `done` is told of each piece's bytes."""
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        reader = _Hashing(handle, size, done)
        archive.addfile(_header(name, size), reader)
    return Member(name, size, reader.digest.hexdigest())


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> Member:
    """A file of this content."""
    archive.addfile(_header(name, len(content)), io.BytesIO(content))
    return Member(name, len(content), hashlib.sha256(content).hexdigest())


def as_dict(manifest: Manifest) -> dict[str, Any]:
    """For `--json`: everything but the list of files."""
    return {
        "made_at": manifest.made_at,
        "user_id": manifest.user_id,
        "device_id": manifest.device_id,
        "revision": manifest.revision,
        "files": len(manifest.files),
        "bytes": manifest.size,
        "fingerprint": manifest.fingerprint,
    }


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


class _Hashing:
    """A file of a fixed size that is hashed as it is read; what is appended meanwhile stays out."""

    def __init__(self, handle: io.BufferedReader, size: int, done: Callable[[int], None] | None) -> None:
        self._handle, self._left, self._done = handle, size, done
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._handle.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        self.digest.update(chunk)
        if self._done:
            self._done(len(chunk))
        return chunk
