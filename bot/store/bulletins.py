"""Which bulletins were sent or skipped. The unique key (slot, date, room) decides, whoever asks first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, or_, select, true, update

from bot.outgoing import Outgoing
from bot.store import outbox, rewording
from bot.store.inbox import insert_or_ignore
from bot.store.tables import bulletins, heartbeats, incident_history, incidents
from bot.store.tables import outbox as sendings

QUEUED = "queued"
SKIPPED = "skipped"

VERIFIED = ("terverifikasi", "diteruskan", "ditangani", "selesai")
"""Statuses in which an officer has confirmed an incident."""
STANDING = ("terverifikasi", "diteruskan", "ditangani")
"""Confirmed and not over."""
OPEN = ("baru", "ditinjau")
"""Not yet confirmed. What is in neither is false, double or no incident, and is not counted."""

LOOKED = "bulletin_schedule"
WATCHED = "bulletin_since:"

Key = tuple[str, str, str]
"""(slot, local date, room id)."""


@dataclass(frozen=True)
class Entry:
    """The decision about one slot in one room."""

    slot: str
    date: str
    room_id: str
    due_at: int
    sources: dict[str, Any]
    content_version: str
    reason: str | None = None
    """Why it is skipped; `None` for one that is sent."""
    tip: str | None = None
    """Key of the tip that it tells."""
    words: str | None = None
    """What an officer wants said instead, for as long as it waits."""
    not_after: int | None = None
    """What has not gone out by then does not go out; its words may be true for less long than that."""

    @property
    def outbox_key(self) -> str:
        """Key of its outbox row."""
        return f"bulletin:{self.slot}:{self.date}:{self.room_id}"


def record(
    connection: Connection, entry: Entry, outgoing: Outgoing | None, now: int, *, revise_skips: bool = False
) -> bool:
    """Decide a slot, once: sent when there is something `outgoing`, else skipped. False when it was decided before.

    A skip is revised when it was written by a clock ahead of `now` (into another skip, too, with its true reason), or
    by an officer's word (`revise_skips`), which revises what the homeserver refused as well; a bulletin that was sent
    never is. Its outbox row is written in the same transaction. Where there is one that was withdrawn, that row goes
    out after all: should it have arrived unheard of, the homeserver knows its transaction id.
    """
    values = {
        "state": SKIPPED if outgoing is None else QUEUED,
        "reason": entry.reason,
        "outbox_key": None if outgoing is None else outgoing.key,
        "sources": entry.sources,
        "content_version": entry.content_version,
        "due_at": entry.due_at,
        "created_at": now,
        "tip": entry.tip,
        "words": entry.words,
        "not_after": entry.not_after,
        "told_at": None,
    }
    identity = {"slot": entry.slot, "date": entry.date, "room_id": entry.room_id}
    new = insert_or_ignore(connection, bulletins, identity | values)
    if not new:
        mine = [bulletins.c[name] == value for name, value in identity.items()]
        arrived(connection, *mine)
        if outgoing is not None and revise_skips:
            mine.append(or_(bulletins.c.state == SKIPPED, _sending("failed", "cancelled")))
        else:
            mine += [bulletins.c.state == SKIPPED, bulletins.c.created_at > now]
        if outgoing is None:
            del values["outbox_key"]  # of one that was withdrawn and may have arrived all the same
        new = bool(connection.execute(update(bulletins).where(*mine).values(**values)).rowcount)
    if new and outgoing is not None and not outbox.append(connection, outgoing, now):
        rewording.revive(connection, outgoing)
    return new


def arrived(connection: Connection, *which: ColumnElement[bool]) -> int:
    """What counted as skipped and stands in its room after all was sent: the homeserver had it before we gave it up."""
    late = (bulletins.c.state == SKIPPED, _sending("sent"), *which)
    return int(connection.execute(update(bulletins).where(*late).values(state=QUEUED, reason=None)).rowcount)


def _sending(*states: str) -> ColumnElement[bool]:
    """Whose outbox row is in one of these states."""
    return and_(
        bulletins.c.outbox_key.is_not(None),
        bulletins.c.outbox_key.in_(select(sendings.c.key).where(sendings.c.state.in_(states))),
    )


def decided(connection: Connection, since_date: str, now: int) -> set[Key]:
    """Keys from a local date on that are settled; skips written by a clock ahead of `now` are not."""
    rows = connection.execute(
        select(bulletins.c.slot, bulletins.c.date, bulletins.c.room_id).where(
            bulletins.c.date >= since_date, or_(bulletins.c.state == QUEUED, bulletins.c.created_at <= now)
        )
    )
    return {(row.slot, row.date, row.room_id) for row in rows}


def state(connection: Connection, slot: str, date: str, room_id: str) -> str | None:
    """queued, skipped, or `None` when undecided."""
    return connection.scalar(
        select(bulletins.c.state).where(
            bulletins.c.slot == slot, bulletins.c.date == date, bulletins.c.room_id == room_id
        )
    )


@dataclass(frozen=True)
class State:
    """What became of a slot in one room. Times in milliseconds."""

    slot: str
    date: str
    room_id: str
    state: str
    """skipped | queued (waits to be sent) | sent | failed"""
    reason: str | None
    sources: dict[str, Any]
    due_at: int
    decided_at: int
    sent_at: int | None


def states(connection: Connection, date: str, slot: str | None, now: int) -> list[State]:
    """What is settled of a local date (and slot, if given), with what the outbox says of it; see `decided`."""
    rows = connection.execute(
        select(bulletins, sendings.c.state.label("sending"), sendings.c.sent_at)
        .select_from(bulletins.outerjoin(sendings, sendings.c.key == bulletins.c.outbox_key))
        .where(
            bulletins.c.date == date,
            bulletins.c.slot == slot if slot is not None else true(),
            or_(bulletins.c.state == QUEUED, bulletins.c.created_at <= now),
        )
        .order_by(bulletins.c.due_at, bulletins.c.slot, bulletins.c.room_id)
    )
    return [
        State(
            row.slot, row.date, row.room_id, _became(row.state, row.sending),
            None if row.sending == "sent" else row.reason,
            row.sources or {}, row.due_at, row.created_at, row.sent_at if row.sending == "sent" else None,
        )
        for row in rows
    ]  # fmt: skip


def _became(state: str, sending: str | None) -> str:
    """What stands in the room was sent, whatever we thought of it before we heard."""
    return state if state == SKIPPED and sending != "sent" else sending or QUEUED


def watched(
    connection: Connection, pairs: Iterable[tuple[str, str]], now: int, *, since: int
) -> dict[tuple[str, str], int]:
    """(slot, room id) → since when that slot of that room is ours to announce or to skip; new ones from `since` on.

    Without it a channel made at noon would get this morning's bulletin recorded as missed.
    """
    wanted = {f"{WATCHED}{slot}:{room_id}": (slot, room_id) for slot, room_id in pairs}
    rows = connection.execute(
        select(heartbeats.c.name, heartbeats.c.at).where(heartbeats.c.name.startswith(WATCHED, autoescape=True))
    )
    known: dict[str, int] = {row.name: row.at for row in rows}
    for name in wanted:
        if name not in known:
            connection.execute(heartbeats.insert().values(name=name, at=since, done_for=""))
            known[name] = since
        elif known[name] > now:  # first seen by a clock that ran ahead
            connection.execute(update(heartbeats).where(heartbeats.c.name == name).values(at=since))
            known[name] = since
    return {pair: known[name] for name, pair in wanted.items()}


def looked(connection: Connection, now: int) -> int | None:
    """When the schedule was gone over last, and note that it is now."""
    last: int | None = connection.scalar(select(heartbeats.c.at).where(heartbeats.c.name == LOOKED))
    if not insert_or_ignore(connection, heartbeats, {"name": LOOKED, "at": now, "done_for": ""}):
        connection.execute(update(heartbeats).where(heartbeats.c.name == LOOKED).values(at=now))
    return last


def incident_counts(connection: Connection, since: int, until: int) -> list[tuple[str, str | None, int]]:
    """(category, district, number) of incidents that an officer confirmed in since < time ≤ until, and that stand so.

    The first confirmation counts: what is confirmed, reopened and confirmed again is told once. One that was taken back
    as a mistake is none. What is private is not counted: in a small district a number is enough for the neighbours to
    know who it was.
    """
    step, earlier = incident_history.alias("step"), incident_history.alias("earlier")
    first = select(step.c.incident_id).where(
        step.c.at > since, step.c.at <= until, *_confirms(step), ~exists().where(
            earlier.c.incident_id == step.c.incident_id, earlier.c.id < step.c.id, *_confirms(earlier)
        ),
    )  # fmt: skip
    rows = connection.execute(
        select(incidents.c.category, incidents.c.district, func.count().label("number"))
        .where(incidents.c.id.in_(first), incidents.c.status.in_(VERIFIED), _PRIVATE.is_not(True))
        .group_by(incidents.c.category, incidents.c.district)
        .order_by(incidents.c.category, incidents.c.district)
    )
    return [(row.category, row.district, row.number) for row in rows]


def unconfirmed(connection: Connection, since: int, until: int) -> dict[str, int]:
    """Category → how many incidents opened in since < time ≤ until nobody has confirmed or refused."""
    rows = connection.execute(
        select(incidents.c.category, func.count().label("number"))
        .where(
            incidents.c.opened_at > since, incidents.c.opened_at <= until, incidents.c.status.in_(OPEN),
            _PRIVATE.is_not(True),
        )
        .group_by(incidents.c.category)
    )  # fmt: skip
    return {row.category: row.number for row in rows}


_PRIVATE = incidents.c.analysis["private"].as_boolean()


def _confirms(step: FromClause) -> tuple[ColumnElement[bool], ...]:
    """A step of an officer that confirms an incident and was not taken back."""
    undone = incident_history.alias()
    taken_back = exists().where(
        undone.c.incident_id == step.c.incident_id, undone.c.action == "undone", undone.c.reason == step.c.event_id
    )
    return step.c.action == "status", step.c.after.in_(VERIFIED), ~taken_back


def told_tips(connection: Connection, room_id: str, *, but: tuple[str, str] | None = None) -> dict[str, int]:
    """Tip → when this room was told it last. `but`: (slot, date) of a bulletin that is being composed anew."""
    others = true() if but is None else or_(bulletins.c.slot != but[0], bulletins.c.date != but[1])
    rows = connection.execute(
        select(bulletins.c.tip, func.max(bulletins.c.created_at).label("at"))
        .where(bulletins.c.room_id == room_id, bulletins.c.tip.is_not(None), bulletins.c.state == QUEUED, others)
        .group_by(bulletins.c.tip)
    )
    return {row.tip: row.at for row in rows}


@dataclass(frozen=True)
class Standing:
    """A confirmed incident that is not over: what may be told of it, and where it is."""

    category: str
    district: str | None
    places: list[dict[str, Any]]
    """Meanings of the names in its reports; who tells of it chooses among their kinds."""
    opened_at: int


def standing(connection: Connection, categories: Collection[str], since: int, until: int) -> list[Standing]:
    """Incidents of these categories opened in since ≤ time ≤ until that officers confirmed and nobody closed."""
    rows = connection.execute(
        select(incidents.c.category, incidents.c.district, incidents.c.places, incidents.c.opened_at)
        .where(
            incidents.c.category.in_(list(categories)),
            incidents.c.status.in_(STANDING),
            incidents.c.opened_at >= since,
            incidents.c.opened_at <= until,
            _PRIVATE.is_not(True),
        )
        .order_by(incidents.c.opened_at.desc(), incidents.c.id)
    )
    return [Standing(row.category, row.district, list(row.places), row.opened_at) for row in rows]
