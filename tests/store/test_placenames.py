"""What a room spoke of lately, for the hint that speech recognition gets."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from incident_world import NOON, report

from bot.store.placenames import LATELY_MS, recent_places


def test_the_last_scenes_of_a_room_come_newest_first_and_once(engine: Engine) -> None:
    with engine.begin() as connection:
        report(connection, 1, "laka di Plelen Gringsing", at=NOON)
        report(connection, 2, "pohon tumbang di Gerlang Blado", at=NOON + 60_000)
        report(connection, 3, "begal di Clapar Subah kabur ke arah Limpung", at=NOON + 120_000)
        report(connection, 4, "banjir di Clapar Subah", at=NOON + 180_000, room="!lain:ex.org")
        found = recent_places(connection, "!ojol:ex.org", NOON + 200_000)
        assert found == ["Clapar", "Subah", "Gerlang", "Blado", "Plelen", "Gringsing"]


def test_what_is_long_past_is_no_hint(engine: Engine) -> None:
    with engine.begin() as connection:
        report(connection, 1, "laka di Plelen Gringsing", at=NOON)
        assert recent_places(connection, "!ojol:ex.org", NOON + LATELY_MS + 1) == []
