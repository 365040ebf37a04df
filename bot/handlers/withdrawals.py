"""Words that their author takes back: every copy of them goes, and the log keeps that there was something.

Who may redact is the homeserver's affair; what is redacted is shown by nobody any more, and so it is here, too.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Connection, select

from bot.event import IncomingEvent, Kind
from bot.handlers import agencynews, board, casewords, phrases, retraction
from bot.handlers.desk import Desk
from bot.store import amendments, changes, copies, inbox, incidents, quotations, relays, transmissions
from bot.store.tables import audit
from bot.store.tables import inbox as inbox_table
from bot.store.transmissions import Transmission

log = structlog.get_logger()

WHY = "ditarik pengirim"
_HEARD = phrases.HEARD_QUESTION.partition("{")[0]


def by_reporter(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A report, or what its reporter said further, was redacted where it stood."""
    if event.kind is not Kind.REDACTION or event.target is None:
        return
    known = transmissions.by_event(connection, event.target)
    if known is None:  # an agency's answer to a report, maybe
        retraction.take_back_copies(connection, event.target, now)
        return
    if known.room_id != event.room_id:
        return
    numbers = amendments.incidents_of(connection, known.id)
    if known.purpose != "report" and not numbers:
        _forget_note(connection, event.target, desk, now)
        return
    shown = {number: board.shown_report(connection, number) for number in numbers}
    kept = {number: _role(connection, number, known.id) for number in numbers}
    row = transmissions.withdrawn(connection, event.target, now)
    if row is None:
        return  # delivered again
    _remove(desk, row)
    retraction.take_back(connection, f"reply:{event.target}", now)
    taken = retraction.take_back_copies(connection, event.target, now)
    former = amendments.formerly_of(connection, row.id)
    for key in quotations.answers_with(connection, (*numbers, *former)):
        retraction.take_back(connection, key, now)
    for number in (*numbers, *former):
        for key in (f"card-audio:{number}:{row.id}", f"{board.card_key(number)}:{row.id}"):
            retraction.take_back(connection, key, now)
    for number in former:
        board.show_again(connection, desk, number, now)
    for number in numbers:
        incidents.note(
            connection, number, "withdrawn", actor=incidents.REPORTER, before=str(row.id), event_id=event.event_id,
            now=now,
        )  # fmt: skip
        first = shown[number]
        if first is not None and first.transmission_id == row.id:
            for call in relays.edits_of(connection, f"alarm:{number}:"):  # they name the place
                retraction.take_back(connection, call.key, now)
            board.show_again(connection, desk, number, now)
            what = casewords.WITHDRAWN_REPORT
        else:
            board.refresh(connection, desk, number, event.event_id, now)
            what = casewords.WITHDRAWN_REPLY if kept[number] == incidents.REPLY else casewords.WITHDRAWN_FURTHER
        word = casewords.WITHDRAWN.format(what=what.format(number=number))
        board.post(connection, desk, number, f"withdrawn:{event.event_id}", word, now)
    for one in taken:
        if one.kind in (copies.RELAY, copies.MORE):
            agencynews.withdrawn(connection, desk, one.incident_id, one, event.event_id, now)
    for said in (event.target, *_versions(connection, event, row.id)):
        forget(connection, said, desk, now)
    desk.record(connection, "transmission.withdrawn", event.event_id, {"incidents": numbers}, now)


def by_officer(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Words that an officer sent to a reporter were redacted in the operations room: their copies go, too."""
    if event.target is None:
        return
    note = transmissions.by_event(connection, event.target)
    if note is not None and note.purpose == "note" and note.room_id == event.room_id:
        _forget_note(connection, event.target, desk, now)
    taken = retraction.take_back_copies(connection, event.target, now)
    if taken:
        payload = {"officer": event.sender, "incident": taken[0].incident_id, "copies": len(taken)}
        desk.record(connection, "incident.unsaid", event.event_id, payload, now)


def _forget_note(connection: Connection, event_id: str, desk: Desk, now: int) -> None:
    """An officer's voice, or a spoken question: its recording, its words, and what we wrote of them."""
    row = transmissions.withdrawn(connection, event_id, now)
    if row is None:
        return
    _remove(desk, row)
    retraction.take_back(connection, f"waiting:{event_id}", now)
    answer = relays.row_of(connection, f"reply:{event_id}")
    # A question's answer stays, as it does for a written one, unless it repeats what was heard.
    if answer is not None and (row.purpose == "note" or _HEARD in answer.content.get("body", "")):
        retraction.take_back(connection, f"reply:{event_id}", now)
    forget(connection, event_id, desk, now)


def _versions(connection: Connection, event: IncomingEvent, transmission_id: int) -> list[str]:
    """Messages with other words for the same: its author's edits, officers' corrections."""
    edits = changes.edits(connection, event.room_id, event.target or "")
    corrected = amendments.corrections(connection, [transmission_id])
    return list(dict.fromkeys((*edits, *corrected)))


def _role(connection: Connection, number: int, transmission_id: int) -> str:
    return next(one.role for one in incidents.links(connection, number) if one.transmission_id == transmission_id)


def _remove(desk: Desk, row: Transmission) -> None:
    """The recording: only ever below the data folder, whatever a row says."""
    if row.media_path is None:
        return
    path = (desk.config.data_dir / row.media_path).resolve()
    if path.is_relative_to(Path(desk.config.data_dir).resolve()):
        path.unlink(missing_ok=True)


def forget(connection: Connection, event_id: str, desk: Desk, now: int) -> None:
    """The words in the inbox and in the reasons of our decisions; that there were some stays in the chain."""
    row_id = connection.scalar(select(inbox_table.c.id).where(inbox_table.c.event_id == event_id))
    if row_id is not None:
        inbox.forget_content(connection, row_id)
    rows = list(connection.scalars(select(audit.c.id).where(audit.c.subject == event_id)))
    desk.auditor.erase(connection, rows, why=WHY, version=desk.content.version, now=now)
