"""All content under one version: flows, rooms, bulletins, places and the words of incident analysis.

Each part's own mistakes are found by its loader; here the parts are checked against each other, and everything that
was read is put under one digest, which stands in every audit row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Bulletins
from bot.config import Config
from bot.dialogue.flows import Flows
from bot.dialogue.loader import load_flows
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.rules import Rules, load_rules
from bot.problem import ContentError, Problem, Severity
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.version import content_version

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

    def warnings(self, today: date) -> list[Problem]:
        """What works and should be mended soon; `today` is the district's date."""
        return self.flows.warnings(today)


def load_content(config: Config) -> tuple[Content | None, list[Problem]]:
    """The content, or `None` and every mistake in it."""
    flows, rooms, places = (
        config.resolve(path) for path in (config.paths.flows, config.paths.rooms, config.paths.places)
    )
    before = content_version(config)
    for _ in range(SETTLING):
        content, problems = _load(flows, rooms, places, before)
        after = content_version(config)
        if after == before:
            return content, problems
        before = after
    return None, [Problem(flows, 0, "the content keeps changing while it is read: try again when nobody is writing it")]


def _load(flows: Path, rooms: Path, places: Path, version: str) -> tuple[Content | None, list[Problem]]:
    problems: list[Problem] = []
    gazetteer = _part(lambda: load_gazetteer(places), problems)
    rules = _part(lambda: load_rules(flows / INCIDENTS), problems)
    spoken = _part(lambda: load_flows(flows), problems)
    described = _part(lambda: load_rooms(rooms, gazetteer.districts if gazetteer else None), problems)
    channels = {room.name: room.bulletins for room in described.channels} if described else None
    bulletins = _part(lambda: load_bulletins(rooms, channels), problems)
    if spoken is None or described is None or bulletins is None or gazetteer is None or rules is None:
        return None, problems
    content = Content(spoken, described, bulletins, gazetteer, rules, version)
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    return None if wrong else content, problems


def _part(load: Callable[[], Part], problems: list[Problem]) -> Part | None:
    try:
        return load()
    except ContentError as error:
        problems += error.problems
        return None
