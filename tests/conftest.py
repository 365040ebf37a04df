"""For every test: what one of them sets up for the whole process does not reach the next; an empty database at once."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from bot.store import migrate
from bot.store.database import connect

# How fast a machine is at this moment is no claim of any test; those that set a limit of their own keep it.
settings.register_profile("kentongan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kentongan")

LONGEST = (
    "test_speech", "test_crash", "test_bulletin_rooms", "test_bot_life", "test_demo", "test_federation_faults",
    "test_rooms_apply", "test_bot_outages", "test_federation_order", "test_moderation", "test_bot_media",
)  # fmt: skip
"""Files of tests/real that take minutes, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: at the end, what is left is short, and no process waits for another."""

    def rank(item: pytest.Item) -> int:
        name = item.path.stem
        return LONGEST.index(name) if name in LONGEST else len(LONGEST) + (item.path.parent.name != "real")

    items.sort(key=rank)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Engine]:
    """`empty_database(file)`: an engine on a new database after all migrations.

    It is a copy: to run the migrations takes longer than most tests do. (They have tests of their own.)
    """
    template = tmp_path_factory.mktemp("database") / "empty.db"
    engine = connect(f"sqlite:///{template}")
    migrate.upgrade(engine)
    engine.dispose()

    def make(file: Path) -> Engine:
        shutil.copy(template, file)
        return connect(f"sqlite:///{file}")

    return make


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands that run in this process configure logging for it."""
    configuration, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    # The default draws every local variable of every frame: a minute for one traceback through the content.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    yield
    structlog.configure(**configuration)
    root.handlers[:], root.level = handlers, level
