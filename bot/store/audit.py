"""Why we did what we did, in a chain that shows when anybody edited it.

Each row's digest is HMAC-SHA-256 (key outside the database) over its columns and the digest before it. A row
holds only a salted digest of its payload; the payload and its salt stand in a table of their own, so that the
law's erasure takes them away and leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bot.store.tables import audit, audit_payloads

ERASED = "audit.erased"
"""Kind of the row that records an erasure; its payload names the rows, so that a silent deletion shows."""


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


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
        """Record one decision; call it in the transaction that carries the decision out. Returns the row's number."""
        salt = secrets.token_hex(16)
        last = connection.execute(select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
        values = {
            "at": now,
            "kind": kind,
            "subject": subject,
            "content_version": version,
            "payload_digest": hashlib.sha256(salt.encode() + canonical(payload)).hexdigest(),
            "previous": last,
        }
        result = connection.execute(audit.insert().values(**values, digest=self._digest(values)))
        assert result.inserted_primary_key is not None  # noqa: S101
        row_id = int(result.inserted_primary_key[0])
        connection.execute(audit_payloads.insert().values(audit_id=row_id, salt=salt, payload=payload))
        return row_id

    def erase(self, connection: Connection, row_ids: Iterable[int], *, why: str, version: str, now: int) -> int:
        """Take payloads away as the law or the retention time demands, and record that it was done."""
        ids = sorted(set(row_ids))
        if not ids:
            return 0
        result = connection.execute(
            update(audit_payloads)
            .where(audit_payloads.c.audit_id.in_(ids), audit_payloads.c.erased_at.is_(None))
            .values(salt=None, payload=None, erased_at=now, erased_why=why)
        )
        self.append(connection, ERASED, why, {"rows": ids}, version=version, now=now)
        return int(result.rowcount)

    def verify(self, connection: Connection, progress: Callable[[int, int], None] | None = None) -> Verification:
        """Walk the chain; `progress(done, total)` is called now and then."""
        total = connection.scalar(select(func.count()).select_from(audit)) or 0
        faults: list[str] = []
        previous, count, erased = "", 0, 0
        erased_rows: set[int] = set()
        announced: set[int] = set()
        for row in self._rows(connection):
            values = {
                name: getattr(row, name)
                for name in ("at", "kind", "subject", "content_version", "payload_digest", "previous")
            }
            if row.previous != previous or not hmac.compare_digest(row.digest, self._digest(values)):
                faults.append(f"baris {row.id}: rantai putus (baris diubah, disisipkan, atau dihapus)")
            previous = row.digest
            if row.erased_at is not None:
                erased += 1
                erased_rows.add(row.id)
            elif row.salt is None:
                faults.append(f"baris {row.id}: isi hilang tanpa catatan penghapusan")
            elif hashlib.sha256(row.salt.encode() + canonical(row.payload)).hexdigest() != row.payload_digest:
                faults.append(f"baris {row.id}: isi tidak cocok dengan sidiknya")
            elif row.kind == ERASED:
                announced.update(row.payload["rows"])
            count += 1
            if progress and count % 1000 == 0:
                progress(count, total)
        faults += [f"baris {number}: isi dihapus tanpa catatan di rantai" for number in sorted(erased_rows - announced)]
        return Verification(count, erased, previous, tuple(faults))

    def _digest(self, values: dict[str, Any]) -> str:
        return hmac.new(self._key, canonical(values), hashlib.sha256).hexdigest()

    @staticmethod
    def _rows(connection: Connection) -> Iterator[Row[Any]]:
        joined = audit.outerjoin(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
        yield from connection.execute(
            select(audit, audit_payloads.c.salt, audit_payloads.c.payload, audit_payloads.c.erased_at)
            .select_from(joined)
            .order_by(audit.c.id)
            .execution_options(yield_per=1000)
        )


@dataclass(frozen=True)
class Verification:
    """What a walk over the chain found."""

    rows: int
    erased: int
    """Rows whose payload was taken away lawfully ("dihapus sesuai retensi")."""
    head: str
    """Digest of the last row: what is posted daily, so that a cut-off tail shows."""
    faults: tuple[str, ...]


def head(connection: Connection) -> tuple[int, str]:
    """(number of rows, digest of the last)."""
    row = connection.execute(select(audit.c.id, audit.c.digest).order_by(audit.c.id.desc()).limit(1)).first()
    count = connection.scalar(select(func.count()).select_from(audit)) or 0
    return (count, row.digest) if row else (0, "")


def about(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Every decision about an event, oldest first, with its payload (`None` once erased)."""
    rows = connection.execute(
        select(audit, audit_payloads.c.payload, audit_payloads.c.erased_at, audit_payloads.c.erased_why)
        .select_from(audit.outerjoin(audit_payloads, audit.c.id == audit_payloads.c.audit_id))
        .where(audit.c.subject == subject)
        .order_by(audit.c.id)
    )
    return [dict(row._mapping) for row in rows]
