"""Why we did what we did, in a chain that shows when anybody edited it.

Each row's digest is HMAC-SHA-256 (key outside the database) over its columns and the digest before it. A row
holds only a salted digest of its payload; the payload and its salt stand in a table of their own, so that the
law's erasure takes them away and leaves the chain whole.

What the chain cannot show by itself is a cut-off tail: the rows that remain are whole. For that the head
(number of rows and last digest) is posted daily in the operations room, and `verify` takes such a head.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, select, text, update

from bot.store.tables import audit, audit_payloads

ERASED = "audit.erased"
"""Kind of the row that records an erasure; its payload names the rows, so that a silent deletion shows."""

CHAINED = ("id", "at", "kind", "subject", "content_version", "payload_digest", "previous")
"""The columns that a row's digest covers."""

BATCH = 500
"""Row numbers in one statement; databases limit how many parameters it may have."""


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8. Raises ValueError for what is not JSON (NaN, infinity)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


class Auditor:
    """Appends to and verifies the chain under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the audit key needs at least 32 bytes")
        self._key = key

    def append(
        self,
        connection: Connection,
        kind: str,
        subject: str,
        payload: dict[str, Any],
        *,
        version: str,
        now: int,
    ) -> int:
        """Record one decision; call it in the transaction that carries the decision out. Returns the row's number.

        Two appenders never continue the same row: they queue for the database's write lock, and the column
        `previous` is unique besides. Raises ValueError when the payload is not JSON.
        """
        _queue_up(connection)
        stored = json.loads(canonical(payload).decode("utf-8", "surrogatepass"))  # as a reader will get it back
        salt = secrets.token_hex(16)
        last = connection.execute(select(audit.c.id, audit.c.digest).order_by(audit.c.id.desc()).limit(1)).first()
        values = {
            "id": last.id + 1 if last else 1,
            "at": now,
            "kind": kind,
            "subject": subject,
            "content_version": version,
            "payload_digest": _sealed(salt, stored),
            "previous": last.digest if last else "",
        }
        connection.execute(audit.insert().values(**values, digest=self._digest(values)))
        connection.execute(audit_payloads.insert().values(audit_id=values["id"], salt=salt, payload=stored))
        return int(values["id"])

    def erase(self, connection: Connection, row_ids: Iterable[int], *, why: str, version: str, now: int) -> int:
        """Take payloads away as the law or the retention time demands, and record that it was done.

        Records of erasures stay: they name no person, and without them what they announced would look like
        tampering. Returns how many payloads went.
        """
        wanted = sorted(set(row_ids))
        gone: list[int] = []
        for start in range(0, len(wanted), BATCH):
            gone += connection.scalars(
                select(audit.c.id)
                .join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
                .where(
                    audit.c.id.in_(wanted[start : start + BATCH]),
                    audit.c.kind != ERASED,
                    audit_payloads.c.erased_at.is_(None),
                )
                .order_by(audit.c.id)
            )
        for start in range(0, len(gone), BATCH):
            connection.execute(
                update(audit_payloads)
                .where(audit_payloads.c.audit_id.in_(gone[start : start + BATCH]))
                .values(salt=None, payload=None, erased_at=now, erased_why=why)
            )
        if gone:
            self.append(connection, ERASED, why, {"rows": gone}, version=version, now=now)
        return len(gone)

    def verify(
        self,
        connection: Connection,
        progress: Callable[[int, int], None] | None = None,
        *,
        posted: tuple[int, str] | None = None,
    ) -> Verification:
        """Walk the chain; `progress(done, total)` is called now and then.

        `posted` is a head noted earlier (number of rows, digest or its beginning): the chain must still hold it.
        """
        total = connection.scalar(select(func.count()).select_from(audit)) or 0
        faults: list[str] = []
        previous, count, strangers = "", 0, 0
        erased: set[int] = set()
        announced: set[int] = set()
        held = posted is None or posted[0] == 0
        for row in _rows(connection):
            count += 1
            genuine = self._genuine(row)
            strangers += not genuine
            if row.previous != previous or row.id != count or not genuine:
                faults.append(f"baris {row.id}: rantai putus (baris diubah, disisipkan, atau dihapus)")
            previous = row.digest
            if posted is not None and row.id == posted[0]:
                held = str(row.digest).startswith(posted[1])
            if row.erased_at is not None:
                erased.add(row.id)
                if row.salt is not None or row.written is not None:
                    faults.append(f"baris {row.id}: ditandai dihapus, tetapi isinya masih ada")
            elif row.salt is None:
                faults.append(f"baris {row.id}: isi hilang tanpa catatan penghapusan")
            elif not _intact(row):
                faults.append(f"baris {row.id}: isi tidak cocok dengan sidiknya")
            elif row.kind == ERASED and genuine:
                announced.update(json.loads(row.written)["rows"])
            if progress and count % 1000 == 0:
                progress(count, total)
        if progress:
            progress(count, total)
        if count and strangers == count:
            faults = ["tidak satu baris pun cocok dengan kunci audit ini: kuncinya lain, atau seluruh rantai diganti"]
            return Verification(count, len(erased), previous, tuple(faults))
        faults += [f"baris {number}: isi dihapus tanpa catatan di rantai" for number in sorted(erased - announced)]
        faults += [f"baris {number}: isi yang sudah dihapus muncul lagi" for number in sorted(announced - erased)]
        faults += [f"isi tanpa baris: nomor {number}" for number in connection.scalars(_orphans())]
        if posted is not None and not held:
            faults.append(f"kepala rantai {posted[0]}:{posted[1]} tidak ada lagi: ekor rantai dipotong atau diganti")
        return Verification(count, len(erased), previous, tuple(faults))

    def fits(self, connection: Connection) -> bool:
        """Whether the chain's last row was made with this key; true for an empty chain.

        Asked before the first append: rows made with another key could never be verified together.
        """
        row = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).first()
        return row is None or self._genuine(row)

    def _genuine(self, row: Row[Any]) -> bool:
        try:
            digest = self._digest({name: getattr(row, name) for name in CHAINED})
            return hmac.compare_digest(row.digest, digest)
        except (TypeError, ValueError):  # an editor of the file can put anything anywhere, bytes for instance
            return False

    def _digest(self, values: dict[str, Any]) -> str:
        return hmac.new(self._key, canonical(values), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Verification:
    """What a walk over the chain found."""

    rows: int
    erased: int
    """Rows whose payload was taken away lawfully ("dihapus sesuai retensi")."""
    head: str
    """Digest of the last row: what is posted daily, so that a cut-off tail shows."""
    faults: tuple[str, ...]


def _sealed(salt: str, payload: Any) -> str:
    return hashlib.sha256(salt.encode() + canonical(payload)).hexdigest()


_WRITTEN = cast(audit_payloads.c.payload, Text).label("written")
"""The payload as it stands in the file: a tampered one need not be JSON, and the walk must go on."""


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    joined = audit.outerjoin(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
    with _lenient(connection):
        yield from connection.execute(
            select(audit, audit_payloads.c.salt, _WRITTEN, audit_payloads.c.erased_at)
            .select_from(joined)
            .order_by(audit.c.id)
            .execution_options(yield_per=1000)
        )


@contextmanager
def _lenient(connection: Connection) -> Iterator[None]:
    """Read texts that are no UTF-8, too: SQLite keeps whatever an editor puts there, and the walk must go on."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    usual = driver.text_factory
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = usual


def _intact(row: Row[Any]) -> bool:
    try:
        return bool(_sealed(row.salt, json.loads(row.written)) == row.payload_digest)
    except (TypeError, ValueError, AttributeError, RecursionError):
        return False


def _queue_up(connection: Connection) -> None:
    """SQLite's BEGIN IMMEDIATE has queued us already; PostgreSQL must be asked to."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))


def _orphans() -> Any:
    return (
        select(audit_payloads.c.audit_id)
        .select_from(audit_payloads.outerjoin(audit, audit.c.id == audit_payloads.c.audit_id))
        .where(audit.c.id.is_(None))
        .order_by(audit_payloads.c.audit_id)
    )


def head(connection: Connection) -> tuple[int, str]:
    """(number of rows, digest of the last)."""
    row = connection.execute(select(audit.c.id, audit.c.digest).order_by(audit.c.id.desc()).limit(1)).first()
    return (row.id, row.digest) if row else (0, "")


@dataclass(frozen=True)
class Entry:
    """One decision as the chain holds it."""

    number: int
    at: int
    kind: str
    subject: str
    content_version: str
    digest: str
    payload: dict[str, Any] | None
    """`None` once erased (`erased_at` is set then) or when it is no longer readable (`audit verify` says so)."""
    erased_at: int | None
    erased_why: str | None


def about(connection: Connection, subject: str) -> list[Entry]:
    """Every decision about an event, oldest first."""
    with _lenient(connection):
        rows = connection.execute(
            select(audit, _WRITTEN, audit_payloads.c.erased_at, audit_payloads.c.erased_why)
            .select_from(audit.outerjoin(audit_payloads, audit.c.id == audit_payloads.c.audit_id))
            .where(audit.c.subject == subject)
            .order_by(audit.c.id)
        ).all()
    return [
        Entry(
            row.id, row.at, row.kind, row.subject, row.content_version, row.digest,
            None if row.erased_at is not None else _read(row.written), row.erased_at, row.erased_why,
        )
        for row in rows
    ]  # fmt: skip


def _read(written: str | None) -> dict[str, Any] | None:
    try:
        payload = json.loads(written or "null")
    except (TypeError, ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None
