"""nio's key store with what it lacks: one transaction for everything a to-device message changes, and a memory
of the messages already taken in, so that a redelivered one is recognised instead of taken for an attack.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee  # type: ignore[import-untyped]
from nio.store import SqliteStore
from nio.store.database import use_database

FAILURES = (peewee.PeeweeException, sqlite3.Error)
"""What a store that cannot write raises."""


class ToDeviceSeen(peewee.Model):  # type: ignore[misc]
    """A to-device message of the sync batch that is being taken in."""

    digest = peewee.TextField(primary_key=True)
    since = peewee.TextField()


class CryptoStore(SqliteStore):  # type: ignore[misc]
    """SQLite, write-ahead log, every commit on disk before it counts."""

    models = [*SqliteStore.models, ToDeviceSeen]  # noqa: RUF012 - nio's own shape

    def _create_database(self) -> Any:
        return peewee.SqliteDatabase(
            self.database_path,
            pragmas={"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "secure_delete": 1},
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; nio's own commits inside become part of it. Must not span an await."""
        with self.database.atomic():
            yield

    @use_database  # type: ignore[untyped-decorator]
    def begin_batch(self, since: str) -> None:
        """Forget messages of other batches: only the newest batch can be told again."""
        ToDeviceSeen.delete().where(ToDeviceSeen.since != since).execute()

    @use_database  # type: ignore[untyped-decorator]
    def first_time(self, digest: str, since: str) -> bool:
        """Note a message; false when this batch has already brought it."""
        count = ToDeviceSeen.insert(digest=digest, since=since).on_conflict_ignore().as_rowcount().execute()
        return bool(count)

    def close(self) -> None:
        """Close the file."""
        self.database.close()
