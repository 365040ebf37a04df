"""How officers call the protections, and what they are told about them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.moderation.protectionfile import Name

SPOKEN: Mapping[Name, tuple[str, ...]] = {
    "flood": ("banjir", "beruntun", "pesan beruntun"),
    "mentions": ("sapaan", "sapa", "sebutan"),
    "repeats": ("ulangan", "berulang", "tulisan sama"),
    "links": ("tautan", "link"),
    "invites": ("ajakan", "undangan"),
    "newcomers": ("pendatang", "anggota baru", "gambar"),
    "insults": ("makian", "maki", "umpatan"),
    "voices": ("suara", "pesan suara"),
    "joins": ("serbuan", "serbu", "orang masuk"),
}
"""The first is how the bot itself calls it."""
BY_WORD: Mapping[str, Name] = {word: name for name, words in SPOKEN.items() for word in words}

LIST = "🛡️ **Perlindungan di {room}**"
ON, OFF = "nyala", "mati"
BY_FILE = "- {names}: {state}, menurut berkas"
BY_OFFICER = "- **{name}** ({what}): {state} {until}, oleh {by}"
UNWATCHED = "Tidak ada yang dijaga di {room}: `rooms/protections.yaml` belum ada."
UNTIL_SWITCHED = "sampai diubah lagi"
SWITCHED = "🛡️ {room}: **{name}** ({what}) {state} {until}.{why}"
AS_WRITTEN = "🛡️ {room}: **{name}** ({what}) {state} lagi, menurut berkas.{why}"
STANDS = "{room}: **{name}** ({what}) sudah {state}{until}, {by}."
BY_THE_FILE, BY = "menurut berkas", "oleh {by}"
WOULD = "{room}: **{name}** ({what}) {state} {until}"
