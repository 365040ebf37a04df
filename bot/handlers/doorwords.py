"""What people hear when they come in, and what is said in and about rooms that others made."""

from __future__ import annotations

WELCOME_ROOT = "👋 **Selamat datang di {title}.** Di utas ini anggota baru disapa."
WELCOME = "👋 Selamat datang, {names}!"
WELCOME_CROWD = "👋 Selamat datang juga untuk teman-teman lain yang baru bergabung!"
WELCOME_DM = "👋 Selamat datang di {title}!"
AND = " dan "

GROUP_HELLO = (
    "Saya {bot}, asisten {controller}. Di grup ini saya **belum mendengarkan apa pun dan tidak akan menjawab** sampai "
    "petugas mengizinkan. Perlu sesuatu sekarang? Kirim pesan pribadi kepada saya. Darurat: telepon **110**."
)
GROUP_ALLOWED = (
    "Petugas sudah mengizinkan saya di sini. Sebut nama saya atau balas pesan saya kalau ada yang mau ditanyakan; "
    "selain itu saya diam. Pesan yang tadi-tadi tidak saya baca. Darurat: telepon **110**."
)
GROUP_REFUSED = "Saya pamit dari grup ini. Untuk bertanya, kirim pesan pribadi kepada saya. Darurat: telepon **110**."
GROUP_NO_ANSWER = (
    "Belum ada kabar dari petugas, jadi saya pamit dulu; boleh diundang lagi. Untuk bertanya, kirim pesan pribadi "
    "kepada saya. Darurat: telepon **110**."
)
GROUP_CARD = (
    "🚪 **Diundang ke grup {name}**\noleh {inviter}. [Buka grupnya]({link})\n\n"
    "Bot sudah masuk dan diam: tidak mendengarkan, tidak mencatat, tidak menjawab. "
    "Boleh bicara di sana? Reaksi ✅ atau balas `izinkan`; ⛔ atau `tolak` bila tidak. "
    "Tanpa jawaban sampai {until}, bot pamit sendiri."
)
GROUP_CARD_GREW = (
    "🚪 **Obrolan pribadi menjadi grup**: ada orang ketiga di dalamnya, dibawa {inviter}. [Buka grupnya]({link})\n\n"
    "Mulai sekarang bot diam di situ: tidak mendengarkan, tidak mencatat, tidak menjawab. "
    "Boleh bicara lagi? Reaksi ✅ atau balas `izinkan`; ⛔ atau `tolak` bila tidak. "
    "Tanpa jawaban sampai {until}, bot pamit sendiri."
)
TICKET_GROUP = (
    "🚪 Tiket {number} ditutup: di obrolan itu sekarang ada orang lain. Warganya bisa membuka pesan pribadi yang baru."
)
GROUP_UNNAMED = "tanpa nama"
GROUP_STATE = {
    "allowed": "✅ **Diizinkan** oleh {who}. Tidak jadi? Balas `tolak`.",
    "refused": "⛔ **Ditolak** oleh {who}; bot sudah pamit. Berubah pikiran? Balas `izinkan`, lalu undang lagi.",
    "unanswered": "⌛ Tidak ada jawaban; bot sudah pamit. Diundang lagi, bot akan bertanya lagi.",
}
GROUP_INVITE_AGAIN = "✅ Diizinkan. Bot sudah tidak di sana: minta diundang lagi, lalu ia langsung ikut."
GROUP_SO_ALREADY = "Grup ini memang sudah {state}."
GROUP_IS = {"allowed": "diizinkan", "refused": "ditolak"}
GROUP_NOT_UNDERSTOOD = "Balas `izinkan` atau `tolak` (atau reaksi ✅ / ⛔ pada kartunya)."
GROUP_NO_POWER = (
    "Yang memutuskan hanya petugas yang tertulis di `rooms/officers.yaml`, dari perangkat yang dikenal. "
    "Tidak ada yang berubah."
)
ALLOW_WORDS = frozenset({"izinkan", "ijinkan", "izin", "boleh"})
REFUSE_WORDS = frozenset({"tolak", "keluar", "jangan"})
ALLOW_SIGNS, REFUSE_SIGNS = ("✅", "☑", "✔"), ("⛔", "🚫")
