"""Orders, slips, and words for the reporter are told apart, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.lifecycle import Status
from bot.incidents.orders import Order, Unsure, Verb, read


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("koreksi ada laka di Plelen", Order(Verb.CORRECT, "ada laka di Plelen")),
        ("Koreksi: ada laka\ndi Plelen?", Order(Verb.CORRECT, "ada laka\ndi Plelen?")),
        ("koreksi\nada laka", Order(Verb.CORRECT, "ada laka")),
        ("kategori banjir", Order(Verb.CATEGORY, "banjir")),
        ("/urgensi darurat", Order(Verb.URGENCY, "darurat")),
        ("lokasi Subah", Order(Verb.PLACE, "Subah")),
        ("tautkan #123", Order(Verb.RELATE, number=123)),
        ("Tautkan ke #123.", Order(Verb.RELATE, number=123)),
        ("gabung 12", Order(Verb.MERGE, number=12)),
        ("gabungkan dengan laporan #12", Order(Verb.MERGE, number=12)),
        ("pisah", Order(Verb.SPLIT)),
        ("pisahkan 2", Order(Verb.SPLIT, number=2)),
        ("catatan keluarga sudah dihubungi?", Order(Verb.NOTE, "keluarga sudah dihubungi?")),
        ("teruskan BPBD", Order(Verb.FORWARD, "BPBD")),
        ("teruskan ke BPBD.", Order(Verb.FORWARD, "BPBD")),
        ("teruskan", Order(Verb.FORWARD)),
        ("bantuan", Order(Verb.HELP)),
        ("ambil  alih", Order(Verb.TAKE_OVER)),
        ("selesai", Order(Verb.STATUS, status=Status.SELESAI)),
        ("Selesai: korban di RSUD", Order(Verb.STATUS, "korban di RSUD", status=Status.SELESAI)),
        ("status tidak terverifikasi", Order(Verb.STATUS, status=Status.TIDAK_TERVERIFIKASI)),
        ("tanya lokasi di mana?", Order(Verb.ASK, "lokasi di mana?")),
        ("blokir", Order(Verb.BLOCK)),
        ("blokir 3 hari: laporan palsu", Order(Verb.BLOCK, "laporan palsu", number=3)),
        ("buka blokir", Order(Verb.UNBLOCK)),
        ("Pribadi.", Order(Verb.PRIVATE)),
        ("riwayat", Order(Verb.HISTORY)),
        ("Riwayat laporan ini dong pak", Order(Verb.HISTORY)),
        ("!bukti", Order(Verb.EVIDENCE)),
        ("simpan rekaman 90 hari: penyidikan curanmor", Order(Verb.KEEP, "penyidikan curanmor", number=90)),
        ("simpan rekaman sampai 31.12.2026: sidang", Order(Verb.KEEP, "sidang", until=date(2026, 12, 31))),
        ("Simpan rekaman hingga 1/2/2027, sidang", Order(Verb.KEEP, "sidang", until=date(2027, 2, 1))),
        ("simpan rekaman: penyidikan", Order(Verb.KEEP, "penyidikan")),
        ("simpan rekaman sampai selesai: penyidikan", Order(Verb.KEEP, "penyidikan")),
        ("lepas rekaman", Order(Verb.RELEASE)),
        ("lepas rekaman: perkara dihentikan", Order(Verb.RELEASE, "perkara dihentikan")),
    ],
)
def test_an_order_is_read_as_written(text: str, order: Order) -> None:
    assert read(text) == order


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("terusakan BPBD", Verb.FORWARD),
        ("katgori banjir", Verb.CATEGORY),
        ("loksi Subah", Verb.PLACE),
        ("tautkan 12 dan 13", Verb.RELATE),
        ("gabung sama tim di sana ya", Verb.MERGE),
        ("lokasi di mana pak?", Verb.PLACE),
        ("catatan", Verb.NOTE),
        ("pisah jalan saja", Verb.SPLIT),
        ("teruskan saja pak?", Verb.FORWARD),
        ("riwayta", Verb.HISTORY),
        ("simpan rekaman", Verb.KEEP),
        ("simpan rekaman 90 hari", Verb.KEEP),
        ("simpan rekaman 0 hari: uji", Verb.KEEP),
        ("simpan rekaman sampai 31.02.2027: uji", Verb.KEEP),
        ("simpen rekaman 3 hari", Verb.KEEP),
        ("lepas rekaman sekarang?", Verb.RELEASE),
    ],
)
def test_a_slip_is_neither_carried_out_nor_sent(text: str, verb: Verb) -> None:
    assert read(text) == Unsure(verb)


@pytest.mark.parametrize(
    "text",
    [
        "di sebelah mana?",
        "lokasinya di mana pak?",
        "bantuan segera datang, tetap tenang",
        "selesai jam berapa kejadiannya?",
        "hanya itu korbannya?",
        "tim sudah jalan",
        "gantung di mana",
        "",
        "?",
        "110",
    ],
)
def test_other_words_are_for_the_reporter(text: str) -> None:
    assert read(text) is None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(read(text), Order | Unsure | None)


@given(st.sampled_from(["koreksi", "catatan", "tanya"]), st.text(min_size=1).filter(lambda text: text.strip(" :\n")))
def test_what_follows_is_kept_as_written(word: str, rest: str) -> None:
    found = read(f"{word} {rest}")
    assert isinstance(found, Order | Unsure)
    if isinstance(found, Order) and found.verb is not Verb.STATUS:
        assert found.words in rest
