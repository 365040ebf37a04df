"""What officers read, and channels hear, around `!siaran`."""

from __future__ import annotations

CALLER = "Kepolisian"
EMERGENCY = "🚨 **Siaran darurat {caller}**, pukul {time}\n\n{text}\n\nDarurat, telepon **{emergency}**."
DRILL = (
    "🧪 **LATIHAN · LATIHAN · LATIHAN**\n*Ini latihan {caller}, pukul {time}. Tidak ada kejadian sungguhan.*\n\n"
    "{text}\n\n"
    "**LATIHAN · LATIHAN · LATIHAN** Tidak perlu berbuat apa-apa. Darurat yang sungguhan, telepon **{emergency}**."
)
CORRECTION = "🔄 **Ralat** dari siaran pukul {time}\n\n{words}"
CORRECTION_DRILL = "🧪 **LATIHAN: ralat** dari siaran latihan pukul {time}\n\n{words}"
ENDED = "✅ **Selesai.** Siaran pukul {time} tidak berlaku lagi. Terima kasih sudah saling menjaga."
ENDED_DRILL = "🧪 **LATIHAN selesai.** Siaran latihan pukul {time} sudah berakhir. Terima kasih sudah ikut berlatih."

PREVIEW = {
    "darurat": "📣 **Siaran darurat, belum dikirim.**",
    "latihan": "🧪 **Siaran LATIHAN, belum dikirim.**",
    "ralat": "🔄 **Ralat siaran #{number}, belum dikirim.**",
    "selesai": "✅ **Akhir siaran #{number}, belum dikirim.**",
}
SHOWN = (
    "{head} Persis seperti ini akan dibaca di {rooms} kanal ({members} orang){ping}:\n\n{words}\n\n"
    "Setuju? **Petugas lain** mengetik `{code}` di sini sebelum pukul {until}. "
    "Ada yang salah? Sunting atau hapus perintahnya: siaran ini batal."
)
PING = ", **dengan bunyi untuk semua anggota**"
LATE = "\n\n⏳ Perintahnya ditulis pukul {time} dan baru terbaca sekarang."
SENT = (
    "📢 Siaran #{number} ke {rooms} kanal ({members} orang): perintah {by}, disahkan {second}. "
    "Mengubah: `!siaran ralat {number} …`. Mengakhiri: `!siaran selesai {number}`."
)
ENDED_BY = "📢 Siaran #{number} diakhiri di {rooms} kanal: perintah {by}, disahkan {second}."
STILL_GOING = (
    "⏰ Siaran #{number} dari pukul {time} masih berlaku. Sudah selesai? `!siaran selesai {number}`. "
    "Kalau tidak, ia berakhir sendiri pukul {until}."
)
OVER_BY_ITSELF = (
    "⌛ Siaran #{number} dari pukul {time} berakhir sendiri: {hours} jam, tidak ada yang mengakhirinya. "
    "Di kanal pesannya bertanda tidak berlaku lagi."
)
ANONYMOUS = "petugas"

HELP = (
    "{unknown}**Siaran ke semua kanal**\n"
    "- `!siaran darurat …`: keadaan darurat, disahkan petugas kedua dengan kode\n"
    "- `!siaran latihan …`: sama, bertanda LATIHAN\n"
    "- `!siaran ralat 12 …`: mengubah siaran #12, disahkan petugas kedua\n"
    "- `!siaran selesai 12`: mengakhiri siaran #12, disahkan petugas kedua"
)
UNKNOWN = "“{word}” bukan perintah siaran. Tidak ada yang dikirim.\n\n"
GOING = "\n\nMasih berlaku: {numbers}."

OPERATIONS_ONLY = "Siaran hanya bisa diperintahkan dari ruang kendali."
OFFICERS_ONLY = "Siaran hanya bisa diperintahkan petugas yang tertulis di berkas petugas."
TAIL = "Tidak ada yang disiarkan."
NO_TEXT = "Isinya belum ada. Tulis setelah perintahnya, misalnya `!siaran {verb} {example}`."
EXAMPLES = {
    "darurat": "Jalan Pantura ditutup …", "latihan": "Simulasi gempa …", "ralat": "12 Jalan sudah dibuka …",
}  # fmt: skip
TOO_LONG = "Terlalu panjang: {length} huruf, paling banyak {most}. Yang darurat sebaiknya pendek."
NO_NUMBER = "Siaran yang mana? Tulis nomornya, misalnya `!siaran {verb} 12`.{going}"
NO_SUCH = "Tidak ada siaran petugas nomor {number}.{going}"
OVER_ALREADY = "Siaran #{number} sudah berakhir. Yang baru: `!siaran darurat …`."
NO_ROOMS = "Belum ada kanal untuk disiarkan."

CODE_WRONG = (
    "Kode itu tidak cocok dengan siaran mana pun yang menunggu. Tidak ada yang dikirim; sisa {left} kali mencoba."
)
CODE_VOID = "Siaran itu batal: {why}. Tulis perintahnya lagi kalau masih perlu."
CODE_DONE = "Siaran itu sudah dikirim."
SAME_OFFICER = "Harus **petugas lain** yang mengetik kodenya, bukan yang memerintahkan."
SAME_KEY = "Kode ini diketik dari identitas yang sama dengan yang memerintahkan. Harus orang lain."
VOID = {
    "late": "kodenya tidak diketik dalam {minutes} menit",
    "edited": "perintahnya disunting",
    "withdrawn": "perintahnya dihapus",
    "tries": "kode yang salah diketik {tries} kali",
    "officer": "yang memerintahkan bukan petugas lagi",
    "over": "siarannya sudah berakhir",
}
VOIDED = "Siaran ini batal: {why}. Tidak ada yang dikirim."
EDITED_AFTER = (
    "Siaran #{number} sudah terlanjur dikirim; suntingan tidak mengubahnya. Pakai `!siaran ralat {number} …`."
)
