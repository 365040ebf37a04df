"""The nightly purge in short steps: no transaction holds the database for more than some hundred rows.

A report that comes in meanwhile is answered between two steps. What has been erased is not found again, so a night
that is broken off goes on from where the tables stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.config import Retention
from bot.store import aging, incidents, keepings, retention
from bot.store.audit import Auditor
from bot.store.retention import DAY_MS
from bot.store.spans import Span, next_span
from bot.store.tables import audit, blocks, erasures, inbox, outbox, tickets, transmissions
from bot.store.tables import incidents as log
from bot.store.tables import keepings as kept

BATCH = 300
"""Rows of a table that one step looks at. Each may take a handful of rows of other tables along."""
FEW = 50
"""The same for incidents, with their reports, history and index."""


@dataclass(frozen=True)
class Erased:
    """How much went, for the log and the metrics."""

    inbox: int = 0
    outbox: int = 0
    audit: int = 0
    conversations: int = 0
    recordings: int = 0
    incidents: int = 0
    unfiled: int = 0
    """Transcripts of what led to no incident."""
    people: int = 0
    """Names in tickets, notices, blocks, requests and what was done to keep order."""

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class _Step:
    """One kind of thing that goes."""

    what: str
    """A field of `Erased`; "" for what is not counted."""
    work: Callable[[Connection, Span | None], int]
    column: Any = None
    """Numbers of the table that is walked; `None`: `work` takes a few rows at a time until none are left."""
    size: int = BATCH


class Night:
    """One night's work. `go_on` does a step of it in the caller's transaction, until it says that nothing is left."""

    def __init__(self, auditor: Auditor, days: Retention, data_dir: Path, *, version: str, now: int) -> None:
        self.now = now
        self.audio_before = now - days.audio_days * DAY_MS
        texts = now - days.messages_days * DAY_MS
        closed = now - days.incidents_days * DAY_MS
        self._counts: Counter[str] = Counter()
        self._steps = [
            _Step("inbox", lambda db, span: retention.erase_inbox(db, texts, now, span), inbox.c.id),
            _Step("outbox", lambda db, span: retention.erase_outbox(db, texts, span), outbox.c.id),
            _Step(
                "audit",
                lambda db, span: retention.erase_audit(db, auditor, texts, span, version=version, now=now),
                audit.c.id,
            ),
            _Step("conversations", lambda db, _: retention.forget_conversations(db, texts, BATCH)),
            _Step("", lambda db, span: _end_keepings(db, now, span), kept.c.id),
            _Step(
                "recordings",
                lambda db, span: retention.erase_recordings(db, data_dir, self.audio_before, now, span),
                transmissions.c.id,
            ),
            _Step("", lambda db, span: retention.erase_ways(db, self.audio_before, now, span), inbox.c.id),
            _Step("", lambda db, span: retention.erase_carried(db, self.audio_before, span), outbox.c.id),
            _Step("incidents", lambda db, span: aging.erase_closed_incidents(db, closed, now, span), log.c.id, FEW),
            _Step("unfiled", lambda db, span: aging.erase_unfiled_words(db, texts, span), transmissions.c.id),
            _Step("people", lambda db, span: aging.forget_talks(db, texts, span), tickets.c.id),
            _Step("people", lambda db, _: aging.forget_notices(db, texts, BATCH)),
            _Step("people", lambda db, span: aging.forget_blocks(db, texts, span), blocks.c.id),
            _Step("people", lambda db, span: aging.forget_requests(db, texts, span), erasures.c.id),
            _Step("people", lambda db, _: aging.forget_order_keeping(db, texts, BATCH)),
            _Step("people", lambda db, _: aging.forget_announcing(db, texts, BATCH)),
            _Step("people", lambda db, span: aging.forget_senders(db, texts, span), inbox.c.id),
            _Step("", lambda db, span: _rename(db, texts, span), outbox.c.id),
        ]
        self._after = 0

    @property
    def erased(self) -> Erased:
        """What has gone so far."""
        return Erased(**{name: count for name, count in self._counts.items() if name})

    @property
    def step(self) -> str:
        """What is being erased, for the log."""
        return (self._steps[0].what or "rest") if self._steps else ""

    def go_on(self, connection: Connection) -> bool:
        """A bounded number of rows; false when nothing is left to do."""
        if not self._steps:
            return False
        step = self._steps[0]
        if step.column is None:
            count = step.work(connection, None)
            ended = count < step.size
        else:
            span = next_span(connection, step.column, self._after, step.size)
            count = step.work(connection, span) if span is not None else 0
            ended = span is None
            self._after = span.upto if span is not None else 0
        self._counts[step.what] += count
        if ended:
            self._next()
        return bool(self._steps)

    def skip(self) -> None:
        """Leave the present kind of thing to the next night: it failed."""
        if self._steps:
            self._next()

    def _next(self) -> None:
        del self._steps[0]
        self._after = 0


def _end_keepings(connection: Connection, now: int, span: Span | None) -> int:
    for number in keepings.end(connection, now, incidents.BOT, span):
        incidents.note(connection, number, "released", actor=incidents.BOT, now=now)
    return 0


def _rename(connection: Connection, before: int, span: Span | None) -> int:
    aging.rename_keys(connection, before, span)
    return 0
