"""A migrated database in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.store.database import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'kentongan.db'}"


@pytest.fixture
def engine(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Iterator[Engine]:
    engine = empty_database(tmp_path / "kentongan.db")
    yield engine
    engine.dispose()


@pytest.fixture
def database(engine: Engine) -> Iterator[Database]:
    database = Database(engine)
    yield database
    database.close()
