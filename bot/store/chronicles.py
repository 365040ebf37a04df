"""All there is about one incident, read together: its transmissions with every version of their words, its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from bot.incidents.chronicle import Act, Chronicle, Told, Version
from bot.incidents.placeline import place_line
from bot.store import incidents
from bot.store.tables import incident_links, transcripts, transmissions

READ = "incident.read"
"""Audit rows of officers who read a history; their payload's `found` lists the incident."""
EVIDENCE = "incident.evidence"
"""Audit rows of officers who had what is hidden elsewhere shown to them."""


def read(
    connection: Connection,
    number: int,
    *,
    titles: Mapping[str, str] | None = None,
    channels: Mapping[str, str] | None = None,
    private: frozenset[str] = frozenset(),
) -> Chronicle:
    """The incident as it was told and worked on. Raises LookupError when there is none.

    `titles`: category code → title; `channels`: room id → name of the channel; `private`: categories whose words are
    nobody's to repeat.
    """
    incident = incidents.get(connection, number)
    acts = incidents.history(connection, number)
    return Chronicle(
        incident.id,
        (titles or {}).get(incident.category, incident.category),
        incident.urgency,
        incident.status,
        place_line(incident.analysis) or (f"Kec. {incident.district}" if incident.district else ""),
        incident.opened_at,
        incident.claimed_by,
        incident.analysis.private or incident.category in private,
        told(connection, number, channels or {}),
        [Act(one.at, one.actor, one.action, one.before, one.after, one.reason) for one in acts],
        titles or {},
    )


def told(connection: Connection, number: int, channels: Mapping[str, str]) -> list[Told]:
    """The transmissions of an incident in the order in which they were sent, each with all its versions."""
    rows = connection.execute(
        select(
            incident_links,
            transmissions.c.event_id,
            transmissions.c.room_id,
            transmissions.c.sent_at,
            transmissions.c.kind,
            transmissions.c.duration_ms,
            transmissions.c.state,
        )
        .join(transmissions, transmissions.c.id == incident_links.c.transmission_id)
        .where(incident_links.c.incident_id == number)
        .order_by(transmissions.c.sent_at, transmissions.c.id)
    ).all()
    versions: dict[int, list[Version]] = {row.transmission_id: [] for row in rows}
    mine = select(incident_links.c.transmission_id).where(incident_links.c.incident_id == number)
    for one in connection.execute(
        select(transcripts)
        .where(transcripts.c.transmission_id.in_(mine))
        .order_by(transcripts.c.transmission_id, transcripts.c.version)
    ):
        versions[one.transmission_id].append(_version(one))
    return [_told(row, channels.get(row.room_id, ""), versions[row.transmission_id]) for row in rows]


def _told(row: Any, channel: str, versions: Sequence[Version]) -> Told:
    return Told(
        row.transmission_id, row.event_id, row.sent_at, row.kind, row.role, row.score, dict(row.reasons), row.by,
        row.state, channel, row.duration_ms, versions,
    )  # fmt: skip


def _version(row: Any) -> Version:
    flags = tuple(row.flags or ())
    return Version(
        row.version, row.text, row.corrected, row.author, row.created_at, row.confidence, flags, row.model,
    )  # fmt: skip
