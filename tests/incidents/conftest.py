"""The district's own rules and names: content is part of what is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.loader import load_rules
from bot.incidents.rules import Rules

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return load_gazetteer(ROOT / "places")


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules(ROOT / "flows" / "incidents")


@pytest.fixture(scope="session")
def analyser(gazetteer: Gazetteer, rules: Rules) -> Analyser:
    return Analyser(gazetteer, rules)
