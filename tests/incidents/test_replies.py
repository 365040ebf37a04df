from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.replies import reopens


@pytest.mark.parametrize(
    "text",
    [
        "belum selesai",
        "Belum selesai pak!",
        "blm beres",
        "masih belum surut pak airnya",
        "durung rampung",
        "belum juga ditangani",
    ],
)
def test_it_is_not_done(text: str) -> None:
    assert reopens(text)


@pytest.mark.parametrize(
    "text",
    [
        "terima kasih pak, sudah selesai",
        "belum",
        "selesai",
        "belum tahu pak",
        "belum selesaikan makan",
        "tadi pagi waktu saya lewat sana memang belum selesai tapi sekarang sudah aman semua terima kasih pak polisi",
        "",
    ],
)
def test_it_says_something_else(text: str) -> None:
    assert not reopens(text)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert reopens(text) in (True, False)
