"""The card of a complaint before the officers, and the small things that they do about it by a reaction.

A reaction is the homeserver's word alone: by it a message can go, somebody can be reminded, and nobody write for an
hour, all of which can be undone or hurts nobody. To put somebody out takes a typed order, which the card names.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import complaintviews, guardwords, lifting, restating, restraint, retraction, telling
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.permission import explained, refusal_of
from bot.handlers.replies import threaded
from bot.handlers.sweeping import redact
from bot.handlers.telling import Cause
from bot.incidents.lifecycle import undressed
from bot.markup import render
from bot.moderation.authority import Refusal, Why
from bot.moderation.errand import Errand
from bot.moderation.verbs import MENDING, Right
from bot.rooms.model import Officer
from bot.store import acts, complaints, inbox, notices, outbox, relays, rooms, transmissions
from bot.store.acts import Act
from bot.store.complaints import Complaint, State

CARD, _AGAIN = "complaint", "again"
_ERASE, _WARN, _MUTE, _NOTHING = "🗑", "⚠", "🔇", "✅"
_SIGNS = {_ERASE: _ERASE, _WARN: _WARN, _MUTE: _MUTE, _NOTHING: _NOTHING, "☑": _NOTHING, "✔": _NOTHING}
_RIGHTS = {_ERASE: Right.REDACT, _WARN: Right.WARN, _MUTE: Right.MUTE}
"""What a sign does takes the right to the same order; to put a complaint aside it is enough to work there."""


def card_key(number: int) -> str:
    """Outbox key of a complaint's card."""
    return f"{CARD}:{number}"


def complaint_of(connection: Connection, key: str | None) -> Complaint | None:
    """The complaint whose card one of our messages is."""
    parts = (key or "").split(":")
    card = parts[0] == CARD and (len(parts) == 2 or (len(parts) == 4 and parts[2] == _AGAIN))
    return complaints.get(connection, int(parts[1])) if card and parts[1].isdecimal() else None


def concerned(connection: Connection, key: str | None) -> Complaint | None:
    """The complaint that one of our messages is about: its card, or a word under it."""
    kind, _, rest = (key or "").partition(":")
    number = rest.partition(":")[0]
    return complaints.get(connection, int(number)) if kind == CARD and number.isdecimal() else None


def ordered(connection: Connection, desk: Desk, errand: Errand, event: IncomingEvent, now: int) -> None:
    """An officer has ordered something about a message: whoever complained about it has been heard."""
    complaint = complaints.of_event(connection, errand.about) if errand.about is not None else None
    if complaint is None or complaint.user_id not in errand.targets or complaint.room_id != errand.about_room:
        return
    if errand.verb not in MENDING:
        complaints.close(connection, complaint.id, State.DONE, event.sender, now)
    refresh(connection, desk, _again(connection, complaint), event.event_id, now)


def live_key(connection: Connection, number: int) -> str:
    """Outbox key of the message that shows it now: another one once words of it had to be taken back."""
    rows = relays.edits_of(connection, f"{card_key(number)}:{_AGAIN}:")
    again = [one.key for one in rows if len(one.key.split(":")) == 4]  # without their edits
    return again[-1] if again else card_key(number)


def show(connection: Connection, desk: Desk, complaint: Complaint, cause: str, now: int) -> None:
    """Put the card up; when it stands, edit it."""
    key = card_key(complaint.id)
    said = render(complaintviews.card(connection, desk, complaint, now)).content()
    if not desk.tell_operations(connection, key, said, now):
        refresh(connection, desk, complaint, cause, now)


def refresh(connection: Connection, desk: Desk, complaint: Complaint, cause: str, now: int) -> None:
    """The card as it stands now; one edit for one cause."""
    key = live_key(connection, complaint.id)
    if outbox.standings(connection, [f"{key}:edit:{cause}"]):
        return
    said = render(complaintviews.card(connection, desk, complaint, now)).content()
    if said["body"] != (restating.shown(connection, key) or {}).get("body"):
        restating.replace(connection, key, said, cause, now)


def show_again(connection: Connection, desk: Desk, complaint: Complaint, now: int) -> None:
    """Words on the card were taken back by whoever wrote them: it goes with all its edits, and stands anew without."""
    key = live_key(connection, complaint.id)
    if not retraction.take_back(connection, key, now):
        return
    number = 1 if key == card_key(complaint.id) else int(key.rpartition(":")[2]) + 1
    said = render(complaintviews.card(connection, desk, complaint, now)).content(notice=True)
    desk.tell_operations(connection, f"{card_key(complaint.id)}:{_AGAIN}:{number}", said, now)


def swept_of(connection: Connection, complaint: Complaint) -> int:
    """How many messages of theirs have gone since the complaint began."""
    return sum(
        one.amount or 0
        for one in acts.about(connection, complaint.user_id)
        if one.kind == "redact"
        and one.room_id == complaint.room_id
        and one.since_at >= complaint.at
        and one.ended_by != acts.FAILED
    )


def reacted(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """An officer's reaction to a card."""
    complaint, sign = complaint_of(connection, about), _SIGNS.get(undressed(event.body))
    if complaint is None or sign is None:
        return
    one = officer(connection, desk, event)
    if one is None:
        desk.record(connection, "complaint.refused", event.event_id, {"by": event.sender}, now)
        return
    if sign != _NOTHING and complaintviews.untouchable(desk, complaint.user_id) is not None:
        return  # the card says that there is nothing to be done from it
    if not _allowed(connection, event, desk, complaint, one, sign, complaint.user_id, now):
        return
    if sign == _NOTHING:
        complaints.close(connection, complaint.id, State.DISMISSED, event.sender, now)
    elif not _act(connection, event, desk, complaint, sign, now):
        return
    payload = {"complaint": complaint.id, "officer": event.sender, "sign": sign, "about": complaint.user_id}
    desk.record(connection, "complaint.acted", event.event_id, payload, now)
    refresh(connection, desk, _again(connection, complaint), event.event_id, now)


def unswept(connection: Connection, desk: Desk, event_id: str, now: int) -> Act | None:
    """The homeserver refused to take the message out: what the card says is put right, and it waits again.

    The officer's act, if it was done from the card; else somebody else wanted it gone, and the card says nothing of it.
    """
    complaint = complaints.of_event(connection, event_id)
    act = _redacted_from(connection, complaint) if complaint is not None else None
    if complaint is None or act is None:
        return None
    acts.fail(connection, act.id, now)
    complaints.reopen(connection, complaint.id)
    refresh(connection, desk, _again(connection, complaint), f"unswept:{act.id}", now)
    return act


def _redacted_from(connection: Connection, complaint: Complaint) -> Act | None:
    """The newest redaction that a reaction on this card led to."""
    for act in acts.about(connection, complaint.user_id):
        if act.kind != "redact" or act.event_id is None or act.ended_by == acts.FAILED:
            continue
        reaction = inbox.event(connection, act.event_id)
        card = reaction.target if reaction is not None and reaction.kind is Kind.REACTION else None
        there = complaint_of(connection, outbox.key_of(connection, card)) if card is not None else None
        if there is not None and there.id == complaint.id:
            return act
    return None


def unreacted(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An officer takes a reaction back: a mute ends, and a complaint that was put aside waits again."""
    reaction = inbox.event(connection, event.target) if event.target is not None else None
    if reaction is None or reaction.kind is not Kind.REACTION or reaction.target is None:
        return
    complaint = complaint_of(connection, outbox.key_of(connection, reaction.target))
    sign, one = _SIGNS.get(undressed(reaction.body)), officer(connection, desk, event)
    if complaint is None or sign is None or one is None:
        return
    if sign in (_ERASE, _WARN):
        return  # what is gone is gone, and what was said was said
    if not _allowed(connection, event, desk, complaint, one, sign, None, now):
        return
    if sign == _MUTE:
        for act in acts.led_to(connection, [reaction.event_id], complaint.user_id):
            lifting.lift(connection, desk, act, event.sender, now)
    elif complaint.state is State.DISMISSED:
        complaints.reopen(connection, complaint.id)
    else:
        return
    payload = {"complaint": complaint.id, "officer": event.sender, "sign": sign}
    desk.record(connection, "complaint.undone", event.event_id, payload, now)
    refresh(connection, desk, _again(connection, complaint), event.event_id, now)


def _allowed(
    connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint, one: Officer, sign: str,
    target: str | None, now: int,
) -> bool:  # fmt: skip
    """Whether they may do it there, and to whom; says why not."""
    if sign == _NOTHING:
        room = desk.room(connection, complaint.room_id)
        title = room.title if room is not None else complaint.room_id
        works = room is not None and one.works_in(room)
        refusal = None if works else Refusal(Why.NOT_YOUR_ROOM, title)
    else:
        refusal = refusal_of(connection, desk, event, _RIGHTS[sign], complaint.room_id, target)
    if refusal is None:
        return True
    payload = {"by": event.sender, "complaint": complaint.id, "sign": sign, "why": str(refusal.why)}
    desk.record(connection, "complaint.refused", event.event_id, payload, now)
    _cannot(connection, event, desk, complaint, explained(desk, refusal), now)
    return False


def _act(connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint, sign: str, now: int) -> bool:
    """Do what the sign asks for; false when it cannot be or was done."""
    room_id, user_id = complaint.room_id, complaint.user_id
    why = guardwords.BY_COMPLAINT.format(number=complaint.id)
    if sign == _ERASE:
        note = transmissions.by_event(connection, complaint.event_id)
        if note is not None and note.state == "queued":
            _cannot(connection, event, desk, complaint, guardwords.NOT_YET_HEARD, now)
            return False
        if not redact(connection, room_id, complaint.event_id, guardwords.REDACTED_BY_OFFICER, now):
            return False
        _note(connection, event, complaint, "redact", why, now, amount=1)
    elif sign == _WARN:
        if acts.led_to(connection, [event.event_id], user_id):
            return False
        number = _note(connection, event, complaint, "warn", why, now)
        _tell(connection, desk, complaint, number, "warn", desk.content.moderation.texts.warned, now)
    else:
        minutes = desk.content.protections.complaints.mute_minutes
        until = now + minutes * 60_000
        # Their message stands in the old room of an upgrade; they write in the new one.
        number_or_none = restraint.mute(
            connection,
            rooms.heir(connection, room_id),
            user_id,
            by=event.sender,
            reason=why,
            event_id=event.event_id,
            until=until,
            now=now,
        )
        if number_or_none is None:
            return False
        _tell(connection, desk, complaint, number_or_none, "mute", desk.content.moderation.texts.muted, now, until)
    complaints.close(connection, complaint.id, State.DONE, event.sender, now)
    return True


def _note(
    connection: Connection, event: IncomingEvent, complaint: Complaint, kind: str, why: str, now: int,
    amount: int | None = None,
) -> int:  # fmt: skip
    """What is over as soon as it is done."""
    return restraint.once(
        connection, kind, complaint.user_id, room_id=complaint.room_id, by=event.sender, reason=why,
        event_id=event.event_id, now=now, amount=amount,
    )  # fmt: skip


def _cannot(connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint, why: str, now: int) -> None:
    """Why a reaction did nothing: under the card, once for each officer and card."""
    if not notices.first_time(connection, event.sender, f"complaint:{complaint.id}:{why}", now):
        return
    words = render(guardwords.CANNOT.format(number=complaint.id, why=why)).content(notice=True)
    said = threaded(f"outbox:{live_key(connection, complaint.id)}", words)
    desk.tell_operations(connection, f"{CARD}:{complaint.id}:word:{event.event_id}", said, now)


def _tell(
    connection: Connection, desk: Desk, complaint: Complaint, number: int, kind: str, text: str, now: int,
    until: int | None = None,
) -> None:  # fmt: skip
    """Under the message that was complained about."""
    cause = Cause(complaint.room_id, kind, until, "", complaint.event_id)
    telling.member(connection, desk, cause, complaint.user_id, number, text, now, public=True)


def _again(connection: Connection, complaint: Complaint) -> Complaint:
    return complaints.get(connection, complaint.id) or complaint
