"""The one way out: drains the outbox.

Most urgent first over all rooms; in each room one at a time, in order, redactions beside it. A row leaves the queue
only when the homeserver gave an event id for it, or when no further try can help. Nothing here decides what to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, select

from bot.clock import now_ms
from bot.matrix.delivery import Delivery, NotNow, Refused, Session
from bot.matrix.keysharing import KeySharing, RoomUnknown
from bot.matrix.login import SignedOut
from bot.matrix.references import Pointless, Standing, Waiting, keys_in, resolve
from bot.outgoing import Action
from bot.store import outbox, tables
from bot.store.database import Database

log = structlog.get_logger()

ROOMS_AT_ONCE = 8
REDACTIONS_AT_ONCE = 4
"""Of all rooms; the rest of the places stays for what people wait for."""
_REDACTION = "redaction of row "
WIDEN_AFTER = 3
FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
"""Seconds; after the n-th failure in a row about FIRST_PAUSE·2ⁿ."""
LONGEST_WAIT = 300.0
"""A homeserver that asks for more patience is asked again after this many seconds."""
HOPELESS_TRIES = 12
"""A row that fails this often while others get through is given up: it must not block its room for ever."""
UNKNOWN_TRIES = 3
"""So often a room is awaited before the homeserver is asked whether we are in it."""
REFERENCE_MS = 3_600_000
"""A row waits this long for another one that it refers to."""
MEMBERSHIP = (Action.JOIN, Action.LEAVE)


@dataclass
class _Pause:
    """A hold on sending: everything of one kind (rate limits are kept for each), or one room."""

    until: float = 0.0
    failures: int = 0

    def fail(self, seconds: float | None) -> float:
        """Hold for as long as was asked, or by ourselves longer each time; returns the seconds."""
        self.failures += 1
        if seconds is None:
            seconds = min(FIRST_PAUSE * 2 ** min(self.failures - 1, 10), LAST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
        else:
            seconds = min(seconds, LONGEST_WAIT) + random.uniform(0.0, 0.1)  # noqa: S311
        self.until = max(self.until, time.monotonic() + seconds)
        return seconds


@dataclass
class _Kind:
    """Messages and memberships are limited apart; after a failure one request at a time feels the way."""

    pause: _Pause = field(default_factory=_Pause)
    width: int = ROOMS_AT_ONCE
    running: int = 0
    in_a_row: int = 0

    def succeed(self) -> None:
        """Widen again, by one room for every few sends that get through in a row."""
        self.pause.failures = 0
        self.in_a_row += 1
        if self.in_a_row >= WIDEN_AFTER:
            self.in_a_row = 0
            self.width = min(self.width + 1, ROOMS_AT_ONCE)

    def fail(self, seconds: float | None) -> float:
        """Hold everything of this kind; returns the seconds."""
        self.width, self.in_a_row = 1, 0
        return self.pause.fail(seconds)


class Sender:
    """Drains the outbox of `database` over `session`. One of these an account."""

    def __init__(self, session: Session, database: Database) -> None:
        self._session = session
        self._database = database
        self._keys = KeySharing(session.client, session.api, session.keys)
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._kinds = {False: _Kind(), True: _Kind()}
        self._rooms: dict[str, _Pause] = {}
        self._awaited: set[str] = set()
        self._last_success = 0.0
        self._first_failure: dict[int, float] = {}
        self._fatal: BaseException | None = None
        self._draining = False
        self._running = False

    def wake(self) -> None:
        """There may be new rows. Call it from the event loop, after the commit."""
        self._news.set()

    @property
    def held(self) -> float:
        """Seconds for which messages are still held back by a rate limit or an outage; 0 when they flow."""
        return max(0.0, self._kinds[False].pause.until - time.monotonic())

    async def run(self) -> None:
        """Until cancelled or drained. Raises SignedOut when the homeserver ends the session."""
        self._running = True
        try:
            since = await self._database.run(_device_since)
            self._delivery = Delivery(self._session, self._database, self._keys, device_since=since)
            while not (self._draining and await self._idle()):
                await self._round()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._running = False
            self._ended.set()

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - seconds left before the supervisor kills
        """Send what is due, for at most `timeout` seconds, then end `run`. What is left waits in the outbox."""
        self._draining = True
        self._news.set()
        if not self._running:
            return
        try:
            await asyncio.wait_for(self._ended.wait(), timeout)
        except TimeoutError:
            log.info("sender_stopped_early", in_flight=len(self._tasks))
            raise

    async def _idle(self) -> bool:
        """Whether nothing is being sent and nothing is due."""
        if self._tasks:
            return False
        rows, _, _ = await self._database.run(lambda connection: _look(connection, now_ms()))
        return not rows

    async def _round(self) -> None:
        self._news.clear()
        now = now_ms()
        rows, standings, due = await self._database.run(lambda connection: _look(connection, now))
        wait = self._start(rows, standings, now)
        if self._fatal is not None:
            raise self._fatal
        if due is not None:
            wait = min(wait, max(0.0, (due - now) / 1000))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), None if wait == float("inf") else wait + 0.001)

    def _start(self, rows: list[outbox.Row], standings: dict[str, Standing], now: int) -> float:
        """Begin every send that may begin; returns the seconds until a hold ends that kept one back."""
        clock = time.monotonic()
        wait = float("inf")
        blocked: set[str] = set()
        joins = {row.room_id: row.id for row in rows if row.action is Action.JOIN}
        for row in rows:
            lane = self._lane(row)
            if lane is None or lane in self._tasks or row.room_id in blocked:
                continue
            if row.action not in MEMBERSHIP and joins.get(row.room_id, row.id) < row.id:
                continue  # however urgent: first we have to be there
            kind = self._kinds[row.action in MEMBERSHIP]
            until = max(kind.pause.until, self._held_room(row))
            if until > clock:
                wait = min(wait, until - clock)
                blocked.add(row.room_id)
                continue
            if kind.running >= kind.width:
                continue
            content: dict[str, Any] | None
            try:
                content = resolve(row.content, standings, patient=now - row.created_at < REFERENCE_MS)
            except Waiting:  # what it waits for may stand behind it in this very room: let that pass
                wait = min(wait, 60.0)
                continue
            except Pointless:
                content = None
            kind.running += 1
            task = asyncio.create_task(self._send(row, content, kind))
            self._tasks[lane] = task
            task.add_done_callback(partial(self._finished, lane))
        return wait

    def _lane(self, row: outbox.Row) -> str | None:
        """What goes one at a time: a room, or a redaction by itself; `None` while enough redactions are under way.

        Redactions of different events have no order, and a flood is gone sooner when several go at once.
        """
        if row.action is not Action.REDACTION:
            return row.room_id
        lane = f"{_REDACTION}{row.id}"
        under_way = sum(one.startswith(_REDACTION) for one in self._tasks)
        return lane if under_way < REDACTIONS_AT_ONCE else None

    def _held_room(self, row: outbox.Row) -> float:
        if row.room_id in self._awaited and row.room_id in self._session.client.rooms:
            self._awaited.discard(row.room_id)
            self._rooms.pop(row.room_id, None)
        pause = self._rooms.get(row.room_id)
        return pause.until if pause else 0.0

    def _finished(self, lane: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(lane, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal = error
        self._news.set()

    async def _send(self, row: outbox.Row, content: dict[str, Any] | None, kind: _Kind) -> None:
        try:
            if content is None:
                raise Refused("what it is about was never sent")
            event_id = await self._delivery.carry_out(row, content, now_ms())
            await self._database.run(lambda connection: outbox.sent(connection, row.txn_id, event_id, now_ms()))
            self._succeeded(row, kind)
        except SignedOut:
            raise
        except Refused as error:
            await self._give_up(row, str(error))
        except RoomUnknown:
            await self._await_room(row)
        except NotNow as error:
            await self._put_off(row, kind, error)
        except Exception as error:
            # A mistake of ours or a full disk: the row stays, and the type of the error must do for the log
            # (its text may quote the message).
            log.error("send_raised", txn=row.txn_id, room=row.room_id, error=type(error).__name__)
            await self._put_off(row, kind, NotNow(type(error).__name__))
        finally:
            kind.running -= 1

    def _succeeded(self, row: outbox.Row, kind: _Kind) -> None:
        self._last_success = time.monotonic()
        self._rooms.pop(row.room_id, None)
        self._first_failure.pop(row.id, None)
        self._delivery.forget(row)
        kind.succeed()
        log.debug("sent", txn=row.txn_id, room=row.room_id)

    async def _await_room(self, row: outbox.Row) -> None:
        """The room is encrypted and no sync has brought it yet: hold its rows, unless we are not in it at all."""
        pause = self._rooms.setdefault(row.room_id, _Pause())
        if pause.failures >= UNKNOWN_TRIES and not await self._delivery.joined(row.room_id):
            await self._give_up(row, "not in the room")
            return
        self._awaited.add(row.room_id)
        seconds = pause.fail(None)
        log.info("room_awaited", room=row.room_id, txn=row.txn_id, seconds=round(seconds, 1))

    async def _put_off(self, row: outbox.Row, kind: _Kind, error: NotNow) -> None:
        first = self._first_failure.setdefault(row.id, time.monotonic())
        if not error.everybody and row.attempts + 1 >= HOPELESS_TRIES and self._last_success > first:
            await self._give_up(row, f"failed {HOPELESS_TRIES} times while others were sent: {error.reason}")
            return
        if error.everybody:
            # One of several requests that were out together: a hold that a sibling began counts once.
            already = kind.pause.until > time.monotonic() and error.seconds is None
            seconds = 0.0 if already else kind.fail(error.seconds)
        else:
            seconds = self._rooms.setdefault(row.room_id, _Pause()).fail(error.seconds)
        log.warning("send_put_off", txn=row.txn_id, room=row.room_id, error=error.reason, seconds=round(seconds, 1))
        # The hold is kept in memory and the row stays due: what follows it in its room must not overtake it.
        await self._store(lambda connection: outbox.postponed(connection, row.id, error.reason, now_ms()))

    async def _give_up(self, row: outbox.Row, reason: str) -> None:
        log.error("send_refused", txn=row.txn_id, room=row.room_id, action=str(row.action), error=reason[:200])
        self._delivery.forget(row)
        self._rooms.pop(row.room_id, None)
        self._first_failure.pop(row.id, None)
        await self._store(lambda connection: outbox.failed(connection, row.id, reason, now_ms()))

    async def _store(self, work: Callable[[Connection], None]) -> None:
        """Note a failure. That this itself fails (disk full) must not end the bot; the row is simply tried again."""
        try:
            await self._database.run(work)
        except Exception as error:
            log.error("outbox_not_written", error=type(error).__name__)
            await asyncio.sleep(1)


def _look(connection: Connection, now: int) -> tuple[list[outbox.Row], dict[str, Standing], int | None]:
    """What may be sent now, what became of the rows that it refers to, and when more becomes due."""
    rows = outbox.heads(connection, now)
    found = outbox.standings(connection, {key for row in rows for key in keys_in(row.content)})
    standings = {key: Standing(state, event_id) for key, (state, event_id) in found.items()}
    return rows, standings, outbox.next_due(connection, now)


def _device_since(connection: Connection) -> int:
    return int(connection.scalar(select(tables.session.c.device_since_at)) or 0)
