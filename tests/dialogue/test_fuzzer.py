"""Talks of spliced and mutated texts: a fixed range of seeds here, without end from the command line (`fuzzer.py`)."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from bot.dialogue.engine import Engine

TALKS = 250


@pytest.fixture(scope="module")
def fuzzing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzzer", Path(__file__).with_name("fuzzer.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_talks_of_spliced_and_mutated_texts_find_nothing(engine: Engine, fuzzing: ModuleType) -> None:
    fuzzer = fuzzing.Fuzzer(engine)
    found = [find for seed in range(TALKS) if (find := fuzzer.play(seed)) is not None]
    assert not found, "\n".join(str(find) for find in found)


class _Faulty:
    """An engine with a fault of its own."""

    def __init__(self, engine: Engine, fault: str) -> None:
        self._engine, self._fault = engine, fault
        self.flows = engine.flows
        self.located = engine.located

    def step(self, state: object, text: str, *arguments: object, **named: object) -> object:
        decision = self._engine.step(state, text, *arguments, **named)  # type: ignore[arg-type]
        if self._fault == "raises" and "\u202e" in text:
            raise ValueError("turned")
        if self._fault == "echoes":
            return replace(decision, reply=f"{decision.reply} {text}")
        if self._fault == "keeps":
            return replace(decision, state=replace(decision.state, question=text[:300]))
        if self._fault == "grows" and decision.state.question:
            return replace(decision, state=replace(decision.state, question=decision.state.question * 5000))
        return decision


@pytest.mark.parametrize("fault", ["raises", "echoes", "keeps", "grows"])
def test_a_fault_is_found_and_its_seed_finds_it_again(engine: Engine, fuzzing: ModuleType, fault: str) -> None:
    faulty = _Faulty(engine, fault)
    find = next(filter(None, map(fuzzing.Fuzzer(faulty).play, range(TALKS))))
    assert fuzzing.Fuzzer(faulty).play(find.seed) == find
    assert f"seed {find.seed}" in str(find)


def test_the_command_line_plays_a_seed_again_and_says_what_it_was(
    engine: Engine, fuzzing: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzzing, "load_flows", lambda folder: folder)
    monkeypatch.setattr(fuzzing, "Engine", lambda folder: engine)
    assert fuzzing.main(["--seed", "7", "--talks", "1"]) == 0
    told = capsys.readouterr().out
    assert "first seed 7" in told
    assert "1 talks from seed 7, 0 finds" in told
    assert told.count("> ") >= 1
