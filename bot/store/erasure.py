"""Taking one person out of everything we keep, at their own request (UU 27/2022, articles 8 and 43).

Kept for now is what the law lets us keep (article 15: law enforcement, public order): reports of incidents that are
still being worked on or whose recordings an officer keeps as evidence, and a block in force. Such a request waits, and
the rest goes when the incident is closed and the keeping over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, null, or_, select, update

from bot.incidents.lifecycle import ACTIVE
from bot.outgoing import REFERENCE, Action, Outgoing, Priority
from bot.store import guard, keepings, relays
from bot.store import outbox as out
from bot.store.amendments import SPLIT, corrections
from bot.store.audit import Auditor
from bot.store.files import remove
from bot.store.incidents import REPLY
from bot.store.quotations import answers_with
from bot.store.tables import (
    acts,
    audit,
    audit_payloads,
    blocks,
    bulletins,
    complainants,
    complaints,
    conversations,
    copies,
    groups,
    inbox,
    incident_history,
    incident_links,
    incidents,
    members,
    notices,
    outbox,
    remarks,
    rooms,
    strikes,
    subscriptions,
    tickets,
    transmissions,
)
from bot.store.unsaying import empty_transcripts, unsay

GONE = "dihapus"
"""Stands wherever a person's id stood."""
WHY = "permintaan pemilik data"
"""What the audit says of erased payloads."""
_BATCH = 300


@dataclass(frozen=True)
class Erased:
    """What went, and what has to stay for now."""

    messages: int = 0
    reports: int = 0
    replies: int = 0
    kept: tuple[int, ...] = ()
    bare: tuple[int, ...] = ()
    """Incidents whose card went with their words while other people's reports stand: they need a card again."""


@dataclass(frozen=True)
class _Shown:
    """Where a report that goes stands before the officers."""

    number: int
    note: int
    on_card: bool
    """The card itself shows its words: that of the first report that stands."""
    others: bool
    """Other people's reports of the same thing stand."""


def erase_person(
    connection: Connection,
    auditor: Auditor,
    user_id: str,
    data_dir: Path,
    *,
    version: str,
    now: int,
    me: str,
    also: Sequence[str] = (),
) -> Erased:
    """Everything of a person that is not part of an incident under way. Done twice, the second time finds nothing."""
    sent = connection.execute(select(transmissions).where(transmissions.c.sender == user_id)).all()
    held = _held(connection, user_id, [row.id for row in sent], now)
    kept_notes = {row.id for row in sent if any(row.id in notes for notes in held.values())}
    kept_events = {row.event_id for row in sent if row.id in kept_notes}
    talks = [
        row for row in connection.execute(select(tickets).where(tickets.c.user_id == user_id))
        if row.incident_id not in held
    ]  # fmt: skip
    # A person's talk that belongs to an incident under way is kept with it, and so is the room it stands in.
    theirs_kept = and_(tickets.c.user_id == user_id, tickets.c.incident_id.in_(held))
    kept_rooms = set(connection.scalars(select(tickets.c.room_id).where(theirs_kept)))
    theirs_in = and_(inbox.c.sender == user_id, inbox.c.room_id.not_in(kept_rooms))
    handled = connection.scalars(select(inbox.c.event_id).where(theirs_in, inbox.c.state.in_(("done", "failed"))))
    events = [event for event in dict.fromkeys((*handled, *also)) if event not in kept_events]
    events += [row.event_id for row in sent if row.id not in kept_notes and row.event_id not in events]
    reports = [row for row in sent if row.id not in kept_notes]
    direct = _direct_rooms(connection, user_id, me) - kept_rooms

    places = _shown(connection, reports)
    replies = _forget_replies(connection, events, talks, places, direct, user_id, now)
    _withdraw_originals(connection, reports, now)
    _forget_reports(connection, reports, data_dir, now)
    _forget_talks(connection, talks, now)
    _forget_audit(connection, auditor, events, [row.id for row in talks], version=version, now=now)
    _forget_events(connection, events)
    _forget_corrections(connection, auditor, [row.id for row in reports], version=version, now=now)
    theirs = and_(conversations.c.user_id == user_id, conversations.c.room_id.not_in(kept_rooms))
    connection.execute(delete(conversations).where(theirs))
    if not held:
        connection.execute(delete(notices).where(notices.c.user_id == user_id))
    _forget_name(connection, user_id, events, now)
    for part in _parts(sorted(direct)):  # that a copy went there, and when
        connection.execute(delete(bulletins).where(bulletins.c.room_id.in_(part)))
    bare = {one.number for one in places if one.on_card and one.others}
    return Erased(len(events), len(reports), replies, tuple(sorted(held)), tuple(sorted(bare)))


def _held(connection: Connection, user_id: str, notes: Sequence[int], now: int) -> dict[int, set[int]]:
    """Incidents that are under way, or kept as evidence → the person's transmissions that belong to each."""
    found: dict[int, set[int]] = {}
    active = [str(status) for status in ACTIVE]
    for part in _parts(notes):
        for row in connection.execute(
            select(incident_links.c.incident_id, incident_links.c.transmission_id)
            .join(incidents, incidents.c.id == incident_links.c.incident_id)
            .where(
                incident_links.c.transmission_id.in_(part),
                or_(incidents.c.status.in_(active), keepings.holds(incidents.c.id, now, incidents.c.status)),
            )
        ):
            found.setdefault(row.incident_id, set()).add(row.transmission_id)
    return found


def _direct_rooms(connection: Connection, user_id: str, me: str) -> set[str]:
    """Rooms of nobody but the person and us: not named by the files, and nobody else has written there."""
    named = select(rooms.c.room_id).where(rooms.c.name.is_not(None))
    seen = set(
        connection.scalars(
            select(inbox.c.room_id).where(inbox.c.sender == user_id, inbox.c.room_id.not_in(named)).distinct()
        )
    )
    others = connection.scalars(
        select(inbox.c.room_id).where(inbox.c.room_id.in_(seen), inbox.c.sender.not_in((user_id, GONE, me))).distinct()
    )
    return seen - set(others)


def _forget_replies(
    connection: Connection,
    events: Sequence[str],
    talks: Sequence[Any],
    places: Sequence[_Shown],
    direct: set[str],
    user_id: str,
    now: int,
) -> int:
    """Messages of ours that repeat their words: emptied here, redacted where they stand."""
    keys: set[str] = set(connection.scalars(select(outbox.c.key).where(_spoken_in(direct))))
    for part in _parts(events):
        about = [f"{kind}:{event}" for event in part for kind in ("reply", "failed", "undecryptable")]
        keys.update(connection.scalars(select(outbox.c.key).where(outbox.c.key.in_(about))))
        keys.update(connection.scalars(select(copies.c.key).where(copies.c.source.in_(part))))
        connection.execute(
            update(copies).where(copies.c.source.in_(part), copies.c.withdrawn_at.is_(None)).values(withdrawn_at=now)
        )
    keys.update(_renamed(connection, f"privacy:{user_id}"))
    keys.update(_greetings(connection, user_id))
    for talk in talks:
        keys.update(_under(connection, f"ticket:{talk.id}"))
    for one in places:
        card = f"card:{one.number}"
        # What officers wrote to them names them (`m.mentions`), and answers their words.
        ours = [f"{kind}:{one.number}:{one.note}" for kind in ("card", "card-audio", "talk", "confided")]
        if one.on_card and one.others:
            ours += [f"{card}:edit", f"{card}:again"]
            keys.add(card)
        elif one.on_card:
            ours.append(card)
        for prefix in ours:
            keys.update(_under(connection, prefix))
    keys.update(answers_with(connection, [one.number for one in places]))
    theirs = set(connection.scalars(select(complaints.c.id).where(complaints.c.user_id == user_id)))
    for number in theirs | guard.showing(connection, events):
        keys.update(_under(connection, f"complaint:{number}"))
    for key in tuple(keys):  # an edit holds words of its own: what was corrected, what was edited
        keys.update(_under(connection, f"{key}:edit"))
    return sum(_take_back(connection, key, now) for key in sorted(keys))


def _spoken_in(direct: set[str]) -> ColumnElement[bool]:
    return and_(outbox.c.room_id.in_(direct), outbox.c.action == str(Action.EVENT))


def _greetings(connection: Connection, user_id: str) -> list[str]:
    """Greetings of newcomers that name them; whoever was greeted with them has read it long ago."""
    greeted = select(outbox.c.key, outbox.c.content).where(
        outbox.c.key > "welcome:", outbox.c.key < "welcome;", outbox.c.content.is_not(None)
    )
    found = connection.execute(greeted)
    return [row.key for row in found if user_id in row.content.get("m.mentions", {}).get("user_ids", ())]


def _renamed(connection: Connection, key: str) -> list[str]:
    """A key that names the person, without the name: from now on the row is known by its number."""
    row = connection.execute(select(outbox.c.id).where(outbox.c.key == key)).first()
    if row is None:
        return []
    name = f"{key.split(':')[0]}:{GONE}:{row.id}"
    connection.execute(update(outbox).where(outbox.c.id == row.id).values(key=name))
    return [name]


def _under(connection: Connection, key: str) -> list[str]:
    """A key and those below it ("ticket:7", "ticket:7:in:$event")."""
    below = outbox.c.key.startswith(f"{key}:", autoescape=True)
    if (
        connection.dialect.name == "sqlite"
    ):  # ";" follows ":": a range of the keys' index, which LIKE does not use there
        below = and_(outbox.c.key > f"{key}:", outbox.c.key < f"{key};")
    return list(connection.scalars(select(outbox.c.key).where(or_(outbox.c.key == key, below))))


def _shown(connection: Connection, reports: Sequence[Any]) -> list[_Shown]:
    """A card shows the first report that stands; the cards of further reports hang below it."""
    found: list[_Shown] = []
    going = {report.id for report in reports}
    for report in reports:
        for number in connection.scalars(
            select(incident_links.c.incident_id).where(incident_links.c.transmission_id == report.id)
        ).all():
            standing = connection.scalars(
                select(transmissions.c.id)
                .join(incident_links, incident_links.c.transmission_id == transmissions.c.id)
                .where(
                    incident_links.c.incident_id == number,
                    incident_links.c.role != REPLY,
                    transmissions.c.state != "withdrawn",
                )
                .order_by(transmissions.c.sent_at, transmissions.c.id)
            ).all()
            on_card = not standing or standing[0] == report.id
            found.append(_Shown(number, report.id, on_card, bool(set(standing) - going)))
        # Where it stood before it was split off.
        for number in connection.scalars(
            select(incident_history.c.incident_id)
            .where(incident_history.c.action == SPLIT, incident_history.c.before == str(report.id))
            .distinct()
        ):
            found.append(_Shown(number, report.id, on_card=False, others=True))
    return found


def _take_back(connection: Connection, key: str, now: int) -> bool:
    """Redact a message of ours; its words go from the row with the redaction. False when that was done before."""
    row = connection.execute(select(outbox).where(outbox.c.key == key)).first()
    if row is None or row.action != str(Action.EVENT) or row.content is None:
        return False
    if row.state == "queued":
        # It may be on its way in this very moment: emptied it stays queued, so that it can be redacted.
        one = relays.row_of(connection, key)
        assert one is not None  # noqa: S101
        relays.emptied(connection, one, {"msgtype": "m.notice", "body": "–"})
    else:
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(content=null(), upload=None, error=None))
    if row.state in ("queued", "sent"):
        content = {"event_id": REFERENCE + key}
        redaction = Outgoing(f"{key}:redacted", row.room_id, content, Action.REDACTION, priority=Priority.NOTICE)
        out.append(connection, redaction, now)
    return True


def _withdraw_originals(connection: Connection, reports: Sequence[Any], now: int) -> None:
    """Their own notes in our channels, and in what those were before, where we have the power to: a DM is theirs."""
    known = select(rooms.c.room_id).where(
        or_(and_(rooms.c.kind == "channel", rooms.c.name.is_not(None)), rooms.c.was.is_not(None))
    )
    channels = set(connection.scalars(known))
    for row in reports:
        if row.room_id in channels and row.state != "withdrawn":
            content = {"event_id": row.event_id, "reason": WHY}
            key = f"forgotten:{row.event_id}"
            room_id = row.room_id
            out.append(connection, Outgoing(key, room_id, content, Action.REDACTION, priority=Priority.NOTICE), now)


def _forget_reports(connection: Connection, reports: Sequence[Any], data_dir: Path, now: int) -> None:
    for row in reports:
        if row.media_path is not None:
            remove(data_dir, data_dir / row.media_path)
        empty_transcripts(connection, row.id)
        connection.execute(
            update(transmissions)
            .where(transmissions.c.id == row.id)
            .values(state="withdrawn", sender=GONE, media=null(), media_path=None, media_sha256=None, error=None,
                    heard_at=now)
        )  # fmt: skip
        unsay(connection, row.id)


def _forget_talks(connection: Connection, talks: Sequence[Any], now: int) -> None:
    for row in talks:
        connection.execute(
            update(tickets)
            .where(tickets.c.id == row.id)
            .values(
                user_id=GONE, state="closed", updated_at=now,
                closed_at=func.coalesce(tickets.c.closed_at, now), closed_by=func.coalesce(tickets.c.closed_by, GONE),
            )
        )  # fmt: skip


def _forget_audit(
    connection: Connection, auditor: Auditor, events: Sequence[str], talks: Sequence[int], *, version: str, now: int
) -> None:
    rows: set[int] = set()
    for part in _parts(events):
        rows.update(connection.scalars(select(audit.c.id).where(audit.c.subject.in_(part))))
    if talks:  # what officers wrote to them stands under the officers' messages
        rows.update(
            connection.scalars(
                select(audit.c.id)
                .join(audit_payloads, audit_payloads.c.audit_id == audit.c.id)
                .where(audit.c.kind.like("ticket.%"), audit_payloads.c.payload["ticket"].as_integer().in_(list(talks)))
            )
        )
    auditor.erase(connection, rows, why=WHY, version=version, now=now)


def _forget_events(connection: Connection, events: Sequence[str]) -> None:
    for part in _parts(events):
        connection.execute(
            update(inbox)
            .where(inbox.c.event_id.in_(part))
            .values(payload=null(), raw=null(), error=None, session_id=None, sender=GONE)
        )


def _forget_corrections(
    connection: Connection, auditor: Auditor, notes: Sequence[int], *, version: str, now: int
) -> None:
    """Officers' messages with their words put right: the words go, who corrected them stays in the history."""
    for part in _parts(notes):
        said = corrections(connection, part)
        connection.execute(update(inbox).where(inbox.c.event_id.in_(said)).values(payload=null(), raw=null()))
        rows = list(connection.scalars(select(audit.c.id).where(audit.c.subject.in_(said))))
        auditor.erase(connection, rows, why=WHY, version=version, now=now)


def _forget_name(connection: Connection, user_id: str, events: Sequence[str], now: int) -> None:
    """Where the person's id stands beside what is not theirs."""
    for part in _parts(events):
        connection.execute(
            update(incident_history)
            .where(incident_history.c.event_id.in_(part), incident_history.c.actor == user_id)
            .values(actor=GONE, reason=None)
        )
    connection.execute(update(tickets).where(tickets.c.closed_by == user_id).values(closed_by=GONE))
    # A block in force protects the line for emergencies from pranks: it ends on its day, and is forgotten then.
    connection.execute(
        update(blocks)
        .where(blocks.c.user_id == user_id, or_(blocks.c.ended_at.is_not(None), blocks.c.until_at <= now))
        .values(user_id=GONE, reason=None)
    )
    for table in (strikes, remarks, complainants, subscriptions):
        connection.execute(delete(table).where(table.c.user_id == user_id))
    connection.execute(update(groups).where(groups.c.inviter == user_id).values(inviter=GONE))
    connection.execute(update(complaints).where(complaints.c.user_id == user_id).values(user_id=GONE))
    # So does a ban or a mute in force; whoever is in a room is seen there by everybody, and leaves by themselves.
    over = and_(acts.c.target == user_id, acts.c.ended_at.is_not(None))
    connection.execute(update(acts).where(over).values(target=GONE, reason=None))
    connection.execute(delete(members).where(members.c.user_id == user_id, members.c.membership == "leave"))


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Lists of values short enough for one statement."""
    return [values[start : start + _BATCH] for start in range(0, len(values), _BATCH)]
