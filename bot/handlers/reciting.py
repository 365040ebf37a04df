"""Bulletins are spoken beside everything else: the text has gone its way before, and waits for no voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot import metrics
from bot.clock import now_ms
from bot.config import Config
from bot.event import Media
from bot.handlers.recordings import recording
from bot.store import outbox, recitations
from bot.store.database import Database
from bot.store.recitations import Waiting
from bot.voice.errors import SpeakingFailed
from bot.voice.speech import Recitation, Synthesiser, recite, synthesiser

log = structlog.get_logger()

LOOK_SECONDS = 10
"""How often it is looked whether a text has gone out that is to be heard as well."""
STALE_MS = 45 * 60_000
"""A voice that comes later than this after its text is not wanted any more."""
TRIES = 2


class Reciter:
    """Speaks what waits, each text once however many rooms hear it."""

    def __init__(
        self, database: Database, config: Config, *, wake_sender: Callable[[], None],
        speaker: Synthesiser | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._folder = config.recitations_dir
        self._speaker = speaker or synthesiser(config.bulletins, config.base)
        self._wake_sender = wake_sender
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except Exception:
                log.exception("duty.failed", duty="recite")
            await asyncio.sleep(LOOK_SECONDS)

    async def round(self) -> None:
        """Everything whose text stands in its room."""
        if orphans := await self._database.run(recitations.without_text):
            await self._withdraw(orphans, "late")
        await self._database.run(lambda connection: outbox.lapse(connection, now_ms(), recitations.KEY))
        waiting = await self._database.run(recitations.waiting)
        late = [row.id for row in waiting if self._speaker is None or now_ms() - row.said_at > STALE_MS]
        if late:
            await self._withdraw(late, "off" if self._speaker is None else "late")
        if self._speaker is None:
            return
        texts: dict[tuple[str, str], list[Waiting]] = {}
        for row in waiting:
            if row.id not in late:
                texts.setdefault((row.title, row.text), []).append(row)
        for (title, text), rows in texts.items():
            try:
                found = await asyncio.to_thread(recite, self._speaker, text, self._folder)
            except SpeakingFailed as error:
                self._failures[text] = self._failures.get(text, 0) + 1
                log.warning("bulletin.unspoken", error=str(error), tries=self._failures[text])
                if self._failures[text] >= TRIES:
                    await self._withdraw([row.id for row in rows], "failed")
                    del self._failures[text]
                continue
            self._failures.pop(text, None)
            await self._let_go(rows, title, found)

    async def _let_go(self, rows: Sequence[Waiting], title: str, found: Recitation) -> None:
        content, numbers = voice_note(title, found), [row.id for row in rows]
        until = min(row.said_at for row in rows) + STALE_MS
        await self._database.run(
            lambda connection: recitations.let_go(connection, numbers, content, str(found.path), not_after=until)
        )
        metrics.recitations.labels("spoken").inc(len(rows))
        self._wake_sender()

    async def _withdraw(self, numbers: Sequence[int], end: str) -> None:
        await self._database.run(lambda connection: recitations.withdraw(connection, numbers))
        metrics.recitations.labels(end).inc(len(numbers))


def voice_note(title: str, found: Recitation) -> dict[str, object]:
    """The content of a voice message (MSC3245, MSC1767) whose file is still to be uploaded."""
    sound = Media("", "audio/ogg", duration_ms=found.duration_ms)
    audio = {"duration": found.duration_ms, "waveform": list(found.waveform)}
    return recording(sound, f"{title}.ogg") | {"org.matrix.msc1767.audio": audio}
