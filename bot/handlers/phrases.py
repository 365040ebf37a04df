"""What the bot says about itself and its own work. Answers on police services stand in `flows/`."""

from __future__ import annotations

LATE_ANSWER = "_Mohon maaf, pesan ini baru terbaca sekarang._"
HEARD_QUESTION = "Saya dengar: “{text}”"
NOTHING_HEARD = (
    "Maaf, tidak terdengar ucapan dalam pesan suara ini. Boleh diulang, atau ditulis saja. "
    "Kalau darurat, telepon **110**."
)
CANNOT_READ_KIND = (
    "Maaf, saya baru bisa membaca tulisan dan mendengar pesan suara. "
    "Mohon jangan kirim foto KTP, STNK, atau surat pribadi ke sini; kalau terlanjur, hapus saja. "
    "Kalau darurat, telepon **110**."
)
CANNOT_DECRYPT = (
    "Maaf, ada pesan yang belum bisa saya buka karena kuncinya belum sampai. "
    "Mohon kirim ulang. Kalau darurat, telepon **110**."
)
TROUBLE = (
    "Maaf, sedang ada gangguan di pihak kami, pesan ini sudah tercatat untuk petugas. Kalau darurat, telepon **110**."
)
TROUBLE_FOR_OFFICERS = (
    "⚠️ Satu pesan gagal diproses setelah {attempts} kali dicoba dan disimpan apa adanya. "
    "Lihat pesannya: {link}. Rincian: `kentongan audit show {event_id}`"
)
UNREADABLE = "Pesan suara tidak terbaca: {reason}"
UNREADABLE_REASON = {
    "too_large": "berkas terlalu besar",
    "too_long": "terlalu panjang",
    "empty": "berkas kosong",
    "unreadable": "berkas rusak",
    "no_audio": "tidak ada suara di dalamnya",
    "gone": "berkas sudah tidak ada",
    "tampered": "berkas tidak cocok dengan segelnya",
    "too_slow": "terlalu lama diolah",
    "timeout": "terlalu lama diolah",
    "crash": "merusak pengolah suara",
    "trouble": "gangguan di pihak kami",
}
AUDIT_HEAD = "🔒 Segel catatan audit {date}: `{rows}:{digest}`"
CONTENT_CHANGED = "🔄 Isi baru sudah berlaku: versi {version}."
CONTENT_REFUSED = (
    "⚠️ Isi yang baru tidak dipakai karena ada {number} kesalahan; bot tetap memakai isi lama (versi {version}).\n\n"
    "{mistakes}\n\nPerbaiki, jalankan `kentongan check`, lalu muat ulang."
)
GAP_LOST = (
    "⚠️ Sebagian pesan di {room} antara {since} dan {until} tidak bisa diambil dari server. "
    "Mohon diperiksa langsung di ruangannya."
)
