"""What every handler works with, and the few things that all of them do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.config import Config
from bot.content import Content
from bot.dialogue.engine import Engine
from bot.event import IncomingEvent
from bot.handlers.replies import permalink, reply, room_link
from bot.handlers.routing import RoomKind
from bot.incidents.analyser import Analyser
from bot.language.mask import mask
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.rooms.model import Room
from bot.store import incidents, outbox, rooms, tickets
from bot.store.audit import Auditor


@dataclass(frozen=True)
class Desk:
    """The deciding parts and the audit, under one content version. Replaced as a whole when content changes."""

    me: str
    config: Config
    content: Content
    engine: Engine
    analyser: Analyser
    auditor: Auditor

    def say(
        self,
        connection: Connection,
        event: IncomingEvent,
        key: str,
        markdown: str,
        now: int,
        *,
        notice: bool = False,
        thread: bool = False,
        priority: Priority = Priority.REPLY,
    ) -> bool:
        """Answer an event, once for each key."""
        content = reply(event, render(markdown), notice=notice, thread=thread)
        return outbox.append(connection, Outgoing(key, event.room_id, content, priority=priority), now)

    def tell_operations(
        self, connection: Connection, key: str, content: dict[str, Any], now: int, *, priority: Priority = Priority.CARD
    ) -> bool:
        """Put a message before the officers; false when they have no room (yet) or it stands there already.

        What belongs to a card or a ticket (its key says so) goes where that stands.
        """
        room_id = self.officers_room(connection, key)
        return room_id is not None and outbox.append(
            connection, Outgoing(key, room_id, content, priority=priority), now
        )

    def operations_room(self, connection: Connection) -> str | None:
        """The room where officers work, once `rooms apply` has made it."""
        return rooms.operations(connection)

    def private_room(self, connection: Connection) -> str | None:
        """The room for private matters, when the files name it and somebody for it, and it has been made."""
        return rooms.private(connection) if self.content.rooms.confidential is not None else None

    def officers_room(self, connection: Connection, key: str) -> str | None:
        """Where the officers read the message with that outbox key: its card's room, for private matters their own."""
        kind, _, rest = key.partition(":")
        first = rest.partition(":")[0]
        if kind == "ticket" and (ticket := tickets.of_key(connection, key)) and ticket.reason == tickets.PRIVATE:
            return self.officers_room(connection, ticket.thread)  # wherever the card stands by now
        home = self.private_room(connection)
        if home is not None and kind in ("card", "card-audio", "alarm", "ticket") and first.isdecimal():
            root = f"{'ticket' if kind == 'ticket' else 'card'}:{first}"
            standing = outbox.room_of(connection, root)
            if standing is not None:
                return standing
            incident = tickets.incident_of(connection, int(first)) if kind == "ticket" else int(first)
            if incident is not None and self.is_private(connection, incident):
                return home
        return self.operations_room(connection)

    def is_private(self, connection: Connection, number: int) -> bool:
        """Whether an incident is nobody's to repeat."""
        incident = incidents.get(connection, number)
        row = self.content.rules.category(incident.category)
        return incident.analysis.private or (row is not None and row.private)

    def room_kind(self, connection: Connection, room_id: str) -> RoomKind:
        """What the room is to us."""
        known = rooms.by_id(connection, room_id)
        if known is None:
            return RoomKind.OTHER
        # Officers work alike in both of their rooms, and nobody talks in the spaces, nor where officers were before.
        alike = {"private": RoomKind.OPERATIONS, "agency_space": RoomKind.SPACE, rooms.FORMER: RoomKind.SPACE}
        return alike.get(known.kind) or RoomKind(known.kind)

    def room(self, connection: Connection, room_id: str) -> Room | None:
        """The room as the files describe it; `None` when they do not know it."""
        known = rooms.by_id(connection, room_id)
        return self.content.rooms.by_name(known.name) if known else None

    def districts(self, connection: Connection, room_id: str) -> tuple[str, ...]:
        """The districts that the files name for a room: hints for reading places."""
        room = self.room(connection, room_id)
        return room.districts if room else ()

    def link(self, event: IncomingEvent) -> str:
        """A link to the event for officers."""
        return permalink(event.room_id, event.event_id, self.config.homeserver.server_name)

    def room_link(self, room_id: str) -> str:
        """A link to a room for officers."""
        return room_link(room_id, self.config.homeserver.server_name)

    def is_late(self, event: IncomingEvent, now: int) -> bool:
        """Whether what was said is read so long after it that people should know."""
        return now - event.sent_at > self.config.speech.late_seconds * 1000

    def record(self, connection: Connection, kind: str, subject: str, payload: dict[str, Any], now: int) -> None:
        """One audit row, with numbers that name a person masked."""
        self.auditor.append(connection, kind, subject, masked(payload), version=self.content.version, now=now)


def masked(value: Any) -> Any:
    """Every text in a payload without NIK, phone, plate and account numbers."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {masked(key): masked(item) for key, item in value.items()}  # keys can be words of the message
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value
