"""A newcomer of a channel hears the rules, how to report, and what becomes of their data: once a person and channel.

In a thread of the channel, where each is mentioned and those of the same moments share one message; or in the DM that
a person has with us. A rush of newcomers gets a greeting as well, but not one by one: the greeting must not become the
flood. Who was there before us, whoever only changes their profile, officers and agencies get none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import doorwords as words
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.incidents.cards import pill
from bot.markup import escape, render
from bot.outgoing import Outgoing, Priority
from bot.rooms.model import Room
from bot.rooms.notices import told
from bot.store import inbox, notices, outbox, rooms, roomstate

PRIVACY = "privacy"
WAVE_MS = 60_000


def moved(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A member event of a channel."""
    room = desk.room(connection, event.room_id)
    person = event.state_key
    if room is None or person is None:
        return
    if event.content.get("membership") == "join":
        if _greeted(room) and not _at_home(desk, person) and _fresh(connection, event, person):
            _arrived(connection, event, desk, room, person, now)
    else:
        _gone(connection, event, desk, room, person, now)


def hurry(connection: Connection, room_id: str, person: str, now: int) -> None:
    """Somebody speaks whose greeting still waits for others: it goes at once, as they must know what becomes of it."""
    waiting = outbox.postponed_of(connection, _prefix(room_id), now)
    if waiting is not None and person in _people(waiting.content):
        outbox.release(connection, waiting.key, now)


def _greeted(room: Room) -> bool:
    said = room.notices
    return room.kind == "channel" and said.greet != "none" and bool(said.welcome or said.privacy)


def _at_home(desk: Desk, person: str) -> bool:
    """Officers, founders, agencies' liaisons, and ourselves."""
    server = desk.config.homeserver.server_name
    known, agencies = desk.content.rooms, desk.content.agencies
    officer = known.officer(person, server) is not None or person in known.creators(server)
    return person == desk.me or officer or agencies.of_liaison(person, server) is not None


def _fresh(connection: Connection, event: IncomingEvent, person: str) -> bool:
    """Whether this very event made them a member: they were none before, and still are one.

    The members' table keeps when a membership began; an event that changes a name or a picture leaves that time.
    """
    standing = roomstate.since(connection, event.room_id, person)
    received = inbox.received(connection, event.event_id)
    if standing is None or received is None:
        return False
    return standing == ("join", max(0, min(event.sent_at, received)))


def _arrived(connection: Connection, event: IncomingEvent, desk: Desk, room: Room, person: str, now: int) -> None:
    # By the channel's name: one that is rebuilt in a newer version does not greet everybody again.
    name = f"welcome:{room.name}"
    wave = notices.told_since(connection, name, now - WAVE_MS)
    if not notices.first_time(connection, person, name, now):
        return
    crowd = wave >= desk.config.welcome.most_per_minute
    desk.record(connection, "welcome.crowd" if crowd else "welcome", event.event_id, {"room": room.name}, now)
    direct = rooms.direct_with(connection, person) if room.notices.greet == "dm" and not crowd else None
    privacy = not crowd and room.notices.privacy is not None and notices.first_time(connection, person, PRIVACY, now)
    if direct is not None:
        said = _text(desk, room, words.WELCOME_DM.format(title=escape(room.title)), privacy=privacy)
        outbox.append(connection, Outgoing(f"welcome-dm:{event.event_id}", direct, render(said).content()), now)
        return
    waiting = outbox.postponed_of(connection, _prefix(event.room_id), now)
    before = waiting.content if waiting is not None else {}
    people = [*_people(before), *(() if crowd else (person,))]
    content = _greeting(
        desk, room, event.room_id, people, privacy=privacy or _says(before, _privacy(desk, room)),
        crowd=crowd or _says(before, words.WELCOME_CROWD),
    )  # fmt: skip
    if waiting is not None:
        outbox.reword(connection, waiting.key, content)
        return
    _root(connection, event.room_id, room, now)
    due = now + desk.config.welcome.batch_seconds * 1000
    key = f"{_prefix(event.room_id)}{event.event_id}"
    outgoing = Outgoing(key, event.room_id, content, priority=Priority.NOTICE, not_before=due)
    outbox.append(connection, outgoing, now)


def _gone(connection: Connection, event: IncomingEvent, desk: Desk, room: Room, person: str, now: int) -> None:
    """Left, kicked or banned before the greeting went: nobody greets them any more."""
    waiting = outbox.postponed_of(connection, _prefix(event.room_id), now)
    if waiting is None or person not in _people(waiting.content):
        return
    left = [one for one in _people(waiting.content) if one != person]
    crowd = _says(waiting.content, words.WELCOME_CROWD)
    if not left and not crowd:
        outbox.cancel(connection, waiting.key)
        return
    privacy = _says(waiting.content, _privacy(desk, room))
    content = _greeting(desk, room, event.room_id, left, privacy=privacy, crowd=crowd)
    outbox.reword(connection, waiting.key, content)


def _prefix(room_id: str) -> str:
    return f"welcome:{room_id}:"


def _root(connection: Connection, room_id: str, room: Room, now: int) -> None:
    """The message under which newcomers are greeted: one a channel, silent."""
    content = render(words.WELCOME_ROOT.format(title=escape(room.title))).content(notice=True)
    outbox.append(connection, Outgoing(f"welcome:{room_id}", room_id, content, priority=Priority.NOTICE), now)


def _greeting(desk: Desk, room: Room, room_id: str, people: list[str], *, privacy: bool, crowd: bool) -> dict[str, Any]:
    """Everything a newcomer needs: what was said in the thread before, an encrypted room does not show them."""
    heads = []
    if people:
        pills = [pill(one) for one in people]
        names = ", ".join(pills[:-1]) + words.AND + pills[-1] if len(pills) > 1 else pills[0]
        heads.append(words.WELCOME.format(names=names))
    if crowd:
        heads.append(words.WELCOME_CROWD)
    content = render(_text(desk, room, "\n\n".join(heads), privacy=privacy)).content()
    return threaded(f"outbox:welcome:{room_id}", {**content, "m.mentions": {"user_ids": people}})


def _text(desk: Desk, room: Room, head: str, *, privacy: bool) -> str:
    parts = [head, room.notices.welcome or "", _privacy(desk, room) if privacy else ""]
    return "\n\n".join(part for part in parts if part)


def _privacy(desk: Desk, room: Room) -> str:
    controller, days = escape(desk.content.rooms.controller), desk.config.retention.audio_days
    return told(room.notices.privacy or "", controller=controller, audio_days=days)


def _people(content: dict[str, Any]) -> list[str]:
    return list(content.get("m.mentions", {}).get("user_ids", []))


def _says(content: dict[str, Any], markdown: str) -> bool:
    return bool(markdown) and render(markdown).body in content.get("body", "")
