"""The speech pool: voice notes in, transcripts out, and nothing a note does can hurt the bot.

Every note is first opened (decoded, and heard at once if it is short), a long one is cut into windows which stand
in a fair queue one by one. So a ten-minute story never holds a worker for longer than a window.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.config import Speech
from bot.voice import capacity
from bot.voice.decode import check_size
from bot.voice.errors import (
    Fault,
    MediaError,
    ModelBroken,
    PoolClosed,
    SpeechTimeout,
    VoiceError,
    WorkerCrashed,
    WorkerLost,
)
from bot.voice.fairqueue import FairQueue
from bot.voice.heard import Heard
from bot.voice.judge import Window, judge
from bot.voice.slot import Slot
from bot.voice.worker import TEMPERATURES, Opened, Piece, WorkerSettings, hear_piece, open_note

log = structlog.get_logger()

ATTEMPTS = 3
"""How often a window is tried when its worker is gone without its doing."""
BACKOFF_SECONDS = (1.0, 5.0, 30.0)
OPEN_COST = 5.0
"""Seconds of sound that an unopened note is taken for; how long it really is nobody knows yet."""


@dataclass(eq=False)
class _Note:
    path: Path
    hints: tuple[str, ...]
    priority: int
    key: str
    result: asyncio.Future[Heard]
    opened: Opened | None = None
    windows: dict[int, Window] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Job:
    note: _Note
    index: int
    """Which window; -1: open the note."""
    piece: Piece | None = None
    attempt: int = 1


class SpeechPool:
    """Worker processes, the queue before them, and the notes on their way."""

    def __init__(self, speech: Speech, model: Path, *, workers: int | None = None, scratch: Path | None = None) -> None:
        """`model` is a folder from `find_model`; `workers` overrides the configuration.

        `scratch`: where decoded sound stands while it is heard; emptied at each start, for a killed process leaves
        it behind. Without it a temporary folder is made.
        """
        self._speech = speech
        self._model = model
        self._count = workers or capacity.workers(speech, model)
        self._queue: FairQueue[_Job] = FairQueue()
        self._waiting = asyncio.Semaphore(0)
        self._notes: set[_Note] = set()
        self._slots: list[Slot] = []
        self._servers: list[asyncio.Task[None]] = []
        self._first: list[asyncio.Future[None]] = []
        self._scratch = scratch
        self._closing = False

    @property
    def ready(self) -> bool:
        """At least one worker stands with its model loaded."""
        return not self._closing and any(slot.warm for slot in self._slots)

    @property
    def waiting(self) -> int:
        """Notes that are not finished."""
        return len(self._notes)

    @property
    def worker_pids(self) -> list[int]:
        """Processes of the workers that are warm."""
        return [slot.pid for slot in self._slots if slot.pid is not None]

    async def start(self) -> None:
        """Start the workers and wait until all have loaded the model (the event loop goes on meanwhile, and notes
        may already be handed in). Raises ModelBroken when the model cannot be loaded."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="kentongan-voice-"))
        else:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir(mode=0o700, parents=True)
        settings = self._settings(self._scratch)
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            slot = Slot(settings, self._speech.recycle_after)
            first: asyncio.Future[None] = loop.create_future()
            self._slots.append(slot)
            self._first.append(first)
            self._servers.append(asyncio.create_task(self._serve(slot, first)))
        try:
            await asyncio.gather(*self._first)
        except ModelBroken:
            await self.close(0)
            raise

    async def transcribe(
        self, path: Path, *, hotwords: Sequence[str] = (), priority: int = 1, fair_key: str = ""
    ) -> Heard:
        """Hear a voice note.

        `hotwords`: names that may be spoken, the likeliest first; as many as fit are used. `priority`: lower goes
        first (0 urgent, 1 usual). `fair_key`: between these (rooms) the workers' time is shared evenly.

        Raises MediaError (never retry), SpeechTimeout (may be retried), WorkerCrashed (counts towards quarantine),
        WorkerLost and PoolClosed (the note did nothing wrong: retry later), OSError when the file is not there.
        """
        if self._closing:
            raise PoolClosed("the speech pool is closed")
        check_size(path, self._speech.max_bytes)
        note = _Note(path, tuple(hotwords), priority, fair_key, asyncio.get_running_loop().create_future())
        self._notes.add(note)
        self._push(_Job(note, -1), OPEN_COST)
        try:
            return await note.result
        finally:
            self._forget(note)

    async def close(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - how long to be polite
        """End in at most about `timeout` seconds: what waits is given back as PoolClosed, what is being heard may
        be finished, then the workers end."""
        self._closing = True
        for note in list(self._notes):
            for _ in self._queue.drop(note):
                self._fail(note, PoolClosed("the speech pool is closing"))
        running = [note.result for note in self._notes if not note.result.done()]
        if running and timeout > 0:
            await asyncio.wait(running, timeout=timeout)
        for server in self._servers:
            server.cancel()
        await asyncio.gather(*self._servers, return_exceptions=True)
        for note in list(self._notes):
            self._fail(note, PoolClosed("the speech pool is closed"))
        await asyncio.gather(*(slot.stop() for slot in self._slots))
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    async def _serve(self, slot: Slot, first: asyncio.Future[None]) -> None:
        """Life of one slot: warm, take the next window, hear it, again."""
        failures = 0
        while True:
            if not slot.warm:
                failures = 0 if await self._warm(slot, first, failures) else failures + 1
                continue
            await self._waiting.acquire()
            if not len(self._queue):
                continue
            job = self._queue.pop()
            if not job.note.result.done():
                await self._work(slot, job)
            if slot.tired:
                log.info("speech.worker_recycled", pid=slot.pid)
                await slot.stop()

    async def _warm(self, slot: Slot, first: asyncio.Future[None], failures: int) -> bool:
        try:
            loaded = await slot.start()
        except VoiceError as error:
            log.error("speech.worker_failed", error=type(error).__name__, detail=str(error))
            if isinstance(error, ModelBroken) and not first.done():
                first.set_exception(error)
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
            return False
        log.info("speech.worker_ready", pid=loaded.pid, memory_mb=loaded.memory_mb, seconds=round(loaded.seconds, 2))
        if not first.done():
            first.set_result(None)
        return True

    async def _work(self, slot: Slot, job: _Job) -> None:
        note = job.note
        try:
            await (self._open(slot, note) if job.piece is None else self._hear(slot, job))
        except WorkerLost as error:
            log.warning("speech.worker_lost", detail=str(error), attempt=job.attempt)
            if job.attempt < ATTEMPTS:
                self._push(_Job(note, job.index, job.piece, job.attempt + 1), 0.0)
            else:
                self._fail(note, error)
        except (MediaError, SpeechTimeout, WorkerCrashed) as error:
            log.warning("speech.note_failed", error=type(error).__name__, detail=str(error))
            self._fail(note, error)

    async def _open(self, slot: Slot, note: _Note) -> None:
        opened = await slot.call(open_note, str(note.path), note.hints, seconds=self._speech.timeout_seconds)
        note.opened = opened
        if note.result.done():
            self._forget(note)
        elif opened.whole is not None:
            note.windows[0] = opened.whole
            self._finish(note, opened)
        else:
            for index, piece in enumerate(opened.pieces):
                self._push(_Job(note, index, piece), float(self._speech.window_seconds))

    async def _hear(self, slot: Slot, job: _Job) -> None:
        note, opened = job.note, job.note.opened
        assert opened is not None  # noqa: S101 - pieces come out of an opened note
        seconds = self._speech.timeout_seconds
        note.windows[job.index] = await slot.call(hear_piece, opened.pcm, job.piece, note.hints, seconds=seconds)
        if len(note.windows) == len(opened.pieces) and not note.result.done():
            self._finish(note, opened)

    def _finish(self, note: _Note, opened: Opened) -> None:
        heard = judge(
            [note.windows[index] for index in sorted(note.windows)],
            duration=opened.duration,
            cut=opened.cut,
            seconds=opened.seconds,
            language=self._speech.language,
            model=self._model.name,
            settings=self._described(),
        )
        if heard.no_speech and opened.cut:
            most = self._speech.max_seconds
            self._fail(note, MediaError(Fault.TOO_LONG, f"more than {most} s, and nothing said in the first {most}"))
        else:
            note.result.set_result(heard)

    def _fail(self, note: _Note, error: VoiceError) -> None:
        if not note.result.done():
            note.result.set_exception(error)

    def _push(self, job: _Job, cost: float) -> None:
        note = job.note
        if self._closing:
            self._fail(note, PoolClosed("the speech pool is closing"))
            return
        self._queue.push(job, note=note, cost=cost, priority=note.priority, key=note.key)
        self._waiting.release()

    def _forget(self, note: _Note) -> None:
        self._notes.discard(note)
        self._queue.drop(note)
        if note.opened is not None and note.opened.pcm:
            Path(note.opened.pcm).unlink(missing_ok=True)

    def _settings(self, scratch: Path) -> WorkerSettings:
        speech = self._speech
        return WorkerSettings(
            model=str(self._model),
            device=speech.device,
            compute_type=speech.compute_type,
            language=speech.language,
            beam_size=speech.beam_size,
            max_bytes=speech.max_bytes,
            max_seconds=speech.max_seconds,
            window_seconds=speech.window_seconds,
            decode_seconds=speech.timeout_seconds / 2,
            memory_mb=speech.worker_memory_mb,
            scratch=str(scratch),
            parent=os.getpid(),
        )

    def _described(self) -> dict[str, str | int | float | bool]:
        speech = self._speech
        return {
            "compute_type": speech.compute_type,
            "beam_size": speech.beam_size,
            "window_seconds": speech.window_seconds,
            "temperatures": ",".join(str(value) for value in TEMPERATURES),
            "vad": True,
        }
