"""A bulletin read out: everything that is written for eyes is said for ears."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulletins_world import SHIPPED, at

from bot.bulletins.spoken import load_spoken, speakable
from bot.problem import ContentError

SPOKEN = load_spoken(SHIPPED)
assert SPOKEN is not None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Telepon **110** atau 112.", "Telepon satu satu nol atau satu satu dua."),
        ("Ada 12 laporan", "Ada 12 laporan."),
        ("WA 081229612005", "WA nol delapan satu dua dua sembilan enam satu dua nol nol lima."),
        ("pukul 07.00 sampai 15.30 WIB", "pukul 7 sampai 15 lewat 30 menit waktu Indonesia barat."),
        ("Rp1.250.000", "1250000 rupiah."),
        ("Magnitudo 4,6; II-III MMI", "Magnitudo 4 koma 6; 2 sampai 3 em em i."),
        ("Angin 20–30 km/jam, 31°C, 80%", "Angin 20 sampai 30 kilometer per jam, 31 derajat selsius, 80 persen."),
        ("Sumber: BMKG, https://bmkg.go.id/x?y=1", "Sumber: be em ka ge."),
        ("[jadwal](https://x.test/a) hari ini", "jadwal hari ini."),
        ("> 📍 Kec. Blado", "Kecamatan Blado."),
        ("# Judul\n\n- satu\n- dua!\n\n1. tiga\n\n---", "Judul.\nsatu.\ndua!\ntiga."),
        ("Awas 🌧️ hujan", "Awas, hujan."),
        ("tgl. 2 Maret 2026", "tanggal 2 Maret 2026."),
        ("👋 🙏\n\n***", ""),
        ("halo [[_^_]] <b>x</b>", "halo _^_ x."),
        ("1.2.3.4 dan 25.99 dan 12.30.1", "1.2.3.4 dan 25.99 dan 12.30.1."),
    ],
)
def test_written_and_said(written: str, said: str) -> None:
    heard = speakable(written, SPOKEN)
    if "[[" in written:  # brackets are phonemes to espeak-ng
        assert not set(heard) & set("[]<>")
    else:
        assert heard == said


def test_nothing_that_is_written_breaks_the_reading() -> None:
    for text in ("", "\x00\u202e", "[" * 5000, "a " * 50_000, "IXIXIX MMI", "-2-3-", "٣٤٥٦٧٨", "Rp Rp5 Rp1,5"):
        assert len(speakable(text, SPOKEN)) <= 6000


def test_a_clock_that_says_something_unknown_is_a_mistake(tmp_path: Path) -> None:
    text = (SHIPPED / "spoken.yaml").read_text().replace("{hour} lewat", "{jam} lewat")
    (tmp_path / "spoken.yaml").write_text(text)
    with pytest.raises(ContentError, match="hour"):
        load_spoken(tmp_path)


def test_without_the_file_nothing_is_read_out(tmp_path: Path) -> None:
    assert load_spoken(tmp_path) is None


def test_a_bulletin_and_its_voice_are_decided_together_and_once(station) -> None:
    station.reading = SPOKEN
    station.tick(at("2026-03-02 06:59"))
    for _ in range(3):
        station.tick(at("2026-03-02 07:00"))
    assert station.sent() == {
        "bulletin:pagi:2026-03-02:!ojol": 1,
        "bulletin-voice:pagi:2026-03-02:!ojol": 1,
    }
    words = station.content_of("bulletin-voice:pagi:2026-03-02:!ojol")
    assert "satu satu nol" in str(words["spoken"])


def test_a_skipped_slot_is_not_read_out(station) -> None:
    station.reading = SPOKEN
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 09:00"))
    assert station.sent() == {}
