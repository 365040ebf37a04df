"""What a citizen edits or takes back in a DM after it told of an emergency, before officers know of it or after.

Officers were told with the person's words, line by line, under the message in which the person agreed. So the lines of
an edited message are put in place of its earlier ones, and those of one that was taken back go from everywhere; the
call itself stands (`bot.handlers.alarms.withdrawn` has the message that made it). An edit that first tells of an
emergency is answered like a message: who is in danger must not have to write it twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from bot.dialogue.conversation import LONGEST_ALARM, Conversation
from bot.event import IncomingEvent, Kind
from bot.handlers import alarms, board, questions, retraction, rewording, unediting, watch
from bot.handlers.desk import Desk
from bot.language.mask import mask
from bot.store import amendments, changes, conversations, inbox, incidents, search, tickets, transmissions
from bot.store.transmissions import Transmission


def changed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A written message of a DM was edited or taken back, or one of its edits was."""
    about = changes.original(connection, event)
    edit = about if about is not None and about.kind is Kind.EDIT else None
    if edit is not None:
        about = changes.original(connection, edit)
    if about is None or about.kind is not Kind.TEXT or (event.kind is Kind.EDIT and edit is not None):
        return
    if event.kind is Kind.EDIT:
        last = changes.last_edit(connection, about)
        if last is None or last.event_id != event.event_id:
            return
    said = changes.latest(connection, about)
    new = _line(said.body) if said is not None else ""
    gone = [edit.body] if edit is not None else changes.wordings(connection, about)
    old = [one for one in dict.fromkeys(_line(one) for one in reversed(gone)) if one and one != new]
    told = _pending(connection, event, about, desk, old, new, now)
    for row in transmissions.of_sender(connection, about.room_id, about.sender, since=about.sent_at):
        if row.state == "heard" and not (event.kind is Kind.REDACTION and event.target == row.event_id):
            told = _reported(connection, event, row, desk, old, new, now) or told
    if event.kind is Kind.EDIT and not told:
        _first_told(connection, event, about, desk, now)


def _pending(
    connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, old: Iterable[str], new: str,
    now: int,
) -> bool:  # fmt: skip
    """The person has not said yet whether officers may be told: what they would be told changes."""
    stored = conversations.load(connection, about.room_id, about.sender)
    state = Conversation.from_json(stored) if stored else None
    if state is None or state.alarm is None:
        return False
    words = swapped(state.alarm.words, old, new)
    if words is None:
        return False
    alarm = replace(state.alarm, words=words[:LONGEST_ALARM]) if words.strip() else None
    after = replace(state, alarm=alarm)
    conversations.save(connection, about.room_id, about.sender, after.to_json(), now)
    desk.record(connection, "alarm.reworded", event.event_id, {"message": about.event_id, "left": bool(alarm)}, now)
    return True


def _reported(
    connection: Connection, event: IncomingEvent, row: Transmission, desk: Desk, old: list[str], new: str, now: int
) -> bool:
    versions = transmissions.versions(connection, row.id)
    number = amendments.of_transmission(connection, row.id)
    agreed = inbox.event(connection, row.event_id)
    if number is None or agreed is None or not versions:
        return False
    text = swapped(versions[0].text, old, new)
    if event.kind is Kind.REDACTION:
        with_it = [one.version for one in versions if swapped(one.text, old, "") is not None]
        if with_it:
            unediting.unsay(connection, event, agreed, row, desk, with_it, now, text=text)
        return bool(with_it)
    if text is None:
        return False
    _reword(connection, event, agreed, row, desk, number, text, now)
    return True


def _reword(
    connection: Connection, event: IncomingEvent, agreed: IncomingEvent, row: Transmission, desk: Desk, number: int,
    text: str, now: int,
) -> None:  # fmt: skip
    before = incidents.get(connection, number)
    shown = board.shown_report(connection, number)
    first = shown is not None and shown.transmission_id == row.id
    analysis = alarms.understood(connection, agreed, desk, text, private=before.analysis.private)
    amendments.correct(
        connection, number, row.id, text, analysis if first else None, author=incidents.REPORTER,
        event_id=event.event_id, now=now, corrected=desk.analyser.hear(text).corrected,
    )  # fmt: skip
    if analysis.private and not before.analysis.private:
        amendments.set_private(connection, number, actor=incidents.BOT, event_id=event.event_id, now=now)
        retraction.hush(connection, number, now)
    if not first:
        link = next(one for one in incidents.links(connection, number) if one.transmission_id == row.id)
        rewording.correct_further(connection, desk, number, link, text, event.event_id, now)
    desk.record(connection, "incident.reworded", event.event_id, {"incident": number, "text": text}, now)
    search.index(connection, number)
    watch.ring(connection, desk, number, now, cause=event.event_id)
    board.refresh(connection, desk, number, event.event_id, now)


def _first_told(connection: Connection, event: IncomingEvent, about: IncomingEvent, desk: Desk, now: int) -> None:
    """Nothing the message said before was an emergency, and now it is one. With an open ticket an officer reads it."""
    if tickets.current(connection, event.room_id, event.sender) is not None:
        return
    earlier = [one for one in changes.wordings(connection, about) if one != event.body]
    if alarms.calls_for_help(desk, event, event.body) and not any(
        alarms.calls_for_help(desk, event, one) for one in earlier
    ):
        told = replace(event, kind=Kind.TEXT, target=None)
        questions.answer(connection, told, desk, now, alone=True)


def swapped(text: str, old: Iterable[str], new: str) -> str | None:
    """`text` with the lines of the first of `old` that stands in it replaced by `new`; `None` when none does."""
    lines = text.split("\n")
    for one in old:
        block = one.split("\n")
        for at in range(len(lines) - len(block) + 1):
            if lines[at : at + len(block)] == block:
                return "\n".join([*lines[:at], *(new.split("\n") if new else []), *lines[at + len(block) :]])
    return None


def _line(body: str) -> str:
    """As the talk keeps it (`bot.dialogue.emergency`)."""
    return mask(body)[:LONGEST_ALARM].strip()
