from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.problem import ContentError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "places", tmp_path / "places"))


def problems(folder: Path) -> list[str]:
    with pytest.raises(ContentError) as error:
        load_gazetteer(folder)
    return [str(problem) for problem in error.value.problems]


def test_the_whole_regency_is_there(gazetteer: Gazetteer) -> None:
    kinds = [place.kind for place in gazetteer.places]
    assert kinds.count("village") == 248
    assert kinds.count("district") == 15
    assert len(gazetteer.districts) == 15


def test_a_name_that_exists_twice_keeps_both_meanings(gazetteer: Gazetteer) -> None:
    assert {place.districts for place in gazetteer.meanings("wonokerso")} == {("Limpung",), ("Kandeman",)}


def test_a_village_with_a_hazard_stands_once(gazetteer: Gazetteer) -> None:
    assert [place.kind for place in gazetteer.meanings("gerlang")] == ["village"]


def test_a_row_with_an_unknown_district_is_told_with_its_line(folder: Path) -> None:
    places = folder / "places.csv"
    lines = places.read_text(encoding="utf-8").splitlines()
    lines.insert(3, "Simpang Baru,junction,Subbah,,,,,,")
    places.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert problems(folder) == [f"{places}:4: unknown district 'Subbah'; see districts.csv"]


def test_swapped_coordinates_are_told(folder: Path) -> None:
    places = folder / "places.csv"
    places.write_text(
        places.read_text(encoding="utf-8") + "Pos Baru,landmark,Subah,,,,,109.9,-6.97\n", encoding="utf-8"
    )
    assert "lat and lon swapped" in problems(folder)[0]


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "villages.csv").unlink()
    assert problems(folder) == [f"{folder / 'villages.csv'}:0: file not found"]


def test_a_row_with_too_few_columns_is_told(folder: Path) -> None:
    villages = folder / "villages.csv"
    count = len(villages.read_text(encoding="utf-8").splitlines())
    villages.write_text(villages.read_text(encoding="utf-8") + "33.25.99\n", encoding="utf-8")
    assert f"{villages}:{count + 1}: needs 5 columns" in problems(folder)
