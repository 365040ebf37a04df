"""A bot that only listens: session, sync loop and inbox, without handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from bot.config import Config
from bot.event import IncomingEvent
from bot.matrix.api import path
from bot.matrix.session import MatrixSession
from bot.matrix.sync import SyncLoop
from bot.store.database import Database
from bot.store.tables import inbox

WAIT_SECONDS = 20


class Listener:
    """A running sync loop and what it stored."""

    def __init__(self, session: MatrixSession, database: Database, loop: SyncLoop) -> None:
        self.session, self.database, self.loop = session, database, loop
        self.task: asyncio.Task[None] | None = None

    def rows(self) -> list[Any]:
        return self.database.run_blocking(lambda db: list(db.execute(select(inbox).order_by(inbox.c.id))))

    def events(self, room_id: str | None = None) -> list[IncomingEvent]:
        """What handlers would see, in order."""
        return [
            IncomingEvent.from_json(row.payload)
            for row in self.rows()
            if row.state == "new" and room_id in (None, row.room_id)
        ]

    def bodies(self, room_id: str) -> list[str]:
        return [event.body for event in self.events(room_id) if event.type == "m.room.message"]

    async def until(self, condition: Callable[[], Any], what: str = "condition") -> Any:
        """Wait for a condition; the loop failing ends the wait with its error."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := condition()):
                if self.task is not None and self.task.done():
                    self.task.result()
                    raise AssertionError(f"the loop ended before {what}")
                await asyncio.sleep(0.02)
            return found

    async def event(self, event_id: str) -> IncomingEvent:
        """The stored event, once it is there for handlers."""

        def look() -> IncomingEvent | None:
            return next((event for event in self.events() if event.event_id == event_id), None)

        found = await self.until(look, event_id)
        assert isinstance(found, IncomingEvent)
        return found

    async def state_of(self, event_id: str) -> str:
        """The stored row's state, once it is there."""
        return str(
            await self.until(
                lambda: next((row.state for row in self.rows() if row.event_id == event_id), None), event_id
            )
        )

    async def join(self, room_id: str) -> None:
        """Join, and wait until the sync loop knows."""
        await self.session.api.request("POST", path("join", room_id))
        await self.until(lambda: room_id in self.session.client.rooms, "joined")


@asynccontextmanager
async def listening(
    config: Config, database: Database, *, start: bool = True, **options: Any
) -> AsyncIterator[Listener]:
    """Sign in and sync until the block ends."""
    session = await MatrixSession.open(config, database)
    loop = SyncLoop(session, database, long_poll_ms=2000, first_pause=0.05, last_pause=0.2, **options)
    listener = Listener(session, database, loop)
    try:
        if start:
            listener.task = asyncio.create_task(loop.run())
            await listener.until(lambda: loop.state.synced, "first sync")
        yield listener
    finally:
        if listener.task is not None:
            listener.loop.stop()
            await asyncio.gather(listener.task, return_exceptions=True)
        await session.close()
