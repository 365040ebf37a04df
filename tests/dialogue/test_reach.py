"""The words of a condition may ask for more than the condition, so that another answer is always given."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bot.dialogue.engine import Engine
from bot.dialogue.lint import lint
from bot.dialogue.loader import load_flows

FLOWS = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def _warned(tmp_path: Path, name: str, *changes: tuple[str, str]) -> list[str]:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder)
    text = (folder / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / name).write_text(text, encoding="utf-8")
    return [str(problem) for problem in lint(Engine(load_flows(folder)), NOW) if "answer" in problem.message]


def test_every_shipped_answer_is_reached_by_the_words_of_its_conditions(engine: Engine) -> None:
    found = [str(problem) for problem in lint(engine, NOW)]
    assert [text for text in found if "can never be reached" in text or "which asks for more" in text] == []


def test_an_answer_whose_every_word_asks_for_an_aspect_is_told_to_be_unreachable(tmp_path: Path) -> None:
    change = ("words: [uang palsu, duit palsu, dhuwit palsu, upal]", "words: [biaya palsu]")
    found = _warned(tmp_path, "laporan.yaml", change)
    assert any("can never be reached: 'biaya palsu' is given answer" in text for text in found)


def test_one_word_that_leads_elsewhere_is_told_with_the_answer_it_leads_to(tmp_path: Path) -> None:
    found = _warned(tmp_path, "laporan.yaml", ("words: [uang palsu,", "words: [uang palsu, biaya palsu,"))
    assert any("is not given to 'biaya palsu', which asks for more: answer" in text for text in found)
