"""What is said about keeping order: to members (rooms/moderation.yaml may say it otherwise), and to officers.

Kept together so that they can be read and mended together. Help stands in `bot.moderation.help`.
"""

from __future__ import annotations

# To members. {alasan} is a sentence of its own or nothing, {sampai} "sampai pukul 14.30" or "untuk seterusnya".
WARNED = "🙏 Mohon diperhatikan, ini teguran dari petugas.{alasan} Mari jaga kanal ini tetap nyaman untuk semua."
MUTED = (
    "🔇 Untuk sementara Anda hanya bisa membaca di kanal {kanal}, {sampai}.{alasan} Keberatan? Sampaikan kepada bot "
    "ini lewat pesan pribadi: tulis *petugas*. Keadaan darurat: telepon **110**."
)
BANNED = (
    "⛔ Anda tidak bisa masuk kanal {kanal}, {sampai}.{alasan} Keberatan? Tulis *petugas* di sini. "
    "Keadaan darurat: telepon **110**."
)
LOCKED = (
    "🔒 Kanal {kanal} sementara hanya bisa dibaca, {sampai}.{alasan} Melapor tetap bisa: kirim pesan pribadi kepada "
    "bot ini. Keadaan darurat: telepon **110**."
)
UNLOCKED = "🔓 Kanal {kanal} dibuka lagi. Terima kasih sudah bersabar.{alasan}"
SLOW = "🐢 Kanal {kanal} sedang ramai: satu pesan tiap {jeda} untuk setiap orang, supaya laporan penting terbaca."
SLOW_OVER = "🐇 Kanal {kanal} kembali seperti biasa, tanpa jeda antarpesan."
TOO_FAST = (
    "🐢 Pesan Anda kami hapus karena kanal {kanal} sedang dibatasi: satu pesan tiap {jeda}. Silakan kirim lagi nanti."
)
TOO_FAST_REPORT = (
    "🐢 Laporan Anda **sudah tercatat** untuk petugas; hanya pesannya di kanal {kanal} yang kami hapus, karena sedang "
    "dibatasi: satu pesan tiap {jeda}."
)
REASON = " Sebabnya: {reason}."
UNTIL, ENDLESS, UNTIL_OPENED = "sampai {when}", "untuk seterusnya", "sampai dibuka lagi"

# What was done, to officers. {who} are people, {room} where, {until} as above, {why} the reason or nothing.
DONE = {
    "warn": "🙏 {who} ditegur di {room}.{why}",
    "mute": "🔇 {who} dibisukan di {room} {until}.{why}",
    "unmute": "🔊 {who} bisa menulis lagi di {room}.{why}",
    "kick": "🚪 {who} dikeluarkan dari {room}.{why}",
    "ban": "⛔ {who} dicekal dari {room} {until}.{why}",
    "unban": "↩️ Cekal {who} dicabut di {room}.{why}",
    "server_ban": "⛔ Server {who} dicekal dari {room} {until}; {count} anggotanya dikeluarkan.{why}",
    "server_unban": "↩️ Cekal server {who} dicabut di {room}.{why}",
    "redact": "🧹 {count} pesan {who} dihapus dari {room}{short}.{why}",
    "slow": "🐢 {room}: satu pesan tiap {pause} untuk setiap orang.{why} Berhenti: `!pelan mati`.",
    "fast": "🐇 {room}: tanpa jeda lagi.",
    "lock": "🔒 {room} dikunci {until}.{why}",
    "unlock": "🔓 {room} dibuka lagi.{why}",
}
BY = "📋 {by} di kanal: "
WHY = " Alasan: {reason}."
WHY_SHORT = " · {reason}"
SHORT = ", dari {wanted} yang diminta: hanya itu yang bot ketahui"
SPARED = " Tetap di kanal: {count} foto laporan atau pesan suara yang belum didengar; hanya di sana adanya."
NOT_TOLD = "Ia belum diberi tahu: tidak ada pesan yang dibalas dan tidak ada pesan pribadi dengannya."
FOUND_NONE = "Bot tidak menemukan pesan {who} di {room} yang masih bisa dihapus."

# What would be done.
TRIAL = "🧪 **Percobaan, tidak ada yang dilakukan.** Yang akan terjadi:\n\n{what}"
TRIAL_CODE = "\n\nPerintah ini akan minta kode."
WOULD = {
    "tegur": "{who} ditegur di {room}",
    "bisukan": "{who} dibisukan di {room} {until}",
    "suarakan": "{who} boleh menulis lagi di {room}",
    "keluarkan": "{who} dikeluarkan dari {room}",
    "cekal": "{who} dicekal dari {room} {until}",
    "cekal server": "semua akun di server {who} dicekal dari {room} {until}; {count} anggota dikeluarkan",
    "cabut cekal": "cekal {who} dicabut di {room}",
    "cabut cekal server": "cekal server {who} dicabut di {room}",
    "hapus": "{count} pesan terakhir {who} dihapus dari {room}{short}",
    "pelan": "{room} dibatasi satu pesan tiap {pause}",
    "pelan mati": "{room} tanpa jeda lagi",
    "kunci": "{room} dikunci {until}; hanya petugas yang bisa menulis",
    "buka kunci": "{room} dibuka lagi",
    "percaya": "kunci baru {who} diterima: `{key}`",
}
PLACE = "**{room}** ({count} anggota)"
AGENCY_SERVER = "⚠️ **Ini server instansi {agency}:** orang-orangnya ikut keluar."

# The code.
ASK = (
    "⚠️ **Pastikan dulu.** Yang akan terjadi:\n\n{what}{why}\n\n"
    "Setuju? Ketik **{code}** di sini dalam {minutes} menit, dari perangkat yang sama. Tidak jadi: `!batal`."
)
CODE_WRONG = "Kodenya tidak cocok; belum ada yang dilakukan. Sisa {left} kali."
CODE_VOID = "Kodenya terlalu sering tidak cocok, jadi perintahnya batal. Kirim lagi perintahnya kalau masih perlu."
CODE_LATE = "Kodenya sudah lewat waktu; tidak ada yang dilakukan. Kirim lagi perintahnya kalau masih perlu."
CODE_OF_ANOTHER = "Kode itu untuk {who}; hanya yang memberi perintah yang bisa memastikannya. Tidak ada yang dilakukan."
CODE_KEY = "Kunci Anda berubah sejak perintah itu; tidak ada yang dilakukan. Kirim lagi perintahnya."
ORDER_GONE = "Perintahnya sudah Anda hapus, jadi tidak dijalankan."
CANCELLED = "Baik, batal. Tidak ada yang dilakukan."
NOTHING_TO_CANCEL = "Tidak ada perintah Anda yang menunggu kode di sini."

# In a channel, where everybody reads it: nobody is named.
SEE_OPERATIONS = "Lanjut di ruang kendali, ya."
NO_OPERATIONS = "Ini hanya bisa dijawab di ruang kendali, dan ruang itu belum ada. Tidak ada yang dilakukan."

# Not done.
TAIL = "Tidak ada yang dilakukan."
LATE = "Perintah ini baru terbaca {minutes} menit sesudah dikirim. Kirim lagi kalau masih perlu. " + TAIL
EDITED = "Perintah ini disunting sebelum terbaca. Kirim sekali lagi, supaya jelas mana yang dimaksud. " + TAIL
NO_REPLY = "Pesan yang dibalas tidak bot kenal. Tulis alamat orangnya: `!{verb} @nama …`. " + TAIL
STANDS = {
    "mute": "{who} sudah dibisukan di {room} {until}, oleh {by}. Mengubah: `!suarakan` dulu.",
    "ban": "{who} sudah dicekal dari {room} {until}, oleh {by}. Mengubah: `!cabut cekal` dulu.",
    "server_ban": "Server {who} sudah dicekal dari {room} {until}, oleh {by}.",
    "lock": "{room} sudah dikunci {until}, oleh {by}.",
    "slow": "{room} sudah dibatasi dengan jeda itu, oleh {by}.",
}
STANDS_NOT = {
    "mute": "{who} tidak sedang dibisukan di {room}.",
    "ban": "{who} tidak sedang dicekal dari {room}.",
    "server_ban": "Server {who} tidak sedang dicekal dari {room}.",
    "lock": "{room} tidak sedang dikunci.",
    "slow": "{room} tidak sedang dibatasi.",
    "kick": "{who} tidak ada di {room}.",
}
TOO_LONG = "Paling lama {most} untuk `!{verb}`. " + TAIL
SHUTS_OUT_US = "Cekal itu akan mengenai server kita sendiri ({server}). " + TAIL
SHUTS_OUT_AGENCY = (
    "Cekal itu akan mengenai server instansi {agency} ({server}). Sebut servernya dengan lengkap. " + TAIL
)
NO_CHANNELS = "Belum ada kanal di mana perintah ini bisa dijalankan. " + TAIL

# Refused: why, and what helps.
REFUSED = {
    "not_an_officer": "Perintah hanya dari petugas di server kita yang tertulis di `rooms/officers.yaml`.",
    "not_your_room": "Peran Anda tidak mencakup {room}. Minta rekan yang bertugas di sana.",
    "not_your_right": "Peran Anda tidak mencakup `!{right}`. Minta komandan, atau ubah `rooms/moderation.yaml`.",
    "room_unknown": "{room} belum bot kenal. Jalankan `kentongan rooms apply`, atau masukkan bot ke sana.",
    "not_inside": "Anda belum masuk {room}. Masuk dulu lewat Element, lalu ulangi.",
    "too_little": "Kuasa Anda di {room} {has}, perlu {needs}. Samakan dengan `kentongan rooms apply`.",
    "theirs_is_higher": "Kuasa {target} di {room} setara atau di atas Anda. Minta yang lebih tinggi.",
    "the_bot": "Itu bot ini sendiri. Balas pesan orangnya, atau tulis alamatnya.",
    "an_officer": "{target} rekan petugas. Bicarakan langsung, atau lewat komandan; bot tidak ikut.",
    "a_liaison": "{target} penghubung instansi. Bicarakan dengan instansinya; bot tidak ikut.",
    "a_creator": "{target} pembuat {room}; kuasanya di atas semua orang dan tidak bisa dicabut.",
    "bot_too_little": "Kuasa bot di {room} {has}, perlu {needs}. Beri bot 100 lewat Element: *Setelan ruang → Peran*.",
}
UNPROVEN = {
    "clear": (
        "Perintah hanya diterima terenkripsi, supaya pasti dari Anda. Nyalakan enkripsi ruang ini, atau beri perintah "
        "di ruang kendali."
    ),
    "unknown_device": (
        "Bot belum mengenal perangkat Anda. Tunggu sebentar lalu kirim ulang; kalau tetap begini, keluar dan masuk "
        "lagi di Element."
    ),
    "unsigned": (
        "Perangkat Anda belum diverifikasi. Di Element: *Setelan → Sesi → Verifikasi sesi ini*, pakai perangkat lain "
        "atau kunci pemulihan. Lalu kirim ulang."
    ),
    "other_key": (
        "Kunci Anda bukan yang bot kenal. Kalau memang Anda yang menggantinya (akun disetel ulang), minta komandan: "
        "`!percaya {name}`."
    ),
}
PINNED = (
    "🔑 Kunci {who} dicatat, dipakai pertama kali: `{key}`. Cocokkan dengan orangnya; mulai sekarang perintahnya hanya "
    "diterima dengan kunci ini."
)
OTHER_KEY = (
    "🚨 **Perintah atas nama {who} datang dengan kunci lain** dan ditolak.\n\nDikenal: `{known}`\nYang tadi: `{key}`"
    "\n\nArtinya: {who} menyetel ulang akunnya, **atau ada yang menyamar**. Telepon orangnya. Kalau benar ia: "
    "`!percaya {name}`."
)
VOUCHED = "🔑 Kunci baru {who} diterima atas kata {by}: `{key}`."
TRUSTED = "🔑 Kunci baru {who} diterima operator, di mesin bot: `{key}`. Bukan Anda yang meminta? Beri tahu operator."
VOUCH_NONE = "Tidak ada kunci baru {who} yang menunggu. {who} perlu mengirim satu perintah dulu dengan kunci barunya."
VOUCH_SELF = (
    "Kunci sendiri harus dipercaya orang lain. Minta komandan yang lain; kalau tidak ada, operator, dengan "
    "`kentongan rooms officer trust`."
)
VOUCH_NO_OFFICER = "{who} bukan petugas; hanya kunci petugas yang dicatat."
VOUCH_CHANGED = "Kunci {who} berubah lagi sejak kode diberikan. " + TAIL

# Later.
OVER = {
    "mute": "🔊 Masa bisu {who} di {room} habis; sudah bisa menulis lagi.",
    "ban": "↩️ Masa cekal {who} dari {room} habis; sudah bisa masuk lagi.",
    "server_ban": "↩️ Masa cekal server {who} dari {room} habis.",
    "lock": "🔓 Masa kunci {room} habis; kanal dibuka lagi.",
    "slow": "🐇 Masa jeda {room} habis.",
    "close": "🚪 {room} terbuka lagi seperti biasa.",
}
FAILED = "⚠️ {by} **Tidak jadi:** {what} di {room}. Kata homeserver: {error}"
FAILED_LIFT = (
    "⚠️ {by} **Belum terbuka:** {what} di {room} tidak bisa dicabut. Kata homeserver: {error}. Cabut lewat Element."
)
LIFTED_BY_HAND = "ℹ️ {what} di {room} sudah dicabut {by} lewat Element; catatannya ikut ditutup."
WHAT = {
    "warn": "teguran {who}",
    "mute": "bisu {who}",
    "kick": "mengeluarkan {who}",
    "ban": "cekal {who}",
    "server_ban": "cekal server {who}",
    "redact": "menghapus pesan {who}",
    "slow": "jeda kanal",
    "lock": "kunci kanal",
    "close": "pintu kanal yang ditutup",
}
SOMEBODY = "seseorang"
SWEPT_REASON = "terlalu cepat"

# On record.
PERSON = "👤 **{who}**"
PERSON_IN = "Di {rooms}."
PERSON_SINCE = "{room} sejak {when}"
PERSON_NOWHERE = "Tidak ada di kanal mana pun."
PERSON_ACTS = "**Tindakan:**"
PERSON_REMARKS = "**Catatan:**"
PERSON_STRIKES = "Pelanggaran yang tercatat otomatis, {days} hari terakhir: {count}."
PERSON_CLEAN = "Tidak ada tindakan atau catatan."
MORE = "… dan {count} lagi."
ACT_LINE = "- {when}: {what} di {room}{until}, oleh {by}{why}{ended}"
ACT_ENDED, ACT_FAILED = " (selesai)", " (gagal)"
REMARK_LINE = "- {when}, {by}: {words}"
NOTED = "📝 Dicatat tentang {who}. Melihatnya: `!orang {name}`."
LIST = "📋 **Yang sedang berlaku:**"
LIST_LINE = "- {what} di {room} {until}, oleh {by}{why}"
LIST_EMPTY = "📋 Tidak ada tindakan yang sedang berlaku{where}."
ALL_CHANNELS = "semua kanal"
BOT = "bot"
