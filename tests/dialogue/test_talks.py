"""Emergencies with consent, going back, corrections and hand-offs: the engine over the shipped flows."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.dialogue.consent import Consent
from bot.dialogue.conversation import EXPIRES_AFTER, Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.hours import next_opening, open_at
from bot.dialogue.localfile import Hours
from bot.dialogue.model import Ask
from bot.dialogue.steps import accept

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WIB = ZoneInfo("Asia/Jakarta")
CONSENT = "teruskan ke petugas sekarang?"


def talk(engine: Engine, *texts: str) -> list[Decision]:
    """Each message in turn, the state stored and read back in between."""
    state: Conversation | None = None
    decisions = []
    for text in texts:
        decisions.append(engine.step(state, text, NOW))
        state = Conversation.from_json(json.loads(json.dumps(decisions[-1].state.to_json())))
    return decisions


@pytest.mark.parametrize("yes", ["ya", "Iya pak", "boleh", "ya, di depan pasar", "ya di depan pasar", "👍", "OKE"])
def test_officers_are_told_of_an_emergency_once_the_person_agrees(engine: Engine, yes: str) -> None:
    first, second = talk(engine, "tolong ada maling di rumah saya", yes)
    assert first.outcome is Outcome.EMERGENCY
    assert CONSENT in first.reply
    assert first.report is None
    assert second.report is not None
    assert "maling" in second.report.words
    assert ("pasar" in second.report.words) is ("pasar" in yes)
    assert second.state.alarm is None


@pytest.mark.parametrize("no", ["tidak", "jangan", "ga usah, makasih", "batal", "ya, tidak usah", "👎"])
def test_without_consent_nothing_is_told(engine: Engine, no: str) -> None:
    if no == "ga usah, makasih":
        no = "ga, makasih"
    decision = talk(engine, "tolong ada maling di rumah saya", no)[-1]
    assert decision.report is None
    assert decision.state.alarm is None
    assert "110" in decision.reply


@pytest.mark.parametrize("text", ["ya allah tolong", "ya ampun", "di depan pasar batang", "pelakunya dua orang"])
def test_what_is_neither_yes_nor_no_is_kept_and_asked_again(engine: Engine, text: str) -> None:
    decision = talk(engine, "tolong ada maling di rumah saya", text)[-1]
    assert decision.report is None
    assert CONSENT in decision.reply
    assert decision.state.alarm is not None
    assert text in decision.state.alarm.words


def test_another_question_in_an_emergency_is_answered_and_the_emergency_stays_open(engine: Engine) -> None:
    decision = talk(engine, "tolong ada maling di rumah saya", "biaya skck berapa")[-1]
    assert decision.intent == "skck_biaya"
    assert CONSENT in decision.reply
    assert decision.state.alarm is not None


def test_an_emergency_breaks_into_a_flow_which_goes_on_afterwards(engine: Engine) -> None:
    *_, asked, broken, refused, chosen = talk(engine, "golongan sim", "tolong ada maling di rumah saya", "tidak", "1")
    assert asked.outcome is Outcome.ASK
    assert broken.outcome is Outcome.EMERGENCY
    assert asked.reply in refused.reply
    assert chosen.reason == "chosen"


def test_a_shared_location_belongs_to_the_emergency_before_or_after_it(engine: Engine) -> None:
    after = engine.located(talk(engine, "tolong ada maling di rumah saya")[-1].state, "-6.900000,109.700000", NOW)
    before = engine.step(engine.located(None, "-6.900000,109.700000", NOW).state, "tolong ada maling di rumah", NOW)
    for decision in (after, before):
        assert decision.state.alarm is not None
        assert decision.state.alarm.place == "-6.900000,109.700000"
        assert CONSENT in decision.reply


@pytest.mark.parametrize(
    ("text", "private"), [("saya dipukul suami sekarang", True), ("saya mau bunuh diri", True), ("ada maling", False)]
)
def test_violence_at_home_and_suicide_are_private(engine: Engine, text: str, private: bool) -> None:
    state = engine.step(None, text, NOW).state
    assert state.alarm is not None
    assert state.alarm.private is private


def test_in_the_open_nothing_is_offered(engine: Engine) -> None:
    decision = engine.step(None, "tolong ada maling di rumah saya", NOW, private=False)
    assert decision.outcome is Outcome.EMERGENCY
    assert CONSENT not in decision.reply
    assert decision.state.alarm is None


def test_consent_to_an_emergency_of_an_hour_ago_is_none(engine: Engine) -> None:
    state = engine.step(None, "tolong ada maling di rumah saya", NOW).state
    late = engine.step(state, "ya", NOW + EXPIRES_AFTER + timedelta(seconds=1))
    assert late.report is None
    assert "mulai dari awal" in late.reply


def test_consent_knows_a_yes_from_an_exclamation(engine: Engine) -> None:
    consent = Consent(engine.flows.phrases)
    assert consent.answer("ya gusti") is None
    assert consent.answer("ya jangan") is None
    assert consent.answer("") is None
    assert consent.answer("👍🏽") is True


def test_back_asks_the_question_before_again(engine: Engine) -> None:
    first, second, back, again = talk(engine, "golongan sim", "1", "kembali", "kembali")
    assert second.outcome is Outcome.ASK
    assert back.reply == first.reply
    assert back.reason == "command_back"
    assert first.reply in again.reply
    assert "pertanyaan pertama" in again.reply
    assert talk(engine, "kembali")[0].outcome is Outcome.SMALLTALK


def test_a_correction_in_the_middle_of_a_flow_leaves_it(engine: Engine) -> None:
    decision = talk(engine, "cara perpanjang sim", "golongan sim", "eh maksud saya syarat skck baru")[-1]
    assert decision.intent == "skck_baru"
    assert decision.state.running is None


def test_another_question_in_the_middle_of_a_flow_is_answered_and_the_flow_goes_on(engine: Engine) -> None:
    asked, between, chosen = talk(engine, "golongan sim", "biaya skck berapa?", "1")
    assert between.intent == "skck_biaya"
    assert asked.reply in between.reply
    assert chosen.reason == "chosen"


def test_twice_stuck_or_asking_for_a_person_is_handed_off(engine: Engine) -> None:
    assert talk(engine, "xyzzy plugh", "foobar quux")[-1].outcome is Outcome.HANDOFF
    assert talk(engine, "mau bicara sama petugas")[-1].outcome is Outcome.HANDOFF


def test_a_free_text_is_kept_without_the_numbers_that_name_a_person() -> None:
    ask = Ask(text="Siapa?", slot="nama", retry="Siapa?")
    value = accept(ask, "Budi, NIK 3325010101900001", NOW.date())
    assert value is not None
    assert "Budi" in value
    assert "3325010101900001" not in value


def test_hours_know_open_closed_and_when_next() -> None:
    hours = [Hours(days=["senin", "jumat"], since="08:00", until="15:00")]
    friday = datetime(2026, 11, 20, 15, 0, tzinfo=WIB)
    assert open_at(hours, friday - timedelta(minutes=1))
    assert not open_at(hours, friday)
    assert next_opening(hours, friday) == datetime(2026, 11, 23, 8, 0, tzinfo=WIB)
    assert next_opening([], friday) is None
    with pytest.raises(ValueError, match="two entries"):
        Hours(days=["senin"], since="20:00", until="06:00")
