"""All content under one version: flows, rooms, bulletins, places and the words of incident analysis.

Each part's own mistakes are found by its loader; here the parts are checked against each other, and everything that
was read is put under one digest, which stands in every audit row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from bot.bulletins.alerting import WARNINGS, Alerting, load_alerting
from bot.bulletins.loader import BULLETINS, load_bulletins
from bot.bulletins.model import Bulletins
from bot.bulletins.spoken import Spoken, load_spoken
from bot.config import Config
from bot.dialogue import translations
from bot.dialogue.flows import Flows
from bot.dialogue.loader import load_flows
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.loader import load_rules
from bot.incidents.rules import Rules
from bot.moderation.protectionfile import Protections, load_protections
from bot.moderation.rules import Rules as ModerationRules
from bot.moderation.rules import load_rules as load_moderation
from bot.problem import ContentError, Problem, Severity
from bot.rooms.agencies import Agencies, load_agencies
from bot.rooms.loader import OFFICERS, ROOMS, load_rooms
from bot.rooms.model import Rooms
from bot.rooms.roster import Roster, load_roster
from bot.version import content_files, version_of
from bot.yamlfile import read

INCIDENTS = "incidents"
"""Folder below flows/ with the words of incident analysis."""
SETTLING = 3
"""Readings before we give up on files that change while they are read."""

Part = TypeVar("Part")


@dataclass(frozen=True)
class Content:
    """Everything an officer can edit, checked."""

    flows: Flows
    rooms: Rooms
    bulletins: Bulletins
    gazetteer: Gazetteer
    rules: Rules
    version: str
    """Digest of every content file's path and bytes (`bot.version`)."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Digest of each content file by its path, "flows/skck.yaml"."""
    agencies: Agencies = field(default_factory=Agencies)
    roster: Roster = field(default_factory=Roster)
    protections: Protections = field(default_factory=Protections)
    moderation: ModerationRules = field(default_factory=ModerationRules)
    alerting: Alerting | None = None
    reading: Spoken | None = None
    """How bulletins are read out."""
    roster_warnings: tuple[Problem, ...] = ()
    room_warnings: tuple[Problem, ...] = ()
    server_name: str = ""
    """Ours."""

    def is_liaison(self, user_id: str) -> bool:
        """Whether another agency sends this person: nobody keeps order against them by machine."""
        return self.agencies.of_liaison(user_id, self.server_name) is not None

    def warnings(self, today: date) -> list[Problem]:
        """What works and should be mended soon; `today` is the district's date."""
        flows = [*self.flows.warnings(today), *translations.warnings(self.flows)]
        return [*flows, *self.roster_warnings, *self.room_warnings]


def load_content(config: Config) -> tuple[Content | None, list[Problem]]:
    """The content, or `None` and every mistake in it."""
    flows, rooms, places = (
        config.resolve(path) for path in (config.paths.flows, config.paths.rooms, config.paths.places)
    )
    before = content_files(config)
    for _ in range(SETTLING):
        content, problems = _load(flows, rooms, places, version_of(before), config.homeserver.server_name)
        after = content_files(config)
        if after == before:
            return None if content is None else replace(content, files=MappingProxyType(before)), problems
        before = after
    return None, [Problem(flows, 0, "the content keeps changing while it is read: try again when nobody is writing it")]


def _load(flows: Path, rooms: Path, places: Path, version: str, ours: str) -> tuple[Content | None, list[Problem]]:
    problems: list[Problem] = []
    gazetteer = _part(lambda: load_gazetteer(places), problems)
    rules = _part(lambda: load_rules(flows / INCIDENTS), problems)
    spoken = _part(lambda: load_flows(flows), problems)
    districts = gazetteer.districts if gazetteer else None
    described = _part(lambda: load_rooms(rooms, districts, server_name=ours), problems)
    channels = {room.name: () for room in described.channels} if described else None
    bulletins = _part(lambda: load_bulletins(rooms, channels), problems)
    if described is not None and bulletins is not None:
        problems += _unknown_slots(rooms / ROOMS, described, bulletins)
    if rules is not None and bulletins is not None:
        problems += _unknown_categories(rooms / BULLETINS, rules)
    if gazetteer is not None and bulletins is not None:
        problems += _unknown_places(rooms / BULLETINS, bulletins, gazetteer)
    codes = [one.code for one in rules.categories] if rules else None
    private = [one.code for one in rules.categories if one.private] if rules else []
    agencies = _part(lambda: load_agencies(rooms, described, codes, private, server_name=ours), problems)
    duty = _part(lambda: load_roster(rooms, described), problems)
    protections = _part(lambda: load_protections(rooms, described), problems)
    moderation = _part(lambda: load_moderation(rooms), problems)
    templates = bulletins.templates if bulletins else {}
    alerting = _part(lambda: load_alerting(rooms, templates, channels), problems) if bulletins else None
    if alerting is not None and bulletins is not None:
        bulletins = alerting.guards(bulletins)
    if alerting is not None and bulletins is not None and bulletins.sources.region is None:
        message = f"warnings need 'region' among the sources of {BULLETINS}: which of them are ours cannot be told"
        problems.append(Problem(rooms / WARNINGS, 0, message))
    reading = _part(lambda: load_spoken(rooms), problems)
    if agencies is None or duty is None or protections is None or moderation is None:
        return None, problems
    if spoken is None or described is None or bulletins is None or gazetteer is None or rules is None:
        return None, problems
    content = Content(
        spoken, described, bulletins, gazetteer, rules, version, server_name=ours,
        agencies=agencies, alerting=alerting, reading=reading, roster=duty[0], protections=protections,
        moderation=moderation, roster_warnings=tuple(duty[1]),
        room_warnings=(*_without_private_room(rooms / ROOMS, described, private), *_without_people(rooms, described)),
    )  # fmt: skip
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    return None if wrong else content, problems


def _without_private_room(file: Path, rooms: Rooms, categories: Sequence[str]) -> tuple[Problem, ...]:
    """Violence at home, children, sexual crime: fewer officers should read of them than of a traffic jam."""
    if rooms.confidential is not None or not categories:
        return ()
    missing, remedy, where = "no 'private:' room", "name a room of its own for them", "operations"
    if rooms.private is not None:
        missing, remedy, where = f"nobody works in '{rooms.private.name}'", f"name its people in {OFFICERS}", "private"
    message = (
        f"{missing}: cards of private matters ({', '.join(categories)} …) stand in '{rooms.operations.name}' "
        f"before all officers; {remedy}"
    )
    return (replace(read(file).problem((where,), message), severity=Severity.WARNING),)


def _without_people(folder: Path, rooms: Rooms) -> tuple[Problem, ...]:
    """Reports would go to an empty room; and who is to keep a spare key can be said at a room's creation only."""
    missing = {
        "roles": "no officers: list them before `kentongan rooms apply`, or nobody reads the cards"
        if not rooms.officers
        else None,
        "break_glass": "no spare accounts: they can be named only before the rooms are made"
        if not rooms.break_glass
        else None,
    }
    document = read(folder / OFFICERS)
    return tuple(
        replace(document.problem((key,), message), severity=Severity.WARNING)
        for key, message in missing.items()
        if message
    )


def _unknown_slots(file: Path, rooms: Rooms, bulletins: Bulletins) -> list[Problem]:
    """A channel that waits for a bulletin nobody composes."""
    document = read(file)
    channels = document.data["channels"]
    problems: dict[tuple[str | int, ...], Problem] = {}
    for room in rooms.channels:
        section = ("channels", room.name) if "bulletins" in channels[room.name] else ("defaults",)
        for index, slot in enumerate(room.bulletins):
            if slot not in bulletins.slots:
                where = (*section, "bulletins", index)
                known = ", ".join(bulletins.slots)
                problems[where] = document.problem(where, f"no slot '{slot}' in {BULLETINS} (there are: {known})")
    return list(problems.values())


def _unknown_categories(file: Path, rules: Rules) -> list[Problem]:
    """A category that should never be counted in public, and would be for a slip of the pen; or one never told."""
    document = read(file)
    named: list[tuple[tuple[str, ...], list[str]]] = [
        (("withheld",), document.data.get("withheld") or []),
        (("traffic", "categories"), (document.data.get("traffic") or {}).get("categories") or []),
    ]
    return [
        document.problem((*where, index), f"no category '{code}' in {INCIDENTS}/categories.yaml")
        for where, codes in named
        for index, code in enumerate(codes)
        if rules.category(code) is None
    ]


def _unknown_places(file: Path, bulletins: Bulletins, gazetteer: Gazetteer) -> list[Problem]:
    """A forecast for a village of somewhere else, or a doubtful district that is none."""
    document = read(file)
    problems: list[Problem] = []
    villages = {place.code for place in gazetteer.places if place.kind == "village"}
    forecast, names = bulletins.sources.forecast, bulletins.sources.region
    for index, place in enumerate(forecast.places if forecast else ()):
        if place.adm4 not in villages:
            message = f"no village '{place.adm4}' in places/villages.csv"
            problems.append(document.problem(("sources", "forecast", "places", index, "adm4"), message))
    for index, name in enumerate(names.doubtful if names else ()):
        if name not in gazetteer.districts:
            message = f"no district '{name}' in places/districts.csv"
            problems.append(document.problem(("sources", "region", "doubtful", index), message))
    return problems


def _part(load: Callable[[], Part], problems: list[Problem]) -> Part | None:
    try:
        return load()
    except ContentError as error:
        problems += error.problems
        return None
