"""What protections read and write: what somebody sent lately, their strikes, what is switched on.

Times are those of clocks of ours: when we received something, or, of an account of our own server, when that server
took it in, which tells more after a pause. What a stranger's server says about time counts for nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from bot.event import Kind
from bot.incidents.rules import Urgency
from bot.moderation.protections import Past, Strike
from bot.store.inbox import insert_or_ignore
from bot.store.tables import (
    complaints,
    copies,
    inbox,
    incident_links,
    incidents,
    protection_switches,
    rooms,
    strikes,
    transmissions,
)

MOST_PAST = 200
"""Of so many messages of one person the number is counted …"""
MOST_TEXTS = 60
"""… and of so many the words are compared."""
MOST_JOINS = 1000
MOST_CONTEXT = 10
"""So many messages before the one complained about can stand on a card."""
_SILENT = (Kind.REACTION, Kind.REDACTION, Kind.MEMBER, Kind.STATE, Kind.INVITE)


def past(connection: Connection, sender: str, *, since: int, newest: int, own_server: str) -> list[Past]:
    """What somebody sent since then, up to the inbox row `newest`, the oldest first; in any channel.

    What is said to us in private counts against nobody: there one may repeat oneself.
    """
    channels = select(rooms.c.room_id).where(rooms.c.kind == "channel")
    rows = connection.execute(
        select(inbox.c.id, inbox.c.event_id, inbox.c.room_id, inbox.c.kind, inbox.c.sent_at, inbox.c.received_at)
        .where(
            inbox.c.sender == sender,
            inbox.c.room_id.in_(channels),
            inbox.c.received_at >= since,
            inbox.c.id <= newest,
            inbox.c.kind.not_in([str(kind) for kind in _SILENT]),
        )
        .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
        .limit(MOST_PAST)
    ).all()
    said = _texts(connection, [row.id for row in rows[:MOST_TEXTS]])
    ours = kept(connection, [row.event_id for row in rows])
    return [
        Past(
            row.event_id,
            row.room_id,
            Kind(row.kind),
            sent(row, sender, own_server),
            kept=row.event_id in ours,
            text=said.get(row.id, ""),
        )
        for row in reversed(rows)
    ]


def sent(row: Any, sender: str, own_server: str) -> int:
    """When an inbox row was sent, by a clock of ours."""
    own = sender.partition(":")[2] == own_server
    return int(min(row.sent_at, row.received_at) if own else row.received_at)


def kept(connection: Connection, event_ids: Collection[str]) -> set[str]:
    """Which of these are reports, belong to one, or have been shown to officers as part of one."""
    found: set[str] = set()
    wanted = list(event_ids)
    if not wanted:
        return found
    for table, column in ((transmissions, transmissions.c.event_id), (copies, copies.c.source)):
        found.update(connection.scalars(select(column).select_from(table).where(column.in_(wanted))))
    return found


def of_danger(connection: Connection, sender: str, *, since: int, room_id: str) -> set[str]:
    """Events of somebody's reports of danger to life in a room since then (milliseconds)."""
    rows = connection.scalars(
        select(transmissions.c.event_id)
        .join(incident_links, incident_links.c.transmission_id == transmissions.c.id)
        .join(incidents, incidents.c.id == incident_links.c.incident_id)
        .where(
            transmissions.c.sender == sender,
            transmissions.c.received_at >= since,
            transmissions.c.room_id == room_id,
            incidents.c.urgency == str(Urgency.DARURAT),
        )
    )
    return set(rows)


def unreadable(connection: Connection, room_id: str, *, since: int) -> list[tuple[str, int]]:
    """(sender, newest inbox row) of those who sent most of what nobody can read in a room, by number of messages."""
    newest: dict[str, int] = {}
    counted: Counter[str] = Counter()
    rows = connection.execute(
        select(inbox.c.id, inbox.c.sender, inbox.c.received_at)
        .where(inbox.c.room_id == room_id, inbox.c.kind == str(Kind.UNREADABLE))
        .order_by(inbox.c.id.desc())
        .limit(MOST_JOINS)
    )
    for row in rows:
        if row.received_at >= since:
            counted[row.sender] += 1
            newest.setdefault(row.sender, row.id)
    return [(sender, newest[sender]) for sender, _ in counted.most_common(20)]


@dataclass(frozen=True)
class Came:
    """Somebody joined a room."""

    event_id: str
    user_id: str
    sent_at: int
    """As their server says."""
    received_at: int


def joined(connection: Connection, room_id: str, *, since: int, limit: int) -> list[Came]:
    """Joins to a room that we learnt of since then, each person's newest, the newest first."""
    rows = connection.execute(
        select(inbox.c.event_id, inbox.c.payload, inbox.c.sent_at, inbox.c.received_at)
        .where(inbox.c.room_id == room_id, inbox.c.kind == str(Kind.MEMBER))
        .order_by(inbox.c.id.desc())
        .limit(min(limit, MOST_JOINS))
    )
    found: dict[str, Came] = {}
    for row in rows:
        event = row.payload or {}
        user = event.get("state_key")
        here = (event.get("content") or {}).get("membership") == "join"
        if row.received_at >= since and here and isinstance(user, str):
            found.setdefault(user, Came(row.event_id, user, row.sent_at, row.received_at))
    return list(found.values())


def strike(connection: Connection, protection: str, *, room_id: str, user_id: str, event_id: str, at: int) -> bool:
    """Count it; false when the same message has been counted for the same protection."""
    values = {"room_id": room_id, "user_id": user_id, "protection": protection, "event_id": event_id, "at": at}
    return insert_or_ignore(connection, strikes, values)


def strikes_of(connection: Connection, user_id: str, *, since: int) -> list[Strike]:
    """Somebody's strikes since then, the oldest first."""
    rows = connection.execute(
        select(strikes.c.protection, strikes.c.room_id, strikes.c.at)
        .where(strikes.c.user_id == user_id, strikes.c.at >= since)
        .order_by(strikes.c.at, strikes.c.id)
        .limit(MOST_PAST)
    )
    return [Strike(row.protection, row.room_id, row.at) for row in rows]


def newest_strike(connection: Connection, user_id: str, protection: str, room_id: str, *, since: int) -> str | None:
    """The event of somebody's newest strike of that protection in a room since then."""
    return connection.scalar(
        select(strikes.c.event_id)
        .where(
            strikes.c.user_id == user_id,
            strikes.c.at >= since,
            strikes.c.protection == protection,
            strikes.c.room_id == room_id,
        )
        .order_by(strikes.c.at.desc())
        .limit(1)
    )


def struck(connection: Connection, event_id: str, protection: str) -> bool:
    """Whether a message was a strike of that protection."""
    found = select(strikes.c.id).where(strikes.c.event_id == event_id, strikes.c.protection == protection)
    return connection.scalar(found) is not None


def switch(
    connection: Connection, room_id: str, protection: str, *, on: bool, by: str, now: int, until: int | None = None
) -> None:
    """An officer switches a protection in a room, against what the files say, until then or until it is switched again.

    `by` and the time stand in the row; the audit is the caller's.
    """
    unswitch(connection, room_id, protection)
    values = {"room_id": room_id, "protection": protection, "on": int(on), "by": by, "at": now, "until_at": until}
    connection.execute(protection_switches.insert().values(values))


def unswitch(connection: Connection, room_id: str, protection: str) -> None:
    """What the files say holds again."""
    here = (protection_switches.c.room_id == room_id) & (protection_switches.c.protection == protection)
    connection.execute(delete(protection_switches).where(here))


@dataclass(frozen=True)
class Switch:
    """An officer's word about a protection, against the files."""

    on: bool
    by: str
    until_at: int | None


def switches(connection: Connection, room_id: str, now: int) -> dict[str, Switch]:
    """Protection → what officers have said, where it still holds."""
    holds = or_(protection_switches.c.until_at.is_(None), protection_switches.c.until_at > now)
    rows = connection.execute(select(protection_switches).where(protection_switches.c.room_id == room_id, holds))
    return {row.protection: Switch(bool(row.on), row.by, row.until_at) for row in rows}


def before(connection: Connection, room_id: str, event_id: str, count: int) -> Sequence[Any]:
    """The messages that stand before an event in its room, the oldest first: rows with event_id, sender, payload."""
    place = connection.scalar(select(inbox.c.id).where(inbox.c.event_id == event_id))
    if place is None:
        return []
    said: ColumnElement[bool] = and_(
        inbox.c.room_id == room_id, inbox.c.id < place, inbox.c.kind.not_in([str(kind) for kind in _SILENT])
    )
    rows = connection.execute(
        select(inbox.c.event_id, inbox.c.sender, inbox.c.payload).where(said).order_by(inbox.c.id.desc()).limit(count)
    ).all()
    return list(reversed(rows))


def showing(connection: Connection, event_ids: Collection[str]) -> set[int]:
    """Numbers of the complaints whose cards (may) show one of these messages: they are about it, or it stood before."""
    found: set[int] = set()
    for event_id in event_ids:
        here = connection.execute(select(inbox.c.id, inbox.c.room_id).where(inbox.c.event_id == event_id)).first()
        if here is None:
            continue
        after = (
            select(inbox.c.event_id)
            .where(
                inbox.c.room_id == here.room_id,
                inbox.c.id >= here.id,
                inbox.c.kind.not_in([str(kind) for kind in _SILENT]),
            )
            .order_by(inbox.c.id)
            .limit(MOST_CONTEXT + 1)
        )
        about = select(complaints.c.id).where(complaints.c.event_id.in_(connection.scalars(after).all()))
        found.update(connection.scalars(about))
    return found


def _texts(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(select(inbox.c.id, inbox.c.payload).where(inbox.c.id.in_(list(numbers))))
    return {row.id: _words(row.payload) for row in rows}


def _words(payload: Any) -> str:
    body = payload.get("body") if isinstance(payload, dict) else None
    return body if isinstance(body, str) else ""
