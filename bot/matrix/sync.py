"""The bot's own sync loop: sync → keys and devices → events → one transaction → handlers → upkeep.

nio's `sync_forever` ends with the first malformed message, stores its token before anything is handled, and
asks again at once when the homeserver answers 500. Here the token is committed with the rows it brought, every
room and event is guarded on its own, and failures wait with growing, jittered pauses.
"""

from __future__ import annotations

import asyncio
import json
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.clock import now_ms
from bot.matrix import gaps
from bot.matrix.api import ApiError, Unreachable, path
from bot.matrix.attempt import attempt
from bot.matrix.batch import Batch
from bot.matrix.collector import Collector, Position, listed
from bot.matrix.crypto import CryptoStoreError
from bot.matrix.cryptostore import FAILURES
from bot.matrix.events import table, text
from bot.matrix.login import SignedOut, signed_out
from bot.matrix.session import MatrixSession
from bot.store import stream
from bot.store.database import Database

log = structlog.get_logger()

LONG_POLL_MS = 30_000
FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
LONGEST_ASKED = 300.0
"""A homeserver that asks for a longer pause is asked again after this one all the same (seconds)."""
GAP_PAUSE_MS = 15_000
TIMELINE = 50
FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "timeline": {"limit": TIMELINE},
            "state": {"lazy_load_members": False},
            "ephemeral": {"types": []},
            "account_data": {"types": []},
        },
    },
    separators=(",", ":"),
)
EXPECTED = (ApiError, Unreachable, CryptoStoreError, SQLAlchemyError, *FAILURES)


@dataclass
class SyncState:
    """For health and metrics."""

    synced: bool = False
    """The last sync succeeded."""
    turns: int = 0
    """Syncs stored since the start."""
    last_success_at: int = 0
    """Milliseconds since the epoch; 0: never."""
    failures: int = 0
    """Failed turns in a row."""
    error: str = ""
    """What the last failure was, without its details."""


class SyncLoop:
    """Runs until stopped or signed out."""

    def __init__(
        self,
        session: MatrixSession,
        database: Database,
        *,
        on_batch: Callable[[], None] = lambda: None,
        long_poll_ms: int = LONG_POLL_MS,
        first_pause: float = FIRST_PAUSE,
        last_pause: float = LAST_PAUSE,
    ) -> None:
        """`on_batch` is called after each commit that left handlers or the sender something new."""
        self.session = session
        self.state = SyncState()
        self._database = database
        self._on_batch = on_batch
        self._long_poll_ms = long_poll_ms
        self._first_pause, self._last_pause = first_pause, last_pause
        self._collector = Collector(session, database)
        self._position = Position()
        self._first = True
        self._gaps_open = True
        self._gaps_due = 0
        self._waiting: set[str] = set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Make `run` return at its next await; what is not committed is synced again next time."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Sync until `stop`. Raises SignedOut; anything else is waited out."""
        crypto = self.session.crypto
        self._task = asyncio.current_task()
        try:
            await self._database.run(self._load)
            # A key may have been kept, and the bot ended, before the events that waited for it were opened.
            crypto.arrived |= self._waiting & {kept.id for kept in crypto.olm.inbound_group_store}
            while not self._stopping:
                try:
                    await self.turn()
                except SignedOut:
                    raise
                except Exception as error:
                    # Also what is a mistake of ours: bulletins and replies go on while the log and /healthz tell.
                    await self._pause(error)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self.state.synced = False
            self._task = None

    def _load(self, connection: Connection) -> None:
        self._position = Position.load(connection)
        self._waiting = stream.waiting_sessions(connection)

    async def _pause(self, error: Exception) -> None:
        state = self.state
        state.synced, state.failures = False, state.failures + 1
        state.error = f"{error.status} {error.errcode}" if isinstance(error, ApiError) else type(error).__name__
        pause = min(self._first_pause * 2 ** min(state.failures - 1, 20), self._last_pause)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
        if isinstance(error, ApiError):
            if gone := signed_out(error):
                raise gone from None
            pause = max(pause, min(error.retry_after or 0.0, LONGEST_ASKED))
        if not isinstance(error, EXPECTED):
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("sync_fault", error=state.error, file=where.filename, line=where.lineno)
        log.warning("sync_failed", error=state.error, failures=state.failures, pause=round(pause, 2))
        await asyncio.sleep(pause)

    async def turn(self) -> None:
        """One sync, stored; raises what `run` waits out."""
        response = await self._sync()
        token = text(response.get("next_batch"))
        if not token:
            raise Unreachable("a sync without next_batch")
        session = self.session
        session.crypto.receive(listed(table(response.get("to_device")).get("events")), self._position.since or "")
        session.keys.note(response)
        batch = await self._collector.sync(response, self._position, full_state=self._first)
        self._gaps_open |= bool(batch.open_gaps)
        await self._collector.recover(batch)
        await self._commit(batch, token)
        await self._upkeep()

    async def _sync(self) -> dict[str, Any]:
        """The first one asks for the full state: nio's rooms start empty, whatever the token."""
        query = {"filter": FILTER, "timeout": str(0 if self._first else self._long_poll_ms)}
        if self._position.since is not None:
            query["since"] = self._position.since
        if self._first:
            query["full_state"] = "true"
        seconds = 600.0 if self._first else self._long_poll_ms / 1000 + 30
        return await self.session.api.request("GET", path("sync"), query=query, wait=False, seconds=seconds)

    async def _commit(self, batch: Batch, token: str | None) -> None:
        now = now_ms()
        new = await self._database.run(lambda db: batch.commit(db, now, token))
        self.session.crypto.arrived.clear()
        self._position.follow(batch, token, now)
        for _, lost in batch.closed_gaps:
            metrics.gaps.labels("lost" if lost else "filled").inc()
        if token is not None:
            self._first = False
            state = self.state
            if state.failures:
                log.info("sync_recovered", failures=state.failures)
            state.synced, state.failures, state.error = True, 0, ""
            state.turns, state.last_success_at = state.turns + 1, now
        if new or batch.sent:
            self._on_batch()

    async def _upkeep(self) -> None:
        """Keys, devices and old gaps; a failure here waits for the next turn and stops nothing."""
        keys = self.session.keys
        if keys.upload_due:
            await attempt("keys_upload", keys.upload())
        if keys.query_due:
            await attempt("keys_query", keys.query())
        if self.session.client.should_claim_keys:
            await attempt("keys_claim", keys.mend())
        if self.session.crypto.olm.outgoing_to_device_messages:
            await attempt("to_device", keys.send())
        if self._gaps_open and now_ms() >= self._gaps_due:
            await attempt("gaps", self._old_gaps(), seconds=None)

    async def _old_gaps(self) -> None:
        """Fill gaps that could not be filled when they were found."""
        self._gaps_due = now_ms() + GAP_PAUSE_MS
        remaining = await self._database.run(stream.open_gaps)
        self._gaps_open = bool(remaining)
        for gap in remaining:
            try:
                batch = await self._collector.gap(gap, self._position)
            except gaps.NotNow:
                return
            await self._commit(batch, None)
