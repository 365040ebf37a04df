"""Sexual crime and crimes against children are private, whatever the message is otherwise taken for."""

from __future__ import annotations

import pytest

from bot.incidents import answers
from bot.incidents.analyser import Analyser
from bot.incidents.analysis import PRIVATE
from bot.incidents.linking import Known, scene_places, score
from bot.markup import render

PRIVATE_WORDS = (
    "anak dipukuli guru di SD Kalisalak",
    "siswa ditampar gurunya sampai telinganya sakit",
    "bayi dibuang di selokan Klidang Lor",
    "penemuan bayi di teras masjid Sambong, dibungkus kardus",
    "ada yang buang bayi di kali Kramat",
    "mayat bayi ditemukan di sungai Sambong",
    "anak tetangga dicabuli pamannya di Reban",
    "gadis diperkosa di kebun Pagilaran",
    "ada pelecehan di bus jurusan Pekalongan",
    "saya dilecehkan penumpang di Terminal Banyuputih",
    "santri disodomi pengasuh pondok",
    "murid perempuan diraba raba gurunya",
    "begal payudara di jalan Gajah Mada, pelaku naik motor",
    "orang pamer kemaluan di depan sekolah",
    "karyawati diintip waktu mandi di kos, direkam pakai hp",
    "video bugil adik saya disebar mantan pacarnya",
    "bocah diculik orang naik mobil putih di Subah",
    "balita ditinggal ibunya, tidak dikasih makan tiga hari",
    "pengasuh mencubit bayi sampai biru",
    "anak SD dibully teman sekelasnya sampai luka",
    "anak di bawah umur dijual ke om om",
    "kakek mencabuli cucunya",
    "guru ngaji memukuli santri pakai rotan",
    "siswi SMP disetubuhi pacarnya",
    "ibu itu nyekap anaknya di kamar mandi",
    "anak dipaksa ngemis di lampu merah",
    "bukan pelecehan katanya, cuma bercanda",
    "kemarin lapor pencabulan kok belum ditanggapi",
    "katanya ada penculikan anak di Tulis, benar apa hoaks",
    "istri dipukuli suaminya di Kandeman",
)
OPEN_WORDS = (
    "anak hilang di alun-alun Batang, umur lima tahun baju merah",
    "ditemukan anak kecil nangis sendirian di Pasar Limpung",
    "anak sekolah ketabrak motor di depan SD Subah",
    "bocah jatuh dari sepeda, kakinya luka",
    "bayi panas kejang butuh ambulans di Bandar",
    "ibu mau melahirkan, bayinya sungsang, tolong ambulans",
    "anak tenggelam di Pantai Sigandu",
    "balita terjebak banjir di Klidang Lor",
    "tawuran pelajar di Gringsing, satu siswa dibacok",
    "tawuran anak SMA bawa celurit di Tulis",
    "anak muda dipukuli warga karena nyuri motor",
    "anak punk mukuli sopir truk di Plelen",
    "anak kucing dibuang di kardus depan pasar",
    "truk buang sampah di kali Sambong",
    "pencuri dipukuli massa di Reban",
    "sopir dipukul preman di terminal",
    "motor anak saya dicuri di parkiran",
    "tas ibu dijambret, anaknya menangis",
    "rumah terbakar, dua anak masih di dalam",
    "anak balap liar di jalan Sudirman",
    "bocah main petasan di depan masjid",
    "mobil isi anak sekolah terguling di Alas Roban",
    "laka di Subah korban anak umur 6 tahun",
    "anak buah kapal jatuh ke laut di TPI",
    "kos diobrak-abrik maling, laptop hilang",
    "sudah dipegang polisi pelakunya",
)


@pytest.mark.parametrize("text", PRIVATE_WORDS)
@pytest.mark.parametrize("write", [str, str.upper])
def test_sexual_crime_and_a_crime_against_a_child_are_private(analyser: Analyser, text: str, write: type[str]) -> None:
    analysis = analyser.analyse(write(text))
    assert analysis.private, analysis
    shown = [one for one in analysis.evidence if one.rule.startswith(PRIVATE)]
    assert shown or analysis.category == "kdrt", "no words show why"
    assert all(one.words for one in shown)


@pytest.mark.parametrize("text", OPEN_WORDS)
def test_a_child_who_strayed_or_was_hurt_otherwise_is_not_private(analyser: Analyser, text: str) -> None:
    analysis = analyser.analyse(text)
    assert not analysis.private, analysis.evidence


@pytest.mark.parametrize("text", PRIVATE_WORDS)
def test_nothing_of_it_stands_in_the_answer(analyser: Analyser, text: str) -> None:
    analysis = analyser.analyse(text)
    message = render(answers.heard(text, analysis, 7, flags=("low_confidence",))).content(notice=True)
    fixed = {"laporan", "diterima", "isinya", "petugas", "telepon"}
    for shown in (message["body"], message["formatted_body"]):
        assert "tidak saya ulang" in shown
        said = {word.strip(",.") for word in text.casefold().split()} - fixed
        for word in {word for word in said if len(word) > 5}:
            assert word not in shown.casefold()
        assert not analysis.title or analysis.title not in shown


@pytest.mark.parametrize("spoken", [True, False])
def test_a_private_update_is_never_linked_to_an_open_report(analyser: Analyser, spoken: bool) -> None:
    one = analyser.analyse("orang dipukuli di Plelen", spoken=spoken)
    known = Known(1, one.category, one.district, scene_places(one), one.text, 0, one.private)
    news = analyser.analyse("update anak yang dicabuli di Plelen sudah ditangani polisi", spoken=spoken)
    assert (one.private, news.private) == (False, True)
    assert score(known, news, 1000) is None
