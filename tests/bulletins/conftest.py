from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bulletins_world import Station


@pytest.fixture
def station(tmp_path: Path):
    station = Station(tmp_path)
    yield station
    station.engine.dispose()
