from __future__ import annotations

import pytest

from bot.incidents import answers
from bot.incidents.analyser import Analyser
from bot.markup import render


def test_a_report_without_a_place_is_asked_for_it(analyser: Analyser) -> None:
    assert "Di mana" in answers.heard("motor saya hilang", analyser.analyse("motor saya hilang"), 7)
    text = "motor saya hilang di Pasar Limpung"
    assert "Di mana" not in answers.heard(text, analyser.analyse(text), 7)


def test_late_and_doubtful_words_are_marked(analyser: Analyser) -> None:
    reply = answers.heard("laka di Subah", analyser.analyse("laka di Subah"), 7, late=True, flags=("low_confidence",))
    assert "mohon maaf" in reply
    assert "kurang jelas" in reply


def test_silence_is_said_to_be_silence(analyser: Analyser) -> None:
    assert "Tidak terdengar ucapan" in answers.heard("  ", analyser.analyse("  "), 7, flags=("no_speech",))


@pytest.mark.parametrize("reason", ["too_large", "empty", "no_audio", "crash", "something_new"])
def test_an_unreadable_note_gets_a_polite_word(reason: str) -> None:
    text = answers.unreadable(reason)
    assert "Maaf" in text
    assert "110" in text


def test_the_answer_shows_a_name_put_right_beside_what_was_heard(analyser: Analyser) -> None:
    text = "laka karambol di alas roman dekat pelelen"
    message = render(answers.heard(text, analyser.analyse(text), 7)).content(notice=True)
    for shown in (message["body"], message["formatted_body"]):
        assert text in shown, "the quote stays as heard"
        assert "✏️ Alas Roban (terdengar: alas roman)" in shown
        assert "✏️ Plelen (terdengar: pelelen)" in shown
    assert all(len(line) < 80 for line in message["body"].splitlines())


def test_a_typed_name_is_not_said_to_be_heard(analyser: Analyser) -> None:
    text = "laka di alas roman"
    reply = answers.heard(text, analyser.analyse(text), 7, typed=True)
    assert "Alas Roban (tertulis: alas roman)" in reply
    assert "terdengar" not in reply


@pytest.mark.parametrize("text", ["laka di Alas Roban", "laka jln pantura Subah", "motor saya hilang"])
def test_a_name_heard_rightly_needs_no_second_form(analyser: Analyser, text: str) -> None:
    assert "terdengar" not in answers.heard(text, analyser.analyse(text), 7)


def test_the_names_of_another_report_are_not_shown_under_this_one(analyser: Analyser) -> None:
    assert "terdengar" not in answers.heard("laka di sana", analyser.analyse("laka di alas roman"), 7)


def test_what_was_heard_brings_no_markup_into_the_answer(analyser: Analyser) -> None:
    text = "laka di <b>alas roman</b> *dekat* pelelen"
    html = render(answers.heard(text, analyser.analyse(text), 7)).content(notice=True)["formatted_body"]
    assert "<b>" not in html
    assert "<em>dekat</em>" not in html
