"""rooms/warnings.yaml: mistakes are found while it is read, with their line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bulletins_world import SHIPPED

from bot.bulletins.alerting import load_alerting
from bot.bulletins.loader import load_bulletins
from bot.problem import ContentError


def load(folder: Path, changes: dict[str, str] | None = None, **templates: str):
    shutil.copy(SHIPPED / "warnings.yaml", folder)
    file = folder / "warnings.yaml"
    for old, new in (changes or {}).items():
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    known = {**load_bulletins(SHIPPED).templates, **{f"{name}.md.j2": text for name, text in templates.items()}}
    return load_alerting(folder, known, ("ojol",))


def mistakes(folder: Path, changes: dict[str, str] | None = None, **templates: str) -> str:
    with pytest.raises(ContentError) as caught:
        load(folder, changes, **templates)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_the_shipped_file_is_sound_and_its_advice_fits_the_danger(tmp_path: Path) -> None:
    alerting = load(tmp_path)
    assert alerting is not None
    said = {words: alerting.advise(words) for words in ("Hujan Lebat disertai Petir", "gempa", "Gelombang tinggi", "?")}
    assert len(set(said.values())) == 4
    assert "Berteduh" in said["Hujan Lebat disertai Petir"]


def test_without_the_file_no_source_is_passed_on(tmp_path: Path) -> None:
    assert load_alerting(tmp_path, {}) is None


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("silent_rooms: []", "silent_rooms: [laut]", "no channel 'laut'"),
        ("  - say: Tetap tenang", "  - for: [lain]\n    say: Tetap tenang", "the last advice must be for everything"),
        ("least_mmi: II ", "least_mmi: 2 ", "least_mmi"),
        ("quake: siaran-gempa.md.j2", "quake: lindu.md.j2", "no file 'lindu.md.j2'"),
        ("mention_room: false", "mention_rooms: false", "unknown key 'mention_rooms'"),
    ],
)
def test_mistakes_are_found_with_their_line(tmp_path: Path, old: str, new: str, found: str) -> None:
    assert found in mistakes(tmp_path, {old: new})


def test_a_template_that_names_no_source_or_number_or_misspells_a_value_is_refused(tmp_path: Path) -> None:
    assert "{{ source }}, {{ advice }}, {{ emergency }}" in mistakes(tmp_path, **{"siaran-peringatan": "Hujan!"})
    assert "headlin" in mistakes(tmp_path, **{"siaran-peringatan": "{{ headlin }}"})
