"""What the card of a complaint says: the message, what stood before it, who wrote it, what was done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import guardwords, restating, sites
from bot.handlers.desk import Desk
from bot.handlers.exempt import why_exempt
from bot.handlers.replies import permalink
from bot.incidents.cards import pill, short_name
from bot.incidents.excerpts import quote
from bot.markup import escape
from bot.moderation.authority import Why
from bot.store import acts, amendments, complaints, guard, inbox, outbox, roomstate, transmissions
from bot.store.acts import FAILED, KENTONGAN, Act
from bot.store.changes import latest
from bot.store.complaints import Complaint, Source

_DAYS_90 = 90 * 24 * 3_600_000


def card(connection: Connection, desk: Desk, complaint: Complaint, now: int) -> str:
    """As Markdown, as it stands now."""
    complaint = complaints.get(connection, complaint.id) or complaint
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


def untouchable(desk: Desk, user_id: str) -> Why | None:
    """Why nothing is offered against somebody, whoever asks; the card says it."""
    return why_exempt(desk)(user_id)


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
        if one.since_at >= before and one.kind in guardwords.KIND_OF_ACT and one.ended_by != FAILED:
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
    until = guardwords.UNTIL.format(until=sites.clock(desk, act.until_at, now)) if act.until_at is not None else ""
    return f"{amount}{guardwords.KIND_OF_ACT[act.kind]}{until} ({by}){_ended(act)}"


def _ended(act: Act) -> str:
    """What is to be said of an act that came to nothing, or that ended early."""
    if act.ended_by == FAILED:
        return guardwords.FAILED
    over = act.ended_at is not None and act.until_at is not None and act.ended_at < act.until_at
    return guardwords.LIFTED if over else ""


def _ways(desk: Desk, complaint: Complaint) -> list[str]:
    untouched = untouchable(desk, complaint.user_id)
    if untouched is not None:
        return [guardwords.ABOUT[untouched]]
    minutes = desk.content.protections.complaints.mute_minutes
    who = complaint.user_id.replace("`", "")  # old accounts may have one in their name; here it would end the code
    return [guardwords.SIGNS.format(minutes=minutes), guardwords.FURTHER.format(who=who)]


def _who(user_id: str) -> str:
    return f"{pill(user_id)} ({escape(user_id)})"
