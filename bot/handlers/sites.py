"""The channels that an order is about, and what our snapshot knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.handlers.desk import Desk
from bot.markup import escape
from bot.moderation import words
from bot.moderation.orders import EVERYWHERE
from bot.rooms.found import FoundRoom
from bot.rooms.model import Room
from bot.store import rooms, roomstate
from bot.store.acts import Act


@dataclass(frozen=True)
class Site:
    """One channel."""

    room: Room
    room_id: str
    found: FoundRoom | None
    """`None` when the homeserver has told us nothing of it."""
    members: int


def site(connection: Connection, desk: Desk, name: str, people: tuple[str, ...]) -> Site | None:
    """The channel of that name, with the memberships of these people; `None` when it has not been made."""
    room, known = desk.content.rooms.by_name(name), rooms.by_name(connection, name)
    if room is None or room.kind != "channel" or known is None:
        return None
    found = roomstate.found(connection, known.room_id, people)
    return Site(room, known.room_id, found, len(roomstate.joined(connection, known.room_id)))


def names(connection: Connection, desk: Desk, wanted: str | None, here: str) -> tuple[str, ...]:
    """Names of the channels that an order means: the one it names, the one it was said in, or all that there are."""
    if wanted == EVERYWHERE:
        made = rooms.named(connection)
        return tuple(room.name for room in desk.content.rooms.channels if room.name in made)
    if wanted is not None:
        return (wanted,)
    room = desk.room(connection, here)
    return (room.name,) if room is not None and room.kind == "channel" else ()


def spoken(desk: Desk, connection: Connection) -> Mapping[str, str]:
    """What a channel may be called, in lower case → its name."""
    made, server = rooms.named(connection), desk.config.homeserver.server_name
    found: dict[str, str] = {}
    for room in desk.content.rooms.channels:
        for name in (room.name, room.name.replace("-", " "), room.title, f"#{room.alias}", room.full_alias(server)):
            found.setdefault(name.lower(), room.name)
        if room.name in made:
            found[made[room.name].room_id.lower()] = room.name
    return found


def title(connection: Connection, desk: Desk, room_id: str | None) -> str:
    """A room as officers call it."""
    if room_id is None:
        return words.ALL_CHANNELS
    room = desk.room(connection, room_id)
    return room.title if room is not None else room_id


def person(desk: Desk, user_id: str) -> str:
    """A person as officers read them: of our own server without it. Markdown."""
    return escape(name(desk, user_id))


def name(desk: Desk, user_id: str) -> str:
    """A person's address as an order names them. For code in Markdown: nothing in it is escaped."""
    own = f":{desk.config.homeserver.server_name}"
    return user_id.removesuffix(own).replace("`", "") if user_id.startswith("@") else user_id


def until(desk: Desk, at: int | None, now: int, kind: str = "") -> str:
    """ "sampai pukul 14.30", "sampai 3.12.2026", "untuk seterusnya"; of a channel "sampai dibuka lagi"."""
    if at is None:
        return words.UNTIL_OPENED if kind in ("lock", "slow") else words.ENDLESS
    return words.UNTIL.format(when=clock(desk, at, now))


def clock(desk: Desk, at: int, now: int) -> str:
    """A time for people: of today without its date, of a midnight the day that it ends."""
    local, today = (datetime.fromtimestamp(one / 1000, desk.config.zone) for one in (at, now))
    if local.date() == today.date():
        return f"pukul {local:%H.%M}"
    if not (local.hour or local.minute):
        day = local - timedelta(days=1)
        return f"{day.day}.{day.month}.{day.year}"
    return f"{local.day}.{local.month}.{local.year} pukul {local:%H.%M}"


def literal(text: str) -> str:
    """Somebody's words within ours."""
    return escape(text[:300])


def act(desk: Desk, one: Act) -> str:
    """What an act is, and against whom: "bisu @budi"."""
    return words.WHAT.get(one.kind, one.kind).format(who=f"**{person(desk, one.target)}**")
