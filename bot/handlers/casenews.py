"""What the bot says when something that was already told changes: to agencies, to officers, to reporters.

Kept together like `bot.handlers.casewords`, so that it can be read and mended together.
"""

from __future__ import annotations

from bot.incidents.lifecycle import Status

# To agencies, in the thread of what was passed on. No officer's reason and no name leaves the house.
ENDED = {
    Status.SELESAI: "🏁 **Laporan #{number} selesai ditangani.** Terima kasih.",
    Status.PALSU: "❌ **Laporan #{number} ternyata palsu.** Tidak perlu berangkat; yang di jalan boleh kembali.",
    Status.BUKAN_KEJADIAN: "⚪ **Laporan #{number} bukan kejadian.** Tidak perlu berangkat.",
    Status.TIDAK_TERVERIFIKASI: "❔ **Laporan #{number} tidak dapat diverifikasi** dan kami tutup.",
    Status.DUPLIKAT: "🔁 **Laporan #{number} sama dengan {other}**: satu kejadian, bukan dua.",
}
AGAIN = "↩️ **Laporan #{number} dibuka lagi**, statusnya kini {title}. Yang tadi kami kabarkan tidak berlaku."
CHANGED = "✏️ **Laporan #{number} dibetulkan.** Sekarang:\n\n{head}"
WITHDRAWN = (
    "🗑️ **Laporan #{number} ditarik pengirimnya**; isinya dihapus. Sudah di jalan? Balas di sini, petugas menjawab."
)
FURTHER_WITHDRAWN = "🗑️ Satu laporan tentang #{number} ditarik pengirimnya; laporan lain tentang kejadian ini tetap."

# To officers, in the thread of the card.
TAKEN_UP_BY_EDIT = "✏️ _Semula bukan laporan; pengirimnya menyunting pesannya menjadi laporan._"
SOMEBODY_ELSE = " lain"
"""Stands behind "Pelapor" for who reported nothing, but sent a photo or a place in the thread of a report."""
GRAVER = "🔴 **#{number} kini darurat:** pelapor menyunting laporannya. {who}"
BY_REPORTER, BY_MODERATOR = "Pelapor menarik suntingannya", "Suntingan pelapor dihapus pengelola ruang"
UNEDITED_REASON = "suntingan ditarik"
UNEDITED = "↩️ {what}: kata-katanya kembali seperti sebelumnya.{urgency} Salinan suntingannya dihapus."
UNEDITED_URGENCY = " Urgensinya tetap *{urgency}* sampai petugas mengubahnya: `urgensi …`."
EDITED_ORDER = (
    "✏️ Perintah yang disunting **tidak** dijalankan{stays}. Yang dimaksud lain? Tulis perintahnya sebagai pesan baru."
)
EDITED_ORDER_STAYS = "; yang sudah dijalankan tetap berlaku"
EDITED_INTO_ORDER = (
    "✏️ Pesan yang disunting menjadi perintah **tidak** dijalankan{gone}. Tulis perintahnya sebagai pesan baru."
)
EDITED_INTO_ORDER_GONE = ", dan kata-katanya ditarik dari pelapor"
REDACTED_ORDER = (
    "🗑️ Pesan perintahnya dihapus, tetapi yang sudah dijalankan **tetap berlaku** dan tetap di riwayat. "
    "Mau mengubahnya? Tulis perintah baru."
)
