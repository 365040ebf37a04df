"""Which words are slips of the finger, and which are words of their own."""

import pytest

from bot.language.correct import Corrector

FLOWS = ["pencurian", "ditabrak", "ngeroyok", "keliling", "pencuri", "perpanjang", "kehilangan", "dituntut", "laporan"]
ROOTS = frozenset({"cuci", "dobrak", "rokok", "cari"})


@pytest.mark.parametrize("word", ["pencucian", "didobrak", "ngerokok", "pencari"])
def test_a_form_of_a_word_of_the_language_is_never_corrected(word: str) -> None:
    assert Corrector(dict.fromkeys(FLOWS, 1), ordinary=ROOTS).correct(word) is None


@pytest.mark.parametrize("word", ["kegiling", "dibuntuti", "pencupian"])
def test_consonants_that_lie_apart_are_no_slip(word: str) -> None:
    assert Corrector(dict.fromkeys(FLOWS, 1)).correct(word) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("perpanjnag", "perpanjang"),
        ("perpamjang", "perpanjang"),
        ("kehilagan", "kehilangan"),
        ("kehilangn", "kehilangan"),
        ("laporam", "laporan"),
        ("lapuran", "laporan"),
        ("alporan", "laporan"),
        ("pemcurian", "pencurian"),
    ],
)
def test_letters_left_out_swapped_or_beside_the_right_key_are_slips(typed: str, meant: str) -> None:
    assert Corrector(dict.fromkeys(FLOWS, 1), ordinary=ROOTS).correct(typed) == meant
