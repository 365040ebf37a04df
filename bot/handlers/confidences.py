"""Private matters told in a channel: the way to whoever told them, where nobody else reads.

A whole channel has read such a report before we see it, and other servers have it. Our answer there says nothing of
the matter and leads to a DM. What officers say under the card reaches its reporter in that DM, and what they say there
comes back under the card: a ticket of the incident whose thread is the card's. While there is no DM the words are kept,
and go once when it opens. Nothing of it is ever said in the channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board, casewords, retraction, tickets
from bot.handlers.desk import Desk
from bot.handlers.recordings import forwarded
from bot.handlers.replies import shared_place
from bot.handlers.routing import RoomKind
from bot.incidents import answers
from bot.incidents.analysis import Analysis
from bot.incidents.cards import map_link
from bot.incidents.excerpts import beside_doubts
from bot.incidents.lifecycle import ACTIVE
from bot.incidents.orders import INTERNAL, Order, Verb, read
from bot.markup import escape, render
from bot.outgoing import Action, Outgoing
from bot.store import amendments, changes, copies, groups, inbox, incidents, outbox, rooms, transmissions
from bot.store import tickets as store
from bot.store.incidents import Link
from bot.store.tickets import Ticket

SENT = "📨"
"""What the bot puts on an officer's words that went out."""
_WORDS = ":words"
_LONGEST = 3000
_DAY_MS = 24 * 3_600_000
_TALK = frozenset((Kind.TEXT, Kind.AUDIO, Kind.LOCATION))


def answer(
    connection: Connection, desk: Desk, room_id: str, sender: str, number: int | None, *, report: bool,
    late: bool = False,
) -> str:  # fmt: skip
    """What the channel reads under such a report: nothing of the matter, and the way to where it can be told."""
    room = desk.room(connection, room_id)
    return answers.in_confidence(
        number, report=report, late=late, link=f"https://matrix.to/#/{quote(desk.me, safe='@:')}",
        written=number is not None and rooms.direct_with(connection, sender) is not None,
        support=(room or desk.content.rooms).notices.private,
    )  # fmt: skip


def offer(connection: Connection, desk: Desk, number: int, now: int) -> None:
    """Whoever has a DM with us already hears there that they may go on there; once for each of them."""
    for report in _first_of_each(board.reports(connection, number)):
        room_id = rooms.direct_with(connection, report.sender) if _in_channel(connection, desk, report) else None
        if room_id is not None:
            _invite(connection, desk, number, report, room_id, now)


def keep_private(connection: Connection, desk: Desk, number: int, analysis: Analysis, event_id: str, now: int) -> None:
    """Words beside those that the card shows may say that it is nobody's to repeat; once it is so, it stays so."""
    if analysis.private and not incidents.get(connection, number).analysis.private:
        amendments.set_private(connection, number, actor=incidents.BOT, event_id=event_id, now=now)
        hush(connection, desk, number, now)


def hush(connection: Connection, desk: Desk, number: int, now: int) -> None:
    """It has become private: what channels and agencies have read of it goes, and its reporters learn the other way."""
    retraction.hush(connection, number, now)
    for report in _first_of_each(board.reports(connection, number)):
        if report.state == "withdrawn" or not _in_channel(connection, desk, report):
            continue
        words = answer(connection, desk, report.room_id, report.sender, number, report=True)
        key = f"reply:{report.event_id}:again:private"
        if board.say_to_reporter(connection, desk, report, key, render(words).content(notice=True), now):
            copies.add(connection, key, number, source=report.event_id, kind=copies.ANSWER, now=now)
    offer(connection, desk, number, now)


def from_officer(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, report: Link, text: str, now: int
) -> bool:
    """An officer's words, voice or place: into the DM of the report's sender, or kept until there is one."""
    said = _said(event, text)
    if said is None:
        board.answer(connection, desk, number, event, casewords.ONLY_WORDS, now)
        return False
    key = f"confided:{number}:{report.transmission_id}:{event.event_id}"
    room_id = _room(connection, desk, report)
    kind = copies.WAITING if room_id is None else copies.TO_REPORTER
    copies.add(connection, key, number, source=event.event_id, kind=kind, now=now)
    payload = {
        "incident": number, "officer": event.sender, "text": text, "kind": str(event.kind), "kept": room_id is None,
    }  # fmt: skip
    desk.record(connection, "incident.to_reporter", event.event_id, payload, now)
    if room_id is None:
        board.answer(connection, desk, number, event, casewords.PRIVATE_KEPT, now)
        return True
    _deliver(connection, desk, number, report, room_id, key, said, event.event_id, now)
    relation = {"rel_type": "m.annotation", "event_id": event.event_id, "key": SENT}
    mark = Outgoing(f"mark:{event.event_id}", event.room_id, {"m.relates_to": relation}, type="m.reaction")
    outbox.append(connection, mark, now)
    return True


def officer_heard(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, report: Link, text: str, now: int,
    flags: Sequence[str] = (),
) -> None:  # fmt: skip
    """What an officer's voice said, in writing and with its doubts, where the voice itself went or waits."""
    sound = copies.by_key(connection, f"confided:{number}:{report.transmission_id}:{event.event_id}")
    if sound is None or sound.withdrawn_at is not None:
        return
    key = sound.key + _WORDS
    copies.add(connection, key, number, source=event.event_id, kind=sound.kind, now=now)
    room_id = _room(connection, desk, report)
    if sound.kind == copies.TO_REPORTER and room_id is not None:
        _deliver(connection, desk, number, report, room_id, key, _spoken(text, flags), event.event_id, now)


def entered(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Something comes from a person's DM: what officers kept for them goes there.

    The first words of somebody who has reported a private matter in a channel lately go to its officers from then on.
    """
    for copy, report in _kept_for(connection, event.sender):
        said = _still_said(connection, copy)
        if said is None:
            copies.withdraw(connection, copy.key, now)
            continue
        copies.delivered(connection, copy.key)
        _deliver(connection, desk, copy.incident_id, report, event.room_id, copy.key, said, copy.source, now)
        desk.record(connection, "incident.delivered", copy.source, {"incident": copy.incident_id}, now)
    if event.kind not in _TALK or store.current(connection, event.room_id, event.sender) is not None:
        return
    since = event.sent_at - tickets.IDLE_DAYS * _DAY_MS
    for row in transmissions.reports_of(connection, event.sender, since=since):
        number = amendments.of_transmission(connection, row.id)
        if number is None or not _goes_on(connection, desk, number, event.sender):
            continue
        report = next(one for one in incidents.links(connection, number) if one.transmission_id == row.id)
        if _in_channel(connection, desk, report):
            _ticket(connection, desk, number, report, event.room_id, event.event_id, now)
            return


def end(connection: Connection, event: IncomingEvent, desk: Desk, number: int, now: int) -> None:
    """The incident is closed, and so are the talks about it; an officer's further word opens one again."""
    for ticket in store.of_incident(connection, number):
        if ticket.is_open and ticket.reason == store.PRIVATE:
            tickets.close(connection, event, desk, ticket, now)


def redact_originals(connection: Connection, desk: Desk, number: int, now: int) -> int:
    """Take the reports themselves, with their edits, out of our channels; the log keeps them. How many go now."""
    going = 0
    for report in incidents.links(connection, number):
        if report.state == "withdrawn" or not _in_channel(connection, desk, report):
            continue
        edits = [inbox.event(connection, one) for one in changes.edits(connection, report.room_id, report.event_id)]
        own = [edit.event_id for edit in edits if edit is not None and edit.sender == report.sender]
        for event_id in (report.event_id, *own):
            key = board.original_key(event_id)
            redaction = Outgoing(key, report.room_id, {"event_id": event_id}, action=Action.REDACTION)
            if outbox.append(connection, redaction, now):
                copies.add(connection, key, number, source=key, kind=copies.ORIGINAL, now=now)
                going += 1
    return going


def confirm(connection: Connection, desk: Desk, now: int) -> int:
    """Say under the cards which originals could not be taken out; returns how many orders are settled."""
    waiting = copies.unconfirmed(connection, copies.ORIGINAL)
    standings = outbox.standings(connection, [one.key for one in waiting])
    settled = 0
    for one in waiting:
        state, _ = standings.get(one.key, ("failed", None))
        if state == "queued":
            continue
        if state != "sent":
            what = f"not-deleted:{one.key}"
            board.post(connection, desk, one.incident_id, what, casewords.ORIGINAL_STAYS, now, notice=False)
        copies.confirm(connection, one.key, now)
        settled += 1
    return settled


def _goes_on(connection: Connection, desk: Desk, number: int, user_id: str) -> bool:
    """Whether a private incident is open, and its talk with that person has not been begun before."""
    if incidents.get(connection, number).status not in ACTIVE or not desk.is_private(connection, number):
        return False
    return all(ticket.user_id != user_id for ticket in store.of_incident(connection, number))


def _deliver(
    connection: Connection, desk: Desk, number: int, report: Link, room_id: str, key: str, said: dict[str, Any],
    cause: str, now: int,
) -> None:  # fmt: skip
    ticket = _ticket(connection, desk, number, report, room_id, cause, now)
    if said["msgtype"] != "m.notice":
        said = {**said, "m.mentions": {"user_ids": [report.sender]}}
    outbox.append(connection, Outgoing(key, room_id, said), now)
    store.spoken(connection, ticket.id, now, by_officer=True)


def _ticket(
    connection: Connection, desk: Desk, number: int, report: Link, room_id: str, cause: str, now: int
) -> Ticket:
    """The talk about an incident with one of its reporters; begun where there is none, and both sides hear of it."""
    for ticket in store.of_incident(connection, number):
        if ticket.is_open and (ticket.user_id, ticket.room_id) == (report.sender, room_id):
            return ticket
    ticket = store.open_ticket(
        connection, cause, room_id, report.sender, reason=store.PRIVATE, incident=number, now=now
    )
    _invite(connection, desk, number, report, room_id, now)
    tickets.into_thread(connection, desk, ticket, ticket.key, tickets.opening(ticket), now)
    payload = {"ticket": ticket.id, "reason": ticket.reason, "incident": number}
    desk.record(connection, "ticket.opened", cause, payload, now)
    return ticket


def _invite(connection: Connection, desk: Desk, number: int, report: Link, room_id: str, now: int) -> None:
    words = casewords.CONFIDED.format(number=number)
    if _in_channel(connection, desk, report) and report.state != "withdrawn":
        words = f"{words}\n\n{casewords.CONFIDED_DELETE}"
    help_there = " ".join(part for part in (desk.content.rooms.notices.private, answers.EMERGENCY) if part)
    key = f"confided:{number}:{report.transmission_id}:offer"
    said = render(f"{words}\n\n{help_there}").content()
    outbox.append(connection, Outgoing(key, room_id, said), now)


def _kept_for(connection: Connection, user_id: str) -> list[tuple[copies.Copy, Link]]:
    """What officers said to a person who had no DM with us, oldest first, with the report that it answers."""
    found = []
    for copy in copies.of_kind(connection, copies.WAITING):
        number = int(copy.key.split(":")[2])
        links = incidents.links(connection, copy.incident_id)
        report = next((one for one in links if one.transmission_id == number), None)
        if report is not None and report.sender == user_id:
            found.append((copy, report))
    return found


def _still_said(connection: Connection, copy: copies.Copy) -> dict[str, Any] | None:
    """What an officer's kept words say by now; `None` when they were taken back, or are for the reporter no more."""
    event = inbox.event(connection, copy.source)
    now_says = changes.latest(connection, event) if event is not None else None
    if now_says is None:
        return None
    if copy.key.endswith(_WORDS):
        note = transmissions.by_event(connection, copy.source)
        versions = transmissions.versions(connection, note.id) if note is not None else []
        return _spoken(versions[0].text, versions[0].flags) if versions and versions[0].text.strip() else None
    text = now_says.body
    order = read(text) if now_says.kind is Kind.TEXT else None
    if isinstance(order, Order) and order.verb is Verb.ASK:
        text = order.words
    elif order is not None or text.lstrip().startswith(INTERNAL):
        return None
    return _said(now_says, text)


def _said(event: IncomingEvent, text: str) -> dict[str, Any] | None:
    """An officer's message as its reporter reads it; `None` when it cannot go over."""
    place = shared_place(event) if event.kind is Kind.LOCATION else None
    if event.kind is Kind.TEXT and text.strip():
        return render(casewords.FROM_OFFICER.format(text=_literal(text))).content()
    if event.kind is Kind.AUDIO and event.media is not None:
        return forwarded(event.media, casewords.VOICE_NAME)
    if place is not None:
        return render(casewords.FROM_OFFICER_PLACE.format(link=map_link(place))).content()
    return None


def _spoken(text: str, flags: Sequence[str]) -> dict[str, Any]:
    return render(beside_doubts(casewords.FROM_OFFICER_SPOKEN.format(text=_literal(text)), flags)).content(notice=True)


def _literal(text: str) -> str:
    return "\n".join(escape(line) for line in text[:_LONGEST].strip().splitlines())


def _room(connection: Connection, desk: Desk, report: Link) -> str | None:
    """The DM of a report's sender: where they reported, or any that we have with them."""
    if not _in_channel(connection, desk, report) and not groups.waits(connection, report.room_id):
        return report.room_id
    return rooms.direct_with(connection, report.sender)


def _in_channel(connection: Connection, desk: Desk, report: Link) -> bool:
    return desk.room_kind(connection, report.room_id) is RoomKind.CHANNEL


def _first_of_each(reports: Iterable[Link]) -> list[Link]:
    """Of every person's reports the first."""
    found: dict[str, Link] = {}
    for report in reports:
        found.setdefault(report.sender, report)
    return list(found.values())
