"""RT and RW in all their spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.neighbourhood import neighbourhoods, words


@pytest.mark.parametrize(
    "text",
    [
        "RT 03/RW 02", "rt 3 rw 2", "rt.03 rw.02", "RT03/RW02", "rt tiga rw dua", "rt nol tiga rw nol dua", "03/02",
        "RT 003 / RW 002", "rt 3/2", "Rt: 03, Rw: 02", "003/002", "rt kosong tiga erwe rw kosong dua",
    ],
)  # fmt: skip
def test_one_neighbourhood_has_one_name_however_it_is_written_or_said(text: str) -> None:
    assert neighbourhoods(text) == ("rt3", "rw2")


@pytest.mark.parametrize(
    "text", ["3/4 jalan tertutup", "tanggal 22/11/2026", "jam 19.30", "sirtu 3 truk", "rt yang ramai", "smart 5", ""]
)
def test_other_numbers_are_no_neighbourhood(text: str) -> None:
    assert neighbourhoods(text) == ()


def test_what_is_counted_behind_it_is_no_part_of_its_number() -> None:
    assert words("rt tiga dua orang luka") == ["rt", "3", "2", "orang", "luka"]
    assert words("rw dua belas, telepon satu satu sembilan") == ["rw", "12", "telepon", "119"]


@given(st.text(max_size=80), st.integers(1, 99), st.integers(1, 99))
def test_any_text_around_it_never_raises(around: str, rt: int, rw: int) -> None:
    neighbourhoods(around)
    assert {f"rt{rt}", f"rw{rw}"} <= set(neighbourhoods(f"{around} . rt {rt:02} rw {rw:02}"))
