"""Insults by their words and what stands around them, in both directions, Indonesian and Javanese."""

from __future__ import annotations

import pytest

from bot.moderation.insults import insult
from bot.moderation.protectionfile import Watches

INSULTING = (
    "kamu anjing",
    "anjing kamu!",
    "anjing lu semua",
    "dasar anjing",
    "dasar babi lu",
    "polisi anjing",
    "polisi babi",
    "kalian semua monyet",
    "kamu memang bodoh",
    "bodoh kamu",
    "goblok",
    "polisinya goblok",
    "tolol banget sih admin ini",
    "bangsat lu",
    "b4ngs4t",
    "banggsaaaat",
    "a n j i n g kamu",
    "a.n.j.i.n.g lu",
    "4njing kamu",
    "anjiiing kamu",
    "ANJING KAU",
    "kowe asu",
    "asu kowe",
    "kowe kuwi asu",
    "asu!!!",
    "jancok kowe kabeh",
    "dasar edan",
    "kowe edan po piye",
    "pekok tenan",
    "matamu",
    "ndasmu atos",
    "saya bilang kamu goblok",
    "aku ngomong kowe asu",
    '"anjing kamu"',
    "polisi kayak sampah",
    "kampret lu",
    "memek",
    "kontol lah",
    "dasar lonte",
    "gendeng kowe",
    "celeng kowe",
)
HARMLESS = (
    "anjing liar menggigit anak saya di desa Plelen",
    "ada anjing gila di depan masjid, anak-anak dikejar",
    "anjing kamu menggigit anak saya",
    "anjing tetangga lepas lagi pak",
    "pak anjing liar banyak di pasar",
    "asu edan nyokot bocah nang Sembung",
    "ono asu mati nang dalan",
    "asune tanggane galak, pak",
    "kowe dicokot asu?",
    "awas anjing",
    "ada anjing",
    "polisi bawa anjing pelacak ke lokasi",
    "babi hutan masuk kebun warga",
    "celeng mlebu sawah, pari entek kabeh",
    "monyet turun ke rumah warga",
    "bangkai tikus bau di selokan",
    "gropyokan tikus besok pagi jam 7",
    "bu, kambing saya dimakan anjing",
    "kebo ilang nang Bawang pak",
    "dia bilang saya anjing lalu memukul saya",
    "dia bilang, kamu goblok, terus saya ditampar",
    'tetangga saya teriak "bangsat" sambil bawa parang',
    "saya dibilang goblok sama atasan, bisa lapor?",
    "aku diarani asu karo tanggaku",
    "suami saya memaki saya lonte setiap hari",
    "anak saya diejek monyet di sekolah",
    "ada tulisan polisi bangsat di tembok pasar",
    "jarene wong kuwi matamu, terus aku dijotos",
    "saya dihina di grup, disebut pelacur",
    "orang gila mengamuk bawa parang di alun-alun",
    "ada maling di rumah saya pak",
    "maling pak, di rumah tetangga",
    "polisi tolong ada orang gila ngamuk",
    "pak polisi, orang gila itu bawa parang",
    "tolong kalian ke sini, anjing itu nyerang lagi",
    "maling motor tertangkap warga",
    "macetnya gila hari ini",
    "banjirnya edan pak",
    "sampah menumpuk di kali",
    "jalan kebo depan SD rusak",
    "bodoh sekali saya lupa bawa STNK",
    "kebakaran di pasar Limpung, tolong pak",
    "mohon info jam buka samsat",
    "pak, anjing saya hilang di Subah",
    "anjing mana yang menggigit?",
    "kucing dan anjing divaksin rabies gratis",
    "tikus makan padi",
    "> kamu goblok\nini siapa yang tulis pak?",
    "setan jalanan balapan liar lagi di pantura",
    "ngerti ora, diceluk bedes karo bocah-bocah",
)


@pytest.mark.parametrize("text", INSULTING)
def test_who_insults_somebody_is_understood(text: str, watches: Watches) -> None:
    assert insult(text, watches.insult_words) is not None


@pytest.mark.parametrize("text", HARMLESS)
def test_who_reports_quotes_or_speaks_of_an_animal_insults_nobody(text: str, watches: Watches) -> None:
    assert insult(text, watches.insult_words) is None


def test_any_text_can_be_looked_at(watches: Watches) -> None:
    for text in ("", " ", "\n\n", "@$" * 5000, "a " * 5000, "“" * 2000, "'" * 2001, "\u202e\u0000", "😀" * 3000):
        insult(text, watches.insult_words)
