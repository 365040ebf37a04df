"""The tests that stand beside the flows, run as a person would run them."""

from datetime import UTC, datetime
from pathlib import Path

from bot.dialogue.engine import Engine
from bot.dialogue.lint import lint
from bot.dialogue.loader import load_flows
from bot.dialogue.shadows import Shadows
from bot.dialogue.trial import run_examples, run_talks

FLOWS = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_every_talk_and_every_example_goes_as_written() -> None:
    engine = Engine(load_flows(FLOWS))
    trials = [*run_talks(engine, FLOWS, NOW), *run_examples(engine, NOW), *Shadows(engine, NOW).tried_rules()]
    assert len(trials) > len(engine.flows.services)
    assert [str(problem) for trial in trials for problem in trial.problems] == []


def test_the_lint_has_nothing_to_say_of_what_is_shipped() -> None:
    assert [str(problem) for problem in lint(Engine(load_flows(FLOWS)), NOW)] == []
