"""Held-out questions: the content was tuned while looking at the other half only."""

from types import ModuleType

import pytest

from bot.dialogue.engine import Engine


@pytest.mark.parametrize("part", ["tune", "holdout"])
def test_questions_written_as_people_write_are_answered_asked_back_or_refused(
    engine: Engine, devset: ModuleType, part: str
) -> None:
    result = devset.score(engine, part)
    print(f"\n{part}: {result}")
    details = "\n".join([str(result), *result.wrong, *result.let_in, *result.missed])
    assert result.right >= 0.85 * result.inside, details
    assert result.right + result.asked_back >= 0.93 * result.inside, details
    assert len(result.wrong) <= 0.03 * result.inside, details
    assert len(result.let_in) <= 0.05 * result.outside, details
    assert not result.missed, details


def test_the_set_is_large_varied_and_no_copy_of_the_examples(engine: Engine, devset: ModuleType) -> None:
    questions = list(devset.questions("all"))
    assert sum(label not in {"out", "emergency"} for label, _ in questions) >= 120
    assert sum(label == "out" for label, _ in questions) >= 60
    assert {label for label, _ in questions} >= set(engine.flows.services)
    examples = {text for service in engine.flows.services.values() for text in service.intent.examples}
    examples |= {example.text for example in engine.flows.examples}
    copies = [text for label, text in questions if text in examples and len(text.split()) > 2]
    assert copies == []
