"""Notes that wait to be heard, in the order in which they should be: the queue is the database, so a restart loses
none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, literal, select

from bot.incidents.lifecycle import ACTIVE
from bot.store.tables import incident_links, incidents, outbox, transmissions

LONG_MS = 30_000
"""Notes longer than a window stand in a lane of their own."""
UNKNOWN_MS = 10_000
"""What a note is taken for whose length nobody has told."""


@dataclass(frozen=True)
class Queued:
    """A note that waits to be heard."""

    id: int
    event_id: str
    room_id: str
    media_path: str | None
    """Where the fetched file lies, relative to the data folder."""
    attempts: int
    crashes: int
    received_at: int
    duration_ms: int | None
    """The sender's claim."""
    priority: int
    """0 in a room where somebody is in danger, else 1; lower is heard first, whatever else waits."""

    @property
    def long(self) -> bool:
        """Its sender says that it takes more than one window to hear."""
        return (self.duration_ms or UNKNOWN_MS) > LONG_MS


def next_queued(
    connection: Connection,
    now: int,
    limit: int,
    *,
    urgent: Collection[str] = (),
    without: Collection[int] = (),
    lane: int | None = None,
) -> list[Queued]:
    """Notes to hear now: those of `urgent` rooms first, then rooms in turn, questions and short notes before others.

    The n-th note of each room comes before any room's n+1-th, so that a chatty room holds nobody up. Notes of about
    the same length keep their order, so that a room's endless short ones do not hold up a slightly longer one.
    `without`: notes that are under way already. `lane`: at most so many short and so many long ones of a room.
    """
    length = func.coalesce(transmissions.c.duration_ms, UNKNOWN_MS)
    order = (transmissions.c.room_id.in_(urgent), transmissions.c.purpose == "question")
    waiting = (
        select(
            transmissions,
            order[0].label("hurries"),
            order[1].label("asks"),
            func.row_number().over(
                partition_by=transmissions.c.room_id, order_by=(length // LONG_MS, transmissions.c.id)
            ).label("turn"),
            func.row_number().over(
                partition_by=(transmissions.c.room_id, length > LONG_MS), order_by=transmissions.c.id
            ).label("place"),
        )
        .where(
            transmissions.c.state == "queued",
            transmissions.c.not_before <= now,
            transmissions.c.id.not_in(without),
        )
        .subquery()
    )  # fmt: skip
    chosen = select(waiting).order_by(waiting.c.hurries.desc(), waiting.c.turn, waiting.c.asks.desc(), waiting.c.id)
    if lane is not None:
        chosen = chosen.where(waiting.c.place <= lane)
    return [_queued(row, 0 if row.hurries else 1) for row in connection.execute(chosen.limit(limit))]


def rooms_in_danger(connection: Connection, since: int) -> list[str]:
    """Rooms in which something was reported since `since` (milliseconds) that is `darurat` and still open."""
    return list(
        connection.scalars(
            select(transmissions.c.room_id)
            .join(incident_links, incident_links.c.transmission_id == transmissions.c.id)
            .join(incidents, incidents.c.id == incident_links.c.incident_id)
            .where(
                incidents.c.urgency == "darurat",
                incidents.c.opened_at >= since,
                incidents.c.status.in_([str(status) for status in ACTIVE]),
            )
            .distinct()
        )
    )


def waiting_since(connection: Connection, before: int, *, sent_since: int, limit: int) -> list[Queued]:
    """Reports and questions that came before `before` and wait still, the oldest first; none that was sent before
    `sent_since` (milliseconds)."""
    rows = connection.execute(
        select(transmissions)
        .where(
            transmissions.c.state == "queued",
            transmissions.c.purpose.in_(("report", "question")),
            transmissions.c.received_at <= before,
            transmissions.c.sent_at >= sent_since,
            ~exists().where(
                outbox.c.key.in_((literal("reply:") + transmissions.c.event_id,
                                  literal("waiting:") + transmissions.c.event_id))
            ),
        )
        .order_by(transmissions.c.id)
        .limit(limit)
    )  # fmt: skip
    return [_queued(row, 1) for row in rows]


def oldest_reports(connection: Connection, limit: int) -> list[Queued]:
    """Notes of channels that have waited longest: what officers can open themselves."""
    rows = connection.execute(
        select(transmissions)
        .where(transmissions.c.state == "queued", transmissions.c.purpose == "report")
        .order_by(transmissions.c.received_at, transmissions.c.id)
        .limit(limit)
    )
    return [_queued(row, 1) for row in rows]


def given_up(connection: Connection, numbers: Collection[int]) -> set[int]:
    """Of these notes, those that nobody may hear any more: withdrawn, or gone from the log."""
    rows = connection.execute(select(transmissions.c.id, transmissions.c.state).where(transmissions.c.id.in_(numbers)))
    states = {row.id: row.state for row in rows}
    return {number for number in numbers if states.get(number, "withdrawn") == "withdrawn"}


def _queued(row: Any, priority: int) -> Queued:
    return Queued(
        row.id, row.event_id, row.room_id, row.media_path, row.attempts, row.crashes, row.received_at,
        row.duration_ms, priority,
    )  # fmt: skip
