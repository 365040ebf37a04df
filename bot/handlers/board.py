"""The card of an incident as it stands now, and everything that is said in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import agencynews, conduct, kept, relocation, restating, retraction
from bot.handlers.desk import Desk
from bot.handlers.recordings import recording
from bot.handlers.replies import permalink, threaded
from bot.handlers.routing import RoomKind
from bot.incidents import answers, cards
from bot.incidents.lifecycle import Status, standing
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import alarms, amendments, copies, groups, inbox, incidents, outbox, relays, transmissions
from bot.store.incidents import Incident, Link

CARD = "card"
POSSIBLE = 0.4
"""From here on another incident is shown as possibly the same; from `linking.THRESHOLD` on it is linked."""
MOST_MAYBE = 2
_UNDECIDED = frozenset((Status.BARU, Status.DITINJAU))


def card_key(number: int) -> str:
    """Outbox key of an incident's card: what its thread hangs on."""
    return f"{CARD}:{number}"


def original_key(event_id: str) -> str:
    """Outbox key of the redaction by which an officer takes a private report out of its channel."""
    return f"original:{event_id}"


def live_key(connection: Connection, number: int) -> str:
    """Outbox key of the message that shows the card now: another one once its words had to be taken back."""
    again = _again(connection, number)
    return again[-1] if again else card_key(number)


def _again(connection: Connection, number: int) -> list[str]:
    """Outbox keys of the cards that were put up again, in order; what only edits one of them is no card."""
    rows = relays.edits_of(connection, f"{card_key(number)}:again:")
    return [one.key for one in rows if len(one.key.split(":")) == 4]  # "card:7:again:1"


def incident_of(key: str | None) -> int | None:
    """The incident whose card, or whose card's thread, one of our messages (by its outbox key) belongs to."""
    parts = (key or "").split(":")
    if len(parts) < 2 or parts[0] not in (CARD, "card-audio", "alarm") or not parts[1].isdecimal():
        return None
    return int(parts[1])


def is_card(key: str) -> bool:
    """Whether reactions to one of our messages count: the card, a further report under it, a call to take it."""
    parts = key.split(":")
    if (parts[0] == CARD and len(parts) == 4 and parts[2] == "again") or parts[0] == "alarm":
        return True
    return parts[0] == CARD and len(parts) in (2, 3) and all(part.isdecimal() for part in parts[1:])


def report_of(key: str | None) -> int | None:
    """The transmission that one of our messages in a card's thread shows; `None` for the card itself."""
    parts = (key or "").split(":")
    return int(parts[2]) if len(parts) == 3 and parts[0] in (CARD, "card-audio") and parts[2].isdecimal() else None


def reports(connection: Connection, number: int) -> list[Link]:
    """The reports of an incident in order, without what their people said further."""
    return [one for one in incidents.links(connection, number) if one.role != incidents.REPLY]


def shown_report(connection: Connection, number: int) -> Link | None:
    """The report whose words the card shows: the first that was not withdrawn."""
    return next((one for one in reports(connection, number) if one.state != "withdrawn"), None)


def replied_to(connection: Connection, event: IncomingEvent) -> str | None:
    """The key of the very message of ours that an event answers, in a thread or outside."""
    return outbox.key_of(connection, event.reply_to) if event.reply_to is not None else None


def merged_into(connection: Connection, number: int) -> int | None:
    """The incident that a duplicate was merged into."""
    last = next((one for one in reversed(incidents.history(connection, number)) if one.after == Status.DUPLIKAT), None)
    found = (last.reason or "").removeprefix("#") if last else ""
    return int(found) if found.isdecimal() else None


def maybe_same(connection: Connection, incident: Incident) -> list[cards.Near]:
    """Open incidents that may be the same thing, likeliest first: an officer decides, the machine was not sure."""
    if incident.status not in _UNDECIDED:
        return []
    known = {incident.id, *amendments.related(connection, incident.id)}
    found = []
    for one in incidents.near(connection, incident.analysis, incident.opened_at):
        if one.id in known or one.score < POSSIBLE:
            continue
        other = incidents.get(connection, one.id)
        found.append(cards.Near(other.id, other.analysis.title or other.category, other.district, other.opened_at))
    return found[:MOST_MAYBE]


def link_of(connection: Connection, desk: Desk, report: Link) -> str | None:
    """Where officers can open a report; nowhere for what was told in a DM, in which they are not."""
    if desk.room_kind(connection, report.room_id) is not RoomKind.CHANNEL:
        return None
    return permalink(report.room_id, report.event_id, desk.config.homeserver.server_name)


def content(connection: Connection, desk: Desk, number: int, *, silent: bool = False) -> dict[str, Any]:
    """The card as it stands now."""
    incident = incidents.get(connection, number)
    shown = shown_report(connection, number)
    link = link_of(connection, desk, shown) if shown is not None else None
    text = cards.card(
        incident,
        (shown.text or incident.text) if shown else "",
        link=link,
        place=incident.location,
        zone=desk.config.zone,
        flags=shown.flags if shown else (),
        beside=_beside(connection, desk, incident, withdrawn=shown is None),
    )
    return render(text).content(notice=silent or incident.urgency != "darurat")


def _duty(connection: Connection, desk: Desk, incident: Incident) -> tuple[str, ...]:
    """Who was on duty when the report began to wait, while it waits."""
    alarm = alarms.current(connection, incident.id)
    if alarm is None or incident.status is not Status.BARU or incident.urgency != "darurat":
        return ()
    local = datetime.fromtimestamp(alarm.started_at / 1000, desk.config.zone)
    return desk.content.roster.on_duty(local, desk.config.homeserver.server_name)


def put_up(connection: Connection, desk: Desk, number: int, now: int, *, silent: bool = False) -> bool:
    """The card of a new incident, once; those on duty are mentioned while it waits to be taken."""
    said = content(connection, desk, number, silent=silent)
    if people := _duty(connection, desk, incidents.get(connection, number)):
        said["m.mentions"] = {"user_ids": list(people)}
    relocation.announce(connection, desk, number, people, now)
    return desk.tell_operations(connection, card_key(number), said, now)


def sound(connection: Connection, desk: Desk, number: int, transmission_id: int, now: int) -> bool:
    """The recording of a report into the thread of its card, while it is kept; false when there is none."""
    row = transmissions.get(connection, transmission_id)
    event = inbox.event(connection, row.event_id)
    path = desk.config.data_dir / row.media_path if row.media_path else None
    room_id = desk.officers_room(connection, card_key(number))
    if path is None or room_id is None or not path.exists():
        return False
    audio = recording(event.media if event else None, f"laporan-{number}.ogg")
    said = threaded(f"outbox:{card_key(number)}", audio)
    key = f"card-audio:{number}:{transmission_id}"
    return outbox.append(connection, Outgoing(key, room_id, said, priority=Priority.NOTICE, upload=str(path)), now)


def refresh(connection: Connection, desk: Desk, number: int, cause: str, now: int) -> None:
    """Edit the card in place (client-server API, "Event replacements"); `cause` makes it one edit for one cause.

    Agencies that have the report are told what is new for them. What has become private moves to its own room.
    """
    if relocation.misplaced(connection, desk, number):
        relocate(connection, desk, number, now)
        return
    key = live_key(connection, number)
    edit = restating.replacement(f"outbox:{key}", content(connection, desk, number))
    desk.tell_operations(connection, f"{key}:edit:{cause}", edit, now)
    agencynews.renew(connection, desk, number, cause, now)


def relocate(connection: Connection, desk: Desk, number: int, now: int) -> bool:
    """The card begins anew in the room for private matters; false when it has to wait for what is under way."""
    if not relocation.leave(connection, number, now):
        return False
    put_up(connection, desk, number, now)
    for report in reports(connection, number):
        sound(connection, desk, number, report.transmission_id, now)
    return True


def show_again(connection: Connection, desk: Desk, number: int, now: int) -> None:
    """The card with all its edits is taken back, and what is left of it stands in its thread from now on.

    An edit alone would leave the words: earlier versions of a message can be read by everybody in the room.
    """
    old = live_key(connection, number)
    retraction.take_back(connection, old, now)
    again = len(_again(connection, number))
    said = threaded(f"outbox:{card_key(number)}", content(connection, desk, number))
    key = f"{card_key(number)}:again:{again + 1}"
    desk.tell_operations(connection, key, said, now)
    agencynews.renew(connection, desk, number, key, now)


def correct_reply(
    connection: Connection, desk: Desk, number: int, report: Link, text: str, cause: str, now: int
) -> None:
    """The reporter's thread says what an officer heard there, in place of what the machine heard."""
    if desk.room_kind(connection, report.room_id) is not RoomKind.CHANNEL:
        return
    incident = incidents.get(connection, number)
    if incident.analysis.private:
        return  # nothing of the words stands there
    said = answers.heard(text, incident.analysis, number, typed=True)
    key = reply_key(connection, report.event_id)
    restating.replace(connection, key, render(said).content(notice=True), cause, now)


def reply_key(connection: Connection, event_id: str) -> str:
    """Outbox key of our answer to a report in its thread: a later one when the first had to be taken back."""
    key = f"reply:{event_id}"
    later = [one.key for one in relays.edits_of(connection, f"{key}:again:") if ":edit:" not in one.key]
    return later[-1] if later else key


def post(
    connection: Connection, desk: Desk, number: int, what: str, markdown: str, now: int, *, notice: bool = True,
    mentions: Sequence[str] = (),
) -> bool:  # fmt: skip
    """A message in the card's thread, once for each `what`."""
    said = render(markdown).content(notice=notice)
    if mentions:
        said["m.mentions"] = {"user_ids": list(mentions)}
    key = f"{card_key(number)}:{what}"
    return desk.tell_operations(connection, key, threaded(f"outbox:{card_key(number)}", said), now)


def answer(connection: Connection, desk: Desk, number: int, event: IncomingEvent, markdown: str, now: int) -> bool:
    """A word to the officer whose message or reaction it was."""
    said = threaded(f"outbox:{card_key(number)}", render(markdown).content(notice=True))
    if event.kind is not Kind.REACTION and event.kind is not Kind.REDACTION:
        answered = event.target if event.kind is Kind.EDIT else event.event_id  # nobody can reply to an edit
        said["m.relates_to"] |= {"is_falling_back": False, "m.in_reply_to": {"event_id": answered}}
    return desk.tell_operations(connection, f"{card_key(number)}:word:{event.event_id}", said, now)


def say_to_reporter(
    connection: Connection,
    desk: Desk,
    report: Link,
    key: str,
    said: dict[str, Any],
    now: int,
    *,
    mention: bool = False,
    upload: str | None = None,
    priority: Priority = Priority.REPLY,
) -> bool:
    """Into the thread of their own report in a channel, or into their DM; false where that is none any more."""
    if groups.waits(connection, report.room_id):
        return False
    if mention:
        said = {**said, "m.mentions": {"user_ids": [report.sender]}}
    if desk.room_kind(connection, report.room_id) is RoomKind.CHANNEL:
        said = threaded(thread_of(connection, report), said)
    outgoing = Outgoing(key, report.room_id, said, priority=priority, upload=upload)
    return outbox.append(connection, outgoing, now)


def thread_of(connection: Connection, report: Link) -> str:
    """The root of the thread that a report stands in, or begins."""
    event = inbox.event(connection, report.event_id)
    return (event.thread_root if event else None) or report.event_id


def _beside(connection: Connection, desk: Desk, incident: Incident, *, withdrawn: bool) -> cards.Beside:
    history = incidents.history(connection, incident.id)
    last = standing(history).event_id
    reason = next((step.reason for step in reversed(history) if last and step.event_id == last), None)
    agencies = {one.key: one.title for one in desk.content.agencies.all}
    passed_on = copies.of_incident(connection, incident.id, (copies.RELAY,))
    return cards.Beside(
        duty=_duty(connection, desk, incident),
        maybe=[] if withdrawn else maybe_same(connection, incident),
        related=amendments.related(connection, incident.id),
        reason=reason,
        forwarded=list(dict.fromkeys(agencies.get(one.target or "", one.target or "") for one in passed_on)),
        doubts_about_sender=conduct.doubts(connection, desk, incident),
        kept=kept.shown(connection, desk, incident.id),
        withdrawn=withdrawn,
        original=_original(connection, desk, incident),
    )


def _original(connection: Connection, desk: Desk, incident: Incident) -> str | None:
    """Whether a private report can still be read in a channel of ours, where officers may have it deleted."""
    shown = shown_report(connection, incident.id)
    if shown is None or not desk.is_private(connection, incident.id) or link_of(connection, desk, shown) is None:
        return None
    return cards.DELETED if relays.row_of(connection, original_key(shown.event_id)) is not None else cards.READABLE
