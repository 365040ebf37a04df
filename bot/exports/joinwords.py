"""What posters, cards and the page for newcomers say: to somebody who stands before it with a phone in the hand."""

from __future__ import annotations

from collections.abc import Mapping

APP = "Element X"
STORES: Mapping[str, str] = {
    "Android": "https://play.google.com/store/apps/details?id=io.element.android.x",
    "iPhone": "https://apps.apple.com/app/element-x-secure-chat-call/id1631335820",
}
"""Where the app is, for each sort of phone."""

INSTALL = ("Pasang Element X", "Gratis, di Play Store atau App Store. Server:", "{server}")
SCAN = ("Pindai kode ini", "Dengan kamera HP, lalu tekan Gabung.", "")
SCAN_KNOCK = ("Pindai kode ini", "Lalu minta bergabung; petugas yang membukakan.", "")
SCAN_THROUGH = ("Pindai kode ini", "Gabung ke {through}, lalu buka kanal {title}.", "")
SPEAK = ("Tekan mikrofon", "Laporkan: apa, di mana, dan kapan.", "")
"""Each with what to do, how, and a word of its own line."""
KICKER = "Ayo gabung!"
EMERGENCY = "Darurat? Telepon"
EMERGENCY_NUMBER = "110"
EMERGENCY_MORE = "Gratis, 24 jam. Jangan menunggu balasan di sini."
NO_REPORT = "Laporan di kanal dibaca seisi kanal dan bukan Laporan Polisi."

CARD_TITLE = "Kode pendaftaran"
CARD_OPEN = "Buka {register}"
CARD_STEPS = (
    CARD_OPEN,
    "Pilih server {server}, lalu buat akun",
    "Masukkan kode di atas waktu diminta",
    "Pasang Element X, masuk dengan akun itu",
)
CARD_USES = "Untuk {uses} akun"
CARD_ENDLESS = "Tanpa batas jumlah akun"
CARD_UNTIL = "berlaku sampai {day}"
CARD_CAUTION = "Jangan difoto atau dibagikan: siapa yang memegang kode ini bisa mendaftar."

PAGE_TITLE = "Gabung dengan {controller}"
PAGE_LEAD = "Tanya layanan, laporkan kejadian, dan dengar kabar wilayah dari HP Anda."
ACCOUNT_HEAD = "Masuk dengan akun"
REGISTER: Mapping[str, str] = {
    "open": "Belum punya akun? Buat dulu di peramban; pilih server di bawah ini, bukan matrix.org.",
    "token": "Belum punya akun? Minta kode pendaftaran kepada petugas, lalu buat akun di peramban; pilih server di "
    "bawah ini, bukan matrix.org. Kodenya dimasukkan waktu diminta.",
    "office": "Belum punya akun? Petugas yang membuatkan: datang ke kantor, atau tanya Bhabinkamtibmas Anda.",
}
"""By who may make an account."""
REGISTER_BUTTON = "Buat akun"
SERVER_WORDS = "Di {app}, ganti server (penyedia akun) menjadi:"
CHANNELS_HEAD = "Pilih kanal"
OPEN_BUTTON = "Buka kanal"
QR_WORDS = "Kode QR untuk teman di sebelah"
NO_CHANNELS = "Belum ada kanal yang terbuka. Tanyakan kepada petugas."
KNOCK_FIRST = "Minta bergabung; petugas yang membukakan."
FIRST_THROUGH = "Gabung dulu ke {through}, lalu buka {title}."
SPEAK_MORE = (
    "Tekan mikrofon, sebut apa yang terjadi, di mana, dan kapan, lalu kirim. Boleh juga ditulis. Bot membalas dengan "
    "apa yang didengarnya, dan petugas menerima laporan Anda."
)
PRIVACY_HEAD = "Soal data Anda"
