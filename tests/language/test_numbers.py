from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.numbers import digits


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("telepon satu satu sembilan", "telepon 119"),
        ("telepon 119", "telepon 119"),
        ("1 1 9", "119"),
        ("km tiga enam puluh", "km 360"),
        ("km tiga ratus enam puluh", "km 360"),
        ("seratus dua belas", "112"),
        ("dua puluh lima motor", "25 motor"),
        ("dua ratus lima puluh ribu rupiah", "250000 rupiah"),
        ("dua juta tiga ratus ribu", "2300000"),
        ("seribu lima ratus", "1500"),
        ("nol delapan satu dua", "0812"),
        ("satu korban", "1 korban"),
        ("ribuan orang", "ribuan orang"),
        ("", ""),
    ],
)
def test_spoken_numbers_are_written_in_figures(spoken: str, written: str) -> None:
    assert digits(spoken.split()) == written.split()


PIECES = "nol satu dua belas puluh ratus ribu juta sepuluh seratus 7 12 orang"


@given(st.lists(st.sampled_from(PIECES.split()), max_size=30))
def test_nothing_but_numbers_changes(tokens: list[str]) -> None:
    assert [token for token in digits(tokens) if token == "orang"] == [token for token in tokens if token == "orang"]
    assert digits(digits(["x", *tokens]))[0] == "x"
