from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.nearnames import NearNames

NAMES = NearNames(place.name for place in load_gazetteer(Path(__file__).parents[2] / "places").places)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kalimangis", "kalimanggis"),
        ("gringsink", "gringsing"),
        ("subbah", "subah"),
        ("warungasm", "warungasem"),
        ("tersno", "tersono"),
        ("limpoeng", "limpung"),
        ("roman", "roban"),
    ],
)
def test_a_misspelt_name_is_near_the_one_that_is_meant(written: str, meant: str) -> None:
    assert meant in NAMES.near(written)


@pytest.mark.parametrize("word", ["subah", "gringsing", "tol", "rt", "03", "kecelakaan", "tabrakan", "x" * 500])
def test_names_themselves_short_words_and_other_words_are_left_alone(word: str) -> None:
    assert NAMES.near(word) == ()


@given(st.text(max_size=60))
def test_no_word_breaks_it_and_what_is_near_is_a_name(word: str) -> None:
    assert all(NAMES.knows(name) for name in NAMES.near(word))
