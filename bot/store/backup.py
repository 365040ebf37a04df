"""One archive with everything that must come back together: database, crypto store, recordings, keys.

Order, and why it is safe while the bot runs. nio's crypto store commits apart from our database, so the two are
copied moments apart. The database is copied FIRST, the crypto store after it. The copy of the crypto store is then
never older than the database's sync token: every room key that arrived with a sync up to that token is in it, and
what it has beyond the token does no harm (the bot recognises to-device messages and events it has already taken
in). The other way round, a key that arrived between the copies would be in neither: the homeserver deletes
to-device messages once the token has moved past them. Recordings come after the database, too: a row may name a
recording that retention has since taken (the program copes with that), never one that had yet to be written.

The archive is a plain tar: `manifest.json` LAST, so that an archive cut short has none. It holds the keys; whoever
can read it can read everything, and whoever can rewrite it whole can rewrite the manifest as well. The manifest's
fingerprint, noted elsewhere, shows that.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.engine import make_url

from bot.config import Config
from bot.store import migrate
from bot.store.database import connect

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.sqlite"
PICKLE_KEY = "secrets/pickle.key"
AUDIT_KEY = "secrets/audit.key"
DATA = "data/"
"""Everything below the data folder stands under this name."""

ASIDE = "before-restore-"
"""Folder in the data folder where a forced restore puts what stood there."""
STAGING = ".restore-"
"""Folder in the data folder where a restore unpacks and checks."""

_SKIPPED = (".lock", "-wal", "-shm", "-journal", ".part", ".tmp")
"""Locks, SQLite's side files (their content is in the copy), and files still being written."""
_MAGIC = b"SQLite format 3\x00"
_CHUNK = 1 << 20
_PAGES = 2048

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


def backup(
    config: Config, target: Path, *, without_database: bool = False, progress: Progress | None = None
) -> Manifest:
    """Write one archive, mode 0600; the bot may run meanwhile. Raises BackupError.

    `without_database`: for PostgreSQL, whose dump must be taken just BEFORE this (see the order above).
    """
    source = sqlite_path(config)
    if source is None and not without_database:
        raise BackupError(
            "the database is not SQLite: take a dump with pg_dump first, then run `db backup --without-database`, "
            "and keep the two together (the dump must be the older one)"
        )
    if target.exists():
        raise BackupError(f"{target} exists already: give the backup a new name")
    if source is not None and not without_database and not source.is_file():
        raise BackupError(f"there is no database at {source}: nothing to back up yet")
    if target.resolve().is_relative_to(config.data_dir):
        raise BackupError(f"{target} lies inside the data folder: keep backups elsewhere, best on another machine")
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as handle:
            manifest = _write(config, handle, target.parent, None if without_database else source, progress)
            handle.flush()
            os.fsync(handle.fileno())
        os.link(name, target)  # unlike a rename, never over a file that came to be meanwhile
    except FileExistsError:
        raise BackupError(f"{target} exists already: give the backup a new name") from None
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(target.parent)
    return manifest


def _write(config: Config, handle: BinaryIO, folder: Path, source: Path | None, progress: Progress | None) -> Manifest:
    keys = {PICKLE_KEY: config.pickle_key().get_secret_value(), AUDIT_KEY: config.audit_key().decode()}
    members: list[Member] = []
    done = _Count(progress, _estimate(config, source))
    with (
        tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as archive,
        tempfile.TemporaryDirectory(prefix=".kentongan-backup-", dir=folder) as staging,
    ):
        revision = device = None
        if source is not None:
            copy = copy_sqlite(source, Path(staging) / "database", done)
            revision, device = _inspect(copy)
            members.append(_add(archive, DATABASE, copy))
            copy.unlink()
        for path in _files(config.data_dir, source):
            name = DATA + path.relative_to(config.data_dir).as_posix()
            try:
                if _is_sqlite(path):
                    copy = copy_sqlite(path, Path(staging) / "store", done)
                    members.append(_add(archive, name, copy))
                    copy.unlink()
                else:
                    members.append(_add(archive, name, path, done))
            except FileNotFoundError:
                continue  # retention took a recording between listing and reading it
        for name, key in keys.items():
            members.append(_add_bytes(archive, name, key.encode() + b"\n"))
        manifest = Manifest(
            FORMAT,
            datetime.now(UTC).isoformat("T", "seconds"),
            config.homeserver.user_id,
            device,
            revision,
            tuple(members),
        )
        _add_bytes(archive, MANIFEST, manifest.to_bytes())
        done.finish()
    return manifest


def copy_sqlite(source: Path, target: Path, done: Callable[[int], None] | None = None) -> Path:
    """A consistent copy of a SQLite file that others may be writing to (SQLite's online backup).

    In write-ahead mode the copy is made page by page from one snapshot, which a read transaction holds open: writers
    go on, and the copy never starts over. In other modes a reader blocks writers, so it is made in one go.
    Raises BackupError for a file that is damaged or stays locked.
    """
    try:
        _copy(source, target, done)
    except sqlite3.Error as error:
        raise BackupError(
            f"{source} cannot be copied ({error}): if it is damaged, restore the newest good backup"
        ) from None
    return target


def _copy(source: Path, target: Path, done: Callable[[int], None] | None) -> None:
    with (
        closing(sqlite3.connect(f"file:{_quoted(source)}?mode=rw", uri=True, timeout=30, isolation_level=None)) as old,
        closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        mode = old.execute("PRAGMA journal_mode").fetchone()[0]
        size = int(old.execute("PRAGMA page_size").fetchone()[0])
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        copied = 0

        def step(_status: int, remaining: int, total: int) -> None:
            nonlocal copied
            if done:
                done((total - remaining) * size - copied)
            copied = (total - remaining) * size

        old.backup(new, pages=_PAGES if mode == "wal" else -1, progress=step, sleep=0.05)
        old.execute("ROLLBACK")
        new.execute("PRAGMA journal_mode=DELETE")  # one file, without side files
        fault = new.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise BackupError(f"{source} is damaged: {fault}; restore the newest good backup")


def read_manifest(archive: tarfile.TarFile) -> Manifest:
    """The manifest of an archive. Raises BackupError when there is none that this version understands."""
    try:
        member = archive.getmember(MANIFEST)
        handle = archive.extractfile(member) if member.isreg() and member.size < 64 * _CHUNK else None
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


def fits_config(manifest: Manifest, config: Config) -> str | None:
    """Why this archive is not for this configuration; `None` when it is."""
    if manifest.user_id != config.homeserver.user_id:
        return f"the archive is of {manifest.user_id}, the configuration of {config.homeserver.user_id}"
    if manifest.revision is not None and not migrate.known(manifest.revision):
        return f"the archive's database (revision {manifest.revision}) was made by a newer version: install that first"
    if manifest.revision is not None and sqlite_path(config) is None:
        return "the archive holds a SQLite database, but the configuration names another kind"
    return None


class _Count:
    """Adds up bytes for a progress bar."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._progress:
            self._progress(min(self._done, self._total), self._total)

    def finish(self) -> None:
        if self._progress:
            self._progress(self._total, self._total)


def _files(data_dir: Path, database: Path | None) -> Iterator[Path]:
    """Regular files of the data folder, crypto store first: the sooner after the database, the better."""
    found = [
        path
        for path in data_dir.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not path.name.endswith(_SKIPPED)
        and not path.relative_to(data_dir).parts[0].startswith((ASIDE, STAGING))
        and path.resolve() != database
    ]
    return iter(sorted(found, key=lambda path: (path.relative_to(data_dir).parts[0] != "crypto", path)))


def _estimate(config: Config, database: Path | None) -> int:
    paths = [*_files(config.data_dir, database), *([database] if database else [])]
    return max(1, sum(path.stat().st_size for path in paths if path.exists()))


def _add(archive: tarfile.TarFile, name: str, path: Path, done: Callable[[int], None] | None = None) -> Member:
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        reader = _Hashing(handle, size, done)
        archive.addfile(_header(name, size), reader)
    return Member(name, size, reader.digest.hexdigest())


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> Member:
    archive.addfile(_header(name, len(content)), io.BytesIO(content))
    return Member(name, len(content), hashlib.sha256(content).hexdigest())


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


def _inspect(copy: Path) -> tuple[str | None, str | None]:
    """(schema revision, device id) of a database copy."""
    engine = connect(f"sqlite:///{copy}")
    try:
        revision = migrate.current(engine)
        with engine.connect() as connection:
            device = connection.exec_driver_sql("SELECT device_id FROM session").scalar() if revision else None
            connection.rollback()
    finally:
        engine.dispose()
    with closing(sqlite3.connect(copy, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")
    if revision is None:
        raise BackupError("the database has never been upgraded (`kentongan db upgrade`): nothing to back up yet")
    return revision, device


def sqlite_path(config: Config) -> Path | None:
    """Where the database file stands; `None` when the database is not SQLite."""
    url = make_url(config.database_url)
    return Path(url.database).resolve() if url.get_backend_name() == "sqlite" and url.database else None


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(len(_MAGIC)) == _MAGIC


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
