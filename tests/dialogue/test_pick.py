"""Choosing: by number in every spelling, by place, by word; and what chooses nothing."""

import pytest

from bot.dialogue.conversation import Offer
from bot.dialogue.engine import Engine
from bot.dialogue.pick import pick

OFFERS = [
    Offer("Membuat SIM baru", intent="sim_baru"),
    Offer("Memperpanjang SIM", intent="sim_perpanjang"),
    Offer("SIM hilang atau rusak", intent="sim_hilang_rusak"),
    Offer("Bukan semuanya"),
]


def _picked(engine: Engine, text: str) -> int | None:
    reader = engine.understander.reader
    return pick(OFFERS, reader.read(text), reader)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("2", 1), ("2.", 1), ("(2)", 1), ("no 2", 1), ("nomor 2 pak", 1), ("nmr dua", 1), ("yang kedua", 1),
        ("yg ke 2", 1), ("ke-2", 1), ("pilih dua aja", 1), ("opsi 2 ya", 1), ("sing loro", 1), ("2️⃣", 1), ("satu", 0),
        ("yang pertama", 0), ("paling atas", 0), ("yang terakhir", 3), ("paling bawah", 3), ("papat", 3),
        ("perpanjang", 1), ("yang perpanjang", 1), ("hilang", 2), ("rusak", 2),
    ],
)  # fmt: skip
def test_a_choice_is_understood(engine: Engine, text: str, position: int) -> None:
    assert _picked(engine, text) == position


@pytest.mark.parametrize(
    "text",
    ["5", "0", "99", "1 dan 2", "sim", "semuanya", "", "🙏", "2 tahun lalu saya sudah bikin di sini"],
)
def test_what_could_be_several_or_none_chooses_nothing(engine: Engine, text: str) -> None:
    assert _picked(engine, text) is None
