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
PAUSED = (
    "Pesannya banyak sekali dalam waktu singkat, saya berhenti menjawab sebentar sampai pukul {time}. "
    "Mau bicara dengan petugas? Tulis *petugas*. Darurat tetap saya tanggapi; lebih cepat lagi, telepon **110**."
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
ROOM_ACTS = {
    "redact": "menghapus pesan", "kick": "mengeluarkan orang", "ban": "melarang orang masuk",
    "state_default": "mengatur ruang",
}  # fmt: skip
"""Power of a room (client-server API, m.room.power_levels) → what it lets the bot do."""
POWER_LOST = (
    "⚠️ Di **{room}** saya tidak (lagi) boleh {acts}. Laporan di sana tetap saya terima. Periksa siapa yang mengubah "
    "kuasanya, lalu kembalikan: `kentongan rooms plan` menunjukkan bedanya."
)
PUT_OUT = (
    "⚠️ Saya dikeluarkan dari **{room}** oleh {who}. Laporan di sana **tidak** sampai lagi ke sini. "
    "Kalau itu keliru, undang saya kembali ke ruang itu."
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
BACKLOG = (
    "⏳ **{number} pesan suara belum tertranskrip**, yang tertua sudah {minutes}. Kartunya menyusul; "
    "sampai kabar berikutnya, dengarkan juga langsung di kanal."
)
BACKLOG_LISTEN = "\n\nYang paling lama menunggu: {links}"
BACKLOG_OVER = "✅ Antrean pesan suara pulih sesudah {minutes}; yang masih menunggu: {number}."
CONGESTION = (
    "⏳ **{number} pesan masih antre dikirim**: homeserver membatasi laju kami. Perkiraan selesai pukul {time}. "
    "Peringatan dan jawaban warga didahulukan, tidak ada yang hilang."
)
CONGESTION_OVER = "✅ Antrean kirim kembali normal pukul {time}."
AUDIT_HEAD = "🔒 Segel catatan audit {date}: `{rows}:{digest}`"
CONTENT_CHANGED = "🔄 Isi baru sudah berlaku: versi {version}. Yang berubah: {files}."
CONTENT_REFUSED = (
    "⚠️ Isi yang baru tidak dipakai karena ada {number} kesalahan; bot tetap memakai isi lama (versi {version}).\n\n"
    "{mistakes}\n\nPerbaiki, jalankan `kentongan check`, lalu muat ulang."
)
GAP_LOST = (
    "⚠️ Sebagian pesan di {room} antara {since} dan {until} tidak bisa diambil dari server. "
    "Mohon diperiksa langsung di ruangannya."
)

# Talks that an officer takes over.
TICKET_OPENED = "🎫 Pesan Anda sudah sampai ke petugas (tiket **#{number}**). Balasannya datang di sini. {when}"
TICKET_STILL_OPEN = "🎫 Tiket **#{number}** masih terbuka; pesan ini juga sampai ke petugas."
TICKET_OPEN_HOURS = "Petugas sedang bertugas. Ketik *batal* kalau sudah tidak perlu."
TICKET_CLOSED_HOURS = (
    "Di luar jam layanan: petugas membalas mulai {day} {date}, pukul {time}. Mendesak? Telepon **110**."
)
TICKET_NO_HOURS = "Petugas membalas secepatnya; mendesak, telepon **110**. Ketik *batal* kalau sudah tidak perlu."
TICKET_ELSEWHERE = (
    "Untuk bicara dengan petugas, kirim pesan pribadi ke saya, supaya ceritanya tidak terbaca semua orang."
)
TICKET_IMPOSSIBLE = "Saat ini saya belum tersambung ke petugas. Datang ke kantor polisi terdekat, atau telepon **110**."
TICKET_CARD = "🎫 **Tiket #{number}** · {reason} · {time}"
TICKET_REASON = {
    "asked": "minta bicara dengan petugas",
    "stuck": "pertanyaan belum terjawab",
    "emergency": "darurat, laporan #{incident}",
    "private": "laporan pribadi #{incident}",
}
TICKET_CONFIDED = (
    "🔒 Tersambung ke pesan pribadi pelapor (tiket #{number}). Yang Anda tulis atau ucapkan di utas ini sampai ke sana "
    "tanpa nama Anda, dan jawabannya masuk ke sini. Awali `//` untuk antarpetugas."
)
TICKET_TURN = "> Warga: {said}"
TICKET_TURN_REPLY = "> Bot: {replied}"
TICKET_HOW_TO = (
    "_Balas di utas ini: warga menerimanya dari bot, tanpa nama Anda. Awali dengan // untuk catatan antarpetugas. "
    "Tutup dengan menulis *selesai* atau reaksi ✅._"
)
TICKET_FROM_CITIZEN = "💬 **Warga:** {text}"
TICKET_PLACE = "📌 [Lokasi dari warga]({link})"
TICKET_FROM_OFFICER = "👮 **Petugas:** {text}"
TICKET_CLOSED = "✅ Percakapan dengan petugas selesai (tiket #{number}). Ada lagi yang bisa dibantu? Tulis saja."
TICKET_CLOSED_CARD = "✅ Tiket #{number} ditutup."
TICKET_CANCELLED = "Baik, tiket #{number} saya tutup. Ada lagi yang bisa dibantu? Tulis saja."
TICKET_CANCELLED_CARD = "✅ Tiket #{number} ditutup oleh warga."
TICKET_IDLE_CARD = (
    "✅ Tiket #{number} ditutup: {days} hari tanpa pesan. Kalau warga menulis lagi, bot menjawab seperti biasa."
)
TICKET_IS_CLOSED = "Tiket #{number} sudah ditutup; pesan ini **tidak** diteruskan ke warga."
TICKET_NO_POWER = "Pesan ini **tidak** diteruskan ke warga: pengirim atau perangkatnya belum dikenal sebagai petugas."
TICKET_WORDS_ONLY = (
    "Hanya tulisan, pesan suara, dan lokasi yang bisa diteruskan ke warga; yang ini **tidak** diteruskan."
)
TICKET_PLACE_FROM_OFFICER = "👮 **Petugas:** 📌 [Lokasi]({link})"
TICKET_VOICE_FROM_OFFICER = "👮 **Petugas** mengirim pesan suara:"
TICKET_VOICE_NAME = "pesan-suara.ogg"
TICKET_VOICE_SILENT = "🎙️ **Warga** mengirim pesan suara; tidak terdengar ucapan, dengarkan rekamannya."
TICKET_VOICE_UNREADABLE = "🔇 **Warga** mengirim pesan suara yang tidak terbaca ({reason})."
TICKET_FILE = (
    "📎 **Warga** mengirim foto atau berkas. Bot tidak menyimpan dan tidak meneruskannya (bisa berisi KTP atau surat), "
    "dan sudah mengatakannya ke warga. Kalau perlu dilihat, minta dibawa ke kantor."
)
TICKET_FILE_REFUSED = (
    "Foto dan berkas **tidak** saya simpan dan **tidak** sampai ke petugas. Ceritakan saja dengan tulisan atau suara; "
    "kalau suratnya perlu dilihat, petugas akan memberi tahu caranya. Kalau itu KTP, STNK, atau surat pribadi, "
    "mohon hapus dari obrolan ini."
)
TICKET_EDITED_INTERNAL = (
    "Suntingan ini **tidak** diteruskan ke warga: pesan aslinya catatan antarpetugas. Untuk warga, tulis pesan baru."
)
TICKET_CARD_AGAIN = "🎫 **Tiket #{number}** · {reason}\n\n_Isi kartunya dihapus: warga menarik pesannya._"
TICKET_WITHDRAWN = "_Pesan dihapus oleh pengirimnya._"
TICKET_WORDS_CHANGED = "✏️ **Warga membetulkan pesannya:** {text}"
DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
