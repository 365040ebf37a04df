"""One sync's worth of events on its way into the database: all of it in one transaction, or none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from bot.clock import now_ms
from bot.event import IncomingEvent
from bot.matrix import events
from bot.matrix.clocks import Clocks
from bot.matrix.crypto import Crypto, KeyMissing, Opened, Unreadable
from bot.matrix.events import table, text
from bot.matrix.invites import server_of
from bot.outgoing import KEY_FIELD
from bot.store import inbox, outbox, rewording, roomstate, stream
from bot.store.roomstate import StateEvent
from bot.store.stream import Gap

MAX_WAITING = 200
"""Events of one sender that may wait for keys; a flood of undecryptable ones pushes only its own out."""


@dataclass
class Batch:
    """What a sync (or a filled gap) brought."""

    events: list[IncomingEvent] = field(default_factory=list)
    waiting: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Event id → (Megolm session it waits for, event as received)."""
    recovered: list[IncomingEvent] = field(default_factory=list)
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """(transaction id, event id, content) of our own events seen."""
    reached: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Room → (its newest event, whether it is direct)."""
    whole_state: dict[str, list[StateEvent]] = field(default_factory=dict)
    """Room → all its state, where the sync brought all of it."""
    state: list[StateEvent] = field(default_factory=list)
    """What changed, in the order of the timelines."""
    left: list[str] = field(default_factory=list)
    open_gaps: list[Gap] = field(default_factory=list)
    closed_gaps: list[tuple[Gap, str | None]] = field(default_factory=list)
    """(gap, what of it is lost)."""

    def commit(self, connection: Connection, now: int, since: str | None) -> int:
        """Store everything, and that the next sync starts at `since`. Returns how many rows are new to handlers."""
        for txn_id, event_id, content in self.sent:
            outbox.sent(connection, txn_id, event_id, now)
            rewording.stands(connection, txn_id, content)
        new = inbox.append(connection, self.events, now, waiting=self.waiting)
        for event in self.recovered:
            inbox.recovered(connection, event)
        if self.waiting:
            waiting = Counter(event.sender for event in self.events if event.event_id in self.waiting)
            stream.limit_waiting(connection, waiting, MAX_WAITING, now)
        for room_id, (event_id, direct) in self.reached.items():
            stream.reached(connection, room_id, event_id, direct=direct, now=now)
        for room_id, everything in self.whole_state.items():
            roomstate.replace(connection, room_id, everything, now)
        for change in self.state:
            roomstate.apply(connection, change, now)
        for room_id in self.left:
            stream.left(connection, room_id, now)
            roomstate.forget(connection, room_id)
        for gap in self.open_gaps:
            stream.open_gap(connection, gap, now)
        for gap, lost in self.closed_gaps:
            stream.close_gap(connection, gap, now, lost=lost)
        if since is not None:
            stream.advance(connection, since, now)
        return new + len(self.recovered)


def state_event(room_id: str, raw: Any) -> StateEvent | None:
    """A raw state event as the store keeps it; `None` for what is none."""
    source = table(events.clean(raw))
    content, state_key = source.get("content"), source.get("state_key")
    if not isinstance(content, dict) or not isinstance(state_key, str):
        return None
    return StateEvent(
        room_id,
        text(source.get("type")),
        state_key,
        text(source.get("sender")),
        content,
        text(source.get("event_id")) or None,
        events.whole(source.get("origin_server_ts")),
    )


class Reader:
    """Turns raw timeline events into the batch's rows, opening the encrypted ones."""

    def __init__(self, crypto: Crypto, me: str) -> None:
        self._crypto = crypto
        self._me = me
        self._clocks = Clocks(server_of(me))

    def add(
        self,
        batch: Batch,
        raw: dict[str, Any],
        room_id: str,
        *,
        direct: bool,
        encrypted_room: bool,
        backfilled: bool = False,
        born: int = 0,
        live: bool = False,
    ) -> None:
        """One timeline event. Our own are matched with the outbox and go no further.

        `born`: when the room was made, in milliseconds; `live`: it did not wait for us (see `Clocks.believed`).
        """
        source = table(events.clean(raw))
        opened, missing = self._open(source, room_id)
        if source.get("sender") == self._me:
            self._own(batch, source, opened)
            return
        event = events.parse(
            source,
            room_id=room_id,
            **_reading(opened),
            direct=direct,
            encrypted_room=encrypted_room,
            backfilled=backfilled,
        )
        sent_at = self._clocks.believed(server_of(event.sender), event.sent_at, now=now_ms(), born=born, live=live)
        event = replace(event, sent_at=sent_at)
        batch.events.append(event)
        if missing:
            batch.waiting[event.event_id] = (missing, source)

    def reopen(self, raw: dict[str, Any], stored: IncomingEvent) -> IncomingEvent | None:
        """A stored event whose key has come, `None` when it is not the right one; as unreadable as it was
        when the key shows that no key will help."""
        opened, missing = self._open(raw, stored.room_id)
        if missing:
            return None
        event = events.parse(
            raw,
            room_id=stored.room_id,
            **_reading(opened),
            direct=stored.direct,
            encrypted_room=stored.encrypted_room,
            backfilled=stored.backfilled,
        )
        return replace(event, sent_at=stored.sent_at)

    def _open(self, source: dict[str, Any], room_id: str) -> tuple[Opened | None, str | None]:
        """(decrypted event, Megolm session that is missing)."""
        if source.get("type") != "m.room.encrypted" or "state_key" in source:
            return None, None
        try:
            return self._crypto.open(source, room_id), None
        except KeyMissing as error:
            return None, error.session_id
        except Unreadable:
            return None, None

    def _own(self, batch: Batch, source: dict[str, Any], opened: Opened | None) -> None:
        content = table((opened.payload if opened else source).get("content"))
        # The homeserver tells the sending device its transaction id; the key inside serves any other device.
        txn_id = text(content.get(KEY_FIELD)) or text(table(source.get("unsigned")).get("transaction_id"))
        event_id = text(source.get("event_id"))
        if txn_id and event_id:
            said = {name: value for name, value in content.items() if name != KEY_FIELD}
            batch.sent.append((txn_id, event_id, said))


def _reading(opened: Opened | None) -> dict[str, Any]:
    if opened is None:
        return {}
    return {
        "decrypted": opened.payload,
        "trust": opened.trust,
        "device_id": opened.device_id,
        "master_key": opened.master_key,
    }
