"""The running bot looks now and then whether its rooms still are what the files say.

What differs is told in the operations room once, what `repair` names in rooms.yaml is put right, and when all is well
again that is told, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from bot import metrics
from bot.clock import now_ms
from bot.markup import render
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.login import signed_out
from bot.matrix.roomplan import Files, Look, RoomPlan
from bot.outgoing import Outgoing, Priority
from bot.rooms.apply import Outcome, Step
from bot.rooms.change import Change, Plan
from bot.rooms.drift import GONE, card, digest, repairs
from bot.store import heartbeats, outbox, rooms
from bot.store.audit import Auditor
from bot.store.database import Database

log = structlog.get_logger()

FIRST_SECONDS = 600.0
"""After the start: a bot that is restarted every hour should look, too."""
MINUTE_SECONDS = 60.0
_NAME = "drift"


@dataclass(frozen=True)
class Content:
    """What is wanted at the moment of looking: the files may be read again while the bot runs."""

    files: Files
    version: str


class Drift:
    """Looks every `minutes`."""

    def __init__(
        self,
        api: HomeserverApi,
        database: Database,
        content: Callable[[], Content],
        auditor: Auditor,
        *,
        me: str,
        minutes: int,
        wake_sender: Callable[[], None],
    ) -> None:
        self._api = api
        self._database = database
        self._content = content
        self._auditor = auditor
        self._me = me
        self._minutes = minutes
        self._wake_sender = wake_sender

    async def run(self) -> None:
        """Until cancelled. A homeserver that is down is looked at again the next time."""
        if not self._minutes:
            await asyncio.Event().wait()  # never: the loop stays, since one that ends ends the bot
        await asyncio.sleep(min(FIRST_SECONDS, self._minutes * MINUTE_SECONDS))
        while True:
            try:
                await self.round()
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and (ended := signed_out(error)):
                    raise ended from None
                log.warning("rooms.drift_unknown", error=type(error).__name__)
            except Exception:
                log.exception("duty.failed", duty=_NAME)
            await asyncio.sleep(self._minutes * MINUTE_SECONDS)

    async def round(self) -> None:
        """One look, with what follows from it."""
        content = self._content()
        plan = RoomPlan(self._api, self._database, content.files, self._me)
        seen = await plan.look()
        wanted = repairs(seen.plan, content.files.rooms.repair)
        done: list[Step] = []
        left = seen.plan
        if wanted:
            outcome: Outcome = await plan.make(wanted, seen, lambda step: done.append(step))
            log.info("rooms.repaired", done=outcome.done, failed=len(outcome.failures))
            left = (await plan.look()).plan
        metrics.rooms_drift.set(len(left.changes))
        if await self._database.run(
            lambda connection: self._report(connection, content, seen, [one for one in done if not one.error], left)
        ):
            self._wake_sender()

    def _report(self, connection: Connection, content: Content, seen: Look, done: Sequence[Step], left: Plan) -> bool:
        """Say what has not been said; true when something was."""
        now = now_ms()
        repaired: list[Change] = [step.change for step in done]
        for step in done:
            payload: dict[str, Any] = {"text": str(step.change), "result": str(step.result)}
            subject = seen.ids.get(step.change.room, step.change.room)
            self._auditor.append(connection, "rooms.repaired", subject, payload, version=content.version, now=now)
        room_id = rooms.operations(connection)
        if room_id is None:
            return False
        name, before = digest(left), heartbeats.last(connection, _NAME) or ""
        if name != before:
            heartbeats.due(connection, _NAME, name, now)
        if name == before and not repaired:
            return False
        text = card(repaired, left, content.files.rooms, seen.found) if repaired or name else GONE
        message = render(text).content(notice=not (repaired or name))
        key = f"drift:{name or 'none'}:{now}"
        return outbox.append(connection, Outgoing(key, room_id, message, priority=Priority.CARD), now)
