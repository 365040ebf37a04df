"""The card of an incident as it stands now, and everything that is said in its thread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.handlers.replies import permalink, threaded
from bot.handlers.routing import RoomKind
from bot.incidents import cards
from bot.incidents.lifecycle import standing
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import inbox, incidents, outbox
from bot.store.incidents import Incident, Link

CARD = "card"


def card_key(number: int) -> str:
    """Outbox key of an incident's card: what its thread hangs on."""
    return f"{CARD}:{number}"


def incident_of(key: str | None) -> int | None:
    """The incident whose card, or whose card's thread, one of our messages (by its outbox key) belongs to."""
    parts = (key or "").split(":")
    if len(parts) < 2 or parts[0] not in (CARD, "card-audio") or not parts[1].isdecimal():
        return None
    return int(parts[1])


def is_card(key: str) -> bool:
    """Whether a key is a card's own, or that of a further report under it: what a reaction can change."""
    parts = key.split(":")
    return parts[0] == CARD and len(parts) in (2, 3) and all(part.isdecimal() for part in parts[1:])


def report_of(key: str | None) -> int | None:
    """The transmission that one of our messages in a card's thread shows; `None` for the card itself."""
    parts = (key or "").split(":")
    return int(parts[2]) if len(parts) == 3 and parts[0] in (CARD, "card-audio") and parts[2].isdecimal() else None


def reports(connection: Connection, number: int) -> list[Link]:
    """The reports of an incident in order, without what their people said further."""
    return [one for one in incidents.links(connection, number) if one.role != incidents.REPLY]


def content(connection: Connection, desk: Desk, number: int, *, silent: bool = False) -> dict[str, Any]:
    """The card as it stands now."""
    incident = incidents.get(connection, number)
    shown = next((one for one in reports(connection, number) if one.state != "withdrawn"), None)
    link = None
    if shown is not None and desk.room_kind(connection, shown.room_id) is RoomKind.CHANNEL:
        link = permalink(shown.room_id, shown.event_id, desk.config.homeserver.server_name)
    text = cards.card(
        incident,
        (shown.text or incident.text) if shown else "",
        link=link,
        place=incident.location,
        zone=desk.config.zone,
        flags=shown.flags if shown else (),
        beside=_beside(connection, incident, withdrawn=shown is None),
    )
    return render(text).content(notice=silent or incident.urgency != "darurat")


def refresh(connection: Connection, desk: Desk, number: int, cause: str, now: int) -> None:
    """Edit the card in place (client-server API, "Event replacements"); `cause` makes it one edit for one cause."""
    new = content(connection, desk, number)
    edit = {
        **new,
        "body": f"* {new['body']}",
        "formatted_body": f"* {new['formatted_body']}",
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": f"outbox:{card_key(number)}"},
    }
    desk.tell_operations(connection, f"{card_key(number)}:edit:{cause}", edit, now)


def post(
    connection: Connection, desk: Desk, number: int, what: str, markdown: str, now: int, *, notice: bool = True
) -> bool:
    """A message in the card's thread, once for each `what`."""
    said = render(markdown).content(notice=notice)
    key = f"{card_key(number)}:{what}"
    return desk.tell_operations(connection, key, threaded(f"outbox:{card_key(number)}", said), now)


def answer(connection: Connection, desk: Desk, number: int, event: IncomingEvent, markdown: str, now: int) -> bool:
    """A word to the officer whose message or reaction it was."""
    said = threaded(f"outbox:{card_key(number)}", render(markdown).content(notice=True))
    if event.kind is not Kind.REACTION and event.kind is not Kind.REDACTION:
        said["m.relates_to"] |= {"is_falling_back": False, "m.in_reply_to": {"event_id": event.event_id}}
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
    """Into the thread of their own report in a channel, or into their DM."""
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


def _beside(connection: Connection, incident: Incident, *, withdrawn: bool) -> cards.Beside:
    history = incidents.history(connection, incident.id)
    last = standing(history).event_id
    reason = next((step.reason for step in reversed(history) if last and step.event_id == last), None)
    return cards.Beside(reason=reason, withdrawn=withdrawn)
