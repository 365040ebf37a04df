"""Complaints about messages: by a member's ⚠️, by the homeserver's `/report`, by a protection. One card for one message.

A complaint is somebody's word about somebody else. It moves nothing by itself: officers see it with what stood before
it, and act. What was complained about stays where it is, a report above all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import complaintcards, guardwords
from bot.handlers.desk import Desk
from bot.handlers.routing import RoomKind
from bot.incidents.lifecycle import undressed
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.store import complaints, guard, inbox, outbox, roomstate
from bot.store.acts import KENTONGAN
from bot.store.complaints import Complaint, Reported, Source, State

_HOUR_MS = 3_600_000
_LONGEST_REASON = 500


def is_sign(desk: Desk, reaction: str) -> bool:
    """Whether a reaction complains."""
    return undressed(reaction) in {undressed(sign) for sign in desk.content.protections.complaints.signs}


def by_member(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> Complaint | None:
    """A member reacts to a message of a channel with the sign; `None` when it is none, or does not count."""
    if not is_sign(desk, event.body) or event.target is None:
        return None
    membership = roomstate.since(connection, event.room_id, event.sender)
    if membership is None or membership[0] != "join":
        return None
    return _complain(connection, desk, event.target, event.room_id, event.sender, Source.REACTION, None, now)


def withdrawn(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """A reaction or a message was taken back: a complaint less, or words that no longer stand on a card."""
    if event.target is None:
        return False
    for number in guard.showing(connection, [event.target]):
        shown = complaints.get(connection, number)
        if shown is not None:
            complaintcards.show_again(connection, desk, shown, now)
    reaction = inbox.event(connection, event.target)
    if reaction is None or reaction.kind is not Kind.REACTION or reaction.target is None:
        return False
    complaint = complaints.of_event(connection, reaction.target)
    if complaint is None or not is_sign(desk, reaction.body):
        return False
    if not complaints.withdraw(connection, complaint.id, reaction.sender, Source.REACTION):
        return False
    desk.record(connection, "complaint.withdrawn", event.event_id, {"complaint": complaint.id}, now)
    if complaint.state is State.OPEN and not complaints.complainants_of(connection, complaint.id):
        complaints.close(connection, complaint.id, State.DISMISSED, KENTONGAN, now)
    complaintcards.refresh(connection, desk, complaint, f"less:{event.event_id}", now)
    return True


def from_homeserver(connection: Connection, desk: Desk, reports: Sequence[Reported], now: int) -> int:
    """What members have reported with their client's "report" (`/report`); returns how many counted.

    Who did so believes that it was read: what makes no card stands in the audit at least.
    """
    count = 0
    for one in reports:
        known = desk.room_kind(connection, one.room_id) is RoomKind.CHANNEL
        reason = (one.reason or "").strip()[:_LONGEST_REASON] or None
        if known and one.by != desk.me:
            author = None if _held(connection, one.event_id) else one.author
            found = _complain(
                connection, desk, one.event_id, one.room_id, one.by, Source.HOMESERVER, reason, now, author=author
            )
            count += found is not None
            if found is None:
                payload = {"room": one.room_id, "report": one.id}
                desk.record(connection, "complaint.not_counted", one.event_id, payload, now)
    return count


def cannot_be_read(connection: Connection, desk: Desk, why: str, now: int) -> None:
    """The homeserver shows us no reports: officers hear it, since their members believe that they are read."""
    said = render(guardwords.REPORTS_REFUSED.format(why=escape(why))).content(notice=True)
    desk.tell_operations(connection, f"reports-refused:{now}", said, now, priority=Priority.NOTICE)
    desk.record(connection, "complaint.unreadable", "event_reports", {"why": why}, now)


def by_protection(
    connection: Connection, event: IncomingEvent, desk: Desk, protection: str, evidence: str, now: int
) -> Complaint:
    """A protection shows officers what it found; what the same person goes on with joins the card that waits."""
    reason = f"{protection}: {evidence}"
    complaint = complaints.of_event(connection, event.event_id) or complaints.lately(
        connection, event.sender, event.room_id, KENTONGAN, since=now - _HOUR_MS
    )
    if complaint is None:
        complaint = complaints.about(connection, event.event_id, room_id=event.room_id, user_id=event.sender, now=now)
    if complaints.complain(connection, complaint.id, KENTONGAN, Source.PROTECTION, reason, now):
        complaintcards.show(connection, desk, complaint, event.event_id, now)
        return complaint
    complaints.restate(connection, complaint.id, KENTONGAN, reason)
    # A flood is told when it has begun and each time it has doubled, not with each of its messages.
    swept = complaintcards.swept_of(connection, complaint)
    cause = f"grown:{swept.bit_length()}" if protection == "flood" else event.event_id
    complaintcards.refresh(connection, desk, complaint, f"{protection}:{cause}", now)
    return complaint


def _complain(
    connection: Connection, desk: Desk, event_id: str, room_id: str, by: str, source: Source, reason: str | None,
    now: int, *, author: str | None = None,
) -> Complaint | None:  # fmt: skip
    """`author`: who wrote a message that we do not hold, as the homeserver says."""
    author = author or _author(connection, desk, event_id, room_id)
    if author is None or author == by:
        return None
    limit = desk.content.protections.complaints.per_hour
    if complaints.by_person(connection, by, since=now - _HOUR_MS) >= limit:
        desk.record(connection, "complaint.too_many", event_id, {"limit": limit}, now)
        return None
    complaint = complaints.about(connection, event_id, room_id=room_id, user_id=author, now=now)
    if not complaints.complain(connection, complaint.id, by, source, reason, now):
        return None
    payload = {"complaint": complaint.id, "about": author, "source": str(source), "reason": reason}
    desk.record(connection, "complaint.made", event_id, payload, now)
    if complaint.state is State.DISMISSED and complaint.closed_by == KENTONGAN:
        complaints.reopen(connection, complaint.id)  # it was closed only because nobody complained any more
    complaintcards.show(connection, desk, complaint, f"{by}:{now}", now)
    return complaint


def _held(connection: Connection, event_id: str) -> bool:
    """Whether we know the event ourselves: it is ours, or came while we were in the room and is not forgotten yet."""
    return outbox.ours(connection, event_id) or inbox.event(connection, event_id) is not None


def _author(connection: Connection, desk: Desk, event_id: str, room_id: str) -> str | None:
    """Who wrote a message of that room; `None` for what we do not know, and for what is no message."""
    if outbox.ours(connection, event_id):
        return desk.me
    event = inbox.event(connection, event_id)
    if event is None or event.room_id != room_id or event.state_key is not None:
        return None
    return None if event.kind in (Kind.REACTION, Kind.REDACTION) else event.sender
