"""What officers read about bulletins in the operations room, and people about their own copies in a DM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bot.bulletins.orders import Fault
from bot.bulletins.verdict import Doubt

CHANNEL = "(nama kanal)"
"""Stands for the channel's own name on the card."""
CARD = "📰 **Pratinjau {title}** · {date} · terbit pukul {time}"
FOR = "Untuk {number} kanal: {rooms}"
OTHERWISE = "**Berbeda** di {rooms}, bagian ini:"
BROKEN = "⚠️ Templatnya rusak: kanal ini **tidak** mendapat buletin. Lihat `kentongan check`."
TOO_MUCH = "**Berbeda juga** di {number} kanal: {rooms}. Bunyinya: `kentongan bulletin preview`."
AND_MORE = ", dan {number} kanal lain"
UNCONFIRMED = "🔎 Belum dipastikan: {number} laporan. Kanal hanya mendengar yang sudah."
COPIES = "Juga ke {number} pelanggan lewat pesan pribadi."
USED = "📎 Dipakai: {sources}"
MISSING = "⚠️ Tidak ada: {source}"

HOW_TO = (
    "_✅ kirim apa adanya · **balas** dengan tulisan: itu yang terbit sebagai isinya · ⛔ lalu balas sebabnya: tidak "
    "terbit · `//` antarpetugas_"
)
SILENCE = {
    "send": "Tanpa jawaban sampai waktunya: **tetap terbit**.",
    "skip": "Tanpa jawaban sampai waktunya: **tidak terbit**. Reaksi ✅ belum cukup; balas `kirim`.",
}
SEEN = "✅ Disetujui {who}, {time}"
SENT = "✅ Terbit pada waktunya: kata {who}, {time}"
WORDED = "✏️ Isinya diganti {who}, {time}"
CLOCK_AHEAD = (
    "⏰ Jam mesin pernah maju, jadi kartu ini muncul terlalu awal. **Sekarang** waktunya dilihat; isinya yang terbaru."
)
CHANGED_SINCE = "🔄 Isinya berubah sejak disetujui; di atas ini yang terbaru."
SKIPPED = "⛔ Dilewati {who}, {time}: {reason}"

DONE_SENT = "📤 Terbit di {number} kanal, {times}"
DONE_WAITING = "⏳ {number} kanal masih dalam antrean kirim"
DONE_FAILED = "❌ Gagal di {number} kanal: {rooms}"
DONE_SKIPPED = "⛔ Tidak terbit di {number} kanal: {why}"
DONE_PENDING = "🕒 {number} kanal belum waktunya"
DONE_COPIES = "✉️ {number} pelanggan"
DONE_NOTHING = "waktunya terlewat"
WHY = {
    "missed": "waktunya terlewat, bot tidak berjalan",
    "quiet": "tanggal tanpa buletin",
    "broken": "templatnya rusak",
    "officer": "keputusan petugas",
    "unanswered": "tidak ada yang menyetujui",
    "undelivered": "homeserver tidak menerimanya sampai waktunya lewat",
}
"""Reasons for a skip, by `bot.bulletins.due.Reason`."""

REFUSED = "refused"
OMITTED = "⚠️ **Ada buletin yang tidak sampai ke kanal:**"
OMITTED_LINE = "**{title}**, {date} pukul {time}: {number} kanal ({rooms}), {why}"
OMITTED_MORE = "Sebelum itu ada {number} lagi; daftarnya per hari: `kentongan bulletin list --date`."
OMITTED_WHY = {
    "unanswered": "kartunya tidak sempat muncul, jadi tidak ada yang bisa menyetujui",
    "refused": "ditolak homeserver",
}
"""Where more is to be said than in `WHY`."""
REMEDY_SEND = "Masih perlu terbit? Operator: `kentongan bulletin send {slot}`."
REMEDY_THEN_SEND = "Sesudah itu, bila masih perlu: `kentongan bulletin send {slot}`."
REMEDY_BROKEN = "Templatnya perlu dibetulkan operator: `kentongan check` menunjukkan barisnya."
REMEDY_REFUSED = "Kanal yang menolak perlu diperiksa operator: `kentongan check --online`."

ASK_WHY = "Apa sebabnya dilewati? Balas di sini dengan sebabnya. Sampai ada sebabnya, buletin ini **tetap terbit**."
ASK_WHY_SILENT = "Apa sebabnya dilewati? Balas di sini dengan sebabnya."
TAKEN_WORDS = "✏️ Isinya sudah diganti; lihat kartunya, begitulah bunyinya nanti. Batal? Hapus pesan Anda."
TAKEN_SKIP = "⛔ Buletin ini tidak akan terbit. Berubah pikiran? Hapus pesan Anda, atau balas `kirim`."
TAKEN_SEND = "✅ Terbit pada waktunya, seperti di kartu."
NOT_CHANGED = "Isinya tidak berubah."
TAKEN_BACK = "↩️ Jawaban itu ditarik; kartunya sudah menyesuaikan."
PARTLY = "{number} kanal sudah menerimanya lebih dulu; ini berlaku untuk sisanya."
OVER_SENT = "Terlambat: buletin ini sudah terbit, {outcome}. Yang sudah terkirim tidak berubah."
OVER_SKIPPED = (
    "Terlambat: buletin ini sudah diputuskan, {outcome}. Masih perlu? Operator: `kentongan bulletin send {slot}`."
)
STILL_SKIPPED = (
    "Buletin ini dilewati {who} dengan sebab “{reason}”. Reaksi tidak mengubahnya; kalau mau terbit, balas `kirim`."
)
NOT_ENOUGH = "Reaksi saja belum cukup untuk slot ini: tanpa jawaban tertulis ia **tidak terbit**. Balas `kirim`."
NOT_AN_OFFICER = (
    "Hanya petugas yang tertulis di `rooms/officers.yaml` yang menentukan isi buletin; ini **tidak** dijalankan."
)
NOT_PROVEN = (
    "Ini **tidak** dijalankan: mengganti atau melewati buletin harus dari perangkat yang dikenal, di ruang terenkripsi."
)
DOUBT: Mapping[Doubt, str] = {
    Doubt.QUESTION: (
        "Ini pertanyaan, atau isi buletin? Belum ada yang berubah. Kalau isi: `ganti: …`. Antarpetugas: `// …`."
    ),
    Doubt.SHORT: "Terlalu pendek untuk isi buletin; belum ada yang berubah. Kalau memang itu: `ganti: …`.",
    Doubt.LONG: "Terlalu panjang (paling banyak 3.000 huruf); belum ada yang berubah.",
    Doubt.SLIP: "Maksudnya `kirim`, `lewati: sebabnya`, atau `ganti: isi baru`? Belum ada yang berubah.",
    Doubt.EMPTY: "Isinya kosong; belum ada yang berubah.",
    Doubt.SKIPPED: (
        "Buletin ini sedang dilewati; belum ada yang berubah. Terbit dengan isi ini: `ganti: …`. "
        "Terbit seperti di kartu: `kirim`. Antarpetugas: `// …`."
    ),
    Doubt.KIND: "Hanya tulisan yang bisa menggantikan isi buletin; belum ada yang berubah.",
}

NOTE_REFUSED = "Catatannya tidak berubah."
NOTE_ADDED = "📝 Catatan **{number}** · {scope}\n\n> {words}"
NOTE_CHANGED = "📝 Catatan **{number}** diubah · {scope}\n\n> {words}"
NOTE_SHIFTS = "⚠️ “{word}” dibaca warga pada hari buletinnya terbit. Lebih aman tulis tanggalnya."
NOTE_ENDED = "🗑️ Catatan **{number}** tidak dibacakan lagi."
NOTE_ENDED_BY_EDIT = (
    "🗑️ Catatan **{number}** tidak dibacakan lagi: sesudah disunting, pesannya bukan catatan yang bisa dibaca. {why}"
)
NOTE_UNKNOWN = "Tidak ada catatan {number} yang masih berlaku. Daftarnya: `!buletin catatan`."
NOTE_EDITED_INTO = "Suntingan ini **tidak** dijalankan. Kirim perintahnya sebagai pesan baru."
NOTES_NONE = "Tidak ada catatan petugas yang berlaku."
NOTES = "📝 **Catatan petugas untuk buletin**"
NOTE_LINE = "- **{number}** · {scope} · {who}: {words}"
EVERY_SLOT = "setiap buletin"
EVERY_ROOM = "semua kanal"
SPAN = "{since} sampai {until}"

HELP_OFFICER = (
    "**Buletin hari ini**\n{slots}\n\n"
    "`!buletin {slot} tambah …` catatan untuk satu buletin berikutnya\n"
    "`!buletin tambah … sampai 5/12 di {room}` beberapa hari, satu kanal\n"
    "`!buletin besok {slot} tambah …` untuk hari lain\n"
    "`!buletin catatan` daftarnya · `!buletin hapus 3` mengakhiri satu\n"
    "Menyunting atau menghapus pesan Anda mengubah atau mengakhiri catatannya."
)
SLOT_LINE = "- {title}, pukul {time}: {state}"
STATE_NONE = "hari ini tidak ada"
STATE_SENT = "sudah terbit"
STATE_QUEUED = "sedang dikirim"
STATE_SKIPPED = "tidak terbit ({why})"
STATE_NOT_TODAY = "hari ini tidak terbit"
STATE_AHEAD = "belum waktunya"
STATE_WORDED = "belum waktunya, isinya diganti petugas"
STATE_STOPPED = "belum waktunya, akan dilewati"
OFFICERS_ONLY = "Catatan buletin hanya untuk petugas yang dikenal, dari perangkat yang dikenal, di ruang terenkripsi."
UNSURE = "Belum dijalankan: {what} Bantuan: `!buletin`."
FAULT: Mapping[Fault, str] = {
    Fault.WORD: "“{word}” tidak saya kenal di sini.",
    Fault.DAY: "“{word}” bukan tanggal yang akan datang (paling jauh setahun).",
    Fault.NUMBER: "sebut nomor catatannya, misalnya `!buletin hapus 3`.",
    Fault.EMPTY: "catatannya kosong.",
    Fault.LONG: "paling banyak {word} huruf.",
    Fault.SLOTS: "satu catatan untuk satu slot, atau tanpa slot untuk semua.",
    Fault.ORDER: "berakhirnya lebih dulu daripada mulainya.",
}
MEANT = " Maksudnya *{meant}*?"

JOINED = "✉️ Siap. **{titles}** saya kirim ke sini setiap kali terbit ({times}). Berhenti: `!buletin {stop} stop`."
JOINED_ALREADY = "✉️ **{titles}** memang sudah saya kirim ke sini ({times}). Berhenti: `!buletin {stop} stop`."
LEFT = "Baik, **{titles}** tidak saya kirim lagi ke sini. Mau lagi: `!buletin {stop} ikut`."
LEFT_ALREADY = "**{titles}** memang tidak saya kirim ke sini. Mau ikut: `!buletin {stop} ikut`."
SCHEDULE = "🗞️ **Buletin Kamtibmas**\n{slots}\n\nTerbit di: {rooms}.\n{how}"
SCHEDULE_LINE = "- **{title}**, {days} pukul {time} · {state}{mine}"
MINE = " · ✉️ Anda ikut"
SCHEDULE_HOW = "Mau salinannya di sini: `!buletin {slot} ikut`. Berhenti: `!buletin {slot} stop`."
EVERY_DAY = "setiap hari"
IN_DM = (
    "Salinan pribadi buletin diatur lewat pesan pribadi ke saya: [buka obrolan]({link}), lalu tulis `!buletin jadwal`."
)
ENDED_BLOCKED = "Akun ini sedang dibatasi petugas, jadi langganan belum bisa."
ONLY_NOTES_IN_OPERATIONS = (
    "Di ruang ini `!buletin` untuk catatan petugas. "
    "Langganan pribadi: kirim `!buletin {slot} ikut` lewat pesan pribadi ke saya."
)
ONLY_OFFICERS_ADD = "Menambah catatan hanya untuk petugas, di ruang kendali."
CITIZEN_HELP = (
    "Yang bisa: `!buletin {slot} ikut` (salinannya ke sini), `!buletin {slot} stop`, "
    "`!buletin jadwal` (kapan dan di mana)."
)


def age(span: dt.timedelta) -> str:
    """How old a source is, behind its name; nothing for what is fresh."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return ""
    if minutes < 120:
        return f" ({minutes} menit lalu)"
    hours = minutes // 60
    return f" ({hours} jam lalu)" if hours < 48 else f" ({hours // 24} hari lalu)"
