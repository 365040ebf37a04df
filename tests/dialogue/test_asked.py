"""An emergency that is only spoken of is answered as any other message, with 110 at its end; a real one never is."""

from datetime import UTC, datetime

import pytest

from bot.dialogue.decision import Outcome
from bot.dialogue.engine import Engine

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "kalo kebakaran telpon kemana",
        "nek ono maling lapor sopo",
        "simulasi kebakaran perlu izin?",
        "ada maling motor di tv",
        "ada kecelakaan ya di tol? macet ga",
        "tadi pagi ada kecelakaan, korbannya siapa",
    ],
)
def test_what_is_imagined_watched_or_asked_about_is_no_emergency_and_still_names_110(engine: Engine, text: str) -> None:
    decision = engine.step(None, text, NOW)
    assert decision.outcome is not Outcome.EMERGENCY
    assert decision.state.alarm is None
    assert engine.flows.phrases.emergency_aside.strip() in decision.reply


def test_a_manner_of_speaking_is_no_emergency(engine: Engine) -> None:
    for text in ("kebakaran jenggot wkwk", "alhamdulillah banjir orderan pak"):
        assert engine.step(None, text, NOW).outcome is not Outcome.EMERGENCY, text


@pytest.mark.parametrize(
    "text",
    [
        "kebakaran di pasar, kalau bisa kirim orang",
        "rumah saya kebakaran kalau damkar nomornya berapa",
        "kalau ini bukan darurat apa lagi, ada maling di rumah sekarang",
        "bukan simulasi pak, pabrik kebakaran",
        "tolong pak kalau telat habis, gudang kebakaran telpon siapa",
    ],
)
def test_the_words_of_a_frame_after_an_emergency_or_beside_a_cry_take_nothing_from_it(
    engine: Engine, text: str
) -> None:
    assert engine.step(None, text, NOW).outcome is Outcome.EMERGENCY


def test_who_asks_about_ending_a_life_is_heard_all_the_same(engine: Engine) -> None:
    for text in ("kalau saya bunuh diri siapa yang rawat anak saya", "bunuh diri itu dosa ya"):
        decision = engine.step(None, text, NOW)
        assert (decision.outcome, decision.reason) == (Outcome.EMERGENCY, "bunuh_diri"), text
