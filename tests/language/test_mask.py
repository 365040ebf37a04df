import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.mask import mask, with_stand_ins


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NIK saya 3325010101900001 pak", "NIK saya [nomor] pak"),
        ("kk 3325 0101 0190 0001", "kk [nomor]"),
        ("hubungi 0812-3456-7890 ya", "hubungi [nomor] ya"),
        ("wa +62 812 3456 7890", "wa [nomor]"),
        ("telp (0285) 391234", "telp [nomor]"),
        ("motor G 1234 AB dan g1234abc hilang", "motor [plat] dan [plat] hilang"),
        ("rek BRI 0123-01-012345-50-1", "rek BRI [nomor]"),
        ("email budi.s@gmail.com", "email [email]"),
        ("di -6.90812, 109.73123", "di [koordinat]"),
        ("３３２５０１０１０１９０００01", "[nomor]"),
        ("33250101\u200b01900001", "[nomor]"),
    ],
)
def test_personal_numbers_are_hidden(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "biaya SIM C Rp100.000 ya",
        "rugi Rp10.000.000 pak",
        "kena tipu 15.000.000",
        "pasal 362 dan 363",
        "panggil 110",
        "tanggal 22 November 2026 jam 07.30",
        "motor nmax 155 cc",
        "saya 17 th",
        "UU 22/2009",
    ],
)
def test_amounts_articles_and_dates_stay(text: str) -> None:
    assert mask(text) == text


@given(st.text())
def test_masking_twice_changes_nothing_and_never_raises(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text(alphabet="abc .,?", max_size=20), st.from_regex(r"[1-9][0-9]{15}", fullmatch=True), st.text(max_size=20))
def test_a_nik_never_survives(before: str, nik: str, after: str) -> None:
    assert not re.search(r"(?<!\d)" + nik + r"(?!\d)", mask(f"{before} {nik} {after}"))


@pytest.mark.parametrize(
    "text",
    [
        "nik saya 3325010101900001",
        "plat G 1234 AB punya siapa",
        "wa 081234567890, surel a.b@c.id",
        "-6.91234, 109.73456",
    ],
)
def test_stand_ins_are_masked_as_the_real_numbers_were(text: str) -> None:
    masked = mask(text)
    assert with_stand_ins(masked) != masked
    assert mask(with_stand_ins(masked)) == masked


@pytest.mark.parametrize("text", ["pasal 363G 4321 ZZ", "platnya G 4321 ZZ救命"])
def test_a_plate_glued_to_a_number_or_to_other_letters_is_hidden(text: str) -> None:
    assert "4321" not in mask(text)
