"""Consistent copies of SQLite files that others may be writing to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.config import Config
from bot.store.archive import BackupError

_MAGIC = b"SQLite format 3\x00"
_PAGES = 2048


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


def sqlite_path(config: Config) -> Path | None:
    """Where the database file stands; `None` when the database is not SQLite."""
    url = make_url(config.database_url)
    return Path(url.database).resolve() if url.get_backend_name() == "sqlite" and url.database else None


def is_sqlite(path: Path) -> bool:
    """Whether it is a SQLite database, whatever its name."""
    with path.open("rb") as handle:
        return handle.read(len(_MAGIC)) == _MAGIC


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


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
