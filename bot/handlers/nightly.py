"""Once a night what is older than its retention time goes, in short steps: the bot answers people meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from bot.clock import now_ms
from bot.handlers.desk import Desk
from bot.store import heartbeats, retention
from bot.store.database import Database
from bot.store.night import Night

log = structlog.get_logger()

HOUR = 2
"""Local hour from which it may run."""
LOOK_SECONDS = 60
_NAME = "purge"


class Nightly:
    """Looks every minute whether a night's work is due, and does it."""

    def __init__(self, database: Database, desk: Callable[[], Desk]) -> None:
        self._database = database
        self._desk = desk

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except Exception:
                log.exception("duty.failed", duty=_NAME)
            await asyncio.sleep(LOOK_SECONDS)

    async def round(self) -> bool:
        """The night's work, if it is due; false when it is not.

        Each step is a transaction of its own, and whoever waits for the database has their turn between two. Only
        when all are through is the night marked as done: broken off, it is begun again, and finds what is left.
        """
        night = await self._database.run(self._begin)
        if night is None:
            return False
        while True:
            try:
                if not await self._database.run(night.go_on):
                    break
            except Exception:
                log.exception("retention.failed", step=night.step)
                night.skip()
        config, engine = self._desk().config, self._database.engine
        await self._database.run(lambda connection: self._mark(connection, night.now))
        stray = await asyncio.to_thread(retention.sweep, engine, config.data_dir, config.audio_dir, night.audio_before)
        spoken = config.recitations_dir
        stray += await asyncio.to_thread(retention.sweep, engine, config.data_dir, spoken, night.audio_before)
        # What was erased must leave the index and the write-ahead log, too.
        await asyncio.to_thread(retention.settle, engine)
        log.info("retention.purged", **vars(night.erased), stray=stray)
        return True

    def _begin(self, connection: Connection) -> Night | None:
        desk, now = self._desk(), now_ms()
        local = datetime.fromtimestamp(now / 1000, desk.config.zone)
        if local.hour < HOUR or heartbeats.last(connection, _NAME) == str(local.date()):
            return None
        config = desk.config
        return Night(desk.auditor, config.retention, config.data_dir, version=desk.content.version, now=now)

    def _mark(self, connection: Connection, now: int) -> None:
        local = datetime.fromtimestamp(now / 1000, self._desk().config.zone)
        heartbeats.due(connection, _NAME, str(local.date()), now)
