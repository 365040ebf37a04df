"""rooms/moderation.yaml: mistakes are told by file and line, and without it the same holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.moderation.rules import MODERATION, Rules, load_rules
from bot.problem import ContentError

ROOMS = Path(__file__).parents[2] / "rooms"


def test_the_shipped_file_says_what_holds_without_it() -> None:
    assert load_rules(ROOMS) == Rules(roles=load_rules(ROOMS).roles)


def test_without_the_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_rules(tmp_path) == Rules()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("roles: {komandn: {may: [semua]}}", "no role 'komandn'"),
        ("roles: {petugas: {may: [tembak]}}", "no order 'tembak'"),
        ("lengths: {bisukan: {usual: besok, most: 1 hari}}", "is no length"),
        ("lengths: {bisukan: {usual: 2 hari, most: 1 hari}}", "must not be longer"),
        ("texts: {muted: 'Halo {nama}'}", "no placeholder {nama}"),
        ("texts: {muted: 'Halo {'}", "braces"),
        ("codes: {digits: 2}", "greater than or equal to 4"),
        ("kode: 1", "unknown key"),
    ],
)
def test_a_mistake_is_told_where_it_stands(tmp_path: Path, text: str, message: str) -> None:
    shutil.copy(ROOMS / "officers.yaml", tmp_path)
    (tmp_path / MODERATION).write_text(f"late_minutes: 10\n{text}\n")
    with pytest.raises(ContentError) as caught:
        load_rules(tmp_path)
    [problem] = caught.value.problems
    assert message in str(problem)
    assert problem.line == 2
