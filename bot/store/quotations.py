"""Answers to `!cari` and `riwayat` that quote what was reported: when the words go, so do these answers.

Which incidents an answer showed stands in the audit row of the search or the reading.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from bot.store.chronicles import READ
from bot.store.tables import audit, audit_payloads

ASKED = "search.asked"
"""Audit rows of searches; their payload's `found` lists the incidents that the answer showed."""


def answers_with(connection: Connection, numbers: Iterable[int]) -> list[str]:
    """Outbox keys of the answers that showed one of these incidents, oldest first."""
    wanted = set(numbers)
    if not wanted:
        return []
    rows = connection.execute(
        select(audit.c.subject, audit_payloads.c.payload)
        .join(audit_payloads, audit_payloads.c.audit_id == audit.c.id)
        .where(audit.c.kind.in_((ASKED, READ)), audit_payloads.c.payload.is_not(None))
        .order_by(audit.c.id)
    )
    return [f"reply:{row.subject}" for row in rows if wanted & set(row.payload.get("found", ()))]
