"""The card of a complaint before the officers, and the small things that they do about it by a reaction.

A reaction is the homeserver's word alone: by it a message can go, somebody can be reminded, and nobody write for an
hour, all of which can be undone or hurts nobody. To put somebody out takes a typed order, which the card names.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import guardwords, restating, restraint
from bot.handlers.desk import Desk
from bot.handlers.exempt import in_files
from bot.handlers.officers import officer
from bot.handlers.replies import permalink, threaded
from bot.incidents.cards import pill, short_name
from bot.incidents.excerpts import quote
from bot.incidents.lifecycle import undressed
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.store import acts, amendments, complaints, guard, inbox, notices, outbox, roomstate, transmissions
from bot.store.acts import KENTONGAN, Act
from bot.store.changes import latest
from bot.store.complaints import Complaint, Source, State

CARD = "complaint"
_DAYS_90 = 90 * 24 * 3_600_000
_ERASE, _WARN, _MUTE, _NOTHING = "🗑", "⚠", "🔇", "✅"
_SIGNS = {_ERASE: _ERASE, _WARN: _WARN, _MUTE: _MUTE, _NOTHING: _NOTHING, "☑": _NOTHING, "✔": _NOTHING}


def card_key(number: int) -> str:
    """Outbox key of a complaint's card."""
    return f"{CARD}:{number}"


def complaint_of(connection: Connection, key: str | None) -> Complaint | None:
    """The complaint whose card one of our messages is."""
    kind, _, number = (key or "").partition(":")
    return complaints.get(connection, int(number)) if kind == CARD and number.isdecimal() else None


def show(connection: Connection, desk: Desk, complaint: Complaint, cause: str, now: int) -> None:
    """Put the card up; when it stands, edit it."""
    key = card_key(complaint.id)
    said = render(_card(connection, desk, complaint, now)).content()
    if not desk.tell_operations(connection, key, said, now):
        refresh(connection, desk, complaint, cause, now)


def refresh(connection: Connection, desk: Desk, complaint: Complaint, cause: str, now: int) -> None:
    """The card as it stands now; one edit for one cause."""
    said = render(_card(connection, desk, complaint, now)).content()
    key = card_key(complaint.id)
    if said["body"] != (restating.shown(connection, key) or {}).get("body"):
        restating.replace(connection, key, said, cause, now)


def swept_of(connection: Connection, complaint: Complaint) -> int:
    """How many messages of theirs have gone since the complaint began."""
    return sum(
        one.amount or 0
        for one in acts.about(connection, complaint.user_id)
        if one.kind == "redact" and one.room_id == complaint.room_id and one.since_at >= complaint.at
    )


def reacted(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """An officer's reaction to a card."""
    complaint, sign = complaint_of(connection, about), _SIGNS.get(undressed(event.body))
    if complaint is None or sign is None:
        return
    one = officer(connection, desk, event)
    room = desk.room(connection, complaint.room_id)
    if one is None:
        desk.record(connection, "complaint.refused", event.event_id, {"by": event.sender}, now)
        return
    if room is None or not one.works_in(room):
        _cannot(connection, event, desk, complaint, guardwords.NO_POWER_HERE, now)
        return
    if sign == _NOTHING:
        complaints.close(connection, complaint.id, State.DISMISSED, event.sender, now)
    elif complaint.user_id == desk.me or in_files(desk, complaint.user_id):
        return  # the card says that there is nothing to be done from it
    elif not _act(connection, event, desk, complaint, sign, now):
        return
    payload = {"complaint": complaint.id, "officer": event.sender, "sign": sign, "about": complaint.user_id}
    desk.record(connection, "complaint.acted", event.event_id, payload, now)
    refresh(connection, desk, _again(connection, complaint), event.event_id, now)


def unreacted(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An officer takes a reaction back: a mute ends, and a complaint that was put aside waits again."""
    reaction = inbox.event(connection, event.target) if event.target is not None else None
    if reaction is None or reaction.kind is not Kind.REACTION or reaction.target is None:
        return
    complaint = complaint_of(connection, outbox.key_of(connection, reaction.target))
    sign = _SIGNS.get(undressed(reaction.body))
    if complaint is None or sign is None or officer(connection, desk, event) is None:
        return
    if sign == _MUTE:
        for one in acts.led_to(connection, [reaction.event_id], complaint.user_id):
            restraint.unmute(connection, one, event.sender, now)
    elif sign == _NOTHING and complaint.state is State.DISMISSED:
        complaints.reopen(connection, complaint.id)
    else:
        return  # what is gone is gone, and what was said was said
    payload = {"complaint": complaint.id, "officer": event.sender, "sign": sign}
    desk.record(connection, "complaint.undone", event.event_id, payload, now)
    refresh(connection, desk, _again(connection, complaint), event.event_id, now)


def _act(connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint, sign: str, now: int) -> bool:
    """Do what the sign asks for; false when it cannot be or was done."""
    room_id, user_id = complaint.room_id, complaint.user_id
    why = guardwords.BY_COMPLAINT.format(number=complaint.id)
    if sign == _ERASE:
        note = transmissions.by_event(connection, complaint.event_id)
        if note is not None and note.state == "queued":
            _cannot(connection, event, desk, complaint, guardwords.NOT_YET_HEARD, now)
            return False
        if not restraint.redact(connection, room_id, complaint.event_id, guardwords.REDACTED_BY_OFFICER, now):
            return False
        _note(connection, event, complaint, "redact", why, now, amount=1)
    elif sign == _WARN:
        if acts.led_to(connection, [event.event_id], user_id):
            return False
        number = _note(connection, event, complaint, "warn", why, now)
        said = render(guardwords.WARNED_BY_OFFICER).content(notice=True)
        said = threaded(_thread_of(connection, complaint), said) | {"m.mentions": {"user_ids": [user_id]}}
        outbox.append(connection, Outgoing(f"act:{number}:warn", room_id, said, priority=Priority.REPLY), now)
    else:
        minutes = desk.content.protections.complaints.mute_minutes
        until = now + minutes * 60_000
        number_or_none = restraint.mute(
            connection, room_id, user_id, by=event.sender, reason=why, event_id=event.event_id, until=until, now=now
        )
        if number_or_none is None:
            return False
        words = guardwords.MUTED.format(until=restraint.clock(desk, until, now), why="pesan yang diadukan")
        said = threaded(_thread_of(connection, complaint), render(words).content(notice=True))
        outbox.append(connection, Outgoing(f"act:{number_or_none}:told", room_id, said), now)
    complaints.close(connection, complaint.id, State.DONE, event.sender, now)
    return True


def _note(
    connection: Connection, event: IncomingEvent, complaint: Complaint, kind: str, why: str, now: int,
    amount: int | None = None,
) -> int:  # fmt: skip
    """What is over as soon as it is done."""
    number = acts.start(
        connection, kind, complaint.user_id, room_id=complaint.room_id, by=event.sender, reason=why,
        event_id=event.event_id, now=now, amount=amount,
    )  # fmt: skip
    acts.end(connection, number, event.sender, now)
    return number


def _cannot(connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint, why: str, now: int) -> None:
    """Why a reaction did nothing: under the card, once for each officer and card."""
    if not notices.first_time(connection, event.sender, f"complaint:{complaint.id}:{why[:20]}", now):
        return
    words = render(guardwords.CANNOT.format(number=complaint.id, why=why)).content(notice=True)
    said = threaded(f"outbox:{card_key(complaint.id)}", words)
    desk.tell_operations(connection, f"{CARD}:{complaint.id}:word:{event.event_id}", said, now)


def _thread_of(connection: Connection, complaint: Complaint) -> str:
    """The root of the thread in which a message stands, or would begin one: threads do not nest."""
    event = inbox.event(connection, complaint.event_id)
    return (event.thread_root if event is not None else None) or complaint.event_id


def _again(connection: Connection, complaint: Complaint) -> Complaint:
    return complaints.get(connection, complaint.id) or complaint


def _card(connection: Connection, desk: Desk, complaint: Complaint, now: int) -> str:
    complaint = _again(connection, complaint)
    people = complaints.complainants_of(connection, complaint.id)
    room = desk.room(connection, complaint.room_id)
    title = guardwords.CARD_TITLE.format(
        number=complaint.id, room=escape(room.title if room else complaint.room_id),
        count=_count([one for one in people if one.source is not Source.PROTECTION], found=any(
            one.source is Source.PROTECTION for one in people
        )),
    )  # fmt: skip
    lines = [title, _state(complaint)]
    for one in people:
        if one.source is Source.PROTECTION and one.reason:
            name, _, evidence = one.reason.partition(": ")
            what = guardwords.NAMES.get(name, name)
            lines.append(guardwords.FOUND.format(what=what, evidence=quote(evidence)))
    lines += ["", *_said(connection, desk, complaint), ""]
    reasons = [quote(one.reason) for one in people if one.source is Source.HOMESERVER and one.reason]
    if reasons:
        lines.append(guardwords.REASONS.format(reasons=" · ".join(reasons[:3])))
    if complaint.user_id != desk.me:
        record = _record(connection, complaint, now)
        lines.append(guardwords.RECORD.format(record=record))
    done = [one for one in acts.about(connection, complaint.user_id) if _belongs(one, complaint)]
    if done:
        said = " · ".join(_told(desk, one, now) for one in reversed(done))
        lines.append(guardwords.DONE.format(acts=said))
    return "\n".join([*lines, "", *_ways(desk, complaint)])


def _said(connection: Connection, desk: Desk, complaint: Complaint) -> list[str]:
    """The message and what stood before it; nothing of what is private, and nothing of what its author took back."""
    event = inbox.event(connection, complaint.event_id)
    link = permalink(complaint.room_id, complaint.event_id, desk.config.homeserver.server_name)
    membership = roomstate.since(connection, complaint.room_id, complaint.user_id)
    since = ""
    if membership is not None and membership[0] == "join":
        date = datetime.fromtimestamp(membership[1] / 1000, desk.config.zone)
        since = guardwords.SINCE.format(date=f"{date:%d.%m.%Y}")
    lines = [guardwords.WROTE.format(who=_who(complaint.user_id), since=since)]
    incident = _incident(connection, complaint.event_id)
    if event is None and complaint.user_id == desk.me:
        own = restating.shown(connection, outbox.key_of(connection, complaint.event_id) or "")
        lines.append(f"> {quote(str(own['body']))}" if own else guardwords.GONE)
    elif event is None:
        lines.append(guardwords.GONE)
    elif latest(connection, event) is None:
        lines.append(guardwords.TAKEN_BACK)
    elif (incident is not None and desk.is_private(connection, incident)) or _private(connection, desk, event):
        lines.append(guardwords.NOT_SHOWN)
    else:
        lines.append(f"> {_words(event)}")
        context = desk.content.protections.complaints.context
        before = guard.before(connection, complaint.room_id, complaint.event_id, context) if context else []
        shown = []
        for row in before:
            one = inbox.event(connection, row.event_id)
            if one is None or latest(connection, one) is None:
                continue
            words = guardwords.NOT_SHOWN if _private(connection, desk, one) else _words(one)[:200]
            shown.append(f"> {escape(short_name(row.sender))}: {words}")
        if shown:
            lines += ["", guardwords.BEFORE, *shown]
    lines += ["", guardwords.LINK.format(link=link)]
    if incident is not None:
        lines.append(guardwords.IS_REPORT.format(incident=incident))
    return lines


def _words(event: IncomingEvent) -> str:
    kind = guardwords.KINDS.get(event.kind)
    sort = guardwords.NO_WORDS.format(kind=kind) if kind else ""
    words = quote(event.words) if event.words.strip() and event.kind is not Kind.AUDIO else ""
    return " ".join(part for part in (sort, words) if part) or "…"


def _private(connection: Connection, desk: Desk, event: IncomingEvent) -> bool:
    """Whether a message tells of what is nobody's to repeat, report or not."""
    incident = _incident(connection, event.event_id)
    if incident is not None and desk.is_private(connection, incident):
        return True
    districts = desk.districts(connection, event.room_id)
    analysis = desk.analyser.analyse(event.words, room_districts=districts, when=event.when, spoken=False)
    row = desk.content.rules.category(analysis.category)
    return analysis.private or (row is not None and row.private)


def _incident(connection: Connection, event_id: str) -> int | None:
    report = transmissions.by_event(connection, event_id)
    return amendments.of_transmission(connection, report.id) if report is not None else None


def _count(people: list[complaints.Complainant], *, found: bool) -> str:
    if not people:
        return guardwords.BY_PROTECTION if found else guardwords.COUNT_NONE
    if len(people) == 1:
        return guardwords.COUNT_ONE
    return guardwords.COUNT_MANY.format(count=len(people))


def _state(complaint: Complaint) -> str:
    by = complaint.closed_by or ""
    who = guardwords.NOBODY_LEFT if by == KENTONGAN else escape(short_name(by))
    return guardwords.STATES[complaint.state].format(who=who)


def _record(connection: Connection, complaint: Complaint, now: int) -> str:
    """What is known of somebody, in numbers."""
    before = now - _DAYS_90
    parts = []
    struck = len(guard.strikes_of(connection, complaint.user_id, since=before))
    if struck:
        parts.append(guardwords.STRIKES.format(count=struck))
    counts: dict[str, int] = {}
    for one in acts.about(connection, complaint.user_id):
        if one.since_at >= before and one.kind in guardwords.KIND_OF_ACT:
            counts[one.kind] = counts.get(one.kind, 0) + 1
    parts += [f"{count}× {guardwords.KIND_OF_ACT[kind]}" for kind, count in counts.items()]
    return ", ".join(parts) or guardwords.NO_RECORD


def _belongs(act: Act, complaint: Complaint) -> bool:
    return (
        act.room_id in (None, complaint.room_id) and act.since_at >= complaint.at and act.kind in guardwords.KIND_OF_ACT
    )


def _told(desk: Desk, act: Act, now: int) -> str:
    amount = f"{act.amount} " if act.kind == "redact" and (act.amount or 0) > 1 else ""
    by = "bot" if act.by == KENTONGAN else escape(short_name(act.by))
    over = act.ended_at is not None and act.until_at is not None and act.ended_at < act.until_at
    until = guardwords.UNTIL.format(until=restraint.clock(desk, act.until_at, now)) if act.until_at is not None else ""
    return f"{amount}{guardwords.KIND_OF_ACT[act.kind]}{until} ({by}){guardwords.LIFTED if over else ''}"


def _ways(desk: Desk, complaint: Complaint) -> list[str]:
    if complaint.user_id == desk.me:
        return [guardwords.ABOUT_BOT]
    if in_files(desk, complaint.user_id):
        return [guardwords.ABOUT_OFFICER]
    minutes = desk.content.protections.complaints.mute_minutes
    who = complaint.user_id.replace("`", "")  # old accounts may have one in their name; here it would end the code
    return [guardwords.SIGNS.format(minutes=minutes), guardwords.FURTHER.format(who=who)]


def _who(user_id: str) -> str:
    return f"{pill(user_id)} ({escape(user_id)})"
