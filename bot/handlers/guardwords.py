"""What protections and complaints say, to members in the channel and to officers on cards."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "flood": "pesan beruntun",
    "mentions": "menyapa banyak orang sekaligus",
    "repeats": "tulisan yang sama berulang-ulang",
    "links": "tautan ke luar",
    "invites": "ajakan ke grup lain",
    "newcomers": "gambar atau berkas dari anggota yang baru masuk",
    "insults": "makian",
    "voices": "pesan suara beruntun",
    "joins": "banyak orang masuk sekaligus",
}
_HELP = "Kalau ini darurat, telepon **110**, atau tulis ke bot ini lewat pesan pribadi."
WARNINGS: Mapping[str, str] = {
    "flood": f"Pelan-pelan ya, pesannya banyak sekali dalam waktu singkat, anggota lain jadi sulit membaca. {_HELP}",
    "mentions": (
        "Mohon tidak menyapa banyak orang sekaligus; semua ponselnya ikut berbunyi. Cukup satu-dua orang yang perlu."
    ),
    "repeats": f"Pesannya sudah terbaca; mohon tidak dikirim berulang-ulang, ya. {_HELP}",
    "links": "Mohon tidak membagikan tautan seperti ini di kanal. Kalau menurut Anda penting, ceritakan saja isinya.",
    "invites": "Kanal ini untuk kabar keamanan warga; ajakan ke grup lain mohon tidak dibagikan di sini.",
    "newcomers": (
        "Selamat datang! Untuk anggota yang baru masuk, gambar dan berkas belum bisa dulu. "
        f"Mau melapor? Tulis atau ucapkan saja apa yang terjadi dan di mana. {_HELP}"
    ),
    "insults": (
        "Mohon bahasanya dijaga ya, kita semua bertetangga di sini. Ada yang tidak beres? Ceritakan, petugas membaca."
    ),
    "voices": (
        "Pesan suaranya banyak sekali; semuanya tetap didengarkan. Lebih cepat kalau disampaikan dalam satu pesan: "
        "apa, di mana, kapan. Darurat: telepon **110**."
    ),
}
REDACTED = "dihapus: {why}"
REDACTED_BY_OFFICER = "dihapus petugas"
BY_COMPLAINT = "aduan #{number}"

WAVE = (
    "🌊 **{people} orang masuk ke {room} dalam {seconds} detik.** Server: {servers}.{closed}\n\n"
    "Periksa siapa mereka sebelum ramai; orang satu server bisa dicekal sekaligus dengan perintah."
)
WAVE_CLOSED = "\n\n🚪 Kanal ditutup dulu ({how}) sampai {until}. Beri ✅ untuk membukanya sekarang."
HOW_CLOSED = {"knock": "masuk dengan mengetuk", "invite": "hanya dengan undangan"}

CARD_TITLE = "⚠️ **Aduan #{number}** · {room} · {count}"
COUNT_ONE, COUNT_MANY, COUNT_NONE = "1 orang mengadukan", "{count} orang mengadukan", "tidak ada yang mengadukan lagi"
BY_PROTECTION = "dijaring bot"
WROTE = "Ditulis {who}{since}:"
SINCE = ", anggota sejak {date}"
NOT_SHOWN = "_Isinya tidak ditampilkan: perkara pribadi._"
NO_WORDS = "_({kind})_"
GONE = "_Pesannya tidak ada lagi di catatan bot._"
TAKEN_BACK = "_Pesannya sudah dihapus penulisnya._"
KINDS = {
    "audio": "pesan suara", "image": "gambar", "file": "berkas", "location": "lokasi", "unreadable": "belum terbaca",
    "other": "stiker atau yang lain",
}  # fmt: skip
LINK = "[Buka pesannya]({link})"
BEFORE = "_Sebelumnya:_"
REASONS = "_Alasan:_ {reasons}"
FOUND = "🛡️ {what}: {evidence}"
IS_REPORT = "📌 _Ini laporan #{incident}: catatannya tetap ada, juga kalau pesannya dihapus dari kanal._"
RECORD = "_Catatan orang ini (90 hari):_ {record}"
NO_RECORD = "bersih"
STRIKES = "{count}× dijaring"
KIND_OF_ACT = {
    "warn": "ditegur", "redact": "pesan dihapus", "mute": "dibisukan", "kick": "dikeluarkan", "ban": "dicekal",
}  # fmt: skip
DONE = "_Tindakan:_ {acts}"
UNTIL = " sampai {until}"
LIFTED, FAILED = " (dicabut)", " (gagal)"
STATES = {
    "open": "🆕 menunggu petugas",
    "done": "✅ ditangani oleh {who}",
    "dismissed": "⚪ tidak perlu tindakan ({who})",
}
NOBODY_LEFT = "semua aduannya ditarik"
SIGNS = "_🗑️ hapus pesannya · ⚠️ tegur · 🔇 bisukan {minutes} menit · ✅ tidak perlu apa-apa_"
FURTHER = "_Lebih dari itu dengan perintah:_ `!keluarkan {who}` · `!cekal {who}`"
ABOUT = {
    "an_officer": "_Tentang petugas: dibicarakan di antara petugas, tanpa tindakan dari kartu ini._",
    "a_liaison": "_Tentang penghubung instansi: dibicarakan dengan instansinya, tanpa tindakan dari kartu ini._",
    "the_bot": "_Tentang pesan bot sendiri: tidak ada tindakan dari kartu ini._",
}
CANNOT = "Aduan #{number}: {why}"
NOT_YET_HEARD = "pesan suaranya belum didengar; sesudah ada transkripnya, beri 🗑️ lagi."
WAVE_CANNOT = "Pintunya tetap tertutup: {why}"
REPORTS_REFUSED = (
    "⚠️ Aduan lewat `/report` tidak bisa dibaca dari homeserver ({why}). Periksa `homeserver.admin_token_file`; "
    "aduan dengan reaksi tetap jalan."
)
