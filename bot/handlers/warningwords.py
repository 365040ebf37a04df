"""What is said around warnings: that one changes or ends another, and what officers read about it."""

from __future__ import annotations

UPDATED = "🔄 **Pembaruan** dari peringatan pukul {time}"
ENDED = {
    "elsewhere": "✅ **Tidak berlaku lagi di sini.** Peringatan pukul {time} sekarang untuk daerah lain.",
    "ended": "✅ **Sudah berakhir.** Peringatan pukul {time} tidak berlaku lagi.",
}
TAKEN_BACK = "✅ **Sudah dicabut.** Peringatan pukul {time} tidak berlaku lagi."
STAY_CAREFUL = "Tetap hati-hati. Darurat, telepon **{emergency}**."
NEWER = "*Ada kabar lebih baru pukul {time}; lihat di bawah.*"
OVER = "*Sudah tidak berlaku sejak pukul {time}.*"

TOLD = "📢 Disiarkan ke {rooms} kanal."
SILENT = " Tanpa {silent} kanal yang tidak mau mendengar peringatan."
SENT = "📢 Disiarkan atas keputusan {officer}."
SENT_BY_TWO = "📢 Disiarkan atas keputusan {officer}, disahkan {second}."
UNREACHED = (
    "📭 {what} pukul {time} **tidak sampai** di {number} kanal ({rooms}): {why}. "
    "Kabari lewat jalan lain bila masih perlu."
)
UNREACHED_WHY = {
    "late": "homeserver tidak bisa dijangkau sampai waktunya habis",
    "refused": "homeserver menolaknya; minta operator memeriksa apakah bot masih di sana dan boleh menulis",
}
AND_MORE = ", dan {number} lain"

WHAT, WHAT_CALL, WHAT_ENDS = "Peringatan", "Siaran petugas", "Kabar berakhirnya peringatan"
WHY = {
    "doubtful": "❔ Mungkin tentang daerah kita, mungkin bukan: {region} tidak disebut dengan jelas.",
    "ahead": "❔ Waktunya masih di depan, jam pengirimnya mungkin keliru.",
    "tsunami": "❔ **Menyebut tsunami.** Periksa dulu ke BMKG atau BPBD.",
    "tsunami_unsaid": (
        "❔ **Tadi menyebut tsunami, sekarang tidak lagi**, tanpa mengatakan bahayanya sudah lewat. "
        "Periksa dulu ke BMKG atau BPBD."
    ),
    "many": "❔ Sumber ini banyak sekali mengirim dalam satu jam terakhir. Mungkin memang gawat, mungkin rusak.",
    "foreign_end": "❔ Peringatan ini dicabut oleh pengirim lain, bukan yang mengeluarkannya.",
    "restricted_end": "🔒 Pengirimnya mencabut peringatan ini, tetapi pesan itu tidak untuk umum.",
    "drill": "🧪 Latihan atau uji coba dari sumbernya; **tidak** disiarkan.",
    "restricted": "🔒 Tidak untuk umum menurut pengirimnya; **tidak** disiarkan.",
}
END = "**Mencabut** peringatan ini:"
DECIDE = "Belum disiarkan. **Balas pesan ini**: `kirim` untuk menyiarkan ke {rooms} kanal, `tidak` untuk tidak."
DECIDE_BY_TWO = DECIDE + " Sesudah `kirim`, petugas lain mengesahkannya dengan kode."
BECAME = {
    "sent": "📢 Sudah disiarkan atas keputusan {officer}.",
    "sent_by_two": "📢 Sudah disiarkan atas keputusan {officer}, disahkan {second}.",
    "dropped": "⛔ Tidak disiarkan, keputusan {officer}.",
    "newer": "🔄 Tidak disiarkan: sumbernya sudah mengirim yang lebih baru.",
    "ended": "✅ Tidak disiarkan: sumbernya sudah mencabutnya.",
    "expired": "⌛ Tidak disiarkan: waktunya sudah lewat.",
}

SEND, DROP = frozenset(("kirim", "siarkan")), frozenset(("tidak", "jangan"))
"""What officers answer to a warning that waits."""
HOW_TO = "Tanda saja tidak cukup, karena bisa dipalsukan. Balas kartunya dengan ketikan `kirim` atau `tidak`."
CODE = (
    "Ini menyebut **tsunami**, jadi perlu dua orang. **Petugas lain** mengetik `{code}` di sini sebelum pukul {until} "
    "untuk menyiarkannya ke {rooms} kanal. Batal? Hapus `kirim` Anda, atau balas kartunya dengan `tidak`."
)
DECIDED_BEFORE = "Yang ini sudah diputuskan atau sudah lewat waktunya; tidak ada yang disiarkan lagi."
OFFICERS_ONLY = "Hanya petugas yang bisa memutuskan siaran ini."
TAIL = "Tidak ada yang disiarkan, peringatannya masih menunggu."
CODE_VOID = "Kode itu tidak berlaku lagi: {why}. Balas kartunya dengan `kirim` kalau masih perlu."
CODE_WRONG = "Kode itu tidak cocok. Tidak ada yang disiarkan; sisa {left} kali mencoba."
CODE_DONE = "Peringatan itu sudah disiarkan."
VOID = {
    "late": "tidak diketik dalam {minutes} menit",
    "edited": "perintahnya disunting",
    "withdrawn": "perintahnya dihapus",
    "tries": "kode yang salah diketik {tries} kali",
    "officer": "yang memerintahkan bukan petugas lagi",
    "decided": "peringatannya sudah diputuskan atau sudah lewat waktunya",
}
VOIDED = "Kodenya tidak berlaku lagi: {why}. Tidak ada yang disiarkan; balas kartunya dengan `kirim` kalau masih perlu."
EDITED_AFTER = "Peringatan ini sudah terlanjur disiarkan; suntingan tidak mengubahnya."
