"""What a sync brings, read into one batch: rooms as they are now, what a limited timeline left out, events opened.

Every room and every event is guarded on its own. Nothing is stored here but device keys; the loop commits the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.clock import now_ms
from bot.matrix import gaps, invites
from bot.matrix.attempt import attempt
from bot.matrix.batch import Batch, Reader, state_event
from bot.matrix.clocks import LIVE_MS
from bot.matrix.events import table, text
from bot.matrix.guard import guarded
from bot.matrix.invites import server_of
from bot.matrix.session import MatrixSession
from bot.store import inbox, stream
from bot.store.database import Database
from bot.store.roomstate import StateEvent
from bot.store.stream import Gap

log = structlog.get_logger()


@dataclass
class Position:
    """How far the stored stream reaches."""

    since: str | None = None
    """The next sync starts here; `None` before the first start ever."""
    committed_at: int = 0
    """When that was stored, milliseconds since the epoch."""
    newest: dict[str, str] = field(default_factory=dict)
    """Room → its newest event."""

    @classmethod
    def load(cls, connection: Connection) -> Position:
        """As the last commit left it."""
        return cls(*stream.position(connection), stream.newest(connection))

    def follow(self, batch: Batch, token: str | None, now: int) -> None:
        """The batch was stored, with `token` when it came from a sync."""
        self.newest.update({room_id: event_id for room_id, (event_id, _) in batch.reached.items()})
        for room_id in batch.left:
            self.newest.pop(room_id, None)
        if token is not None:
            self.since, self.committed_at = token, now


class Collector:
    """Makes batches of what syncs and gaps hold."""

    def __init__(self, session: MatrixSession, database: Database) -> None:
        self._session = session
        self._database = database
        self._reader = Reader(session.crypto, session.user_id)
        self._live = False
        """Whether the sync at hand brings what happens now."""

    async def sync(self, response: dict[str, Any], position: Position, *, full_state: bool = False) -> Batch:
        """Of a /sync response that began at `position`; `full_state`: it brings all the state of our rooms.

        Raises SignedOut, and what the database raises.
        """
        batch = Batch()
        self._live = now_ms() - position.committed_at <= LIVE_MS
        rooms = table(response.get("rooms"))
        joined = {room_id: table(info) for room_id, info in table(rooms.get("join")).items()}
        found: dict[str, list[dict[str, Any]]] = {}
        for room_id, info in joined.items():
            with guarded("room", room=room_id):
                room = self._session.rooms.joined(room_id)
                told = listed(table(info.get("state")).get("events"))
                for raw in told:
                    self._session.rooms.apply(room, raw)
                self._session.rooms.track(room)
                parts = [one for raw in told if (one := state_event(room_id, raw)) is not None]
                if full_state or any(one.type == "m.room.create" for one in parts):
                    batch.whole_state[room_id] = parts
                else:
                    batch.state += parts
        for room_id, info in joined.items():
            found[room_id] = await self._gap(batch, room_id, table(info.get("timeline")), position)
        left = {room_id: table(info) for room_id, info in table(rooms.get("leave")).items()}
        timelines = {
            room_id: self._ours(room_id, listed(table(info.get("timeline")).get("events")), position)
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
                invite = invites.parse(room_id, state, self._session.user_id, position.since or "")
                if invite is not None:
                    batch.events.append(invite)
        return batch

    async def gap(self, gap: Gap, position: Position) -> Batch:
        """Of a gap that could not be filled when it was found. Raises gaps.NotNow, SignedOut."""
        room = self._session.client.rooms.get(gap.room_id)
        direct = room is not None and self._session.rooms.direct(room)
        batch = Batch()
        filled = await self._fill(gap, direct, position)
        await self._know_senders({gap.room_id: filled.events})
        encrypted = room is not None and room.encrypted
        self._read_missed(batch, gap.room_id, filled.events, direct=direct, encrypted=encrypted)
        batch.closed_gaps.append((gap, filled.lost))
        log.info("gap_filled", room=gap.room_id, events=len(filled.events), lost=filled.lost)
        return batch

    async def recover(self, batch: Batch) -> None:
        """Into `batch`: stored events whose key has come meanwhile."""
        crypto = self._session.crypto
        for session_id in list(crypto.arrived):

            def stored(db: Connection, session_id: str = session_id) -> list[tuple[dict[str, Any], Any]]:
                raws = inbox.waiting_for(db, session_id)
                return [(raw, inbox.event(db, text(raw.get("event_id")))) for raw in raws]

            for raw, event in await self._database.run(stored):
                if event is not None and (opened := self._reader.reopen(raw, event)) is not None:
                    batch.recovered.append(opened)

    def _ours(self, room_id: str, timeline: list[Any], position: Position) -> list[dict[str, Any]]:
        """The events of a timeline that were said to us: none before our first start, none before we joined."""
        if position.since is None:
            return []
        direct = self._session.rooms.direct_after(room_id, timeline)
        events = [raw for raw in timeline if isinstance(raw, dict)]
        return gaps.said_to_us(events, self._session.user_id, direct=direct)

    async def _gap(
        self, batch: Batch, room_id: str, timeline: dict[str, Any], position: Position
    ) -> list[dict[str, Any]]:
        """What a limited timeline left out, oldest first."""
        token = timeline.get("prev_batch")
        if timeline.get("limited") is not True or not isinstance(token, str) or position.since is None:
            return []
        events = listed(timeline.get("events"))
        direct = self._session.rooms.direct_after(room_id, events)
        if not gaps.reaches_further(events, self._session.user_id, direct=direct):
            return []
        gap = Gap(room_id, token, position.newest.get(room_id), found_at=now_ms(), since=position.since)
        try:
            filled = await self._fill(gap, direct, position)
        except gaps.NotNow:
            batch.open_gaps.append(gap)
            log.warning("gap_open", room=room_id)
            return []
        batch.closed_gaps.append((gap, filled.lost))
        log.info("gap_filled", room=room_id, events=len(filled.events), lost=filled.lost)
        return filled.events

    async def _fill(self, gap: Gap, direct: bool, position: Position) -> gaps.Filled:
        async def known(event_ids: Any) -> set[str]:
            ids = list(event_ids)
            return await self._database.run(lambda db: inbox.known(db, ids))

        return await gaps.fill(
            self._session.api,
            gap,
            me=self._session.user_id,
            known=known,
            committed_at=position.committed_at,
            direct=direct,
        )

    async def _know_senders(self, *parts: dict[str, list[dict[str, Any]]]) -> None:
        """Fetch device lists that the coming events need: trust is judged when an event is opened, and only then."""
        crypto, me = self._session.crypto, self._session.user_id
        for part in parts:
            for room_id, events in part.items():
                for raw in events:
                    sender, content = raw.get("sender"), raw.get("content")
                    # Our own device is on no list of ours, and nothing is decided on our own messages.
                    if raw.get("type") != "m.room.encrypted" or not isinstance(content, dict) or sender == me:
                        continue
                    if not isinstance(sender, str) or self._session.keys.is_away(sender):
                        continue  # a server that is down must not hold up every sync
                    if not crypto.knows_sender(sender, room_id, content):
                        crypto.olm.users_for_key_query.add(sender)
        if self._session.keys.query_due:
            await attempt("keys_query", self._session.keys.query())

    def _read(
        self,
        batch: Batch,
        room_id: str,
        missed: list[dict[str, Any]],
        timeline: list[dict[str, Any]],
        info: dict[str, Any],
    ) -> None:
        rooms = self._session.rooms
        room = rooms.joined(room_id)
        rooms.entered(room_id)
        everything = [raw for raw in listed(table(info.get("timeline")).get("events")) if isinstance(raw, dict)]
        direct = rooms.direct_before(room, everything)
        self._read_missed(batch, room_id, missed, direct=direct, encrypted=room.encrypted)
        ours = {id(raw) for raw in timeline}
        for raw in everything:
            with guarded("event", event_id=text(raw.get("event_id"))):
                if "state_key" in raw:
                    rooms.apply(room, raw)
                    change = state_event(room_id, raw)
                    if change is not None:
                        batch.state.append(self._as_it_came(change))
                if id(raw) in ours:
                    self._reader.add(
                        batch, raw, room_id, direct=rooms.direct(room), encrypted_room=room.encrypted,
                        born=rooms.born(room_id), live=self._live,
                    )  # fmt: skip
        rooms.track(room)
        newest = next((text(raw.get("event_id")) for raw in reversed(everything) if text(raw.get("event_id"))), None)
        if newest is not None:
            batch.reached[room_id] = (newest, rooms.direct(room))

    def _read_missed(
        self, batch: Batch, room_id: str, missed: list[dict[str, Any]], *, direct: bool, encrypted: bool
    ) -> None:
        born = self._session.rooms.born(room_id)
        for raw in missed:
            with guarded("event", event_id=text(raw.get("event_id"))):
                self._reader.add(
                    batch, raw, room_id, direct=direct, encrypted_room=encrypted, backfilled=True, born=born
                )

    def _as_it_came(self, change: StateEvent) -> StateEvent:
        """Another server may date a join years back, and its newcomer is no newcomer: there, seen now counts as now."""
        theirs = server_of(change.sender) != server_of(self._session.user_id)
        return replace(change, sent_at=None) if theirs else change

    def _leave(self, batch: Batch, room_id: str, timeline: list[dict[str, Any]]) -> None:
        """We are out; what was said to us until then still counts."""
        room = self._session.client.rooms.get(room_id)
        direct = room is not None and self._session.rooms.direct(room)
        for raw in timeline:
            with guarded("event", event_id=text(raw.get("event_id"))):
                self._reader.add(
                    batch, raw, room_id, direct=direct, encrypted_room=room is not None and room.encrypted,
                    born=self._session.rooms.born(room_id), live=self._live,
                )  # fmt: skip
        self._session.rooms.left(room_id)
        batch.left.append(room_id)


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else []."""
    return value if isinstance(value, list) else []
