"""A bot that listens and sends what stands in its outbox, without handlers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from listening import Listener, listening
from sqlalchemy import select, update

from bot.clock import now_ms
from bot.config import Config
from bot.matrix.api import path
from bot.matrix.sender import Sender
from bot.outgoing import Outgoing
from bot.store import outbox
from bot.store.database import Database
from bot.store.tables import outbox as rows

WAIT_SECONDS = 60


class Speaker:
    """A running sender, its listener beside it."""

    def __init__(self, listener: Listener, sender: Sender) -> None:
        self.listener, self.sender = listener, sender
        self.session, self.database = listener.session, listener.database

    def put(self, *outgoing: Outgoing, created_at: int | None = None) -> None:
        """Into the outbox, in one transaction, as handlers do."""
        put(self.database, *outgoing, created_at=created_at)
        self.sender.wake()

    def say(self, room_id: str, body: str, *, key: str | None = None, **more: Any) -> str:
        """A text into the outbox; its key."""
        content = {"msgtype": "m.text", "body": body, **more.pop("content", {})}
        self.put(Outgoing(key or f"say:{body}", room_id, content, **more))
        return key or f"say:{body}"

    def row(self, key: str) -> Any:
        """The outbox row of a key."""
        return row(self.database, key)

    async def settled(self, key: str, seconds: float = WAIT_SECONDS) -> Any:
        """The row, once it is sent or given up."""
        async with asyncio.timeout(seconds):
            while (found := self.row(key)).state == "queued":
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.02)
        return found

    async def sent(self, key: str, seconds: float = WAIT_SECONDS) -> str:
        """The event id that the key's row received."""
        found = await self.settled(key, seconds)
        assert found.state == "sent", (found.state, found.error)
        return str(found.event_id)

    task: asyncio.Task[None]


def put(database: Database, *outgoing: Outgoing, created_at: int | None = None) -> None:
    """Rows into the outbox."""

    def work(connection: Any) -> None:
        for one in outgoing:
            assert outbox.append(connection, one, created_at or now_ms())

    database.run_blocking(work)


def row(database: Database, key: str) -> Any:
    """The outbox row of a key."""
    return database.run_blocking(lambda db: db.execute(select(rows).where(rows.c.key == key)).one())


def age(database: Database, key: str, hours: float) -> None:
    """Make a row older."""
    moment = now_ms() - int(hours * 3_600_000)
    database.run_blocking(lambda db: db.execute(update(rows).where(rows.c.key == key).values(created_at=moment)))


@asynccontextmanager
async def speaking(config: Config, database: Database, *, start: bool = True) -> AsyncIterator[Speaker]:
    """Session, sync loop and sender; `start=False` leaves the sync loop standing."""
    async with listening(config, database, start=start) as listener:
        speaker = Speaker(listener, Sender(listener.session, database))
        speaker.task = asyncio.create_task(speaker.sender.run())
        try:
            yield speaker
        finally:
            speaker.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaker.task


async def timeline(speaker: Speaker, room_id: str) -> list[dict[str, Any]]:
    """The room's messages (and encrypted events) of the bot, oldest first, as the homeserver holds them."""
    answer = await speaker.session.api.request(
        "GET", path("rooms", room_id, "messages"), query={"dir": "b", "limit": "200"}
    )
    types = ("m.room.message", "m.room.encrypted", "m.reaction")
    return [
        raw for raw in reversed(answer["chunk"]) if raw["sender"] == speaker.session.user_id and raw["type"] in types
    ]


__all__ = ["Speaker", "age", "put", "row", "speaking", "timeline"]
