"""Steps that lead nowhere: refused where the files show it, and the person is answered where they do not."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.dialogue import loader
from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.loader import load_flows
from bot.dialogue.steps import LIMIT, MOST_HOPS
from bot.problem import ContentError

SHIPPED = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HEAD = "version: 1\nflow: uji\ntitle: Uji\nnouns: [[perahu, kapal, rakit]]\nintents:\n"
WORDS = ["sewa perahu", "beli kapal", "cat rakit", "jual perahu", "dorong kapal", "tambat rakit", "layar perahu"]


def _intent(number: int, steps: str) -> str:
    words = WORDS[number]
    answers = "[{name: jawab, text: Selesai.}]" if "say: jawab" in steps else "[]"
    return (
        f"  - name: uji_{number}\n    title: {words}\n    states_facts: false\n"
        f"    aliases: ['{words}']\n    examples: [mau {words}, cara {words}, ingin {words} nih]\n"
        f"    steps: {steps}\n    answers: {answers}\n"
    )


def _folder(tmp_path: Path, *steps: str) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name in ("lexicon.yaml", "phrases.yaml", "local.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
    (folder / "uji.yaml").write_text(HEAD + "".join(_intent(number, text) for number, text in enumerate(steps)))
    return folder


def _unchecked(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Engine:
    monkeypatch.setattr(loader, "check", lambda *_: [])
    return Engine(load_flows(folder))


def _is_cut_short(decision: Decision, before: Conversation | None = None) -> None:
    assert (decision.outcome, decision.reason) == (Outcome.FALLBACK, "limit")
    assert "110" in decision.reply
    assert "*menu*" in decision.reply
    state = decision.state
    assert (state.running, state.offers, state.slots, state.trail, state.intent) == (None, (), {}, (), None)
    assert Conversation.from_json(state.to_json()) == state


CIRCLE = "[{goto: uji_1}, {say: jawab}]", "[{goto: uji_0}, {say: jawab}]"
ALONE = "[{label: a, goto: b}, {label: b, goto: a}, {say: jawab}]"
LONG = "[" + "{branch: [{slot: x, equals: y, goto: akhir}]}, " * LIMIT + "{label: akhir, say: jawab}]"
RELAY = [*(f"[{{goto: uji_{number + 1}}}]" for number in range(MOST_HOPS + 1)), "[{say: jawab}]"]


@pytest.mark.parametrize("steps", [CIRCLE, (ALONE,), (LONG,), RELAY], ids=["intents", "labels", "long", "relay"])
def test_steps_without_end_are_answered_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    engine = _unchecked(monkeypatch, _folder(tmp_path, *steps))
    decision = engine.step(None, "sewa perahu", NOW)
    _is_cut_short(decision)
    assert decision.intent == "uji_0"
    assert engine.step(decision.state, "sewa perahu", NOW).reason == "limit"


def test_steps_without_end_after_a_choice_forget_the_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = (
        "[{choose: {text: Mana?, options: [{label: Kiri, goto: a}, {label: Kanan, goto: a}]}}, {label: a, goto: uji_1}]"
    )
    engine = _unchecked(monkeypatch, _folder(tmp_path, choice, "[{goto: uji_2}]", "[{goto: uji_1}]"))
    asked = engine.step(None, "sewa perahu", NOW)
    assert asked.outcome is Outcome.ASK
    _is_cut_short(engine.step(asked.state, "1", NOW))


def test_the_longest_way_that_is_allowed_is_walked_to_its_end(tmp_path: Path) -> None:
    steps = [*(f"[{{goto: uji_{number + 1}}}]" for number in range(MOST_HOPS)), "[{say: jawab}]"]
    decision = Engine(load_flows(_folder(tmp_path, *steps))).step(None, "sewa perahu", NOW)
    assert (decision.outcome, decision.reply) == (Outcome.ANSWER, "Selesai.")


ASKING = "[{label: a, ask: {text: Apa?, slot: x, retry: Apa?}}, {goto: a}, {say: jawab}]"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (CIRCLE, "leads back to itself without asking"),
        ((ALONE,), "leads back to itself without asking"),
        ((LONG,), f"more than {LIMIT} steps without a question"),
        (RELAY, f"more than {MOST_HOPS} intents without a question"),
        ((ASKING,), "asks on and on: no answer is ever reached"),
    ],
    ids=["intents", "labels", "long", "relay", "asking"],
)
def test_what_the_files_show_is_refused_with_its_line(tmp_path: Path, steps: tuple[str, ...], told: str) -> None:
    with pytest.raises(ContentError) as caught:
        load_flows(_folder(tmp_path, *steps))
    found = [problem for problem in caught.value.problems if told in problem.message]
    assert found, caught.value
    assert all(problem.line == 11 for problem in found[:1])


def test_a_question_may_be_asked_again_when_an_answer_is_reachable(tmp_path: Path) -> None:
    steps = (
        "[{label: a, ask: {text: Apa?, slot: x, retry: Apa?}}, "
        "{branch: [{slot: x, equals: ya, goto: b}, {goto: a}]}, {label: b, say: jawab}]"
    )
    engine = Engine(load_flows(_folder(tmp_path, steps)))
    state = engine.step(None, "sewa perahu", NOW).state
    assert engine.step(state, "apa ya", NOW).outcome is Outcome.ASK
    assert engine.step(state, "ya", NOW).reply == "Selesai."


HANDED = (
    "[{ask: {text: Untuk berapa orang?, slot: n, type: number, retry: Tulis angkanya.}}, {handoff: Petugas lanjutkan.}]"
)


def test_steps_may_end_with_an_officer(tmp_path: Path) -> None:
    engine = Engine(load_flows(_folder(tmp_path, HANDED)))
    asked = engine.step(None, "sewa perahu", NOW)
    assert asked.outcome is Outcome.ASK
    handed = engine.step(asked.state, "12", NOW)
    assert (handed.outcome, handed.reason, handed.intent) == (Outcome.HANDOFF, "handoff", "uji_0")
    assert handed.reply == "Petugas lanjutkan."
    assert (handed.state.running, handed.state.slots, handed.state.misses) == (None, {}, 0)


def test_nothing_comes_after_a_handoff(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="can never be reached"):
        load_flows(_folder(tmp_path, "[{handoff: Petugas lanjutkan.}, {say: jawab}]"))
