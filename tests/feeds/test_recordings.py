"""Real answers, where somebody recorded some: each is read by one of the parsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bulletins.sources import read_cap
from bot.feeds.forecast import parse_forecast
from bot.feeds.quakes import parse_quakes

RECORDED = sorted((Path(__file__).parent / "fixtures").glob("recorded_*"))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.name)
def test_a_recorded_answer_is_read(file: Path) -> None:
    parse = parse_forecast if "_forecast-" in file.name else parse_quakes if "_quakes" in file.name else read_cap
    assert parse(file.read_bytes())


def test_made_up_answers_say_so_in_their_names() -> None:
    files = [file.name for file in (Path(__file__).parent / "fixtures").iterdir()]
    assert all(name.startswith(("made_up_", "recorded_", "README")) for name in files)
