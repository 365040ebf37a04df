"""Bringing a backup back, whole or not at all.

Everything is unpacked and checked beside its destination first; only then do files move, by renames, under a mark
that makes the bot refuse to start if the power fails in between. The bot from which the backup came must not run any
more: two bots with one crypto store ruin each other's sessions, and what either sends becomes unreadable.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from bot.config import Config
from bot.lock import UNFINISHED, hold
from bot.store import migrate
from bot.store.archive import (
    AUDIT_KEY,
    DATA,
    DATABASE,
    MANIFEST,
    PICKLE_KEY,
    BackupError,
    Manifest,
    Member,
    Progress,
    read_manifest,
)
from bot.store.audit import Auditor, Verification
from bot.store.backup import ASIDE, STAGING, fits_config, sync_folder
from bot.store.database import connect, reading
from bot.store.snapshot import sqlite_path

_SIDE_FILES = ("-wal", "-shm", "-journal")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was brought back."""

    manifest: Manifest
    audit: Verification | None
    """The chain as it came back; `None` when the archive holds no database."""
    aside: tuple[Path, ...]
    """Where a forced restore put what stood there. Delete it when all is well: it holds personal data, too."""


def restore(
    config: Config,
    archive: Path,
    *,
    force: bool = False,
    fingerprint: str | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Bring an archive back into an empty data folder; with `force` what stands there is moved aside.

    Raises BackupError, having changed nothing, for an archive that is partial, altered, foreign or too new, and for a
    destination that is not empty; Locked when a bot runs there.
    """
    with _open(archive) as tar:
        manifest = read_manifest(tar)
        if fingerprint is not None and fingerprint.lower() != manifest.fingerprint:
            raise BackupError(
                f"the archive's fingerprint is {manifest.fingerprint}, not the one noted: do not trust it"
            )
        if reason := fits_config(manifest, config):
            raise BackupError(reason)
        members = _members(tar, manifest)
        with hold(config.data_dir, config.database_url, repairing=True):
            plan = _Destination(config, manifest, force)
            with plan.staging() as staging:
                _unpack(tar, members, staging, manifest.size, progress)
                verification = _check(staging)
                plan.check_keys(staging)
                aside = plan.move(staging)
    return Restored(manifest, verification, tuple(aside))


@contextmanager
def _open(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 - plain only: nothing in it can swell
    except FileNotFoundError:
        raise BackupError(f"{path}: no such file") from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"{path} is not a backup of Kentongan ({error})") from None
    with tar:
        yield tar


def _members(tar: tarfile.TarFile, manifest: Manifest) -> list[tuple[Member, tarfile.TarInfo]]:
    """Exactly the files that the manifest lists, each once, each with a name that stays inside."""
    try:
        held = tar.getmembers()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise BackupError(f"the archive is damaged ({error})") from None
    by_name: dict[str, tarfile.TarInfo] = {}
    for info in held:
        if not info.isreg() or info.issparse():
            raise BackupError(f"the archive was altered: {info.name!r} is not a plain file")
        if info.name in by_name:
            raise BackupError(f"the archive was altered: {info.name!r} is in it twice")
        by_name[info.name] = info
    del by_name[MANIFEST]
    listed = [member.name for member in manifest.files]
    if len(set(listed)) != len(listed):
        raise BackupError("the archive was altered: its manifest lists a file twice")
    for name in listed:
        if not _allowed(name):
            raise BackupError(f"the archive was altered: {name!r} is no place for a file")
    if missing := sorted(set(listed) - set(by_name)):
        raise BackupError(f"the archive is not complete: {missing[0]!r} is missing")
    if extra := sorted(set(by_name) - set(listed)):
        raise BackupError(f"the archive was altered: {extra[0]!r} is not in its manifest")
    for needed in (PICKLE_KEY, AUDIT_KEY, *((DATABASE,) if manifest.revision is not None else ())):
        if needed not in by_name:
            raise BackupError(f"the archive is not complete: {needed!r} is missing")
    for member in manifest.files:
        if by_name[member.name].size != member.size:
            raise BackupError(f"the archive was altered: {member.name!r} has another size than its manifest says")
    return [(member, by_name[member.name]) for member in manifest.files]


def _allowed(name: str) -> bool:
    if name in (DATABASE, PICKLE_KEY, AUDIT_KEY):
        return True
    path = PurePosixPath(name)
    inside = name.startswith(DATA) and str(path) == name and ".." not in path.parts and "\0" not in name
    first = path.parts[1] if len(path.parts) > 1 else ""
    return inside and bool(first) and not first.startswith((ASIDE, STAGING)) and first != UNFINISHED


def _unpack(
    tar: tarfile.TarFile,
    members: list[tuple[Member, tarfile.TarInfo]],
    staging: Path,
    total: int,
    progress: Progress | None,
) -> None:
    done = 0
    for member, info in members:
        target = staging / member.name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest = hashlib.sha256()
        source = tar.extractfile(info)
        assert source is not None  # noqa: S101 - a regular file, checked above
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with source, os.fdopen(descriptor, "wb") as handle:
            for chunk in _chunks(source, member.name):
                digest.update(chunk)
                handle.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
            handle.flush()
            os.fsync(handle.fileno())
        if digest.hexdigest() != member.sha256:
            raise BackupError(f"the archive was altered or damaged: {member.name!r} does not match its manifest")


def _chunks(source: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        while chunk := source.read(_CHUNK):
            yield chunk
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"the archive is not complete: {name!r} cannot be read ({error})") from None


def _check(staging: Path) -> Verification | None:
    """The database opens, is whole and of a revision we know; the audit chain is walked with the archive's key."""
    path = staging / DATABASE
    if not path.exists():
        return None
    engine = connect(f"sqlite:///{path}")
    try:
        with reading(engine) as connection:
            fault = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if fault != "ok":
                raise BackupError(f"the archive's database is damaged: {fault}")
            migrate.check(connection)
            return Auditor((staging / AUDIT_KEY).read_bytes().strip()).verify(connection)
    finally:
        engine.dispose()


class _Destination:
    """Where the files of an archive go, and what stands there."""

    def __init__(self, config: Config, manifest: Manifest, force: bool) -> None:
        self._config, self._force = config, force
        self._data = config.data_dir
        self._database = sqlite_path(config) if manifest.revision is not None else None
        self._stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for leftover in self._data.glob(f"{STAGING}*"):  # of a restore that was interrupted
            shutil.rmtree(leftover)
        if not force and (standing := [*self._entries(), *self._outside()]):
            raise BackupError(
                f"{standing[0]} exists already: restore into an empty data folder, "
                "or use --force, which moves what is there aside"
            )

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the data folder's own file system, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix=STAGING, dir=self._data) as folder:
            yield Path(folder)

    def check_keys(self, staging: Path) -> None:
        """A key given by the environment cannot be replaced from here; one in a file only by force."""
        for name, env, path in self._keys():
            key = (staging / name).read_text(encoding="utf-8").strip()
            given = self._config.from_environment(env)
            if given is not None and given != key:
                raise BackupError(f"{env} differs from the archive's key: set it to the old bot's value, or unset it")
            if given is None and not self._force and path.exists() and path.read_text(encoding="utf-8").strip() != key:
                raise BackupError(f"{path} holds another key than the archive: move it away, or use --force")

    def move(self, staging: Path) -> list[Path]:
        """Put everything into place; returns where old files went."""
        mark = self._data / UNFINISHED
        mark.touch(mode=0o600)
        sync_folder(self._data)
        aside = self._clear()
        data = staging / DATA
        for entry in sorted(data.iterdir()) if data.is_dir() else ():
            os.rename(entry, self._data / entry.name)
        for name, env, path in self._keys():
            if self._config.from_environment(env) is None:
                aside += self._place(staging / name, path)
        if self._database is not None:
            self._place(staging / DATABASE, self._database)
        sync_folder(self._data)
        mark.unlink()
        sync_folder(self._data)
        return aside

    def _keys(self) -> list[tuple[str, str | None, Path]]:
        secrets = self._config.secrets
        return [
            (PICKLE_KEY, secrets.pickle_key_env, self._config.resolve(secrets.pickle_key_file)),
            (AUDIT_KEY, secrets.audit_key_env, self._config.resolve(secrets.audit_key_file)),
        ]

    def _entries(self) -> list[Path]:
        """What stands in the data folder, except locks and what earlier restores moved aside."""
        return [
            path
            for path in sorted(self._data.iterdir())
            if not path.name.startswith((ASIDE, STAGING))
            and not path.name.endswith(".lock")
            and path.name != UNFINISHED
        ]

    def _outside(self) -> list[Path]:
        """A database that stands elsewhere, with its side files: a stale log beside a restored file would ruin it."""
        if self._database is None or self._database.is_relative_to(self._data.resolve()):
            return []
        names = [self._database.name + suffix for suffix in ("", *_SIDE_FILES)]
        return [path for name in names if (path := self._database.with_name(name)).exists()]

    def _clear(self) -> list[Path]:
        moved: list[Path] = []
        if entries := self._entries():
            folder = self._data / f"{ASIDE}{self._stamp}"
            folder.mkdir(mode=0o700)
            for entry in entries:
                os.rename(entry, folder / entry.name)
            moved.append(folder)
        for path in self._outside():
            moved.append(path.with_name(f"{path.name}.{ASIDE}{self._stamp}"))
            os.rename(path, moved[-1])
        return moved

    def _place(self, source: Path, target: Path) -> list[Path]:
        """Move a file, over file systems if need be, without a moment at which half of it stands there."""
        aside: list[Path] = []
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if target.exists():
            if target.read_bytes() == source.read_bytes():
                return []
            aside.append(target.with_name(f"{target.name}.{ASIDE}{self._stamp}"))
            os.rename(target, aside[0])
        near = target.with_name(f"{target.name}.{self._stamp}.part")
        try:
            os.rename(source, near)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copyfile(source, near)
            near.chmod(0o600)
            with near.open("rb") as handle:
                os.fsync(handle.fileno())
        os.rename(near, target)
        sync_folder(target.parent)
        return aside
