"""A flow test that cannot fail proves nothing."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bot.dialogue.engine import Engine
from bot.dialogue.loader import load_flows
from bot.dialogue.shadows import Shadows
from bot.dialogue.trial import run_examples, run_talks

FLOWS = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_each_kind_of_difference_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder)
    shutil.rmtree(folder / "tests")
    (folder / "tests").mkdir()
    (folder / "tests" / "salah.yaml").write_text(
        "version: 1\ntalks:\n  - name: salah\n    turns:\n"
        "      - {say: biaya skck, outcome: blocked, intent: sim_biaya, reason: entah,\n"
        "         contains: [Rp99], excludes: [Rp30.000], also: [sim_baru]}\n"
    )
    (trial,) = run_talks(Engine(load_flows(folder)), folder, NOW)
    told = [str(problem) for problem in trial.problems]
    assert len(told) == 6
    assert all("salah.yaml:5:" in text for text in told)


def test_an_example_that_another_intent_takes_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder)
    path = folder / "skck.yaml"
    lines = path.read_text().splitlines()
    place = lines.index("      - syarat bikin skck apa saja")
    lines.insert(place, "      - biaya skck")
    path.write_text("\n".join(lines))
    problems = [problem for trial in run_examples(Engine(load_flows(folder)), NOW) for problem in trial.problems]
    assert any(problem.line == place + 1 and "'biaya skck' (skck_baru)" in problem.message for problem in problems)


def test_an_example_of_a_rule_that_something_else_takes_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder)
    path = folder / "policy.yaml"
    lines = path.read_text().splitlines()
    place = lines.index("    examples:") + 1
    lines.insert(place, "      - biaya skck")
    path.write_text("\n".join(lines))
    trials = list(Shadows(Engine(load_flows(folder)), NOW).tried_rules())
    problems = [problem for trial in trials for problem in trial.problems]
    assert any(problem.line == place + 1 and "'biaya skck'" in problem.message for problem in problems)
    assert {trial.name for trial in trials} == {rule.reason for rule in load_flows(folder).policy.rules}


def test_a_turn_that_any_answer_would_pass_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder)
    shutil.rmtree(folder / "tests")
    (folder / "tests").mkdir()
    (folder / "tests" / "kosong.yaml").write_text(
        "version: 1\ntalks:\n  - name: kosong\n    turns:\n      - {say: biaya skck, outcome: answer}\n"
        "      - {say: biaya skck, outcome: answer, intent: skck_biaya}\n      - {say: menu, contains: [SIM]}\n"
    )
    (trial,) = run_talks(Engine(load_flows(folder)), folder, NOW)
    assert [problem.line for problem in trial.problems] == [5]
