"""The engine over the shipped flows: what any text may and may not do."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dialogue.conversation import EXPIRES_AFTER, Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CONTRACT = {
    "text",
    "outcome",
    "intent",
    "score",
    "candidates",
    "also",
    "reply",
    "sources",
    "reason",
    "content_version",
    "micros",
}


def test_the_first_question_of_the_demo_gets_documents_age_fee_and_source(engine: Engine) -> None:
    decision = engine.step(None, "syarat bikin sim c apa aja pak?", NOW)
    assert (decision.outcome, decision.intent) == (Outcome.ANSWER, "sim_baru")
    for fact in ("e-KTP", "17 tahun", "Rp100.000", "psikologi", "JKN/BPJS", "Perpol 2/2023", "PP 76/2020"):
        assert fact in decision.reply
    assert any("PP 76/2020" in source for source in decision.sources)


def test_json_has_exactly_the_keys_of_the_contract(engine: Engine) -> None:
    row = engine.step(None, "biaya skck?", NOW).to_json("abc", 12)
    assert set(row) == CONTRACT
    assert json.loads(json.dumps(row)) == row


def test_the_explanation_names_what_was_done_to_each_word(engine: Engine) -> None:
    told = engine.step(None, "gmn cara prpanjang SKCK pa", NOW).explanation
    assert told["protected"] == ["skck"]
    assert told["normalised"]["gmn"] == "bagaimana"
    assert json.loads(json.dumps(told)) == told
    best = told["candidates"][0]
    assert best["intent"] == "skck_perpanjang"
    assert best["evidence"]


def test_a_misspelt_word_is_corrected_and_a_short_code_is_not(engine: Engine) -> None:
    assert engine.step(None, "persaratn bikin sim c", NOW).explanation["corrected"] == {"persaratn": "persyaratan"} or (
        engine.step(None, "persyartan bikin sim c", NOW).explanation["corrected"] == {"persyartan": "persyaratan"}
    )
    for text in ("syarat bikin sin", "cara bikin sumur", "syarat bikin stm"):
        assert engine.step(None, text, NOW).outcome is not Outcome.ANSWER, text


@pytest.mark.parametrize(
    "text",
    ["sim card telkomsel hilang", "cara buat sumur bor", "simulasi kredit motor", "cara perpanjang kontrak rumah"],
)
def test_a_question_that_only_looks_like_ours_is_not_answered(engine: Engine, text: str) -> None:
    assert engine.step(None, text, NOW).outcome in {Outcome.FALLBACK, Outcome.REFER}


def test_a_state_survives_storage_between_messages(engine: Engine) -> None:
    state: Conversation | None = None
    for text in ("sim", "2", "golongan sim", "1", "150", "kalau biayanya?", "menu", "batal"):
        decision = engine.step(state, text, NOW)
        stored = json.loads(json.dumps(decision.state.to_json()))
        state = Conversation.from_json(stored)
        assert state == decision.state


def test_a_state_of_another_version_starts_the_talk_afresh() -> None:
    assert Conversation.from_json({**Conversation(NOW).to_json(), "version": 99}) is None


def test_a_talk_goes_on_when_the_content_changes_under_it(engine: Engine) -> None:
    changed = Engine(replace(engine.flows, digest="other"))
    for opening in ("sim", "golongan sim", "menu", "syarat sim c"):
        state = engine.step(None, opening, NOW).state
        decision = changed.step(state, "1", NOW)
        assert decision.state.content == "other"
        assert decision.outcome is Outcome.FALLBACK


def test_an_offer_that_lapsed_is_not_taken(engine: Engine) -> None:
    offered = engine.step(None, "sim", NOW)
    assert offered.outcome is Outcome.CLARIFY
    late = engine.step(offered.state, "1", NOW + EXPIRES_AFTER + timedelta(seconds=1))
    assert late.outcome is Outcome.FALLBACK
    assert "mulai dari awal" in late.reply


def test_did_you_mean_offers_at_most_three_and_a_way_out(engine: Engine) -> None:
    offered = engine.step(None, "sim", NOW).state.offers
    assert 2 <= len(offered) <= 4
    assert offered[-1].intent is None


def test_a_long_text_is_cut_with_a_word(engine: Engine) -> None:
    decision = engine.step(None, "syarat bikin sim c " + "x" * 100_000, NOW)
    assert len(decision.text) == 2000
    assert "2.000 huruf" in decision.reply


def test_a_personal_number_does_not_stay_in_the_state(engine: Engine) -> None:
    state = engine.step(None, "cara bikin skck nik saya 3325010101900001", NOW).state
    assert "3325010101900001" not in json.dumps(state.to_json())


def test_deciding_is_deterministic_across_builds(engine: Engine) -> None:
    again = Engine(engine.flows)
    for text in ("syarat sim c", "perpanjang", "halo pak", "skck berapa hari", "xyz"):
        assert engine.step(None, text, NOW) == again.step(None, text, NOW)


_STATES = st.lists(st.sampled_from(["sim", "golongan sim", "1", "menu", "motor", "syarat skck", "terus?"]), max_size=3)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), _STATES)
def test_no_text_raises_or_is_echoed_in_any_state(engine: Engine, text: str, before: list[str]) -> None:
    state: Conversation | None = None
    for earlier in before:
        state = engine.step(state, earlier, NOW).state
    marker = "<b>zxqj</b>[q](http://e.example)@room"
    decision = engine.step(state, marker + text, NOW)
    assert isinstance(decision, Decision)
    assert decision.reply
    assert "zxqj" not in decision.reply
    assert "e.example" not in decision.reply
    json.dumps(decision.to_json("v", 1))
    json.dumps(decision.explanation)


def test_hostile_texts_of_all_kinds_are_survived(engine: Engine) -> None:
    chooser = random.Random(7)
    pieces = [
        "sim", "skck", "\u202eSIM", "s\u0336i\u0337m", "\u200b", "\ud800", "\x00", "1", "🙏" * 50, "a" * 5000,
        "{golongan.usia}", "{local.x}", "%s", "\\", "[x](y)", "batal", "menu", "\n", ".", "?", " terus ",
    ]  # fmt: skip
    state: Conversation | None = None
    for _ in range(300):
        text = " ".join(chooser.choices(pieces, k=chooser.randint(0, 12)))
        decision = engine.step(state, text, NOW)
        assert "{golongan" not in decision.reply
        state = Conversation.from_json(json.loads(json.dumps(decision.state.to_json())))
