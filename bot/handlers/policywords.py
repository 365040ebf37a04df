"""What is said to officers about policy lists."""

from __future__ import annotations

from collections.abc import Mapping

from bot.moderation.policies import Ignored, Refusal
from bot.store.policies import State

NO_ADDRESS = (
    "Tulis alamat daftarnya: `#nama:server`, atau kode ruangnya dengan tautan `https://matrix.to/#/!…?via=server`."
)
OURS = "{address} ruang kita sendiri, bukan daftar orang lain. Tidak ada yang dilakukan."
LOOKING = "Daftar {address} sedang dibuka; pratinjaunya menyusul di sini. Belum ada yang diikuti."
CANNOT_JOIN = (
    "Daftar {address} tidak bisa dibuka: bot tidak diterima di sana, atau alamatnya bukan alamat utama ruang itu."
)
UNKNOWN = "Daftar {address} belum dikenal. Lihat dulu pratinjaunya."
NOT_YET = "Daftar {address} belum terbuka; tunggu pratinjaunya."
ALREADY = "Daftar {address} sudah diikuti."
PREVIEW = (
    "📋 **Pratinjau daftar cekal {address}**: {users} aturan orang, {servers} server, {rooms} ruang.\n\n"
    "{now}{refused}{ignored}\n\n{state}"
)
NOT_FOLLOWED = "_Belum ada yang diikuti._ Mengikuti: `!daftarcekal ikut {address}`"
IS_FOLLOWED = "_Daftar ini diikuti._"
HITS_NOBODY = "Anggota kita yang kena sekarang: tidak ada."
HITS = "Anggota kita yang kena sekarang ({count}): {people}."
HALTED = (
    "⚠️ **Terlalu banyak anggota kita yang kena** (lebih dari {percent}%): selama begitu, tidak satu pun aturan baru "
    "dijalankan."
)
HALTED_NOW = "📋 Daftar {address} mengenai terlalu banyak anggota kita (lebih dari {percent}%); aturan barunya ditahan."
LOST = (
    "📋 **Daftar {address} tidak terbaca lagi**: bot tidak ada lagi di ruangnya. Yang sudah dicekal karena daftar "
    "tetap dicekal. Kalau daftar itu memang sudah tidak ada, lepas dengan `!daftarcekal lepas {code}`."
)
SERVERS = "\n\nServer dengan anggota kita: {servers}. Server tidak dicekal sendiri; itu perintah petugas."
REFUSED = "\n\nTidak akan dijalankan: {rules}."
WHY: Mapping[Refusal, str] = {
    Refusal.OURSELVES: "mengenai kita sendiri",
    Refusal.OFFICER: "mengenai petugas atau penghubung",
    Refusal.AGENCY: "mengenai server instansi",
    Refusal.OUR_ROOM: "mengenai ruang kita",
    Refusal.TOO_MANY: "mengenai terlalu banyak anggota",
}
IGNORED = "\n\nDilewati: {counts}."
WHY_IGNORED: Mapping[Ignored, str] = {
    Ignored.MALFORMED: "rusak", Ignored.OTHER: "bukan cekal", Ignored.TOO_MANY: "melebihi batas",
}  # fmt: skip
MORE = " … dan {count} lagi"
OVERVIEW = "📋 **Daftar cekal orang lain:**"
OVERVIEW_LINE = "- {address}: {state}; {count} aturan"
OVERVIEW_STATES: Mapping[State, str] = {
    State.FOLLOWED: "**diikuti** (oleh {by})", State.PREVIEWED: "baru dilihat", State.JOINING: "sedang dibuka",
}  # fmt: skip
OVERVIEW_EMPTY = "📋 Tidak ada daftar cekal orang lain yang diikuti. Melihat satu: `!daftarcekal lihat #nama:server`."
OWN = "Daftar kita sendiri: **{room}**. Cekal `di semua` dibagikan di sana."
WOULD_FOLLOW = "daftar {address} diikuti ({rules} aturan), dan aturan baru berlaku begitu datang. {now}"
WOULD_LEAVE = (
    "daftar {address} tidak diikuti lagi; dari {count} orang yang dicekal karena daftar, yang hanya karena daftar ini "
    "boleh masuk lagi."
)
WOULD_LOOK = "daftar {address} dibuka dan pratinjaunya ditunjukkan di ruang kendali; belum ada yang diikuti"
FOLLOWED = "📋 Daftar {address} diikuti. Dicekal sekarang: {count} orang. Aturan baru berlaku begitu datang."
UNFOLLOWED = "📋 Daftar {address} tidak diikuti lagi. Cekal yang hanya karena daftar itu dicabut: {count} orang."
CHANGED = "📋 Daftar cekal berubah. Dicekal: {banned}. Dicabut: {lifted}."
NOBODY = "tidak ada"
REASON = "daftar {address}: {reason}"
NO_REASON = "tanpa keterangan"
PROPOSED = (
    "📋 **Daftar {address} mengusulkan mencekal server**: {servers}.\n\n"
    "Mencekal server mengenai semua orang di sana, jadi itu keputusan petugas: "
    "`!cekal server {first} di semua karena ada di daftar {code}`."
)
ON_SERVER = "{server} ({count} anggota kita)"
