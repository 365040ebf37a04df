"""What the bot says about work on a report: to the officers in its card's thread, to its reporters in theirs.

Kept together so that they can be read and mended together. Answers on police services stand in `flows/`.
"""

from __future__ import annotations

from bot.event import Kind
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
DUPLICATE_OF_WHICH = "🔁 Duplikat dari laporan yang mana? Balas `gabung #nomor` di utas ini."

# To reporters. No word of what happened: others read along in a channel.
TOLD = {
    Status.DITINJAU: "👀 Laporan #{number} sedang ditinjau petugas.",
    Status.DITERUSKAN: "📨 Laporan #{number} sudah diteruskan ke {reason}.",
    Status.DITANGANI: "🚓 Laporan #{number} sedang ditangani petugas.",
    Status.SELESAI: "🏁 Laporan #{number} selesai ditangani. Kalau belum beres, balas di sini: *belum selesai*.",
    Status.DUPLIKAT: "🔁 Laporan #{number} kami gabung dengan laporan {reason} tentang kejadian yang sama.",
}

# Orders.
HELP = (
    "**Di utas kartu:** tulisan dan suara Anda sampai ke pelapor, tanpa nama Anda. Awali `//` untuk antarpetugas.\n\n"
    "**Perintah** (di utas, atau sebagai balasan kartu):\n"
    "- `koreksi …` kata-kata yang benar\n"
    "- `kategori banjir` · `urgensi darurat` · `lokasi desa Subah`\n"
    "- `teruskan BPBD` kirim ke ruang instansi, tanpa nama pelapor\n"
    "- `gabung #12` laporan yang sama · `tautkan #12` berkaitan · `pisah 2` laporan ke-2 berdiri sendiri\n"
    "- `selesai: sebabnya` · `palsu` · `bukan kejadian` · `tidak terverifikasi` · `buka lagi` · `ambil alih`\n"
    "- `pribadi` tidak diulang di mana pun, yang sudah dikirim ditarik\n"
    "- `hapus aslinya` pesan laporan pribadi dihapus dari kanal, catatannya tetap\n"
    "- `catatan …` disimpan, tidak dikirim · `tanya …` pasti dikirim ke pelapor\n"
    "- `riwayat` semua langkah dan versi tulisan · `bukti` nomor dan pelat apa adanya, sebentar, tercatat\n"
    "- `simpan rekaman 90 hari: sebabnya` · `simpan rekaman: sebabnya` (sampai selesai) · `lepas rekaman`\n"
    "- `blokir 7 hari: sebabnya` · `buka blokir`\n\n"
    "**Reaksi:** 👀 ambil · ✅ benar · 🚓 tangani · 🏁 selesai · ❌ palsu · 🔁 duplikat. Ditarik, batal."
)
UNSURE = {
    "koreksi": "`koreksi` perlu kata-kata yang benar: `koreksi ada laka di Subah, dua luka`.",
    "kategori": "Tulis `kategori` lalu salah satu jenis, misalnya `kategori banjir`.",
    "urgensi": "Tulis `urgensi darurat`, `urgensi segera`, atau `urgensi info`.",
    "lokasi": "Tulis `lokasi` lalu nama tempat, misalnya `lokasi desa Sembung`.",
    "tautkan": "Tulis satu nomor: `tautkan #12`.",
    "gabung": "Tulis satu nomor: `gabung #12`.",
    "pisah": "Tulis `pisah` (laporan terakhir) atau `pisah 2`.",
    "catatan": "`catatan` perlu isi: `catatan keluarga sudah dihubungi`.",
    "teruskan": "Tulis `teruskan` lalu nama instansi.",
    "tanya": "`tanya` perlu isi: `tanya korbannya berapa?`",
    "blokir": "Tulis `blokir`, atau `blokir 3 hari: sebabnya`.",
    "simpan rekaman": (
        "`simpan rekaman` perlu sebabnya: `simpan rekaman 90 hari: penyidikan curanmor`, "
        "`simpan rekaman sampai 31.12.2026: …`, atau `simpan rekaman: …` (sampai laporan selesai)."
    ),
    "lepas rekaman": "Tulis `lepas rekaman`, atau `lepas rekaman: sebabnya`.",
}
UNSURE_WHOLE = "Maksudnya `{verb}`? Tulis hanya itu, tanpa kata lain."
UNSURE_TAIL = (
    "Yang tadi **tidak** dijalankan dan **tidak** dikirim. Untuk pelapor: awali dengan `tanya`. Lainnya: `bantuan`."
)
CATEGORY_UNKNOWN = "Kategori '{words}' tidak ada.{near} Yang ada: {all}."
CATEGORY_NEAR = " Maksudnya {near}?"
URGENCY_UNKNOWN = "Urgensi '{words}' tidak ada: `darurat`, `segera`, atau `info`."
PLACE_UNKNOWN = "Tempat '{words}' tidak ada di daftar. Sebut desa atau kecamatannya: `lokasi desa Sembung`."
PLACE_WHICH = "'{words}' bisa berarti {choices}. Sebut kecamatannya: `lokasi {first}`."
NO_INCIDENT = "Laporan #{number} tidak ada."
ITSELF = "Itu nomor kartu ini sendiri."
NOT_WITH_PRIVATE = "Laporan pribadi tidak digabung atau ditautkan dengan yang bukan pribadi."
IS_DUPLICATE = "#{number} sendiri duplikat; gabungkan ke yang masih terbuka."
RELATED_ALREADY = "#{number} sudah tertaut."
NO_SUCH_REPORT = "Kartu ini tidak punya laporan ke-{number} yang bisa dipisah. Laporan pertama tetap di kartunya."
RELATED_THERE = "🔗 Terkait dengan #{number}."
MERGED_HERE = "🔁 #{number} digabung ke sini."
SPLIT_OFF = "✂️ Satu laporan dipisah menjadi #{number}."
NOTHING_TO_CORRECT = "Tidak ada tulisan yang bisa dikoreksi: laporannya ditarik."

# The history of an incident, and what is hidden elsewhere.
EVIDENCE = (
    "🔓 **Bukti #{number}, laporan ke-{which}**, apa adanya. Hanya untuk berkas perkara, jangan disalin ke ruang lain. "
    "Ditarik sendiri pukul {until}; permintaan ini tercatat.\n\n> {text}"
)
EVIDENCE_NUMBERS = "Yang disamarkan di kartu: {numbers}"
EVIDENCE_NONE = "Tidak ada nomor, pelat, atau alamat yang disamarkan di laporan ini; kartunya sudah apa adanya."
EVIDENCE_GONE = "Tidak ada yang bisa ditunjukkan: isinya sudah ditarik atau dihapus."
EVIDENCE_IN_CLEAR = (
    "Ruang ini tidak terenkripsi, jadi nomor dan pelat **tidak** ditampilkan di sini. Minta pengelola menyalakan "
    "enkripsi ruang ini, atau pakai `kentongan incidents show {number} --evidence` di mesin bot."
)

# Private matters have a room of their own.
PRIVATE_ELSEWHERE = "🔒 Laporan pribadi **#{number}** ({urgency}) ada di **{room}**; isinya hanya di sana. {who}"
PRIVATE_WAITS = "⏰ 🔒 **#{number} di {room} belum diambil, sudah {minutes} menit.** Yang berhak, mohon dibuka. {who}"

# Recordings that stay.
KEEPING_PAST = "Tanggalnya sudah lewat: tulis hari yang akan datang, paling jauh sepuluh tahun."
KEEPING_CLOSED = (
    "#{number} sudah {title}, jadi 'sampai selesai' tidak menahan apa pun. Sebut lamanya: "
    "`simpan rekaman 90 hari: sebabnya`."
)
KEEPING_NOTHING = "Tidak ada rekaman yang bisa disimpan: laporannya tertulis, ditarik, atau rekamannya sudah terhapus."
KEPT = "🗄️ Rekaman disimpan sampai {until}{reason}"
NOT_KEPT = "Rekaman #{number} memang tidak sedang disimpan lebih lama."
RELEASED = "Rekaman #{number} kembali ke masa simpan biasa ({days} hari sejak diterima)."
UNTIL_CLOSED = "laporan ini selesai"

# Passing on.
PRIVATE_STAYS = "🔒 Laporan pribadi tidak diteruskan ke ruang mana pun. Sampaikan sendiri kepada yang menangani."
AGENCY_UNKNOWN = "Instansi '{words}' tidak ada di `rooms/instansi.yaml`. Yang ada: {all}."
AGENCY_WHICH = "Ke mana? {all}. Contoh: `teruskan {first}`."
AGENCY_NONE = "Belum ada instansi di `rooms/instansi.yaml`."
AGENCY_HAS_IT = "#{number} sudah diteruskan ke {agency}."
AGENCY_WITHOUT_ROOM = (
    "📨 Dicatat: diteruskan ke {agency}. {agency} belum punya ruang di sini, jadi **sampaikan sendiri lewat telepon**."
)
NOTHING_TO_FORWARD = "Tidak ada yang bisa diteruskan: laporannya ditarik."
ARRIVED = "📨 Sudah masuk ruang {agency} pukul {time}."
NOT_ARRIVED = "⚠️ **Tidak sampai** ke ruang {agency}. Sampaikan lewat telepon."
NOT_THE_AGENCY = "Seseorang di ruang {agency}, bukan penghubungnya"
AGENCY_SIGN = "{sign} dari {agency}."
AGENCY_PLACE = "🏢 **{agency}** membagikan [lokasi]({link})."
AGENCY_SENT = "🏢 **{agency}** mengirim [{sort}]({link})."
ATTACHMENTS = {Kind.AUDIO: "pesan suara", Kind.IMAGE: "foto", Kind.FILE: "berkas"}
AGENCY_SAYS = "🏢 **{agency}:** {text}"

# Both ways.
FROM_OFFICER = "👮 **Petugas:** {text}"
FROM_OFFICER_SPOKEN = "👮 **Petugas** (dari suara): “{text}”"
FROM_OFFICER_PLACE = "👮 **Petugas:** 📌 [Lokasi]({link})"
VOICE_NAME = "pesan-suara.ogg"
FROM_REPORTER = "💬 **Pelapor{which}:** {text}"
FROM_REPORTER_PLACE = "📌 **Pelapor{which}** membagikan [lokasi]({link})."
FROM_REPORTER_SOUND = "💬 **Pelapor{which}** mengirim pesan suara; tidak terdengar ucapan, dengarkan rekamannya."
FROM_REPORTER_SENT = "📷 **Pelapor{which}** mengirim [{sort}]({link}) di kanal."
FROM_REPORTER_LATE = "⚠️ _Baru terbaca lama sesudah dikirim._"
FROM_REPORTER_UNHEARD = "💬 **Pelapor{which}** mengirim [pesan suara]({link}). {mark}"
REOPENED = "🔓 **Pelapor{which}: belum selesai.** Laporan #{number} dibuka lagi."
REOPENED_REPORTER = "🔓 Baik, laporan #{number} kami buka lagi. Petugas diberi tahu."
SPOKEN = "🎙️ “{text}”"
PRIVATE_KEPT = (
    "🔒 Pelapor belum membuka pesan pribadi; pesan Anda disimpan dan diantar begitu ia membukanya. "
    "Ke kanal **tidak** dikirim apa pun; jalannya sudah ditunjukkan di utas laporannya."
)
CONFIDED = (
    "🔒 Laporan **#{number}** Anda sudah sampai ke petugas. Lanjutkan di sini: yang Anda tulis atau ucapkan berikutnya "
    "sampai ke petugas yang menanganinya, dan tidak dibaca anggota kanal. Tidak perlu? Balas *batal*."
)
CONFIDED_DELETE = (
    "Pesan Anda di kanal masih terbaca semua anggotanya. Ceritakan dulu di sini, lalu hapus yang di sana: tekan lama "
    "pesannya, pilih *Hapus*. Yang Anda hapus hilang juga dari catatan petugas; yang di sini tetap."
)
ORIGINAL_NOT_PRIVATE = "`hapus aslinya` hanya untuk laporan pribadi; pesan lain dihapus pengelola kanal lewat Element."
ORIGINAL_GONE = "Tidak ada yang bisa dihapus: aslinya tidak (lagi) ada di kanal kita."
ORIGINAL_STAYS = (
    "⚠️ Aslinya **tidak** bisa dihapus dari kanal: bot tidak berkuasa di sana. Mintalah pelapor atau pengelola kanal."
)
DIRECT_NO_TALK = "Laporan ini lewat pesan pribadi: balas di utas tiketnya. Yang tadi **tidak** dikirim."
NOBODY_TO_TALK_TO = "Laporannya sudah ditarik; yang tadi **tidak** dikirim."
ONLY_WORDS = "Hanya tulisan, pesan suara, dan lokasi yang bisa dikirim ke pelapor; yang ini **tidak** dikirim."

# Withdrawn.
WITHDRAWN = "🗑️ {what} ditarik oleh pengirimnya; isi dan salinannya dihapus."
WITHDRAWN_REPORT = "Laporan #{number}"
WITHDRAWN_FURTHER = "Satu laporan tentang #{number}"
WITHDRAWN_REPLY = "Satu pesan pelapor"

# Nobody has it yet. {who} may be nobody.
NOW_URGENT = "🔴 **#{number} kini darurat.** 👀 pada kartunya untuk mengambil. {who}"
REMINDED = "⏰ **#{number} belum diambil, sudah {minutes} menit.** {what}. 👀 di sini atau pada kartunya. {who}"
ESCALATED = (
    "🚨 **#{number} belum diambil siapa pun selama {minutes} menit.** {what}. 👀 di sini atau pada kartunya. {who}"
)

# Pranks. Seen by officers alone, but for TOO_MANY and BLOCKED_REPORTER.
FALSE_BEFORE = "Pelapor ini: {count} laporan palsu sebelumnya."
MANY = "Pelapor ini mengirim {count} laporan dalam {minutes} menit; kartunya masuk tanpa bunyi."
BLOCKED_UNTIL = "Pelapor ini diblokir sampai {until}."
TOO_MANY = (
    "Laporan Anda tercatat. Karena banyak sekali dalam waktu singkat, petugas tidak diberi bunyi untuk tiap laporan. "
    "Kalau darurat, telepon **110**."
)
BLOCKED_REPORTER = (
    "Laporan dari akun ini sementara tidak kami terima, sampai {until}. Kalau darurat, telepon **110**. "
    "Keberatan? Sampaikan di kantor polisi terdekat."
)
BLOCKED = "⛔ Laporan dari pelapor ini tidak diterima sampai {until}.{reason}"
UNBLOCKED = "Laporan dari pelapor ini diterima lagi."
NOT_BLOCKED = "Pelapor ini tidak sedang diblokir."
