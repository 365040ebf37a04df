"""All content at once: flows, rooms, bulletins, places, incident rules, under one version."""

from __future__ import annotations

from dataclasses import dataclass

from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Bulletins
from bot.config import Config
from bot.dialogue.flows import Flows
from bot.dialogue.loader import load_flows
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.rules import Rules, load_rules
from bot.problem import ContentError, Problem
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.version import content_version


@dataclass(frozen=True)
class Content:
    """Everything an officer can edit, checked."""

    flows: Flows
    rooms: Rooms
    bulletins: Bulletins
    gazetteer: Gazetteer
    rules: Rules
    version: str


def load_content(config: Config) -> tuple[Content | None, list[Problem]]:
    """The content and every problem found; no content when one of them is an error."""
    try:
        content = Content(
            flows=load_flows(config.resolve(config.paths.flows)),
            rooms=load_rooms(config.resolve(config.paths.rooms)),
            bulletins=load_bulletins(config.resolve(config.paths.rooms)),
            gazetteer=load_gazetteer(config.resolve(config.paths.places)),
            rules=load_rules(config.resolve(config.paths.flows) / "incidents"),
            version=content_version(config),
        )
    except ContentError as error:
        return None, error.problems
    return content, []
