"""The rules' lint and the tests that stand beside the rules."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.gazetteer import Gazetteer
from bot.incidents.lint import lint
from bot.incidents.loader import load_rules
from bot.incidents.patterns import Lexicon, compile_pattern, samples
from bot.incidents.trial import FOLDER, failed_tests, run_tests
from bot.problem import ContentError, Severity

ROOT = Path(__file__).parents[2]
OURS = ROOT / "flows" / "incidents"
Told = Callable[[str, str, str], list[str]]


@pytest.fixture
def told(tmp_path: Path, gazetteer: Gazetteer) -> Told:
    """What the lint says after one edit of a file."""

    def edit(name: str, old: str, new: str) -> list[str]:
        folder = Path(shutil.copytree(OURS, tmp_path / "incidents"))
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        problems = lint(Analyser(gazetteer, load_rules(folder)), folder)
        assert all(problem.severity is Severity.WARNING for problem in problems)
        return [f"{problem.file.name}:{problem.line}: {problem.message}" for problem in problems]

    return edit


def test_our_own_rules_have_no_dead_pattern_and_no_wrong_example(analyser: Analyser) -> None:
    assert [str(problem) for problem in lint(analyser, OURS)] == []


def test_the_tests_beside_our_rules_pass(analyser: Analyser) -> None:
    outcomes = list(run_tests(analyser, OURS / FOLDER))
    assert len(outcomes) >= 15
    assert [outcome for outcome in outcomes if outcome.differences] == []


GEMPA = "title: Gempa bumi\n    cap: Geo\n    urgency: info\n    words: ["
JUDI = "title: Perjudian\n    cap: Security\n    urgency: segera\n    words: ["


def test_a_pattern_that_others_cover_is_dead(told: Told) -> None:
    (problem,) = told("categories.yaml", GEMPA, f'{GEMPA}"gempa besar", ')
    before = (OURS / "categories.yaml").read_text(encoding="utf-8").partition(GEMPA)[0] + GEMPA
    assert problem.startswith(f"categories.yaml:{before.count(chr(10)) + 1}: ")
    assert "'gempa besar' is dead" in problem


def test_a_pattern_that_finds_more_than_the_others_is_alive(told: Told) -> None:
    assert told("categories.yaml", GEMPA, f'{GEMPA}"xq .. yq", ') == []


def test_a_pattern_that_a_graver_category_always_takes_never_names_its_own(told: Told) -> None:
    problems = told("categories.yaml", JUDI, f'{JUDI}"taruhan kobong", ')
    assert any("'taruhan kobong' never names judi" in problem or "is dead" in problem for problem in problems)


def test_a_pattern_that_swallows_another_category_is_seen_by_that_ones_examples(told: Told) -> None:
    """ "sabu*", written for drugs, also finds "sabung ayam", which is gambling."""
    narkoba = "title: Narkoba\n    cap: Security\n    urgency: segera\n    words: ["
    problems = told("categories.yaml", narkoba, f'{narkoba}"sabu*", ')
    assert any("'sabung ayam rame di kebun' of judi is taken for narkoba" in problem for problem in problems)


def test_an_example_that_is_taken_for_something_else_says_why(told: Told) -> None:
    (problem,) = told("categories.yaml", '"konvoi suporter keliling kota"', '"tawuran pelajar di Subah"')
    assert "of konvoi is taken for tawuran (kategori.tawuran: tawuran" in problem


def test_an_example_that_two_categories_claim_is_told(told: Told) -> None:
    problems = told("categories.yaml", '"konvoi suporter keliling kota"', '"Kecelakaan  motor sama truk"')
    assert any("of konvoi is also one of laka_lantas" in problem for problem in problems)


def test_a_pattern_listed_twice_is_told(told: Told) -> None:
    (problem,) = told("talk.yaml", "  nihil_korban: [", '  nihil_korban: ["lecet ringan", "lecet ringan", ')
    assert "'lecet ringan' stands in this list twice" in problem


def test_every_sample_of_a_pattern_is_found_by_it() -> None:
    lexicon = Lexicon({"sajam": ("celurit", "senjata tajam")}, {"omah": "rumah"})
    for source in ("omah .. terbakar", "~tabrak @sajam", "truk? mogok", "a|tidak_sadar ... b*", "*bakar ?"):
        pattern = compile_pattern(source, lexicon)
        lines = samples(source, lexicon)
        assert lines
        assert all(pattern.regex.search(line) for line in lines), source


def test_nothing_is_proven_by_a_part_of_the_samples() -> None:
    assert samples(" ".join(["a|b|c|d"] * 4)) == []


def test_a_failing_test_is_told_with_file_and_line(tmp_path: Path, analyser: Analyser) -> None:
    (tmp_path / "uji.yaml").write_text(
        "tests:\n  - name: salah\n    text: kebakaran di Subah\n    expect: {category: banjir, district: Subah}\n"
    )
    (problem,) = failed_tests(analyser, tmp_path)
    assert str(problem).endswith("uji.yaml:2: test 'salah' fails: category: expected banjir, came kebakaran")
    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tests:\n  - {name: a, text: b, expect: {kategori: laut}}\n", "kategori"),
        ('tests:\n  - {name: a, text: b, when: "2026-13-01 10:00", expect: {}}\n', "is no date and time"),
    ],
)
def test_a_test_file_that_cannot_be_read_is_an_error(tmp_path: Path, analyser: Analyser, text: str, told: str) -> None:
    (tmp_path / "uji.yaml").write_text(text)
    with pytest.raises(ContentError, match=told):
        list(run_tests(analyser, tmp_path))
    (problem,) = failed_tests(analyser, tmp_path)
    assert problem.severity is Severity.ERROR
