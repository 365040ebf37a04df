"""The database connection: one writer thread, one transaction a call.

SQLite has one writer at a time anyway; giving it a thread of its own keeps fsync out of the event loop and
makes "inbox row and sync token together" a matter of passing one function.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

T = TypeVar("T")

READING = "kentongan_reading"
"""Execution option of a connection that only reads."""


def connect(url: str) -> Engine:
    """An engine for `url` with the settings the rest relies on.

    SQLite: WAL (readers never block the writer), synchronous=FULL (a committed row survives a power cut),
    foreign keys on, erased rows overwritten, and transactions that begin IMMEDIATE so that two processes queue
    instead of failing. Errors do not print parameters: those are what people wrote.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:" and Path(parsed.database).parent.is_dir():
        # Ours alone, also where its folder is not; SQLite gives the files beside it the same mode.
        os.close(os.open(parsed.database, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(parsed, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 30})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A consistent view for long reads (verifying the audit, exports) that keeps no writer waiting."""
    with engine.connect() as connection:
        level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        connection = connection.execution_options(**{READING: True, **level})
        with connection.begin() as transaction:
            yield connection
            transaction.rollback()


class Database:
    """Runs functions of a connection, each in one transaction, on the writer thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Commit what `work` does, or nothing of it when it raises.

        Cancelling the caller does not cancel the transaction: it is atomic either way.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.run_blocking, work)

    def run_blocking(self, work: Callable[[Connection], T]) -> T:
        """The same for callers without an event loop (the command line)."""
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Finish what is under way, then close."""
        self._thread.shutdown(wait=True)
        self.engine.dispose()
