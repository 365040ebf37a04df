"""Which report a message is about, by where it stands: in a thread, as a reply, or right after a report."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import board
from bot.incidents.lifecycle import ACTIVE, Status
from bot.incidents.replies import reopens
from bot.store import amendments, incidents, outbox, transmissions
from bot.store.transmissions import Transmission

_LATELY_MS = 7 * 24 * 3_600_000
"""So long after it a closed report of a DM is reopened by a word there."""
_SOON_MS = 15 * 60_000
"""So long after a report a shared place is taken for its place."""


def followed(connection: Connection, event: IncomingEvent) -> Transmission | None:
    """The report that a message of its own reporter goes on about; `None` when it is about none.

    In the thread under their report, or under another one of the same thing, as a reply to what we said there, by
    sharing a place soon after it, or in a DM by saying that it is not done.
    """
    if event.direct:
        return _closed_lately(connection, event) if event.kind is Kind.TEXT and reopens(event.body) else None
    number = _answered(connection, event)
    if number is None:
        return just_reported(connection, event) if event.kind is Kind.LOCATION else None
    report = _report(connection, event, number)
    incident = amendments.of_transmission(connection, number) if report is not None else None
    if report is None or incident is None or report.sender == event.sender:
        return report
    theirs = (one for one in board.reports(connection, incident) if one.sender == event.sender)
    own = next((one for one in theirs if one.room_id == event.room_id and one.state != "withdrawn"), None)
    return transmissions.get(connection, own.transmission_id) if own is not None else None


def above(connection: Connection, event: IncomingEvent) -> Transmission | None:
    """The report of an open incident in whose thread a message stands, or that it answers, whoever wrote it."""
    number = None if event.direct else _answered(connection, event)
    report = _report(connection, event, number) if number is not None else None
    incident = amendments.of_transmission(connection, report.id) if report is not None else None
    return report if incident is not None and incidents.get(connection, incident).status in ACTIVE else None


def _answered(connection: Connection, event: IncomingEvent) -> int | None:
    """The transmission under which a message stands, or which it answers, itself or through our word about it."""
    for event_id in (event.thread_root, event.reply_to):
        if event_id is None:
            continue
        own = transmissions.by_event(connection, event_id)
        number = own.id if own is not None else _spoken_of(connection, outbox.key_of(connection, event_id))
        if number is not None:
            return number
    return None


def _report(connection: Connection, event: IncomingEvent, number: int) -> Transmission | None:
    """A transmission of the same room, if it is a report that belongs to an incident."""
    row = transmissions.get(connection, number)
    fits = row.room_id == event.room_id and row.purpose == "report"
    return row if fits and amendments.of_transmission(connection, number) is not None else None


def just_reported(connection: Connection, event: IncomingEvent) -> Transmission | None:
    """The open report that its sender made a moment before: we ask "where?" in a thread, phones share a place outside
    of it."""
    if event.thread_root is not None:
        return None
    for report in transmissions.of_sender(connection, event.room_id, event.sender, since=event.sent_at - _SOON_MS):
        number = amendments.of_transmission(connection, report.id)
        if number is not None and incidents.get(connection, number).status in ACTIVE:
            return report
    return None


def _closed_lately(connection: Connection, event: IncomingEvent) -> Transmission | None:
    for report in transmissions.of_sender(connection, event.room_id, event.sender, since=event.sent_at - _LATELY_MS):
        number = amendments.of_transmission(connection, report.id)
        if number is not None and incidents.get(connection, number).status is Status.SELESAI:
            return report
    return None


def _spoken_of(connection: Connection, key: str | None) -> int | None:
    """The report that one of our messages in a reporter's thread is about."""
    kind, _, rest = (key or "").partition(":")
    if kind == "reply":
        own = transmissions.by_event(connection, rest.partition(":again:")[0])
        return own.id if own is not None else None
    parts = rest.split(":")
    return int(parts[1]) if kind in ("told", "talk") and len(parts) > 1 and parts[1].isdecimal() else None
