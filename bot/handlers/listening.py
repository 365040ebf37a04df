"""The listening loop: queued voice notes are fetched, heard, and handed to `reports`.

The queue is the database: a restart takes up what was left. Only a worker's death counts towards a note's
quarantine; the bot's own end does not. A note that is withdrawn on its way is heard by nobody, and its file goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection

from bot import metrics
from bot.clock import now_ms
from bot.event import IncomingEvent, Media
from bot.handlers import reports, waiting
from bot.handlers.desk import Desk
from bot.incidents.hotwords import choose_hotwords
from bot.store import inbox, notequeue, transmissions
from bot.store.database import Database
from bot.store.notequeue import Queued
from bot.store.placenames import recent_places
from bot.voice.errors import MediaError, PoolClosed, SpeechTimeout, WorkerCrashed, WorkerLost
from bot.voice.heard import Heard

log = structlog.get_logger()

QUARANTINE_AFTER = 2
"""Worker deaths (or time-outs) on one note."""
RETRY_MS = (2_000, 10_000, 60_000, 300_000)


LANE = 4
"""Short notes of one room, and as many long ones, that may be under way at once: the rest of a room waits in the
database, where newer and more urgent ones may pass it."""
DANGER_MS = 3_600_000
"""How long a room with an open `darurat` report is heard before others."""


def admit(queued: Sequence[Queued], under_way: Iterable[Queued], capacity: int) -> list[Queued]:
    """Which of the queued notes, in their order, may be taken up beside those under way. Pure.

    Of all places only a quarter may be held by long notes, which stay long, so that a short one finds a place; an
    urgent note needs none. A room has its lane, however much it sends.
    """
    going = list(under_way)
    taken = []
    for note in queued:
        rivals = [one for one in going if one.room_id == note.room_id and one.long == note.long]
        longs = sum(one.long for one in going)
        full = len(going) >= capacity or (note.long and longs >= max(capacity // 4, 1))
        if len(rivals) < LANE and (note.priority == 0 or not full):
            going.append(note)
            taken.append(note)
    return taken


class Withdrawn(Exception):
    """The note was taken back while it was being fetched."""


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
    """Keeps more notes under way than there are workers, so that the pool can choose fairly among them."""

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
        self._under_way: dict[int, tuple[Queued, asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """There may be notes to hear, or some that nobody may hear any more."""
        self._work.set()

    async def run(self) -> None:
        """Until cancelled; notes under way then stay queued in the database."""
        try:
            while True:
                # Before the look, not after it: who wakes us meanwhile has something that we have not seen.
                self._work.clear()
                await self._look()
                with contextlib.suppress(TimeoutError):
                    # Postponed notes come due, and notes have waited too long, without anybody waking us.
                    async with asyncio.timeout(2):  # wait_for of Python 3.11 may swallow a cancellation
                        await self._work.wait()
        finally:
            tasks = [task for _, task in self._under_way.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Take up what there is place for, let go what was withdrawn, tell those who wait."""
        given_up, queued = await self._database.run(self._state)
        for number in given_up:
            if number not in self._under_way:
                continue  # it has just ended by itself
            note, task = self._under_way[number]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._file(note).unlink(missing_ok=True)
            log.info("note.withdrawn", event_id=note.event_id)
        for note in admit(queued, [one for one, _ in self._under_way.values()], self._capacity):
            task = asyncio.create_task(self._guarded(note))
            self._under_way[note.id] = note, task
            task.add_done_callback(partial(self._finished, note.id))
        try:
            if await self._database.run(lambda connection: waiting.tell(connection, self.desk, now_ms())):
                self._wake_sender()
        except Exception:
            log.exception("waiting.failed")  # a word about waiting is not worth a note's hearing

    def _state(self, connection: Connection) -> tuple[set[int], list[Queued]]:
        now, going = now_ms(), list(self._under_way)
        queued = notequeue.next_queued(
            connection,
            now,
            limit=self._capacity * 2,
            urgent=notequeue.rooms_in_danger(connection, now - DANGER_MS),
            without=going,
            lane=LANE,
        )
        return notequeue.given_up(connection, going), queued

    def _finished(self, number: int, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        self._work.set()

    async def _guarded(self, note: Queued) -> None:
        """A mistake that is not about hearing (the database is locked, say) postpones the note, and is told.

        Without it the note would be queued still and be taken up again at once, without end and without a word.
        """
        try:
            await self._hear(note)
        except Exception as error:
            log.exception("note.trouble", event_id=note.event_id)
            try:
                await self._postpone(note, type(error).__name__)
            except Exception:
                log.exception("note.not_postponed", event_id=note.event_id)
                await asyncio.sleep(RETRY_MS[0] / 1000)  # it is held so long that nothing spins

    async def _hear(self, note: Queued) -> None:
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
        except Withdrawn:
            log.info("note.withdrawn", event_id=event.event_id)
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

    async def _postpone(self, note: Queued, cause: str) -> None:
        pause = RETRY_MS[min(note.attempts, len(RETRY_MS) - 1)]
        await self._database.run(
            lambda connection: transmissions.postponed(connection, note.id, cause, now_ms() + pause)
        )

    async def _audio(self, note: Queued, event: IncomingEvent) -> Path:
        """The note as a file: fetched once, kept until retention takes it."""
        config = self.desk.config
        if note.media_path is not None and (config.data_dir / note.media_path).exists():
            return config.data_dir / note.media_path
        assert event.media is not None  # noqa: S101 - checked by the caller
        config.audio_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._file(note)
        digest, size = await self._fetch(event.media, target)
        place = str(target.relative_to(config.data_dir))
        if not await self._database.run(
            lambda connection: transmissions.fetched(connection, note.id, place, digest, size)
        ):
            target.unlink(missing_ok=True)
            raise Withdrawn(event.event_id)
        return target

    def _file(self, note: Queued) -> Path:
        return self.desk.config.audio_dir / hashlib.sha256(note.event_id.encode()).hexdigest()[:32]

    async def _count_crash(self, note: Queued, event: IncomingEvent, reason: str) -> None:
        crashes = await self._database.run(lambda connection: transmissions.crashed(connection, note.id, now_ms()))
        log.warning("note.crash", event_id=event.event_id, crashes=crashes, reason=reason)
        if crashes >= QUARANTINE_AFTER:
            await self._give_up(note, event, reason)
        else:
            await self._postpone(note, reason)

    async def _give_up(self, note: Queued, event: IncomingEvent | None, reason: str) -> None:
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
