"""rooms/rooms.yaml and rooms/officers.yaml as one checked value."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bot.problem import ContentError, Problem
from bot.rooms import notices
from bot.rooms.model import (
    ALL,
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
    bulletins=(),
    power=Powers(speak=0, invite=0, kick=50, ban=50, redact=50, state=100, notify=50),
)


def load_rooms(folder: Path, districts: Collection[str] | None = None) -> Rooms:
    """Read the rooms. Raises ContentError with every problem found, each with file and line.

    `districts`: the gazetteer's names; given, an unknown district is a mistake.
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

    rooms = Rooms(
        version=rooms_file.version,
        space=_room(SPACE, "space", rooms_file.space, rooms_file.defaults),
        operations=next(
            _room(name, "operations", entry, rooms_file.defaults) for name, entry in rooms_file.operations.items()
        ),
        private=next(
            (_room(name, "private", entry, rooms_file.defaults) for name, entry in rooms_file.private.items()), None
        ),
        channels=tuple(
            _room(name, "channel", entry, rooms_file.defaults) for name, entry in rooms_file.channels.items()
        ),
        officers=tuple(
            Officer(person=person, role=name, power=role.power, rooms=role.rooms)
            for name, role in officers_file.roles.items()
            for person in role.members
        ),
        break_glass=officers_file.break_glass,
        notices=rooms_file.defaults.notices,
        controller=rooms_file.controller or "",
    )
    problems += _check_notices(document, rooms_file)
    problems += _check_rooms(document, rooms, districts)
    problems += _check_roles(officers_document, officers_file, rooms)
    if problems:
        raise ContentError(problems)
    return rooms


def _room(name: str, kind: Kind, entry: RoomEntry, defaults: RoomFields) -> Room:
    def pick(field: str) -> object:
        for level in (entry, defaults, _USUAL):
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
            **{field: pick(field) for field in ("join", "history", "encryption", "federate", "invite_officers")},
            # Only channels are announced to unless a room says so itself.
            "bulletins": pick("bulletins") if kind == "channel" else entry.bulletins or (),
        }
    )


_SECTIONS = {"operations": "operations", "private": "private", "channel": "channels"}


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


def _check_roles(document: Document, officers: OfficersFile, rooms: Rooms) -> list[Problem]:
    known = {room.name for room in rooms.all}
    problems = [
        document.problem(("roles", name, "rooms", index), f"no room '{room}' in {ROOMS} ('{ALL}' means every room)")
        for name, role in officers.roles.items()
        for index, room in enumerate(role.rooms)
        if room != ALL and room not in known
    ]
    private = rooms.private.name if rooms.private is not None else None
    if private is not None and not any(private in role.rooms for role in officers.roles.values()):
        what = (
            f"no role works in '{private}': nobody would read its cards. Name it in a role's rooms ('{ALL}' does not)"
        )
        problems.append(document.problem(("roles",), what))
    return problems
