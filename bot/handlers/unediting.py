"""An edit is taken back, the message stays: its words go from everywhere, and what stood before them is said again.

Redacting an edit shows the message as it was before (client-server API, "Event replacements"). So the log loses the
versions that the edit brought and every message of ours that repeats them, and the newest words that are left count
again. What people did meanwhile stays: an officer's findings, and an alarm, which no reporter can silence (somebody
may have been made to take it back). An edit that alone made it a report takes the report along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import agencynews, board, casenews, retraction, rewording, takeup, withdrawals
from bot.handlers.desk import Desk
from bot.incidents.rules import Urgency
from bot.store import amendments, changes, copies, incidents, quotations, relays, search, transmissions, unsaying
from bot.store.copies import Copy
from bot.store.incidents import Link
from bot.store.transmissions import Transmission


def by_reporter(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """True when what was redacted is an edit, whether it had brought something or not."""
    edit = changes.original(connection, event)
    if edit is None or edit.kind is not Kind.EDIT:
        return False
    about = changes.original(connection, edit)
    row = transmissions.by_event(connection, about.event_id) if about is not None else None
    if about is None or row is None:
        return True
    brought = amendments.versions_by(connection, row.id, edit.event_id)
    if brought and row.state != "withdrawn":
        unsay(connection, event, about, row, desk, brought, now)
    withdrawals.forget(connection, edit.event_id, desk, now)
    return True


def unsay(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, row: Transmission, desk: Desk,
    brought: Sequence[int], now: int, *, text: str | None = None,
) -> None:  # fmt: skip
    """These versions of a report's words go from everywhere; `text` stands instead, or the newest words that are left.

    `event` is the redaction, `about` the message that the report is.
    """
    versions = transmissions.versions(connection, row.id)
    left = [one for one in versions if one.version not in brought and unsaying.WITHDRAWN not in one.flags]
    said = text if text is not None else left[0].text if left else ""
    if not said.strip():
        withdrawals.by_reporter(connection, replace(event, target=about.event_id), desk, now)
        return
    since = min(one.created_at for one in versions if one.version in brought)
    numbers = amendments.incidents_of(connection, row.id)
    shown = {number: board.shown_report(connection, number) for number in numbers}
    gone = _take_back(connection, desk, about, row, numbers, since, now)
    unsaying.empty_transcripts(connection, row.id, brought)
    if text is not None or versions[0].version in brought:
        author = left[0].author if text is None else None
        _restore(connection, event, about, row, desk, said, author, now)
    for number in numbers:
        first = shown[number]
        if first is not None and first.transmission_id == row.id:
            _propose(connection, event, desk, number, row, said, now)
    unsaying.unsay(connection, row.id)
    for number in numbers:
        search.index(connection, number)
        link = next(one for one in incidents.links(connection, number) if one.transmission_id == row.id)
        _say_again(connection, event, about, desk, number, link, gone, now)
        for one in gone:
            if one.incident_id == number and one.kind in (copies.RELAY, copies.MORE) and one.target is not None:
                _relay_again(connection, desk, one, link, event.event_id, now)
        first = shown[number]
        if first is not None and first.transmission_id == row.id:
            board.show_again(connection, desk, number, now)
        else:
            board.refresh(connection, desk, number, event.event_id, now)
        _tell_officers(connection, event, about, desk, number, said, now)
    desk.record(connection, "transmission.unedited", event.event_id, {"incidents": numbers}, now)


def _take_back(
    connection: Connection,
    desk: Desk,
    about: IncomingEvent,
    row: Transmission,
    numbers: list[int],
    since: int,
    now: int,
) -> list[Copy]:
    """Everything that was said of these words since the edit; the copies that had to go whole."""
    whole = []
    for copy in copies.of_source(connection, about.event_id):
        if retraction.take_back_since(connection, copy.key, since, now):
            copies.withdraw(connection, copy.key, now)
            whole.append(copy)
    if not about.direct:  # in a DM that is the answer of the chat
        retraction.take_back_since(connection, f"reply:{about.event_id}", since, now)
    former = amendments.formerly_of(connection, row.id)
    for key in quotations.answers_with(connection, (*numbers, *former)):
        retraction.take_back_since(connection, key, since, now)
    for number in (*numbers, *former):
        retraction.take_back_since(connection, f"{board.card_key(number)}:{row.id}", since, now)
        for call in relays.edits_of(connection, f"alarm:{number}:"):
            retraction.take_back_since(connection, call.key, since, now)
    for number in former:
        board.show_again(connection, desk, number, now)
    return whole


def _restore(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, row: Transmission, desk: Desk, text: str,
    author: str | None, now: int,
) -> None:  # fmt: skip
    """What is left is the newest version; the history says who took the rest back."""
    actor = incidents.REPORTER if event.sender == about.sender else event.sender
    corrected = desk.analyser.hear(text).corrected
    transmissions.corrected(connection, row.id, text, author=author or incidents.REPORTER, corrected=corrected, now=now)
    for number in amendments.incidents_of(connection, row.id):
        amendments.corrected_by(
            connection, number, row.id, actor=actor, event_id=event.event_id, reason=casenews.UNEDITED_REASON, now=now
        )


def _propose(
    connection: Connection, event: IncomingEvent, desk: Desk, number: int, row: Transmission, text: str, now: int
) -> None:
    said = replace(event, room_id=row.room_id)
    analysis = takeup.analyse(connection, said, desk, text, spoken=False)
    amendments.propose(connection, number, text, analysis, now=now, afresh=True)
    for other in board.reports(connection, number):
        if other.transmission_id != row.id and other.state != "withdrawn":
            incidents.learn(connection, number, takeup.analyse(connection, said, desk, other.text, spoken=False), now)


def _say_again(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, number: int, link: Link,
    gone: list[Copy], now: int,
) -> None:  # fmt: skip
    """What had to go whole, in the words that are left."""
    private = incidents.get(connection, number).analysis.private
    in_thread = board.reply_key(connection, about.event_id)
    if link.role == incidents.REPLY:
        if any(one.kind == copies.FROM_REPORTER and one.incident_id == number for one in gone):
            rewording.show_reply(connection, desk, number, link, event.event_id, now)
        return
    here = number == amendments.of_transmission(connection, link.transmission_id)
    if here and not private and not about.direct:
        if retraction.is_taken_back(connection, in_thread):
            analysis = takeup.analyse(connection, replace(event, room_id=link.room_id), desk, link.text, spoken=False)
            rewording.say_again(connection, about, desk, number, event.event_id, link.text, analysis, now)
        else:
            board.correct_reply(connection, desk, number, link, link.text, event.event_id, now)
    card = f"{board.card_key(number)}:{link.transmission_id}"
    anew = any(one.kind == copies.FROM_REPORTER and one.incident_id == number for one in gone)
    if anew or retraction.is_taken_back(connection, card):
        rewording.show_further(connection, desk, number, link.transmission_id, event.event_id, now)


def _relay_again(connection: Connection, desk: Desk, gone: Copy, link: Link, cause: str, now: int) -> None:
    if not incidents.get(connection, gone.incident_id).analysis.private and agencynews.is_words(connection, gone):
        agencynews.again(connection, desk, gone.incident_id, gone, link, cause, now)


def _tell_officers(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, number: int, text: str, now: int
) -> None:
    incident = incidents.get(connection, number)
    analysis = takeup.analyse(connection, replace(event, room_id=about.room_id), desk, text, spoken=False)
    raised = incident.urgency == Urgency.DARURAT and analysis.urgency is not Urgency.DARURAT
    urgency = casenews.UNEDITED_URGENCY.format(urgency=incident.urgency) if raised else ""
    what = casenews.BY_REPORTER if event.sender == about.sender else casenews.BY_MODERATOR
    word = casenews.UNEDITED.format(what=what, urgency=urgency)
    board.post(connection, desk, number, f"unedited:{event.event_id}", word, now)
