from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents.analyser import Analyser
from bot.incidents.gazetteer import Gazetteer
from bot.incidents.phonetic import Ear, sound

QUESTIONS = Path(__file__).parents[1] / "dialogue"


@pytest.mark.parametrize(
    ("heard", "key"),
    [
        ("alasroman", "alasroban"),
        ("pelelen", "plelen"),
        ("limbung", "limpung"),
        ("bladu", "blado"),
        ("kandaman", "kandeman"),
        ("warungasam", "warungasem"),
        ("wonotungal", "wonotunggal"),
        ("jerakahpayung", "jrakahpayung"),
    ],
)
def test_what_a_model_mishears_sounds_like_the_name(gazetteer: Gazetteer, heard: str, key: str) -> None:
    near = gazetteer.ear.nearest(heard)
    assert near is not None
    assert near.key == key
    assert near.score < 1


def test_between_two_names_that_sound_alike_nobody_chooses() -> None:
    assert Ear(["tegalsari", "tegalsuri"]).nearest("tegalsere") is None


def test_letters_that_a_microphone_confuses_are_one_sound() -> None:
    assert sound("limbung") == sound("limpung")
    assert sound("gringsing") == sound("kringsing")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("laka di jalan raya pelelen", "Plelen"),
        ("laka di jalan pantura alas roman", "Alas Roban"),
        ("rumah kobong di desa sempu limbung", "Limpung"),
        ("motor jatuh di masin warung asam", "Warungasem"),
        ("kebakaran di kecamatan bladu", "Blado"),
        ("banjir di yosorejo gring sing", "Gringsing"),
        ("orang dikeroyok di terminal banyu putih", "Terminal Banyuputih"),
    ],
)
def test_a_misheard_name_beside_its_cue_is_found(analyser: Analyser, text: str, name: str) -> None:
    assert name in {place.name for place in analyser.analyse(text).places}


@pytest.mark.parametrize(
    "text",
    [
        "ronda sampai subuh",  # not Subah
        "mobil di bandara",  # not Bandar
        "ada tulisan di tembok",  # neither Tulis nor Tembok
        "jangan sampai terbatang",
        "bandar narkoba kabur",
        "pak slamet jualan bawang di depan rumah",
        "minta surat di bandang",
        "batas kota sudah dekat",
        "mas bandi lapor",
        "besok minta dimasakin garang asem",  # not Karangasem
    ],
)
def test_ordinary_words_are_no_places(analyser: Analyser, text: str) -> None:
    assert analyser.analyse(text).places == ()


@pytest.mark.parametrize(
    "text", ["laka di tanjakan Plelen", "jalan-jalan ke Batang", "KTP Batang hilang", "dari Subah"]
)
def test_a_name_that_was_heard_rightly_is_not_put_right(analyser: Analyser, text: str) -> None:
    assert analyser.hear(text).corrected == text


def test_among_ordinary_questions_no_word_is_taken_for_a_misheard_name(analyser: Analyser) -> None:
    texts = [
        text
        for path in sorted(QUESTIONS.glob("dev*.yaml"))
        for questions in yaml.safe_load(path.read_text(encoding="utf-8")).values()
        for text in questions
    ]
    assert len(texts) > 800
    read = [analyser.analyse(text) for text in texts]
    wrong = [(one.text, place.heard) for one in read for place in one.places if place.score < 0.3]
    changed = [(one.text, change.heard, change.name) for one in read for change in one.changes]
    assert wrong == []
    assert len(changed) <= len(texts) // 500, changed


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_letters_break_the_ear(gazetteer: Gazetteer, letters: str) -> None:
    near = gazetteer.ear.nearest(letters)
    assert near is None or 0 <= near.score <= 1
