from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.incidents.loader import load_rules
from bot.incidents.rules import REPORTS, TALK, Rules
from bot.problem import ContentError

ROOT = Path(__file__).parents[2]
TABLE = """
kebakaran bahan_berbahaya laut gempa longsor banjir rob angin pohon_tumbang curas tawuran konflik_kelompok
penganiayaan kdrt tabrak_lari laka_lantas medis odgj orang_hilang curanmor curat penipuan premanisme narkoba
judi miras balap_liar konvoi lalin_gangguan kemacetan orang_mencurigakan
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "flows" / "incidents", tmp_path / "incidents"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(ContentError) as error:
        load_rules(folder)
    return [str(problem) for problem in error.value.problems]


def test_every_category_of_the_definitions_has_rules(rules: Rules) -> None:
    assert sorted(row.code for row in rules.categories) == sorted(TABLE.split())


def test_graver_categories_come_first(rules: Rules) -> None:
    order = [row.code for row in rules.categories]
    for graver, lesser in (("kebakaran", "laka_lantas"), ("curas", "curanmor"), ("tabrak_lari", "laka_lantas")):
        assert order.index(graver) < order.index(lesser)


def test_every_kind_of_talk_has_a_title(rules: Rules) -> None:
    assert set(TALK) <= set(rules.titles)
    assert set(TALK) >= REPORTS


def test_only_violence_at_home_is_private(rules: Rules) -> None:
    assert [row.code for row in rules.categories if row.private] == ["kdrt"]


def test_a_bad_pattern_is_told_with_its_line(folder: Path) -> None:
    edit(folder / "categories.yaml", '"hujan angin|es|badai"', '"puting (beliung"')
    (problem,) = problems(folder)
    line = (folder / "categories.yaml").read_text(encoding="utf-8").split('"puting (beliung"')[0].count("\n") + 1
    assert problem.startswith(f"{folder / 'categories.yaml'}:{line}: ")


def test_an_unknown_key_is_told(folder: Path) -> None:
    edit(folder / "categories.yaml", "cap: Fire", "cap: Fire\n    capp: Fire")
    assert any("unknown key" in problem and "capp" in problem for problem in problems(folder))


def test_a_category_defined_twice_is_told(folder: Path) -> None:
    edit(folder / "categories.yaml", "code: judi", "code: miras")
    assert any("defined twice" in problem for problem in problems(folder))


def test_a_missing_kind_of_talk_is_told(folder: Path) -> None:
    edit(folder / "talk.yaml", "  duplikat: [", "  duplikatt: [")
    told = problems(folder)
    assert any("unknown entry 'kinds.duplikatt'" in one for one in told)
    assert any("missing entry 'kinds.duplikat'" in one for one in told)


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "places.yaml").unlink()
    assert problems(folder) == [f"{folder / 'places.yaml'}:0: file not found"]
