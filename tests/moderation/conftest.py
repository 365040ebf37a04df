"""The shipped protections, and facts to judge by."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bot.moderation.protectionfile import Watches, load_protections

ROOMS = Path(__file__).parents[2] / "rooms"


@cache
def shipped() -> Watches:
    watches = load_protections(ROOMS).defaults
    assert watches is not None
    return watches


@pytest.fixture
def watches() -> Watches:
    return shipped()
