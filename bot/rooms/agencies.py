"""rooms/instansi.yaml: other agencies, to whom reports are passed on and whose people take part. Pure."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from bot.problem import ContentError, Problem
from bot.rooms import acl
from bot.rooms.model import LiaisonPower, Localpart, Part, Person, Room, Rooms, full_id, server_of
from bot.yamlfile import Document, read, validate

AGENCIES = "instansi.yaml"

_CLOSED = ("invite", "knock", "agencies")
"""Join rules of rooms into which nobody comes whom nobody has asked in; a space may be open to everybody itself."""

Name = Annotated[str, StringConstraints(min_length=2, max_length=60)]
Where = Annotated[str, StringConstraints(max_length=255)]
Server = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?(:\d{1,5})?$", max_length=230)
]
"""A homeserver's name as people's ids bear it (spec appendix "Server name"); patterns and IPv6 are none."""


class AgencyEntry(Part):
    """An agency as written."""

    title: Name
    names: tuple[Name, ...] = ()
    """Other words for it."""
    room: Where | None = None
    """A room's name in rooms.yaml, or the id ("!…") of a room of the agency's own server that the bot is in."""
    categories: tuple[str, ...] = ()
    """What it is the first to be asked for."""
    servers: tuple[Server, ...] = ()
    """Its homeservers, by name."""
    liaisons: tuple[Person, ...] = ()
    """Its people, on one of its servers or on ours; they are invited to the agency space."""
    channels: tuple[str, ...] = ()
    """Channels of rooms.yaml that it may join."""
    power: LiaisonPower | None = None
    """Of its liaisons in those channels; unset: what the channel says."""


class AgenciesFile(Part):
    """instansi.yaml."""

    agencies: dict[Localpart, AgencyEntry] = Field(default={})


class Agency(Part):
    """Somebody to whom reports are passed on, and who may take part."""

    key: str
    title: str
    names: tuple[str, ...]
    room: str | None
    categories: tuple[str, ...]
    servers: tuple[str, ...] = ()
    liaisons: tuple[str, ...] = ()
    """As written: full user ids, or "@name" on our server."""
    channels: tuple[str, ...] = ()
    power: int | None = None

    def may_join(self, room: Room) -> bool:
        """Whether it takes part in a room: the agency space, a channel named for it, the room for its reports."""
        return room.kind == "agency_space" or (room.kind == "channel" and room.name in (*self.channels, self.room))

    def people(self, server_name: str) -> tuple[str, ...]:
        """Its liaisons' full user ids."""
        return tuple(full_id(person, server_name) for person in self.liaisons)


class Agencies(Part):
    """All of them."""

    all: tuple[Agency, ...] = ()
    written: bool = True
    """Whether there is a file that says so; without one there are none, and nobody has taken any out."""

    def find(self, words: str) -> Agency | None:
        """The agency of that name, whole and without regard to case; nothing like it is taken for it."""
        said = " ".join(words.casefold().split())
        return next((one for one in self.all if said in (one.key, one.title.casefold(), *one.names)), None)

    def for_category(self, code: str) -> tuple[Agency, ...]:
        """Who is asked for that kind of incident."""
        return tuple(one for one in self.all if code in one.categories)

    def in_room(self, room: Room) -> tuple[Agency, ...]:
        """Who takes part there."""
        return tuple(one for one in self.all if one.may_join(room))

    def of_liaison(self, user_id: str, server_name: str) -> Agency | None:
        """The agency that a person speaks for. Display names never count."""
        return next((one for one in self.all if user_id in one.people(server_name)), None)

    def of_server(self, server: str) -> tuple[Agency, ...]:
        """The agencies that live on a server: a municipality may keep one for several."""
        return tuple(one for one in self.all if server in one.servers)

    def speaks_for(self, user_id: str, key: str, server_name: str) -> Agency | None:
        """The agency that what a person says about the reports of agency `key` is to be taken as the word of.

        Theirs who are its liaisons or on its servers; where the files name neither, whoever is in its room. Somebody of
        another agency speaks for that, and anybody else for none.
        """
        asked = next((one for one in self.all if one.key == key), None)
        if asked is None:
            return None
        there = self.of_server(server_of(user_id))
        if not (asked.servers or asked.liaisons) or user_id in asked.people(server_name) or asked in there:
            return asked
        return self.of_liaison(user_id, server_name) or (there[0] if len(there) == 1 else None)

    def servers_in(self, room: Room) -> set[str]:
        """The other servers that take part in a room."""
        return {server for one in self.in_room(room) for server in one.servers}

    def powers_in(self, room: Room, server_name: str) -> dict[str, int]:
        """User id of each liaison who takes part in a room → power there."""
        return {
            person: room.power_of_liaisons if one.power is None else one.power
            for one in self.in_room(room)
            for person in one.people(server_name)
        }


def load_agencies(
    folder: Path,
    rooms: Rooms | None = None,
    categories: Collection[str] | None = None,
    private: Collection[str] = (),
    *,
    server_name: str = "",
) -> Agencies:
    """Read the agencies; without the file there are none. Raises ContentError with every problem found.

    `categories` are the known codes, `private` those of them that are never passed on; `server_name` is ours.
    """
    file = folder / AGENCIES
    if not file.exists():
        return Agencies(written=False)
    document = read(file)
    written = validate(document, AgenciesFile)
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for key, entry in written.agencies.items():
        where = ("agencies", key)
        names = tuple(" ".join(name.casefold().split()) for name in entry.names)
        for name in dict.fromkeys((key, entry.title.casefold(), *names)):
            if name in seen:
                problems.append(document.problem((*where, "names"), f"'{name}' already means '{seen[name]}'"))
            seen.setdefault(name, key)
        for index, code in enumerate(entry.categories):
            if categories is not None and code not in categories:
                problems.append(document.problem((*where, "categories", index), f"no category '{code}'"))
            if code in private:
                message = f"'{code}' is private: it is never passed on to another room"
                problems.append(document.problem((*where, "categories", index), message))
        if rooms is not None:
            problems += _check_rooms(document, key, entry, rooms, server_name)
    problems += _check_people(document, written, rooms, server_name)
    if problems:
        raise ContentError(problems)
    return Agencies(
        all=tuple(
            Agency(
                key=key,
                title=entry.title,
                names=tuple(" ".join(name.casefold().split()) for name in entry.names),
                room=entry.room,
                categories=entry.categories,
                servers=tuple(dict.fromkeys(entry.servers)),
                liaisons=entry.liaisons,
                channels=entry.channels,
                power=entry.power,
            )
            for key, entry in written.agencies.items()
        )
    )


def _check_rooms(document: Document, key: str, entry: AgencyEntry, rooms: Rooms, server_name: str) -> list[Problem]:
    """It gets into no room that holds personal or case data, and into none that cannot take it."""
    where = ("agencies", key)
    known = ", ".join(one.name for one in rooms.channels)
    problems: list[Problem] = []
    if entry.room and not entry.room.startswith("!"):
        room = rooms.by_name(entry.room)
        if room is None or room.kind != "channel":
            message = f"no channel '{entry.room}' in rooms.yaml (there are: {known})"
            problems.append(document.problem((*where, "room"), message))
        elif room.join not in _CLOSED:
            message = (
                f"'{entry.room}' is open to everybody: reports go to a room with join: {' or '.join(_CLOSED)} only"
            )
            problems.append(document.problem((*where, "room"), message))
        elif room.servers == "any":
            message = f"'{entry.room}' lets in every server: reports go to a room with 'servers: agencies' only"
            problems.append(document.problem((*where, "room"), message))
    foreign = [one for one in entry.servers if one != server_name]
    for index, name in enumerate(entry.channels):
        room, place = rooms.by_name(name), (*where, "channels", index)
        if room is not None and room.confidential:
            message = f"'{name}' holds personal data and never leaves our server: name a channel made for agencies"
            problems.append(document.problem(place, message))
        elif room is None or room.kind != "channel":
            problems.append(document.problem(place, f"no channel '{name}' in rooms.yaml (there are: {known})"))
        elif foreign and not room.federate:
            message = f"'{name}' has 'federate: false': no other server can join it; give the agency another channel"
            problems.append(document.problem(place, message))
    for index, server in enumerate(entry.servers):
        place = (*where, "servers", index)
        if acl.is_ip_literal(server):
            problems.append(document.problem(place, f"'{server}' is an IP address: rooms let in names only"))
        banned = next((one for one in rooms.banned_servers if acl.bans(one, server)), None)
        if banned is not None:
            message = f"'{server}' is banned by '{banned}' in rooms.yaml: take one of them out"
            problems.append(document.problem(place, message))
    return problems


def _check_people(document: Document, written: AgenciesFile, rooms: Rooms | None, server_name: str) -> list[Problem]:
    """A liaison is on a server that may come in, and wears one hat."""
    problems: list[Problem] = []
    officers = {full_id(one.person, server_name) for one in rooms.officers} if rooms is not None else set()
    seen: dict[str, str] = {}
    for key, entry in written.agencies.items():
        for index, person in enumerate(entry.liaisons):
            place, user = ("agencies", key, "liaisons", index), full_id(person, server_name)
            server = server_of(user)
            if server not in (*entry.servers, server_name) and (server_name or ":" in person):
                message = f"{person} is on none of the agency's servers: add '{server}' to them, if that is right"
                problems.append(document.problem(place, message))
            if user in officers:
                message = f"{person} is an officer, too (officers.yaml): keep one of the two"
                problems.append(document.problem(place, message))
            if user in seen:
                message = f"{person} is already a liaison of '{seen[user]}': keep one"
                problems.append(document.problem(place, message))
            seen.setdefault(user, key)
    return problems
