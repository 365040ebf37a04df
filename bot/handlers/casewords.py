"""What the bot says about work on a report: to the officers in its card's thread, to its reporters in theirs.

Kept together so that they can be read and mended together. Answers on police services stand in `flows/`.
"""

from __future__ import annotations

from bot.incidents.lifecycle import Status

# To officers, in the thread of the card.
NOT_AN_OFFICER = (
    "Reaksi dan perintah pada kartu hanya berlaku dari petugas di server kita yang tertulis di berkas petugas. "
    "Yang tadi tidak dihitung."
)
NOT_PROVEN = (
    "Perangkat pengirimnya belum dikenal, jadi yang tadi **tidak** dijalankan dan tidak sampai ke pelapor. "
    "Kirim ulang dari Element yang sesinya sudah diverifikasi."
)
TAKEN_ALREADY = "#{number} sudah {title} oleh {who} sejak {time}. Untuk mengambil alih, balas `ambil alih`."
SO_ALREADY = "#{number} sudah {title}."
NOT_POSSIBLE = "Tidak bisa: {why}."
FOLLOWED = "Reaksi ditarik, tetapi #{number} tetap {title}: sesudahnya sudah ada langkah lain."
UNDONE = "↩️ Dibatalkan: #{number} kembali {title}."
DUPLICATE_OF_WHICH = "🔁 Duplikat dari laporan yang mana? Balas `gabung #nomor` di utas ini."

# To reporters. No word of what happened: others read along in a channel.
TOLD = {
    Status.DITINJAU: "👀 Laporan #{number} sedang ditinjau petugas.",
    Status.DITERUSKAN: "📨 Laporan #{number} sudah diteruskan ke {reason}.",
    Status.DITANGANI: "🚓 Laporan #{number} sedang ditangani petugas.",
    Status.SELESAI: "🏁 Laporan #{number} selesai ditangani. Kalau belum beres, balas di sini: *belum selesai*.",
    Status.DUPLIKAT: "🔁 Laporan #{number} kami gabung dengan laporan {reason} tentang kejadian yang sama.",
}
