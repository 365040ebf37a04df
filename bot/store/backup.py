"""One archive with everything that must come back together: database, crypto store, recordings, keys.

Order, and why it is safe while the bot runs. nio's crypto store commits apart from our database, so the two are
copied moments apart. The database is copied FIRST, the crypto store after it. The copy of the crypto store is then
never older than the database's sync token: every room key that arrived with a sync up to that token is in it, and
what it has beyond the token does no harm (the bot recognises to-device messages and events it has already taken
in). The other way round, a key that arrived between the copies would be in neither: the homeserver deletes
to-device messages once the token has moved past them. Recordings come after the database, too: a row may name a
recording that retention has since taken (the program copes with that), never one that had yet to be written.
"""

from __future__ import annotations

import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from bot.config import Config
from bot.store import migrate
from bot.store.archive import (
    AUDIT_KEY,
    DATA,
    DATABASE,
    FORMAT,
    MANIFEST,
    PICKLE_KEY,
    BackupError,
    Manifest,
    Member,
    Progress,
    add_bytes,
    add_file,
)
from bot.store.database import connect
from bot.store.snapshot import copy_sqlite, is_sqlite, sqlite_path

ASIDE = "before-restore-"
"""Folder in the data folder where a forced restore puts what stood there."""
STAGING = ".restore-"
"""Folder in the data folder where a restore unpacks and checks."""

_SKIPPED = (".lock", "-wal", "-shm", "-journal", ".part", ".tmp")
"""Locks, SQLite's side files (their content is in the copy), and files still being written."""


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
            members.append(add_file(archive, DATABASE, copy))
            copy.unlink()
        for path in _files(config.data_dir, source):
            name = DATA + path.relative_to(config.data_dir).as_posix()
            try:
                if is_sqlite(path):
                    copy = copy_sqlite(path, Path(staging) / "store", done)
                    members.append(add_file(archive, name, copy))
                    copy.unlink()
                else:
                    members.append(add_file(archive, name, path, done))
            except FileNotFoundError:
                continue  # retention took a recording between listing and reading it
        for name, key in keys.items():
            members.append(add_bytes(archive, name, key.encode() + b"\n"))
        manifest = Manifest(
            FORMAT,
            datetime.now(UTC).isoformat("T", "seconds"),
            config.homeserver.user_id,
            device,
            revision,
            tuple(members),
        )
        add_bytes(archive, MANIFEST, manifest.to_bytes())
        done.finish()
    return manifest


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


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
