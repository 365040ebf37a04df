"""Waking up at the right minute. It decides nothing: the callback asks the database what is due."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.bulletins.model import Bulletins

log = structlog.get_logger()

SWEEP_SECONDS = 60


class Schedule:
    """Calls `tick` at each slot's time, at start, with new content, and once a minute in between."""

    def __init__(
        self,
        bulletins: Bulletins,
        zone: ZoneInfo,
        tick: Callable[[], Awaitable[None]],
        *,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._bulletins = bulletins
        self._zone = zone
        self._tick = tick
        self._sweep_seconds = sweep_seconds
        self._scheduler: AsyncIOScheduler | None = None
        self._sweep: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Needs a running event loop."""
        self._scheduler = AsyncIOScheduler(timezone=self._zone)
        self._set_times(self._scheduler)
        self._scheduler.start()
        # Not an APScheduler interval: that reckons by the wall clock, and after the clock is set back by a day it
        # would sleep a day. asyncio's sleep is monotonic.
        self._sweep = asyncio.create_task(self._sweeping(), name="bulletin-sweep")

    def stop(self) -> None:
        """No further ticks; one under way in the database is finished by the database."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def follow(self, bulletins: Bulletins) -> None:
        """Other content from now on: a slot of it may be due at once."""
        self._bulletins = bulletins
        self._changed.set()
        if self._scheduler is not None:
            self._scheduler.remove_all_jobs()
            self._set_times(self._scheduler)

    def _set_times(self, scheduler: AsyncIOScheduler) -> None:
        for time in sorted(self._bulletins.times()):
            scheduler.add_job(
                self._run,
                CronTrigger(hour=time.hour, minute=time.minute, second=0, timezone=self._zone),
                id=f"{time:%H:%M}",
                misfire_grace_time=None,  # late is for `due` to judge, not for the scheduler to drop
                coalesce=True,
            )

    async def _sweeping(self) -> None:
        while True:
            self._changed.clear()
            await self._run()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._sweep_seconds)

    async def _run(self) -> None:
        async with self._lock:
            try:
                await self._tick()
            except Exception:  # the next minute tries again; a schedule that dies is a slot that is missed
                log.exception("bulletin.tick_failed")
