"""One bot a data folder and one a database.

Two bots on one account answer everything twice and ruin each other's Olm sessions. The lock is `flock` on a file
that is never removed: the kernel frees it however the holder ends, `kill -9` included, and a stale file means
nothing. For PostgreSQL it is a session-level advisory lock, freed with the connection. (`flock` does not reach
across machines on every network file system: keep the data folder on a local disk.)
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url

FOLDER_LOCK = "kentongan.lock"
UNFINISHED = "restore-unfinished"
"""Stands in a data folder while a restore moves files into place; whoever finds it must not run on what is there."""
ADVISORY_KEY = int.from_bytes(b"kentonga", "big", signed=True)
"""The advisory lock's number: the same for every Kentongan on that database."""


class Locked(Exception):
    """Another process holds what we need; the message says which, in Indonesian and English."""


class Hold:
    """Both locks, until `release` or the end of the process.

    Raises Locked at once when another process has one of them, and (unless `repairing`) when a restore into the
    data folder was interrupted.
    """

    def __init__(self, data_dir: Path, database_url: str, *, repairing: bool = False) -> None:
        self._stack = ExitStack()
        self._files: list[tuple[Path, int]] = []
        self._connection: Connection | None = None
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file(data_dir / FOLDER_LOCK, f"folder data {data_dir}", f"the data folder {data_dir}")
            if not repairing and (data_dir / UNFINISHED).exists():
                raise Locked(
                    f"Pemulihan cadangan ke {data_dir} terhenti di tengah. Ulangi `kentongan db restore --force`.\n"
                    f"A restore into {data_dir} was interrupted. Run `kentongan db restore --force` again."
                )
            url = make_url(database_url)
            if url.get_backend_name() == "sqlite":
                if url.database:
                    path = Path(url.database).resolve()
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._file(path.with_name(path.name + ".lock"), f"basis data {path}", f"the database {path}")
            else:
                self._advisory(url)
        except BaseException:
            self.release()
            raise

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let others in. The files stay: removing one would let two processes lock two files of the same name."""
        self._stack.close()
        self._files = []
        self._connection = None

    def held(self) -> bool:
        """Whether the locks still hold: a lock file can be deleted, a database connection can break.

        A bot that finds this false must stop, since another may have started.
        """
        for path, descriptor in self._files:
            try:
                if not os.path.samestat(os.stat(path), os.fstat(descriptor)):
                    return False
            except OSError:
                return False
        if self._connection is not None:
            try:
                return bool(self._connection.scalar(text(_HELD), {"key": ADVISORY_KEY}))
            except Exception:
                return False
        return True

    def _file(self, path: Path, what: str, english: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._stack.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(_message(what, english, _holder(descriptor))) from None
        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode() + b"\n", 0)
        self._files.append((path, descriptor))

    def _advisory(self, url: URL) -> None:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._stack.callback(engine.dispose)
        connection = self._stack.enter_context(engine.connect())
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_KEY}):
            holder = connection.execute(text(_HOLDER), {"key": ADVISORY_KEY}).first()
            name = url.render_as_string(hide_password=True)
            note = {"pid": f"PostgreSQL {holder.pid}", "host": holder.client} if holder else {}
            raise Locked(_message(f"basis data {name}", f"the database {name}", note))
        self._connection = connection


# pg_locks shows a 64-bit key as two halves, with objsubid 1.
_PLACE = (
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = :key"
)
_HELD = f"SELECT count(*) {_PLACE} AND pid = pg_backend_pid()"
_HOLDER = (
    "SELECT a.pid, coalesce(host(a.client_addr), 'local') AS client FROM pg_stat_activity a "  # noqa: S608
    f"WHERE a.pid IN (SELECT pid {_PLACE})"
)


@contextmanager
def hold(data_dir: Path, database_url: str, *, repairing: bool = False) -> Iterator[Hold]:
    """Hold both locks for a while; see Hold."""
    with Hold(data_dir, database_url, repairing=repairing) as lock:
        yield lock


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _message(what: str, english: str, holder: dict[str, Any]) -> str:
    pid, host, since = holder.get("pid", "?"), holder.get("host", "?"), holder.get("since")
    when = f", sejak {since}" if since else ""
    return (
        f"Kentongan lain sudah memakai {what} (pid {pid} di {host}{when}). Hentikan dulu yang itu.\n"
        f"Another Kentongan is using {english} (pid {pid} on {host}). Stop that one first."
    )
