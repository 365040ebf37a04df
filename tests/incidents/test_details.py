from __future__ import annotations

from datetime import datetime

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.details import details
from bot.incidents.moments import WIB

WHEN = datetime(2026, 11, 22, 14, 5, tzinfo=WIB)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("kebakaran di Subah", []),
        ("laka di desa pelelen", ["🗣️ terdengar “pelelen”, mungkin Plelen"]),
        ("tiga orang luka, dua truk", ["🩹 luka: 3 “tiga orang luka”", "🚗 2 truk"]),
        ("tidak ada korban", ["🩹 korban: tidak ada “korban”"]),
        ("ada korban", ["🩹 korban: jumlah belum pasti “korban”"]),
        ("tadi malam", ["⏱️ “tadi malam”: 21.11. 18.00 – 22.11. 04.00 WIB"]),
        ("jam setengah tiga", ["⏱️ “jam setengah tiga”: 22.11. 02.30 WIB"]),
    ],
)
def test_what_a_report_says_beside_is_told_with_its_words(analyser: Analyser, text: str, lines: list[str]) -> None:
    assert details(analyser.analyse(text, when=WHEN)) == lines


def test_a_code_is_told_with_its_doubt(analyser: Analyser) -> None:
    meaning, note = details(analyser.analyse("3-3-K di Subah"))
    assert meaning == "📻 “3-3-K”: kode 3-3-K, biasanya kecelakaan, korban meninggal, meragukan"
    assert "berbeda" in note


def test_no_plate_is_in_the_details(analyser: Analyser) -> None:
    text = "ditabrak dua mobil G 1234 AB satu orang luka"
    assert "1234" not in " ".join(details(analyser.analyse(text, when=WHEN)))
