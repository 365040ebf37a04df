"""What is said around warnings: that one changes or ends another, and what officers read about it."""

from __future__ import annotations

SEND, DROP = "✅", "⛔"

UPDATED = "🔄 **Pembaruan** dari peringatan pukul {time}"
ENDED = {
    "": "✅ **Sudah dicabut.** Peringatan pukul {time} tidak berlaku lagi.",
    "elsewhere": "✅ **Tidak berlaku lagi di sini.** Peringatan pukul {time} sekarang untuk daerah lain.",
    "ended": "✅ **Sudah berakhir.** Peringatan pukul {time} tidak berlaku lagi.",
}
STAY_CAREFUL = "Tetap hati-hati. Darurat, telepon **{emergency}**."
NEWER = "*Ada kabar lebih baru pukul {time}; lihat di bawah.*"
OVER = "*Sudah tidak berlaku sejak pukul {time}.*"

TOLD = "📢 Disiarkan ke {rooms} kanal."
SILENT = " Tanpa {silent} kanal yang tidak mau mendengar peringatan."
WHY = {
    "doubtful": "❔ Mungkin tentang daerah kita, mungkin bukan: {region} tidak disebut dengan jelas.",
    "ahead": "❔ Waktunya masih di depan, jam pengirimnya mungkin keliru.",
    "tsunami": "❔ Menyebut tsunami; tidak ada yang merasakan gempanya di sini. Periksa dulu ke BMKG atau BPBD.",
    "drill": "🧪 Latihan atau uji coba dari sumbernya; **tidak** disiarkan.",
    "restricted": "🔒 Tidak untuk umum menurut pengirimnya; **tidak** disiarkan.",
}
DECIDE = "Belum disiarkan. Beri ✅ untuk menyiarkan ke {rooms} kanal, ⛔ untuk tidak."
SENT = "📢 Disiarkan atas keputusan {officer}."
DROPPED = "⛔ Tidak disiarkan, keputusan {officer}."
DECIDED_BEFORE = "Yang ini sudah diputuskan atau sudah lewat waktunya; tidak ada yang disiarkan lagi."
OFFICERS_ONLY = "Hanya petugas yang bisa memutuskan siaran ini."
