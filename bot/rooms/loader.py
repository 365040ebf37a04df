"""rooms/rooms.yaml and rooms/officers.yaml as one checked value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bot.problem import ContentError, Problem
from bot.rooms import acl, notices, pictures
from bot.rooms.model import (
    ALL,
    Avatar,
    Kind,
    Notices,
    Officer,
    OfficersFile,
    Powers,
    Room,
    RoomEntry,
    RoomFields,
    Rooms,
    RoomsFile,
    full_id,
    server_of,
    works_in,
)
from bot.yamlfile import Document, read, validate

ROOMS = "rooms.yaml"
OFFICERS = "officers.yaml"
SPACE = "space"

_USUAL = RoomFields(
    join="public",
    history="shared",
    encryption=True,
    federate=True,
    invite_officers=True,
    servers="agencies",
    power_of_liaisons=0,
    bulletins=(),
    power=Powers(speak=0, invite=0, kick=50, ban=50, redact=50, state=100, notify=50),
)
_AGENCY_SPACE = RoomFields(join="invite", encryption=False, federate=True)


def load_rooms(folder: Path, districts: Collection[str] | None = None, *, server_name: str = "") -> Rooms:
    """Read the rooms. Raises ContentError with every problem found, each with file and line.

    `districts`: the gazetteer's names; given, an unknown district is a mistake. `server_name`: ours; given, a person
    of another server where none may be is one, too.
    """
    problems: list[Problem] = []
    rooms_file = officers_file = None
    documents: list[Document] = []
    try:
        documents.append(read(folder / ROOMS))
        rooms_file = validate(documents[0], RoomsFile)
    except ContentError as error:
        problems += error.problems
    try:
        officers_document = read(folder / OFFICERS)
        officers_file = validate(officers_document, OfficersFile)
    except ContentError as error:
        problems += error.problems
    if rooms_file is None or officers_file is None:
        raise ContentError(problems)
    document = documents[0]

    defaults = rooms_file.defaults

    def made(kind: Kind, entries: Mapping[str, RoomEntry]) -> list[Room]:
        return [
            _room(name, kind, entry, defaults, _avatar(document, kind, name, entry, problems))
            for name, entry in entries.items()
        ]

    rooms = Rooms(
        version=rooms_file.version,
        space=made("space", {SPACE: rooms_file.space})[0],
        operations=made("operations", rooms_file.operations)[0],
        private=next(iter(made("private", rooms_file.private)), None),
        agency_space=next(iter(made("agency_space", rooms_file.agencies)), None),
        channels=tuple(made("channel", rooms_file.channels)),
        officers=tuple(
            Officer(person=person, role=name, power=role.power, rooms=role.rooms)
            for name, role in officers_file.roles.items()
            for person in role.members
        ),
        break_glass=officers_file.break_glass,
        notices=rooms_file.defaults.notices,
        controller=rooms_file.controller or "",
        banned_servers=rooms_file.banned_servers,
        repair=rooms_file.repair,
    )
    problems += _check_notices(document, rooms_file)
    problems += _check_rooms(document, rooms, districts)
    problems += [
        document.problem(("banned_servers", index), f"'{pattern}' would shut out our own server, {server_name}")
        for index, pattern in enumerate(rooms.banned_servers)
        if server_name and acl.bans(pattern, server_name)
    ]
    problems += _check_roles(officers_document, officers_file, rooms, server_name)
    if problems:
        raise ContentError(problems)
    return rooms


def _room(name: str, kind: Kind, entry: RoomEntry, defaults: RoomFields, avatar: Avatar | None) -> Room:
    # The agencies' space is closed and holds no talk unless it says otherwise itself: the defaults are the channels'.
    base = (entry, _AGENCY_SPACE, defaults, _USUAL) if kind == "agency_space" else (entry, defaults, _USUAL)

    def pick(field: str) -> object:
        for level in base:
            value = getattr(level, field)
            if value is not None:
                return value
        raise AssertionError(field)

    told = defaults.notices.model_copy(update=entry.notices.model_dump(exclude_none=True))
    return Room.model_validate(
        {
            "name": name,
            "kind": kind,
            "alias": entry.alias or name,
            "title": entry.title,
            "topic": entry.topic,
            "districts": entry.districts,
            "power": entry.power.over(defaults.power.over(_USUAL.power)),
            "notices": told if kind == "channel" else Notices(),
            "avatar": avatar,
            "guide": (entry.guide or "").strip(),
            "retention": entry.retention or defaults.retention,
            **{field: pick(field) for field in _PICKED},
            # Only channels of citizens are announced to unless a room says so itself.
            "bulletins": pick("bulletins") if kind == "channel" and entry.join != "agencies" else entry.bulletins or (),
        }
    )


_PICKED = ("join", "history", "encryption", "federate", "invite_officers", "servers", "power_of_liaisons")
_SECTIONS: Mapping[Kind, str] = {
    "operations": "operations",
    "private": "private",
    "agency_space": "agencies",
    "channel": "channels",
}


def _avatar(document: Document, kind: Kind, name: str, entry: RoomEntry, problems: list[Problem]) -> Avatar | None:
    if entry.avatar is None:
        return None
    try:
        return pictures.read(document.path.parent, entry.avatar)
    except ValueError as error:
        where = (SPACE,) if kind == "space" else (_SECTIONS[kind], name)
        problems.append(document.problem((*where, "avatar"), str(error)))
        return None


def _where(room: Room) -> tuple[str, ...]:
    return ("space",) if room.kind == "space" else (_SECTIONS[room.kind], room.name)


def _check_rooms(document: Document, rooms: Rooms, districts: Collection[str] | None) -> list[Problem]:
    problems: list[Problem] = []
    aliases: dict[str, str] = {}
    seen: set[str] = set()
    for room in rooms.all:
        where = _where(room)
        if room.name in seen:
            problems.append(document.problem(where, f"two rooms are called '{room.name}'"))
        seen.add(room.name)
        if room.alias in aliases:
            problems.append(
                document.problem((*where, "alias"), f"'{aliases[room.alias]}' already has the alias '{room.alias}'")
            )
        aliases.setdefault(room.alias, room.name)
        if room.kind == "space" and room.join == "space":
            problems.append(document.problem((*where, "join"), "the space cannot be joined through itself"))
        if room.kind in ("operations", "private"):
            problems += _check_operations(document, room, where)
        problems += _check_federation(document, room, rooms, where)
        if room.guide and room.kind != "channel":
            problems.append(document.problem((*where, "guide"), "only channels have a guide: members read it there"))
        for index, district in enumerate(room.districts):
            if districts is not None and district not in districts:
                problems.append(
                    document.problem((*where, "districts", index), f"no district '{district}' in the gazetteer")
                )
    return problems


def _check_notices(document: Document, rooms_file: RoomsFile) -> list[Problem]:
    """What people are told about their data says all that the law asks for."""
    texts: list[tuple[tuple[str, ...], str | None]] = [(("defaults",), rooms_file.defaults.notices.privacy)]
    texts += [(("channels", name), entry.notices.privacy) for name, entry in rooms_file.channels.items()]
    said = [(where, text) for where, text in texts if text is not None]
    problems = [
        document.problem((*where, "notices", "privacy"), f"the notice on personal data: {fault}")
        for where, text in said
        for fault in notices.faults(text)
    ]
    if said and not rooms_file.controller:
        message = f"missing key 'controller': the notice on personal data has nobody to name ({notices.CONTROLLER})"
        problems.append(document.problem((), message))
    return problems


def _check_operations(document: Document, room: Room, where: tuple[str, ...]) -> list[Problem]:
    """It holds reports with personal data: closed and encrypted, whatever the defaults say."""
    problems: list[Problem] = []
    what = "the operations room" if room.kind == "operations" else "the room for private matters"
    if room.join != "invite":
        problems.append(document.problem((*where, "join"), f"{what} holds personal data: it needs 'join: invite'"))
    if not room.encryption:
        problems.append(document.problem((*where, "encryption"), f"{what} holds personal data: it must be encrypted"))
    if room.federate:
        problems.append(
            document.problem((*where, "federate"), f"{what} holds personal data: it needs 'federate: false'")
        )
    return problems


def _check_federation(document: Document, room: Room, rooms: Rooms, where: tuple[str, ...]) -> list[Problem]:
    """What is said of other servers fits together."""
    faults: list[tuple[str, str]] = []
    if room.kind == "agency_space":
        if room.join != "invite":
            faults.append(("join", "the agencies' space lets people into other rooms: it needs 'join: invite'"))
        if not room.federate:
            faults.append(("federate", "the agencies' space is for other servers: take 'federate: false' out"))
    if room.join == "agencies":
        if room.kind != "channel":
            faults.append(("join", "'join: agencies' is for channels"))
        elif rooms.agency_space is None:
            faults.append(("join", "'join: agencies' needs the agencies' space: write an 'agencies:' section"))
    if room.servers == "any" and (room.closed or not room.federate):
        faults.append(("servers", "'servers: any' is for channels open to everybody's servers: take it out here"))
    return [document.problem((*where, key), message) for key, message in faults]


def _check_roles(document: Document, officers: OfficersFile, rooms: Rooms, server_name: str) -> list[Problem]:
    known = {room.name for room in rooms.all}
    problems = [
        document.problem(("roles", name, "rooms", index), f"no room '{room}' in {ROOMS} ('{ALL}' means every room)")
        for name, role in officers.roles.items()
        for index, room in enumerate(role.rooms)
        if room != ALL and room not in known
    ]
    closed = [room for room in rooms.all if room.confidential]
    people: list[tuple[tuple[str | int, ...], str, list[str]]] = [
        (("roles", name, "members", index), person, [room.name for room in closed if works_in(role.rooms, room)])
        for name, role in officers.roles.items()
        for index, person in enumerate(role.members)
    ]
    people += [
        (("break_glass", index), person, [room.name for room in closed])
        for index, person in enumerate(officers.break_glass)
    ]
    for where, person, names in people:
        if names and server_name and server_of(full_id(person, server_name)) != server_name:
            what = (
                f"{person} is of another server, and {', '.join(names)} must never leave ours: use an account on "
                f"{server_name}, or a role whose rooms are channels only (liaisons of agencies: instansi.yaml)"
            )
            problems.append(document.problem(where, what))
    private = rooms.private.name if rooms.private is not None else None
    if private is not None and not any(private in role.rooms for role in officers.roles.values()):
        what = (
            f"no role works in '{private}': nobody would read its cards. Name it in a role's rooms ('{ALL}' does not)"
        )
        problems.append(document.problem(("roles",), what))
    return problems
