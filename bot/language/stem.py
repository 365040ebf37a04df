"""Indonesian words to stems: Snowball, after our own rules for chat and a list of words it gets wrong.

Snowball's `indonesian` handles the formal affixes (perpanjangan → panjang). It does not know the ng-, ny- and
-in of chat, strips letters that belong to the root (berikan → ikan, penyelidikan → lidi) and
shortens names of things; `_OVERRIDES` and `_WHOLE` mend those. Index both the surface and the stem.
"""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer

_OVERRIDES = {
    # word as written → the stem it should have
    "berikan": "beri",
    "memberikan": "beri",
    "diberikan": "beri",
    "memberi": "beri",
    "diberi": "beri",
    "pemberian": "beri",
    "penyelidikan": "selidik",
    "menyelidiki": "selidik",
    "penyelidik": "selidik",
    "penyidikan": "sidik",
    "penyidik": "sidik",
    "menyidik": "sidik",
    "pengemudi": "kemudi",
    "mengemudi": "kemudi",
    "mengemudikan": "kemudi",
    "kemudi": "kemudi",
    "penyalahgunaan": "salahguna",
    "menyalahgunakan": "salahguna",
    "pengaduan": "adu",
    "mengadu": "adu",
    "mengadukan": "adu",
    "ngadu": "adu",
    "ngaduin": "adu",
    "pelayanan": "layan",
    "layanan": "layan",
    "melayani": "layan",
    "persyaratan": "syarat",
    "syaratnya": "syarat",
    "kehilangan": "hilang",
    "ilang": "hilang",
    "ngilang": "hilang",
    "keilangan": "hilang",
    "penggelapan": "gelap",
    "pemerasan": "peras",
    "memeras": "peras",
    "diperas": "peras",
    "perpanjangan": "panjang",
    "memperpanjang": "panjang",
    "diperpanjang": "panjang",
    "perpanjang": "panjang",
    "manjangin": "panjang",
    "memanjangkan": "panjang",
    "pembuatan": "buat",
    "buatin": "buat",
    "pembayaran": "bayar",
    "pendaftaran": "daftar",
    "ndaftar": "daftar",
    "pencurian": "curi",
    "pencuri": "curi",
    "mencuri": "curi",
    "kecurian": "curi",
    "dicuri": "curi",
    "nyuri": "curi",
    "pemukulan": "pukul",
    "memukul": "pukul",
    "dipukul": "pukul",
    "mukul": "pukul",
    "mukulin": "pukul",
    "dipukulin": "pukul",
    "tabrakan": "tabrak",
    "tabrak": "tabrak",
    "menabrak": "tabrak",
    "ditabrak": "tabrak",
    "menabrakkan": "tabrak",
    "nabrak": "tabrak",
    "ketabrak": "tabrak",
    "tertabrak": "tabrak",
    "kecelakaan": "celaka",
    "kebakaran": "bakar",
    "kebanjiran": "banjir",
    "perkelahian": "kelahi",
    "berkelahi": "kelahi",
    "penusukan": "tusuk",
    "menusuk": "tusuk",
    "nusuk": "tusuk",
    "penipuan": "tipu",
    "penipu": "tipu",
    "menipu": "tipu",
    "nipu": "tipu",
    "ketipu": "tipu",
    "tertipu": "tipu",
    "kemalingan": "maling",
    "penganiayaan": "aniaya",
    "menganiaya": "aniaya",
    "dianiaya": "aniaya",
    "perampokan": "rampok",
    "merampok": "rampok",
    "ngrampok": "rampok",
    "pohon": "pohon",
    "longsoran": "longsor",
    "tergenang": "genang",
    "menggenang": "genang",
    "keluarga": "keluarga",
    "kendaraan": "kendara",
    "berkendara": "kendara",
    "pengendara": "kendara",
    "mengurus": "urus",
    "ngurus": "urus",
    "ngurusin": "urus",
    "pengurusan": "urus",
    "diurus": "urus",
    "uruskan": "urus",
    "urusan": "urus",
    "laporin": "lapor",
    "ngelapor": "lapor",
    "nglapor": "lapor",
    "lapor": "lapor",
    "pelaporan": "lapor",
    "pelapor": "lapor",
    "bertanya": "tanya",
    "menanyakan": "tanya",
    "ditanya": "tanya",
    "nanya": "tanya",
    "tanya": "tanya",
    "memiliki": "milik",
    "dimiliki": "milik",
    "pemilik": "milik",
    "milik": "milik",
    "menilang": "tilang",
    "nilang": "tilang",
    "ketilang": "tilang",
    "ketemu": "temu",
    "nemu": "temu",
    "nemuin": "temu",
    "ngebut": "kebut",
    "kebut": "kebut",
    "mengebut": "kebut",
    "umur": "umur",
    "berumur": "umur",
    "usia": "usia",
    "berusia": "usia",
}

# Words whose ends or beginnings only look like affixes.
_WHOLE_WORDS = """
    polisi polsek polres polda kapolres kapolsek lalin jalan jalanan depan badan kanan kiri bulan hujan pasien hakim
    kemarin kawin dingin angin mesin asin lain main selain bensin kantin senin ijin izin yakin disiplin
    senapan ikan makan bukan akan dan pekan lapan delapan rekan sasaran teman taman halaman kaki pagi lagi
    tadi jadi hari kali mati beli kunci istri suami laki lari mandi padi sapi motor mobil pelajar
    terminal perempuan permen kelapa ketua kepala kereta kecil kenal kelas kerja kertas
    sebelah sedang sepeda selatan sekolah sekarang seberang pertamina pertama pelabuhan
    mengapa menang menit meninggal merah meja memang berapa beras berita besar bersih
    tersono terban diesel dinas dia diri disini disana korban bantuan ancaman
    teori kenapa bupati mana golongan seperti mulai sampai pakai selesai warga
"""
_WHOLE = frozenset(_WHOLE_WORDS.split())

_NASAL = re.compile(r"^(?:nge(?=[bdfgjlrwpt]\w{3})|ng(?=[aeiou]\w{3})|ny(?=[aeiou]\w{3}))")
_CHAT_IN = re.compile(r"(?<=\w{4})in$")
_snowball = Stemmer.Stemmer("indonesian", maxCacheSize=0)


@lru_cache(maxsize=65536)
def stem(token: str) -> str:
    """The stem of one folded token (as `tokens` gives it); short tokens and those with digits are their own."""
    if len(token) < 4 or not token.isalpha() or not token.isascii():
        return token
    for base in (token, _without_clitic(token)):
        if base in _OVERRIDES:
            return _OVERRIDES[base]
        if base in _WHOLE:
            return base
    word = _without_clitic(token)
    nasal = _NASAL.match(word)
    if nasal:
        # ngurus → urus, ngelapor → lapor; ny- stands for a lost s: nyopet → copet is c, nyari → cari is c too.
        rest = word[nasal.end() :]
        word = ("c" + rest) if nasal.group() == "ny" else rest
    word = _CHAT_IN.sub("", word)
    found: str = _snowball.stemWord(word)
    if found in _OVERRIDES:
        return _OVERRIDES[found]
    return found if len(found) >= 3 else word


def stems(words: list[str]) -> list[str]:
    """The stem of each word."""
    return [stem(word) for word in words]


def _without_clitic(token: str) -> str:
    """Without -nya, -kah, -lah, -pun, -ku, -mu, where a word of four letters remains (or a known one of three)."""
    for ending in ("nya", "kah", "lah", "pun", "ku", "mu"):
        rest = token.removesuffix(ending)
        if rest != token and len(rest) >= 3:
            if rest in _OVERRIDES or rest in _WHOLE:
                return rest
            if ending == "nya" or (len(rest) >= 4 and ending not in ("lah", "kah", "pun", "ku", "mu")):
                return rest
    return token
