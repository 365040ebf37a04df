"""What comes round while the bot runs: duties every few seconds, bulletins when a slot may be due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.bulletins.announce import Announced
from bot.clock import now_ms
from bot.handlers import (
    announcing,
    backlog,
    calling,
    confidences,
    congestion,
    dossier,
    duties,
    footing,
    forgetting,
    forwarding,
    groups,
    guarding,
    guides,
    moderation,
    moving,
    omissions,
    policies,
    previewing,
    tickets,
    unreached,
    warning,
    watch,
)
from bot.handlers.desk import Desk
from bot.lock import Hold, Locked
from bot.store.database import Database

log = structlog.get_logger()

DUTY_SECONDS = 10
ANNOUNCE_TRIES, ANNOUNCE_AGAIN_SECONDS = 120, 0.5
"""So long a bulletin waits for what officers have written and we have not read; a homeserver may be down longer."""

Duty = Callable[[Connection, Desk, int], object]
DUTIES: tuple[Duty, ...] = (
    duties.tell_undecryptable,
    duties.post_audit_head,
    duties.report_lost_gaps,
    footing.look,
    tickets.close_idle,
    forgetting.resume,
    forwarding.confirm,
    confidences.confirm,
    groups.expire,
    dossier.expire,
    moderation.expire,
    moderation.confirm,
    moderation.uphold,
    moving.resume,
    watch.look,
    calling.look,
    unreached.look,
    warning.look,
    backlog.look,
    guides.pin,
    guarding.watch_unreadable,
    policies.look,
    announcing.renew,
    previewing.look,
    omissions.look,
    congestion.look,
)


class Rounds:
    """The duties, one after another, each in its own transaction."""

    def __init__(
        self, database: Database, desk: Callable[[], Desk], lock: Hold, *, wake_sender: Callable[[], None]
    ) -> None:
        self._database = database
        self._desk = desk
        self._hold = lock
        self._wake_sender = wake_sender

    async def run(self) -> None:
        """Until cancelled. Raises Locked when another bot may have started on the same data."""
        while True:
            if not self._hold.held():
                raise Locked("the lock on the data folder or database is lost: another bot may have started")
            for duty in DUTIES:
                try:
                    await self._database.run(partial(self._do, duty))
                except Exception:
                    log.exception("duty.failed", duty=f"{duty.__module__}.{duty.__name__}")
            self._wake_sender()
            await asyncio.sleep(DUTY_SECONDS)

    def _do(self, duty: Duty, connection: Connection) -> object:
        return duty(connection, self._desk(), now_ms())


class Slots:
    """A slot may be due: the database decides, once what officers wrote about it is read."""

    def __init__(
        self, database: Database, desk: Callable[[], Desk], *, caught_up: Callable[[], bool], wake: Callable[[], None]
    ) -> None:
        """`caught_up`: whether what was sent while the bot was away has been fetched since its start."""
        self._database = database
        self._desk = desk
        self._caught_up = caught_up
        self._wake = wake
        self._made_at = now_ms()

    async def look(self) -> None:
        """Decide what is due; safe to call at any time."""
        if not self._desk().config.bulletins.enabled:
            return
        for tries in reversed(range(ANNOUNCE_TRIES)):
            done = await self._database.run(partial(self._decide, patient=tries > 0))
            if done is not None:
                break
            await asyncio.sleep(ANNOUNCE_AGAIN_SECONDS)
        if done:
            self._wake()

    def _decide(self, connection: Connection, *, patient: bool) -> list[Announced] | None:
        """`None`: officers may have written about it, now or while the bot was away, and that is read first."""
        now = now_ms()
        behind = not self._caught_up() and now - self._made_at < ANNOUNCE_TRIES * ANNOUNCE_AGAIN_SECONDS * 1000
        return None if patient and behind else announcing.announce(connection, self._desk(), now, patient=patient)
