"""What goes with time from the log and from the lists of people. Each function is one step of the nightly purge.

An incident under way keeps everything however old it is. A closed one keeps its number, kind, urgency, district, times
and states for the statistics, and loses words, places, persons and officers' names.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, null, or_, select, tuple_, update
from sqlalchemy import delete as delete_from

from bot.incidents.analysis import without_words
from bot.incidents.lifecycle import ACTIVE
from bot.store import indexing, keepings
from bot.store.erasure import GONE
from bot.store.personal import STRUCTURAL
from bot.store.spans import Span, within
from bot.store.tables import (
    acts,
    blocks,
    bulletin_notes,
    bulletins,
    complainants,
    complaints,
    confirmations,
    erasures,
    groups,
    inbox,
    incident_history,
    incident_links,
    incidents,
    members,
    notices,
    outbox,
    previews,
    remarks,
    rooms,
    strikes,
    subscriptions,
    tickets,
    transcripts,
    transmissions,
)

_BOT = "kentongan"
BATCH = 500


def erase_closed_incidents(connection: Connection, before: int, now: int, span: Span | None = None) -> int:
    """Words and persons of incidents that were closed and not touched since `before`, unless recordings are kept."""
    old = _closed(before, now)
    chosen = select(incidents.c.id).where(old, within(incidents.c.id, span)).order_by(incidents.c.id)
    told = or_(incidents.c.text != "", incidents.c.location.is_not(None), incidents.c.claimed_by.is_not(None))
    numbers = list(connection.scalars(chosen.where(told)))
    for start in range(0, len(numbers), BATCH):
        part = numbers[start : start + BATCH]
        for row in connection.execute(
            select(incidents.c.id, incidents.c.analysis).where(incidents.c.id.in_(part))
        ).all():
            analysis = without_words(row.analysis)
            connection.execute(
                update(incidents)
                .where(incidents.c.id == row.id)
                .values(text="", analysis=analysis, places=[], location=None, claimed_by=None)
            )
    _erase_reports(connection, _only_of(chosen.order_by(None), before, now))
    _erase_history(connection, chosen.order_by(None))
    indexing.index_many(connection, numbers)
    return len(numbers)


def erase_unfiled_words(connection: Connection, before: int, span: Span | None = None) -> int:
    """What was said and led to no incident: questions by voice, all quiet, tests."""
    filed = exists().where(incident_links.c.transmission_id == transmissions.c.id)
    old = select(transmissions.c.id).where(
        within(transmissions.c.id, span),
        transmissions.c.received_at < before,
        transmissions.c.state != "queued",
        ~filed,
    )
    return _erase_reports(connection, old)


def forget_talks(connection: Connection, before: int, span: Span | None = None) -> int:
    """Whose a closed ticket was; its words went with inbox and outbox."""
    result = connection.execute(
        update(tickets)
        .where(
            within(tickets.c.id, span),
            tickets.c.state == "closed",
            tickets.c.updated_at < before,
            tickets.c.user_id != GONE,
        )
        .values(user_id=GONE, closed_by=GONE)
    )
    return int(result.rowcount)


def forget_people(connection: Connection, before: int) -> int:
    """Ids in lists: notices of people who have been silent since, blocks long over, requests nobody confirmed."""
    return (
        forget_notices(connection, before)
        + forget_blocks(connection, before)
        + forget_requests(connection, before)
        + forget_order_keeping(connection, before)
        + forget_announcing(connection, before)
    )


def forget_notices(connection: Connection, before: int, limit: int | None = None) -> int:
    """What people were told once, when they have been silent since `before`."""
    silent = ~exists().where(inbox.c.sender == notices.c.user_id, inbox.c.received_at >= before)
    old = select(notices.c.user_id, notices.c.notice).where(notices.c.at < before, silent).limit(limit)
    key = tuple_(notices.c.user_id, notices.c.notice)
    return int(connection.execute(delete_from(notices).where(key.in_(old))).rowcount)


def forget_blocks(connection: Connection, before: int, span: Span | None = None) -> int:
    """Whose reports were not taken up, when that ended before `before`."""
    result = connection.execute(
        update(blocks)
        .where(within(blocks.c.id, span), blocks.c.until_at < before, blocks.c.user_id != GONE)
        .values(user_id=GONE, by=GONE, reason=None, ended_by=None)
    )
    return int(result.rowcount)


def forget_requests(connection: Connection, before: int, span: Span | None = None) -> int:
    """Who asked to be forgotten and never confirmed it."""
    result = connection.execute(
        update(erasures)
        .where(within(erasures.c.id, span), erasures.c.state == "asked", erasures.c.asked_at < before)
        .values(state="cancelled", done_at=before, user_id=None)
    )
    return int(result.rowcount)


def forget_order_keeping(connection: Connection, before: int, limit: int | None = None) -> int:
    """What was done to keep order and is over, marks on people, and who left our rooms, all from before `before`.

    What still holds (a ban, a mute, an open complaint of these days) stays.
    """
    complaint = select(complaints.c.id).where(complaints.c.at < before).limit(limit)
    gone = int(connection.execute(delete_from(complainants).where(complainants.c.complaint_id.in_(complaint))).rowcount)
    old: list[tuple[Any, ColumnElement[bool]]] = [
        (acts, acts.c.ended_at < before),
        (strikes, strikes.c.at < before),
        (remarks, remarks.c.at < before),
        (confirmations, confirmations.c.until_at < before),
        (complaints, complaints.c.at < before),
        (members, and_(members.c.membership.in_(("leave", "knock", "invite")), members.c.since_at < before)),
        (groups, and_(groups.c.state != "allowed", groups.c.at < before)),
    ]
    for table, over in old:
        keys = list(table.primary_key.columns)
        key = keys[0] if len(keys) == 1 else tuple_(*keys)
        found = select(*keys).where(over).limit(limit)
        gone += int(connection.execute(delete_from(table).where(key.in_(found))).rowcount)
    named = update(groups).where(groups.c.at < before, groups.c.inviter != GONE)
    connection.execute(named.values(inviter=GONE, decided_by=GONE))
    return gone


def forget_announcing(connection: Connection, before: int, limit: int | None = None) -> int:
    """Officers' notes and changes of bulletins long past, that somebody had a copy of one, and subscriptions of people
    who have been silent since."""
    named = select(rooms.c.room_id).where(rooms.c.name.is_not(None))
    silent = ~exists().where(inbox.c.sender == subscriptions.c.user_id, inbox.c.received_at >= before)
    gone = 0
    for table, over in (
        (bulletin_notes, and_(bulletin_notes.c.at < before, bulletin_notes.c.ended_at < before)),
        (previews, previews.c.asked_at < before),
        (bulletins, and_(bulletins.c.created_at < before, bulletins.c.room_id.not_in(named))),
        (subscriptions, and_(subscriptions.c.at < before, silent)),
    ):
        keys = list(table.primary_key.columns)
        key = keys[0] if len(keys) == 1 else tuple_(*keys)
        gone += int(
            connection.execute(delete_from(table).where(key.in_(select(*keys).where(over).limit(limit)))).rowcount
        )
    return gone


def forget_senders(connection: Connection, before: int, span: Span | None = None) -> int:
    """Who wrote what has been erased; what is still waited for keeps its sender."""
    senders = connection.execute(
        update(inbox)
        .where(
            within(inbox.c.id, span),
            inbox.c.received_at < before,
            inbox.c.state.in_(("done", "failed")),
            inbox.c.payload.is_(None),
            inbox.c.sender != GONE,
        )
        .values(sender=GONE)
    )
    return int(senders.rowcount)


def rename_keys(connection: Connection, before: int, span: Span | None = None) -> None:
    """Keys of the outbox that name a person lose the name."""
    named = outbox.c.key.startswith("privacy:@", autoescape=True)
    rows = connection.scalars(
        select(outbox.c.id).where(
            within(outbox.c.id, span), outbox.c.created_at < before, outbox.c.state != "queued", named
        )
    ).all()
    for number in rows:
        connection.execute(update(outbox).where(outbox.c.id == number).values(key=f"privacy:{GONE}:{number}"))


def _closed(before: int, now: int, table: Any = incidents) -> ColumnElement[bool]:
    active = [str(status) for status in ACTIVE]
    return and_(
        table.c.status.not_in(active), table.c.updated_at < before, ~keepings.holds(table.c.id, now, table.c.status)
    )


def _only_of(old: Select[Any], before: int, now: int) -> Select[Any]:
    """Transmissions that belong to these incidents and to no other that stays."""
    other, theirs = incident_links.alias(), incidents.alias()
    elsewhere = exists(
        select(other.c.incident_id)
        .join(theirs, theirs.c.id == other.c.incident_id)
        .where(other.c.transmission_id == incident_links.c.transmission_id, ~_closed(before, now, theirs))
    )
    return select(incident_links.c.transmission_id).where(incident_links.c.incident_id.in_(old), ~elsewhere)


def _erase_reports(connection: Connection, notes: Select[Any]) -> int:
    said = connection.execute(
        update(transcripts)
        .where(
            transcripts.c.transmission_id.in_(notes),
            or_(transcripts.c.text != "", transcripts.c.corrected != "", transcripts.c.author.is_not(None)),
        )
        .values(text="", corrected="", segments=[], author=None)
    )
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id.in_(notes), transmissions.c.sender != GONE)
        .values(sender=GONE, media=null(), media_sha256=None, error=None)
    )
    return int(said.rowcount)


def _erase_history(connection: Connection, old: Select[Any]) -> None:
    theirs = incident_history.c.incident_id.in_(old)
    connection.execute(
        update(incident_history)
        .where(theirs, incident_history.c.actor.not_in((_BOT, GONE)))
        .values(actor=GONE, reason=None)
    )
    connection.execute(
        update(incident_history)
        .where(
            theirs,
            incident_history.c.action.not_in(STRUCTURAL),
            or_(incident_history.c.before.is_not(None), incident_history.c.after.is_not(None)),
        )
        .values(before=None, after=None)
    )
    connection.execute(
        update(incident_links)
        .where(incident_links.c.incident_id.in_(old), incident_links.c.by.is_not(None), incident_links.c.by != GONE)
        .values(by=GONE)
    )
    keepings.forget(connection, old, GONE)
