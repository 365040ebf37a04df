"""What officers ask to see of an incident: its history, and what is hidden everywhere else. Who asked is audited.

What was hidden is shown only on purpose: to a proven device, in an encrypted room, for a few minutes. Each answer is
noted as a copy of the words in it, so that it goes at once when they are withdrawn or erased.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Trust
from bot.handlers import board, casewords, retraction
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.incidents.chronicle import render_chronicle
from bot.language.mask import hidden
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.store import chronicles, copies, incidents, outbox, rooms
from bot.store.incidents import Incident

SHOWN_MINUTES = 10
"""How long what is hidden elsewhere stands in the thread."""
MOST_REPORTS = 8
MAX_QUOTE = 1500


def history(connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, now: int) -> None:
    """The timeline of an incident under its card."""
    rules = desk.content.rules
    named = {room.name: room.title for room in desk.content.rooms.channels}
    channels = {known.room_id: named[name] for name, known in rooms.named(connection).items() if name in named}
    chronicle = chronicles.read(connection, incident.id, titles=rules.titles, channels=channels)
    desk.record(
        connection, chronicles.READ, event.event_id,
        {"incident": incident.id, "officer": event.sender, "found": [incident.id]}, now,
    )  # fmt: skip
    content = render(render_chronicle(chronicle, desk.config.zone)).content(notice=True)
    content = threaded(f"outbox:{board.card_key(incident.id)}", content)
    # Keyed like an answer to a search: whatever takes those back when their words go takes this back as well.
    answer = Outgoing(f"reply:{event.event_id}", event.room_id, content, priority=Priority.CARD)
    outbox.append(connection, answer, now)


def evidence(connection: Connection, event: IncomingEvent, desk: Desk, incident: Incident, now: int) -> None:
    """The words of the reports with their numbers and plates; or why not."""
    number = incident.id
    refusal = _refusal(event, number)
    reports = [one for one in board.reports(connection, number) if one.state != "withdrawn" and one.text.strip()]
    if refusal is None and not reports:
        refusal = casewords.EVIDENCE_GONE
    elif refusal is None and not any(hidden(one.text) for one in reports):
        refusal = casewords.EVIDENCE_NONE
    if refusal is not None:
        payload = {"incident": number, "officer": event.sender, "trust": event.trust, "encrypted": event.encrypted_room}
        desk.record(connection, "incident.evidence_refused", event.event_id, payload, now)
        board.answer(connection, desk, number, event, refusal, now)
        return
    until = now + SHOWN_MINUTES * 60_000
    clock = f"{datetime.fromtimestamp(until / 1000, desk.config.zone):%H.%M}"
    shown: list[int] = []
    for which, report in enumerate(reports, 1):
        numbers = hidden(report.text)
        if not numbers or len(shown) == MOST_REPORTS:
            continue
        said = " ".join(report.text.split())[:MAX_QUOTE]
        words = casewords.EVIDENCE.format(number=number, which=which, until=clock, text=escape(said))
        words += "\n\n" + casewords.EVIDENCE_NUMBERS.format(numbers=" · ".join(f"`{one}`" for one in numbers))
        what = f"evidence:{event.event_id}:{report.transmission_id}"
        board.post(connection, desk, number, what, words, now)
        key = f"{board.card_key(number)}:{what}"
        copies.add(connection, key, number, source=report.event_id, kind=copies.EVIDENCE, now=now)
        shown.append(report.transmission_id)
    incidents.note(connection, number, "evidence", actor=event.sender, event_id=event.event_id, now=now)
    desk.record(
        connection, chronicles.EVIDENCE, event.event_id,
        {"incident": number, "officer": event.sender, "reports": shown, "until": until}, now,
    )  # fmt: skip


def expire(connection: Connection, desk: Desk, now: int) -> int:
    """Take back what has been shown for long enough; returns how many messages."""
    taken = 0
    for copy in copies.older(connection, copies.EVIDENCE, now - SHOWN_MINUTES * 60_000):
        copies.withdraw(connection, copy.key, now)
        taken += retraction.take_back(connection, copy.key, now)
    return taken


def _refusal(event: IncomingEvent, number: int) -> str | None:
    """Why numbers are not shown; `None` when they may be."""
    if not event.encrypted_room:
        return casewords.EVIDENCE_IN_CLEAR.format(number=number)
    if event.trust is not Trust.DEVICE:
        return casewords.NOT_PROVEN
    return None
