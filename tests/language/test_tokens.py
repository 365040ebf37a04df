import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.tokens import fold, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RT/RW di Jl.Raya", ["rt", "rw", "di", "jl", "raya"]),
        ("biaya Rp100.000 ya", ["biaya", "rp", "100000", "ya"]),
        ("jam 07.30", ["jam", "07", "30"]),
        ("Jum’at, jum'at", ["jumat", "jumat"]),
        ("ＳＩＭ　Ｃ", ["sim", "c"]),
        ("S\u200bI\u200dM", ["sim"]),
        ("s̷̡̛i̵̢͠m̶̨͝", ["sim"]),
        ("1.000.000 dan 10.5", ["1000000", "dan", "10", "5"]),
        ("", []),
    ],
)
def test_chat_text_becomes_words(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_no_text_raises_and_folding_twice_changes_nothing(text: str) -> None:
    words = tokens(text)
    assert all(word and not any(character.isspace() for character in word) for word in words)
    assert fold(fold(text)) == fold(text)
