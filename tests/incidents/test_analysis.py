from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis
from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.loader import load_rules
from bot.incidents.rules import TALK, Urgency

ROOT = Path(__file__).parents[2]
OURS = Analyser(load_gazetteer(ROOT / "places"), load_rules(ROOT / "flows" / "incidents"))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("tidak ada kebakaran di Subah", "situasi_aman"),
        ("bukan tawuran Pak, cuma anak-anak main bola", "bukan_laporan"),
        ("ini latihan, kebakaran di PLTU", "tes"),
        ("ini bukan latihan, kebakaran di PLTU", "kebakaran"),
        ("anak latihan silat tenggelam di sungai", "laut"),
        ("tes tes", "tes"),
        ("truk gas menabrak pohon lalu terbakar", "kebakaran"),
        ("truk mogok, macet panjang", "kemacetan"),
        ("truk mogok di tanjakan", "lalin_gangguan"),
        ("suami memukul istri", "kdrt"),
        ("orang dipukul di pasar", "penganiayaan"),
        ("motor ditabrak, penabraknya kabur", "tabrak_lari"),
        ("kopi satu karung diambil orang dari gudang", "curat"),
        ("pasal penganiayaan kuhp baru", "pertanyaan"),
        ("cara bikin surat kehilangan gimana", "pertanyaan"),
        ("sim saya ilang pak gimana ya", "pertanyaan"),
        ("ada yang dianiaya di Subah, cara lapor gimana", "penganiayaan"),
        ("nonton film kebakaran seru", "bukan_laporan"),
    ],
)
def test_kinds_are_told_apart(analyser: Analyser, text: str, category: str) -> None:
    assert analyser.analyse(text).category == category


def test_single_words_speak_only_where_no_pattern_fits(analyser: Analyser) -> None:
    analysis = analyser.analyse("pohon depan kantor bupati batang roboh nimpa mobil")
    assert analysis.category == "pohon_tumbang"
    assert {one.words for one in analysis.evidence if one.rule == "petunjuk.pohon_tumbang"} == {"pohon", "roboh"}
    assert analyser.analyse("pohon").category == "tidak_jelas", "one word is too little"
    patterned = analyser.analyse("pohon tumbang di depan kantor bupati batang")
    assert [one.rule for one in patterned.evidence if one.rule.startswith("petunjuk.")] == []


def test_what_is_over_is_not_darurat(analyser: Analyser) -> None:
    assert analyser.analyse("ada tawuran di Subah").urgency is Urgency.DARURAT
    assert analyser.analyse("tadi ada tawuran di Subah, sudah bubar").urgency is Urgency.INFO


def test_what_is_not_over_is_not_taken_for_over(analyser: Analyser) -> None:
    for text in (
        "kebakaran di Subah, api belum padam",
        "kebakaran di Subah sudah ditangani tapi api masih besar",
        "sudah telepon damkar belum datang, api makin besar",
        "yang tadi laka di Tulis, korban masih terjepit",
        "sudah lapor tapi belum ada yang datang, maling masih di dalam rumah",
    ):
        assert analyser.analyse(text).urgency is Urgency.DARURAT, text


@pytest.mark.parametrize("text", ["krsk tolong krsk", "anu Pak itu anu", "Pak ke sini", "…", "qwrt zxcv"])
def test_a_spoken_note_that_nobody_understands_is_a_report(analyser: Analyser, text: str) -> None:
    analysis = analyser.analyse(text)
    assert (analysis.category, analysis.report, analysis.urgency) == ("tidak_jelas", True, Urgency.SEGERA)


def test_violence_at_home_is_private(analyser: Analyser) -> None:
    assert analyser.analyse("tetangga dipukuli suaminya").private
    assert not analyser.analyse("motor hilang").private


def test_an_update_says_what_it_is_about(analyser: Analyser) -> None:
    analysis = analyser.analyse("update kebakaran Sojomerto, api sudah padam")
    assert (analysis.category, analysis.about, analysis.urgency) == ("pembaruan", "kebakaran", Urgency.INFO)


def test_a_misspelt_word_is_understood(analyser: Analyser) -> None:
    assert analyser.analyse("kecelakan di Tulis").category == "laka_lantas"


def test_every_conclusion_shows_its_words(analyser: Analyser) -> None:
    analysis = analyser.analyse("Laka di Cilubah, korban tergeletak")
    shown = {one.rule: one.words for one in analysis.evidence}
    assert shown["kategori.laka_lantas"] == "Laka"
    assert shown["darurat.laka_lantas"] == "tergeletak"
    assert shown["place.road"] == "Cilubah"


def test_the_contract_of_the_command_line_is_kept(analyser: Analyser) -> None:
    row = analyser.analyse("begal di Bandar kabur ke arah Weleri").to_json()
    assert {"text", "category", "urgency", "places", "district", "report"} <= set(row)
    assert all({"name", "kind", "code", "district", "span", "score"} <= set(place) for place in row["places"])
    assert Analysis.from_json(json.loads(json.dumps(row))).to_json() == row


PIECES = """kebakaran tidak ada di Subah ke arah Weleri … ? . , tolong yang tadi sudah bubar Wonokerso 119 😀 ÀÉ ﬁ"""
words = st.sampled_from([*PIECES.split(), "\x00", "\ud7ff"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(words, max_size=40).map(" ".join)), st.booleans())
def test_no_text_breaks_the_analysis_and_every_span_lies_inside_it(text: str, spoken: bool) -> None:
    analysis = OURS.analyse(text, spoken=spoken)
    assert analysis.category in TALK or OURS.rules.category(analysis.category) is not None
    for start, end in [place.span for place in analysis.places] + [one.span for one in analysis.evidence]:
        assert 0 <= start < end <= len(text)
    for place in analysis.places:
        assert text[place.span[0] : place.span[1]] == place.heard
    json.dumps(analysis.to_json())
