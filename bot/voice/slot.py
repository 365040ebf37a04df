"""One place for one worker process, which is replaced as often as needed.

Each slot is a pebble pool of one: a worker killed at a bad moment leaves its queue's lock taken for ever, and so
breaks nobody's queue but its own.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, TypeVar

import psutil
import structlog
from pebble import ProcessExpired, ProcessPool

from bot.voice.errors import SpeechTimeout, WorkerCrashed, WorkerLost
from bot.voice.spawn import LeanContext
from bot.voice.worker import EXIT_MEMORY, ROOM_MB, Loaded, WorkerSettings, load, prepare

T = TypeVar("T")
log = structlog.get_logger()

WATCH_SECONDS = 0.2
"""How often a working process is looked at."""
LOAD_SECONDS = 300.0
"""Loading a model from a slow disk; past it something hangs."""
MB = 1 << 20
TOLD_TO_END = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class Slot:
    """Runs one function at a time in its worker. Not for concurrent use."""

    def __init__(self, settings: WorkerSettings, recycle_after: int) -> None:
        self._settings = settings
        self._recycle_after = recycle_after
        self._pool: ProcessPool | None = None
        self._process: psutil.Process | None = None
        self._limit_mb = settings.memory_mb
        self._jobs = 0

    @property
    def warm(self) -> bool:
        """A worker stands ready with its model loaded."""
        return self._process is not None and self._process.is_running()

    @property
    def pid(self) -> int | None:
        """The worker's process id, once it is warm."""
        return self._process.pid if self._process else None

    @property
    def tired(self) -> bool:
        """It has worked long enough, or has grown: time for a new one."""
        if self._process is None:
            return False
        return self._jobs >= self._recycle_after or self._resident_mb() > self._limit_mb

    async def start(self) -> Loaded:
        """Start a worker and load its model. Raises ModelBroken, WorkerLost, WorkerCrashed or SpeechTimeout."""
        self._process = None
        loaded: Loaded = await self._run(load, (), LOAD_SECONDS)
        with suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(loaded.pid)
        self._jobs = 0
        self._limit_mb = max(self._settings.memory_mb, loaded.memory_mb + ROOM_MB)
        if self._limit_mb > self._settings.memory_mb:
            log.warning("speech.memory_limit_raised", configured_mb=self._settings.memory_mb, needed_mb=self._limit_mb)
        return loaded

    async def call(self, function: Callable[..., T], *args: Any, seconds: float) -> T:
        """Run a function of `bot.voice.worker` within `seconds`.

        Raises what the function raises; SpeechTimeout and WorkerCrashed when the worker was ended or died, and
        WorkerLost when it was gone for another reason. The slot must then be started again.
        """
        self._jobs += 1
        return await self._run(function, args, seconds)

    async def stop(self) -> None:
        """End the worker, whatever it does."""
        pool, self._pool = self._pool, None
        if self._process is not None:
            with suppress(psutil.NoSuchProcess):
                self._process.kill()
            self._process = None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(pool.join)

    async def _run(self, function: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T:
        if self._pool is None:
            # The first job starts the process, from this thread: a worker dies with the thread that started it.
            self._pool = ProcessPool(1, initializer=prepare, initargs=(self._settings,), context=LeanContext())
        try:
            job = asyncio.wrap_future(self._pool.schedule(function, args=args))
        except RuntimeError as error:
            await self.stop()
            raise WorkerLost(str(error)) from None
        too_big = await self._watch(job, seconds)
        try:
            result: T = job.result()
            return result
        except ProcessExpired as error:
            self._process = None
            if error.exitcode in TOLD_TO_END:
                raise WorkerLost(f"worker ended by signal {-error.exitcode}") from None
            memory = too_big or error.exitcode == EXIT_MEMORY
            raise WorkerCrashed("over its memory limit" if memory else f"exit code {error.exitcode}") from None
        except BrokenProcessPool as error:
            await self.stop()
            raise WorkerLost(str(error)) from None

    async def _watch(self, job: asyncio.Future[T], seconds: float) -> bool:
        """Wait for a result; true when the worker was killed for its size. Raises SpeechTimeout.

        pebble has a time-out of its own, but it begins when the worker takes the job, which one that hangs never does.
        """
        deadline = time.monotonic() + seconds
        too_big = False
        while not (await asyncio.wait({job}, timeout=WATCH_SECONDS))[0]:
            if time.monotonic() > deadline:
                job.cancel()
                await self.stop()
                raise SpeechTimeout(f"no result within {seconds:g} s")
            if self._process is not None and not too_big and self._resident_mb() > self._limit_mb:
                too_big = True
                with suppress(psutil.NoSuchProcess):
                    self._process.kill()
        return too_big

    def _resident_mb(self) -> int:
        if self._process is None:
            return 0
        try:
            return int(self._process.memory_info().rss) // MB
        except psutil.NoSuchProcess:
            return 0
