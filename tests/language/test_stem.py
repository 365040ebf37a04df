import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.stem import stem
from bot.language.tokens import tokens


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("perpanjangan", "panjang"),
        ("penyelidikan", "selidik"),
        ("berikan", "beri"),
        ("laporin", "lapor"),
        ("ngurus", "urus"),
        ("nabrak", "tabrak"),
        ("ilang", "hilang"),
        ("kehilangan", "hilang"),
        ("syaratnya", "syarat"),
        ("biayanya", "biaya"),
        ("kemarin", "kemarin"),
        ("jalan", "jalan"),
        ("sim", "sim"),
        ("362", "362"),
    ],
)
def test_words_of_chat_and_of_the_law_meet_at_their_stem(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_forms_of_a_word_share_one_stem() -> None:
    families = [
        ["lapor", "laporan", "melapor", "melaporkan", "dilaporkan", "laporin", "pelapor"],
        ["tabrak", "menabrak", "ditabrak", "nabrak", "tabrakan", "ketabrak"],
        ["curi", "mencuri", "dicuri", "pencurian", "kecurian"],
        ["bakar", "terbakar", "kebakaran", "dibakar"],
    ]
    for family in families:
        assert {stem(word) for word in family} == {family[0]}, family


@given(st.text())
def test_any_token_has_a_stem_that_is_not_empty(text: str) -> None:
    for token in tokens(text):
        assert stem(token)
