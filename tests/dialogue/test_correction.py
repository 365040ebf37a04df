"""What a correction means, and what is none although it holds the words of one."""

import pytest

from bot.dialogue.engine import Engine


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("eh maksud saya SKCK", "SKCK"),
        ("Maksudku skck pak", "skck pak"),
        ("skck maksudku", "skck"),
        ("eh salah ketik, skck maksudnya", "skck"),
        ("bukan sim maksudnya skck", "skck"),
        ("bukan sim tapi skck", "skck"),
        ("bukan sim, skck", "skck"),
        ("dudu sim ning skck", "skck"),
        ("skck, bukan sim", "skck"),
        ("ralat: skck", "skck"),
    ],
)
def test_a_correction_means_what_it_puts_in_place(engine: Engine, text: str, meant: str) -> None:
    found = engine.mind.correction.meant(text)
    assert found is not None
    assert found.strip(" ,:") == meant


@pytest.mark.parametrize(
    "text",
    [
        "kalau sp2hp maksudnya surat perkembangan ya",
        "ini bukan penipuan kan pak",
        "bukan sim",
        "bukan",
        "maksud saya",
        "eh salah",
        "motor saya bukan atas nama sendiri",
        "",
    ],
)
def test_what_takes_nothing_back_is_no_correction(engine: Engine, text: str) -> None:
    assert engine.mind.correction.meant(text) is None
