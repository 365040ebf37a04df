"""The bot's own sync loop: sync → keys and devices → events → one transaction → handlers → upkeep.

nio's `sync_forever` ends with the first malformed message, stores its token before anything is handled, and
asks again at once when the homeserver answers 500. Here the token is committed with the rows it brought, every
room and event is guarded on its own, and failures wait with growing, jittered pauses.
"""

from __future__ import annotations

import asyncio
import json
import random
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import now_ms
from bot.matrix import gaps, invites
from bot.matrix.api import ApiError, Unreachable, path
from bot.matrix.batch import Batch, Reader
from bot.matrix.crypto import CryptoStoreError
from bot.matrix.cryptostore import FAILURES
from bot.matrix.events import table, text
from bot.matrix.guard import guarded
from bot.matrix.login import SignedOut, signed_out
from bot.matrix.session import MatrixSession
from bot.store import inbox, stream
from bot.store.database import Database
from bot.store.stream import Gap

log = structlog.get_logger()

LONG_POLL_MS = 30_000
FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
LONGEST_ASKED = 300.0
"""A homeserver that asks for a longer pause is asked again after this one all the same (seconds)."""
PATIENCE = 5.0
"""Seconds for each thing besides syncing. Calls of their own try again for a minute and more: in an outage the loop
would sit in them, and /healthz would go on saying that all is well."""
GAP_PAUSE_MS = 15_000
TIMELINE = 50
FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "timeline": {"limit": TIMELINE},
            "state": {"lazy_load_members": False},
            "ephemeral": {"types": []},
            "account_data": {"types": []},
        },
    },
    separators=(",", ":"),
)
EXPECTED = (ApiError, Unreachable, CryptoStoreError, SQLAlchemyError, *FAILURES)


@dataclass
class SyncState:
    """For health and metrics."""

    synced: bool = False
    """The last sync succeeded."""
    turns: int = 0
    """Syncs stored since the start."""
    last_success_at: int = 0
    """Milliseconds since the epoch; 0: never."""
    failures: int = 0
    """Failed turns in a row."""
    error: str = ""
    """What the last failure was, without its details."""


class SyncLoop:
    """Runs until stopped or signed out."""

    def __init__(
        self,
        session: MatrixSession,
        database: Database,
        *,
        on_batch: Callable[[], None] = lambda: None,
        long_poll_ms: int = LONG_POLL_MS,
        first_pause: float = FIRST_PAUSE,
        last_pause: float = LAST_PAUSE,
    ) -> None:
        """`on_batch` is called after each commit that left handlers or the sender something new."""
        self.session = session
        self.state = SyncState()
        self._database = database
        self._on_batch = on_batch
        self._long_poll_ms = long_poll_ms
        self._first_pause, self._last_pause = first_pause, last_pause
        self._reader = Reader(session.crypto, session.user_id)
        self._since: str | None = None
        self._committed_at = 0
        self._first = True
        self._newest: dict[str, str] = {}
        self._gaps_open = True
        self._gaps_due = 0
        self._waiting: set[str] = set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Make `run` return at its next await; what is not committed is synced again next time."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Sync until `stop`. Raises SignedOut; anything else is waited out."""
        crypto = self.session.crypto
        self._task = asyncio.current_task()
        try:
            await self._database.run(self._load)
            # A key may have been kept, and the bot ended, before the events that waited for it were opened.
            crypto.arrived |= self._waiting & {kept.id for kept in crypto.olm.inbound_group_store}
            while not self._stopping:
                try:
                    await self.turn()
                except SignedOut:
                    raise
                except Exception as error:
                    # Also what is a mistake of ours: bulletins and replies go on while the log and /healthz tell.
                    await self._pause(error)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self.state.synced = False
            self._task = None

    def _load(self, connection: Connection) -> None:
        self._since, self._committed_at = stream.position(connection)
        self._newest = stream.newest(connection)
        self._waiting = stream.waiting_sessions(connection)

    async def _pause(self, error: Exception) -> None:
        state = self.state
        state.synced, state.failures = False, state.failures + 1
        state.error = f"{error.status} {error.errcode}" if isinstance(error, ApiError) else type(error).__name__
        pause = min(self._first_pause * 2 ** min(state.failures - 1, 20), self._last_pause)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
        if isinstance(error, ApiError):
            if gone := signed_out(error):
                raise gone from None
            pause = max(pause, min(error.retry_after or 0.0, LONGEST_ASKED))
        if not isinstance(error, EXPECTED):
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("sync_fault", error=state.error, file=where.filename, line=where.lineno)
        log.warning("sync_failed", error=state.error, failures=state.failures, pause=round(pause, 2))
        await asyncio.sleep(pause)

    async def turn(self) -> None:
        """One sync, stored; raises what `run` waits out."""
        response = await self._sync()
        token = text(response.get("next_batch"))
        if not token:
            raise Unreachable("a sync without next_batch")
        session = self.session
        session.crypto.receive(_list(table(response.get("to_device")).get("events")), self._since or "")
        session.keys.note(response)
        batch = await self._collect(response)
        await self._retry_waiting(batch)
        await self._commit(batch, token)
        await self._upkeep()

    async def _sync(self) -> dict[str, Any]:
        """The first one asks for the full state: nio's rooms start empty, whatever the token."""
        query = {"filter": FILTER, "timeout": str(0 if self._first else self._long_poll_ms)}
        if self._since is not None:
            query["since"] = self._since
        if self._first:
            query["full_state"] = "true"
        seconds = 600.0 if self._first else self._long_poll_ms / 1000 + 30
        return await self.session.api.request("GET", path("sync"), query=query, wait=False, seconds=seconds)

    async def _collect(self, response: dict[str, Any]) -> Batch:
        batch = Batch()
        rooms = table(response.get("rooms"))
        joined = {room_id: table(info) for room_id, info in table(rooms.get("join")).items()}
        found: dict[str, list[dict[str, Any]]] = {}
        for room_id, info in joined.items():
            with guarded("room", room=room_id):
                room = self.session.rooms.joined(room_id)
                for raw in _list(table(info.get("state")).get("events")):
                    self.session.rooms.apply(room, raw)
                self.session.rooms.track(room)
        for room_id, info in joined.items():
            found[room_id] = await self._gap(batch, room_id, table(info.get("timeline")))
        left = {room_id: table(info) for room_id, info in table(rooms.get("leave")).items()}
        timelines = {
            room_id: self._ours(room_id, _list(table(info.get("timeline")).get("events")))
            for room_id, info in (joined | left).items()
        }
        await self._know_senders(found, timelines)
        for room_id in joined:
            with guarded("room", room=room_id):
                self._read(batch, room_id, found[room_id], timelines[room_id], joined[room_id])
        for room_id in left:
            with guarded("room", room=room_id):
                self._leave(batch, room_id, timelines[room_id])
        for room_id, info in table(rooms.get("invite")).items():
            with guarded("invite", room=room_id):
                state = table(table(info).get("invite_state")).get("events")
                invite = invites.parse(room_id, state, self.session.user_id, self._since or "")
                if invite is not None:
                    batch.events.append(invite)
        return batch

    def _ours(self, room_id: str, timeline: list[Any]) -> list[dict[str, Any]]:
        """The events of a timeline that were said to us: none before our first start, none before we joined."""
        if self._since is None:
            return []
        direct = self.session.rooms.direct_after(room_id, timeline)
        events = [raw for raw in timeline if isinstance(raw, dict)]
        return gaps.said_to_us(events, self.session.user_id, direct=direct)

    async def _gap(self, batch: Batch, room_id: str, timeline: dict[str, Any]) -> list[dict[str, Any]]:
        """What a limited timeline left out, oldest first."""
        token = timeline.get("prev_batch")
        if timeline.get("limited") is not True or not isinstance(token, str) or self._since is None:
            return []
        events = _list(timeline.get("events"))
        direct = self.session.rooms.direct_after(room_id, events)
        if not gaps.reaches_further(events, self.session.user_id, direct=direct):
            return []
        gap = Gap(room_id, token, self._newest.get(room_id), found_at=now_ms())
        try:
            filled = await self._fill(gap, direct)
        except gaps.NotNow:
            batch.open_gaps.append(gap)
            self._gaps_open = True
            log.warning("gap_open", room=room_id)
            return []
        batch.closed_gaps.append((gap, filled.lost))
        log.info("gap_filled", room=room_id, events=len(filled.events), lost=filled.lost)
        return filled.events

    async def _fill(self, gap: Gap, direct: bool) -> gaps.Filled:
        async def known(event_ids: Any) -> set[str]:
            ids = list(event_ids)
            return await self._database.run(lambda db: inbox.known(db, ids))

        return await gaps.fill(
            self.session.api,
            gap,
            me=self.session.user_id,
            known=known,
            committed_at=self._committed_at,
            direct=direct,
        )

    async def _know_senders(self, *parts: dict[str, list[dict[str, Any]]]) -> None:
        """Fetch device lists that the coming events need: trust is judged when an event is opened, and only then."""
        crypto, me = self.session.crypto, self.session.user_id
        for part in parts:
            for room_id, events in part.items():
                for raw in events:
                    sender, content = raw.get("sender"), raw.get("content")
                    # Our own device is on no list of ours, and nothing is decided on our own messages.
                    if raw.get("type") != "m.room.encrypted" or not isinstance(content, dict) or sender == me:
                        continue
                    if isinstance(sender, str) and not crypto.knows_sender(sender, room_id, content):
                        crypto.olm.users_for_key_query.add(sender)
        if self.session.keys.query_due:
            await self._try("keys_query", self.session.keys.query())

    def _read(
        self,
        batch: Batch,
        room_id: str,
        missed: list[dict[str, Any]],
        timeline: list[dict[str, Any]],
        info: dict[str, Any],
    ) -> None:
        rooms = self.session.rooms
        room = rooms.joined(room_id)
        for raw in missed:
            with guarded("event", event_id=text(raw.get("event_id"))):
                self._reader.add(
                    batch,
                    raw,
                    room_id,
                    direct=rooms.direct(room),
                    encrypted_room=room.encrypted,
                    backfilled=True,
                )
        ours = {id(raw) for raw in timeline}
        everything = [raw for raw in _list(table(info.get("timeline")).get("events")) if isinstance(raw, dict)]
        for raw in everything:
            with guarded("event", event_id=text(raw.get("event_id"))):
                if "state_key" in raw:
                    rooms.apply(room, raw)
                if id(raw) in ours:
                    self._reader.add(batch, raw, room_id, direct=rooms.direct(room), encrypted_room=room.encrypted)
        rooms.track(room)
        newest = next((text(raw.get("event_id")) for raw in reversed(everything) if text(raw.get("event_id"))), None)
        if newest is not None:
            batch.reached[room_id] = (newest, rooms.direct(room))

    def _leave(self, batch: Batch, room_id: str, timeline: list[dict[str, Any]]) -> None:
        """We are out; what was said to us until then still counts."""
        room = self.session.client.rooms.get(room_id)
        direct = room is not None and self.session.rooms.direct(room)
        for raw in timeline:
            with guarded("event", event_id=text(raw.get("event_id"))):
                self._reader.add(batch, raw, room_id, direct=direct, encrypted_room=room is not None and room.encrypted)
        self.session.rooms.left(room_id)
        batch.left.append(room_id)

    async def _retry_waiting(self, batch: Batch) -> None:
        """Open stored events whose key has come meanwhile."""
        crypto = self.session.crypto
        for session_id in list(crypto.arrived):

            def stored(db: Connection, session_id: str = session_id) -> list[tuple[dict[str, Any], Any]]:
                raws = inbox.waiting_for(db, session_id)
                return [(raw, inbox.event(db, text(raw.get("event_id")))) for raw in raws]

            for raw, event in await self._database.run(stored):
                if event is not None and (opened := self._reader.reopen(raw, event)) is not None:
                    batch.recovered.append(opened)

    async def _commit(self, batch: Batch, token: str | None) -> None:
        now = now_ms()
        new = await self._database.run(lambda db: batch.commit(db, now, token))
        self.session.crypto.arrived.clear()
        self._newest.update({room_id: event_id for room_id, (event_id, _) in batch.reached.items()})
        for room_id in batch.left:
            self._newest.pop(room_id, None)
        if token is not None:
            self._since, self._committed_at, self._first = token, now, False
            state = self.state
            state.synced, state.failures, state.error = True, 0, ""
            state.turns, state.last_success_at = state.turns + 1, now
        if new or batch.sent:
            self._on_batch()

    async def _upkeep(self) -> None:
        """Keys, devices and old gaps; a failure here waits for the next turn and stops nothing."""
        keys = self.session.keys
        if keys.upload_due:
            await self._try("keys_upload", keys.upload())
        if keys.query_due:
            await self._try("keys_query", keys.query())
        if self.session.client.should_claim_keys:
            await self._try("keys_claim", keys.mend())
        if self.session.crypto.olm.outgoing_to_device_messages:
            await self._try("to_device", keys.send())
        if self._gaps_open and now_ms() >= self._gaps_due:
            await self._try("gaps", self._old_gaps())

    async def _try(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Raises SignedOut and what ends the process; anything else is logged."""
        try:
            async with asyncio.timeout(PATIENCE):
                await work
        except ApiError as error:
            if gone := signed_out(error):
                raise gone from None
            log.warning("upkeep_failed", what=what, error=f"{error.status} {error.errcode}")
        except (Unreachable, TimeoutError, SQLAlchemyError, *FAILURES) as error:
            log.warning("upkeep_failed", what=what, error=type(error).__name__)

    async def _old_gaps(self) -> None:
        """Fill gaps that could not be filled when they were found."""
        self._gaps_due = now_ms() + GAP_PAUSE_MS
        remaining = await self._database.run(stream.open_gaps)
        self._gaps_open = bool(remaining)
        for gap in remaining:
            room = self.session.client.rooms.get(gap.room_id)
            direct = room is not None and self.session.rooms.direct(room)
            batch = Batch()
            try:
                filled = await self._fill(gap, direct)
            except gaps.NotNow:
                return
            await self._know_senders({gap.room_id: filled.events})
            for raw in filled.events:
                with guarded("event", event_id=text(raw.get("event_id"))):
                    self._reader.add(
                        batch,
                        raw,
                        gap.room_id,
                        direct=direct,
                        encrypted_room=room is not None and room.encrypted,
                        backfilled=True,
                    )
            batch.closed_gaps.append((gap, filled.lost))
            await self._commit(batch, None)
            log.info("gap_filled", room=gap.room_id, events=len(filled.events), lost=filled.lost)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
