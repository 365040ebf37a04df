"""The listening loop: queued voice notes are fetched, heard, and handed to `reports`.

The queue is the database: a restart takes up what was left. Only a worker's death counts towards a note's
quarantine; the bot's own end does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from bot import metrics
from bot.clock import now_ms
from bot.event import IncomingEvent, Media
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.incidents.hotwords import choose_hotwords
from bot.store import inbox, transmissions
from bot.store.database import Database
from bot.store.placenames import recent_places
from bot.voice.errors import MediaError, PoolClosed, SpeechTimeout, WorkerCrashed, WorkerLost
from bot.voice.heard import Heard

log = structlog.get_logger()

QUARANTINE_AFTER = 2
"""Worker deaths (or time-outs) on one note."""
RETRY_MS = (2_000, 10_000, 60_000, 300_000)


class Temporary(Exception):
    """The note could not be fetched now, but may be later."""


class Unfetchable(Exception):
    """The note can never be fetched; `args[0]` is the reason: too_large, gone or tampered."""


class Fetcher(Protocol):
    """Fetches and decrypts an attachment into a file."""

    async def __call__(self, media: Media, target: Path, /) -> tuple[str, int]:
        """Returns (sha256 hex, bytes). Raises Unfetchable for good, Temporary for now."""


class Recogniser(Protocol):
    """Speech recognition."""

    async def transcribe(
        self, path: Path, *, hotwords: Sequence[str] = (), priority: int = 1, fair_key: str = ""
    ) -> Heard:
        """Raises MediaError, SpeechTimeout, WorkerCrashed."""


class Listener:
    """Keeps as many notes under way as there are workers, plus some being fetched."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        fetch: Fetcher,
        recogniser: Recogniser,
        *,
        capacity: int,
        wake_sender: Callable[[], None],
    ) -> None:
        self.desk = desk
        self._database = database
        self._fetch = fetch
        self._recogniser = recogniser
        self._capacity = capacity
        self._wake_sender = wake_sender
        self._work = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There may be notes to hear."""
        self._work.set()

    async def run(self) -> None:
        """Until cancelled; notes under way then stay queued in the database."""
        try:
            while True:
                free = self._capacity - len(self._under_way)
                queued = await self._database.run(
                    lambda connection: transmissions.next_queued(connection, now_ms(), limit=self._capacity * 4)
                )
                for note in [note for note in queued if note.id not in self._under_way][:free]:
                    task = asyncio.create_task(self._hear(note))
                    self._under_way[note.id] = task
                    task.add_done_callback(partial(self._finished, note.id))
                self._work.clear()
                with contextlib.suppress(TimeoutError):
                    # Postponed notes come due without anybody waking us.
                    await asyncio.wait_for(self._work.wait(), timeout=2)
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _finished(self, number: int, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        self._work.set()

    async def _hear(self, note: transmissions.Queued) -> None:
        """One note from queue to transcript; every way out leaves a trace in the log."""
        event, districts, recent = await self._database.run(
            lambda connection: (
                inbox.event(connection, note.event_id),
                self.desk.districts(connection, note.room_id),
                recent_places(connection, note.room_id, now_ms()),
            )
        )
        if event is None or event.media is None:
            await self._give_up(note, event, "gone")
            return
        try:
            audio = await self._audio(note, event)
            result = await self._recogniser.transcribe(
                audio,
                hotwords=choose_hotwords(self.desk.content.gazetteer, districts, recent),
                priority=note.priority,
                fair_key=event.room_id,
            )
            await self._database.run(
                lambda connection: reports.heard(connection, note.id, event, result, audio, self.desk, now_ms())
            )
        except Unfetchable as error:
            await self._give_up(note, event, str(error))
        except MediaError as error:
            await self._give_up(note, event, error.reason.value)
        except (PoolClosed, WorkerLost) as error:
            # Not the note's fault: it is heard after the next start.
            await self._postpone(note, type(error).__name__)
        except WorkerCrashed:
            await self._count_crash(note, event, "crash")
        except SpeechTimeout:
            await self._count_crash(note, event, "timeout")
        except Temporary as error:
            await self._postpone(note, str(error))
        except Exception:
            # A mistake of ours: try again a few times, then leave it to the officers, marked.
            log.exception("note.failed", event_id=event.event_id)
            await self._count_crash(note, event, "trouble")
        else:
            metrics.notes.labels("heard").inc()
            metrics.note_seconds.observe((now_ms() - note.received_at) / 1000)
            self._wake_sender()

    async def _postpone(self, note: transmissions.Queued, cause: str) -> None:
        pause = RETRY_MS[min(note.attempts, len(RETRY_MS) - 1)]
        await self._database.run(
            lambda connection: transmissions.postponed(connection, note.id, cause, now_ms() + pause)
        )

    async def _audio(self, note: transmissions.Queued, event: IncomingEvent) -> Path:
        """The note as a file: fetched once, kept until retention takes it."""
        config = self.desk.config
        if note.media_path is not None and (config.data_dir / note.media_path).exists():
            return config.data_dir / note.media_path
        assert event.media is not None  # noqa: S101 - checked by the caller
        config.audio_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = config.audio_dir / hashlib.sha256(event.event_id.encode()).hexdigest()[:32]
        digest, size = await self._fetch(event.media, target)
        place = str(target.relative_to(config.data_dir))
        await self._database.run(lambda connection: transmissions.fetched(connection, note.id, place, digest, size))
        return target

    async def _count_crash(self, note: transmissions.Queued, event: IncomingEvent, reason: str) -> None:
        crashes = await self._database.run(lambda connection: transmissions.crashed(connection, note.id, now_ms()))
        log.warning("note.crash", event_id=event.event_id, crashes=crashes, reason=reason)
        if crashes >= QUARANTINE_AFTER:
            await self._give_up(note, event, reason)
        else:
            await self._postpone(note, reason)

    async def _give_up(self, note: transmissions.Queued, event: IncomingEvent | None, reason: str) -> None:
        log.info("note.unreadable", event_id=note.event_id, reason=reason)
        metrics.notes.labels("unreadable").inc()
        if event is None:
            await self._database.run(
                lambda connection: transmissions.unreadable(connection, note.id, reason, now=now_ms())
            )
            return
        await self._database.run(
            lambda connection: reports.unreadable(connection, note.id, event, reason, self.desk, now_ms())
        )
        self._wake_sender()
