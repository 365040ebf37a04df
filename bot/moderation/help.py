"""Help that explains itself: what each order is for, an example, and what becomes of a slip."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.markup import escape
from bot.moderation.orders import MAX_MESSAGES, SLOWEST, Fault, Slip
from bot.moderation.protectionwords import SPOKEN
from bot.moderation.terms import spell
from bot.moderation.verbs import NEEDS, Right, Verb


@dataclass(frozen=True)
class Entry:
    """One order's help."""

    does: str
    examples: tuple[str, ...]
    more: str = ""


ENTRIES: Mapping[Verb, Entry] = {
    Verb.WARN: Entry(
        "menegur, tercatat", ("!tegur @budi{di} mohon jangan jualan",), "Ia diberi tahu bersama alasannya."
    ),
    Verb.MUTE: Entry(
        "hanya bisa membaca, untuk sementara",
        ("!bisukan @budi 1 jam{di} jualan terus", "!bisukan @budi sampai 1/12/2026{di} spam"),
        "Tanpa lama: sebentar menurut `rooms/moderation.yaml`. Terbuka sendiri; lebih awal: `!suarakan @budi`. "
        "Keluar-masuk kanal tidak membukanya.",
    ),
    Verb.UNMUTE: Entry("membuka bisu", ("!suarakan @budi{di}",)),
    Verb.KICK: Entry("mengeluarkan; ia boleh masuk lagi", ("!keluarkan @budi{di} ribut terus",)),
    Verb.BAN: Entry(
        "mengeluarkan dan melarang masuk",
        ("!cekal @budi 30 hari{di} penipuan",),
        "Wajib beralasan, dipastikan dengan kode.",
    ),
    Verb.BAN_SERVER: Entry(
        "melarang semua akun dari satu server",
        ("!cekal server jahat.example 30 hari{di} spam", "!cekal server *.jahat.example selamanya{di} spam"),
        "Wajib beralasan, dipastikan dengan kode. Anggotanya dikeluarkan dulu.",
    ),
    Verb.UNBAN: Entry("mencabut cekal", ("!cabut cekal @budi{di}",)),
    Verb.UNBAN_SERVER: Entry("mencabut cekal server", ("!cabut cekal server jahat.example{di}",)),
    Verb.REDACT: Entry(
        "menghapus pesan terakhir seseorang",
        ("!hapus 20 @budi{di} spam",),
        f"Paling banyak {MAX_MESSAGES}. Catatan laporan tetap.",
    ),
    Verb.SLOW: Entry(
        "satu pesan tiap sekian detik untuk setiap orang",
        ("!pelan 30 detik{di}",),
        "Yang terlalu cepat dihapus dari kanal; laporannya tetap tercatat. Pesan suara dan petugas tidak kena.",
    ),
    Verb.FAST: Entry("mengakhiri jeda", ("!pelan mati{di}",)),
    Verb.LOCK: Entry(
        "kanal hanya bisa dibaca",
        ("!kunci 2 jam{di} hoaks beredar",),
        "Dipastikan dengan kode. Petugas tetap bisa menulis.",
    ),
    Verb.UNLOCK: Entry("membuka kanal", ("!buka kunci{di}",)),
    Verb.REMARK: Entry(
        "mencatat tentang seseorang", ("!catat @budi sudah ditelepon, minta maaf",), "Hanya dibaca petugas."
    ),
    Verb.PERSON: Entry("apa yang tercatat tentang seseorang", ("!orang @budi",)),
    Verb.LIST: Entry("yang sedang berlaku: siapa, mengapa, sampai kapan", ("!daftar",)),
    Verb.PROTECTIONS: Entry(
        "apa yang dijaga bot sendiri, dan mana yang sedang dimatikan", ("!perlindungan", "!perlindungan di ojol")
    ),
    Verb.PROTECT_OFF: Entry(
        "bot berhenti menjaga satu hal, untuk sementara",
        ("!perlindungan banjir mati 2 jam{di}",),
        "Tanpa lama: menurut `rooms/moderation.yaml`. Menyala lagi sendiri.",
    ),
    Verb.PROTECT_ON: Entry(
        "bot menjaga satu hal",
        ("!perlindungan banjir nyala{di}", "!perlindungan serbuan nyala 1 hari{di}"),
        "Tanpa lama: sampai dimatikan lagi.",
    ),
    Verb.LISTS: Entry("daftar cekal orang lain yang dilihat atau diikuti", ("!daftarcekal",)),
    Verb.LIST_LOOK: Entry(
        "membuka daftar cekal dan menunjukkan siapa yang akan kena",
        ("!daftarcekal lihat #daftar:server.example",),
        "Alamatnya `#nama:server`, kode ruang, atau tautan `https://matrix.to/…`. Belum ada yang diikuti.",
    ),
    Verb.LIST_FOLLOW: Entry(
        "yang ada di daftar itu dicekal dari semua kanal, juga yang ditambahkan kemudian",
        ("!daftarcekal ikut #daftar:server.example",),
        "Hanya sesudah dilihat. Dipastikan dengan kode.",
    ),
    Verb.LIST_LEAVE: Entry(
        "berhenti mengikuti; cekal yang hanya karena daftar itu dicabut",
        ("!daftarcekal lepas #daftar:server.example",),
    ),
    Verb.HELP: Entry("bantuan ini, atau tentang satu perintah", ("!bantuan bisukan",)),
    Verb.VOUCH: Entry(
        "menerima kunci baru rekan petugas",
        ("!percaya @ani",),
        "Hanya sesudah Anda berbicara dengan orangnya. Dipastikan dengan kode.",
    ),
    Verb.CANCEL: Entry("membatalkan perintah yang menunggu kode", ("!batal",)),
}

_INTRO = (
    "**Perintah penertiban.** Di kanal: langsung, atau sebagai balasan pesan orangnya (namanya tidak perlu). Di ruang "
    "kendali: dengan `di {channel}`, atau `di semua`. Mencoba tanpa melakukan: `--coba`."
)
_TAIL = "Selengkapnya: `!bantuan bisukan`."
_HERE = "Di ruang kendali tambah `di {channel}` atau `di semua`; di kanal tidak perlu."

_FAULTS: Mapping[Fault, str] = {
    Fault.MISSPELT: "Maksudnya `!{verb}`?",
    Fault.NO_TARGET: "Siapa orangnya? Balas pesannya, atau tulis alamatnya.",
    Fault.NOT_A_PERSON: (
        "“{words}” bukan alamat orang. Nama tampilan bisa ditiru: tulis alamatnya (`@budi`) atau balas pesannya."
    ),
    Fault.NO_PEOPLE_HERE: "`!{verb}` untuk satu kanal, bukan untuk orang.",
    Fault.ONE_AT_A_TIME: "`!{verb}` untuk satu orang saja.",
    Fault.NO_SERVER: "Server yang mana? Tulis namanya seperti di belakang titik dua: `jahat.example`.",
    Fault.NO_ROOM: "Di kanal mana?",
    Fault.UNKNOWN_ROOM: "Kanal “{words}” tidak ada. Yang ada: {channels}.",
    Fault.WHICH_ROOM: "Di kanal ini atau di {words}? Tulis `di …` sebelum alasannya.",
    Fault.NO_ROOM_HERE: "`!{verb}` tidak perlu kanal.",
    Fault.BAD_TERM: "Waktu “{words}” tidak terbaca atau sudah lewat.",
    Fault.TERM_LAST: "Lamanya ditulis sebelum alasan, supaya jelas.",
    Fault.NO_TERM_HERE: "`!{verb}` tidak berjangka waktu. Mungkin `!bisukan` atau `!cekal`?",
    Fault.BAD_AMOUNT: "Berapa?",
    Fault.NO_REASON: "`!{verb}` perlu alasan.",
    Fault.NO_ADDRESS: "Daftar yang mana? Tulis alamatnya: `#nama:server`, atau tautan `https://matrix.to/#/…`.",
    Fault.NO_PROTECTION: "Perlindungan yang mana? Yang ada: {protections}.",
    Fault.ON_OR_OFF: "Nyala atau mati?",
    Fault.UNSIGNED: "Perintah atau obrolan? Kalau perintah, awali dengan `!`, atau tulis alasannya sesudah `karena`.",
    Fault.QUESTION: "Itu bertanya atau memerintah? Kirim lagi tanpa tanda tanya.",
    Fault.ONE_ORDER: "Satu pesan satu perintah, ya.",
}
_AMOUNTS = {
    Verb.REDACT: f"Berapa pesan? Tulis 1 sampai {MAX_MESSAGES}.",
    Verb.SLOW: f"Jedanya berapa? Dari 1 detik sampai {spell(SLOWEST)}.",
}
_NOTHING_DONE = "Tidak ada yang dilakukan."


def overview(rights: Collection[Right], channel: str) -> str:
    """What somebody with these rights may order, one line each. `channel`: one to name."""
    lines = [_INTRO.format(channel=channel), ""]
    for verb, entry in ENTRIES.items():
        right = NEEDS[verb].right
        if verb not in (Verb.HELP, Verb.CANCEL) and (right is None or right in rights):
            lines.append(f"- `{_shown(entry.examples[0], channel, inside=True)}` {entry.does}")
    return "\n".join([*lines, "", _TAIL])


def about(verb: Verb, channel: str, *, inside: bool) -> str:
    """One order, with examples."""
    entry = ENTRIES[verb]
    examples = "\n".join(f"- `{_shown(one, channel, inside=inside)}`" for one in entry.examples)
    where = _HERE.format(channel=channel) if NEEDS[verb].room else ""
    parts = [f"**!{verb}**: {entry.does}.", examples, " ".join(part for part in (entry.more, where) if part)]
    return "\n\n".join(part for part in parts if part)


def slip(found: Slip, channels: Sequence[str], *, inside: bool) -> str:
    """What was wrong, how it is right, and that nothing was done."""
    what = _AMOUNTS.get(found.verb) if found.fault is Fault.BAD_AMOUNT else None
    what = what or _FAULTS[found.fault].format(
        verb=found.verb,
        words=escape(found.words),
        channels=", ".join(f"`{one}`" for one in channels) or "belum ada",
        protections=", ".join(f"`{names[0]}`" for names in SPOKEN.values()),
    )
    channel = channels[0] if channels else "KANAL"
    return f"{what} Contoh: `{_shown(ENTRIES[found.verb].examples[0], channel, inside=inside)}`. {_NOTHING_DONE}"


def _shown(example: str, channel: str, *, inside: bool) -> str:
    return example.replace("{di}", "" if inside else f" di {channel}")
