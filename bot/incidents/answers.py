"""What a reporter reads in the thread under a note, at once. Pure: values in, Markdown out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.incidents.analysis import Analysis
from bot.incidents.excerpts import MARKS, doubts, quote, title
from bot.incidents.placeline import place_line
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.markup import escape

EMERGENCY = "Kalau ada yang dalam bahaya, telepon **110**."
MAX_CORRECTIONS = 3
"""Names put right that an answer lists."""
_HEARD, _WRITTEN = "terdengar", "tertulis"
_STILL_READ = "Pesan Anda sendiri masih terbaca semua anggota kanal:"
_TELL_THERE = "[Buka pesan pribadi dengan saya]({link}) dan ceritakan di sana; hanya petugas yang membacanya."
_WRITTEN_THERE = "Saya sudah menulis di [pesan pribadi kita]({link}); ceritakan di sana, hanya petugas yang membacanya."
_THEN_DELETE = (
    "Sesudah itu hapus pesan Anda di sini: tekan lama, pilih *Hapus*. Yang dihapus hilang juga dari catatan petugas, "
    "jadi ceritakan dulu di sana."
)
_LATE = "_Baru terbaca sekarang, mohon maaf._"
_UNREADABLE = {
    "too_large": "Berkasnya terlalu besar untuk saya buka.",
    "too_long": "Pesannya terlalu panjang untuk saya dengarkan.",
    "empty": "Berkasnya kosong.",
    "unreadable": "Berkasnya rusak.",
    "no_audio": "Tidak ada suara di dalamnya.",
    "gone": "Berkasnya sudah tidak ada di server.",
    "tampered": "Berkasnya tidak cocok dengan segelnya.",
    "too_slow": "Pengolahannya terlalu lama.",
    "timeout": "Pengolahannya terlalu lama.",
    "crash": "Berkasnya tidak bisa diolah.",
    "trouble": "Sedang ada gangguan di pihak kami.",
}
_THANKS = {
    "tes": "Suara masuk, terdengar. 👍",
    "situasi_aman": "Terima kasih, situasi aman dicatat.",
    "keluhan": "Mohon maaf atas hal ini. Sampaikan lewat pesan langsung ke saya agar petugas bisa menelusurinya.",
    "pertanyaan": "Untuk pertanyaan, sebut nama saya atau kirim pesan langsung, nanti saya jawab.",
    "bukan_laporan": "Terdengar.",
}


def heard(
    transcript: str,
    analysis: Analysis,
    incident_id: int | None,
    *,
    late: bool = False,
    flags: Sequence[str] = (),
    typed: bool = False,
) -> str:
    """The answer in the thread under a note. What is private is not repeated there.

    The quote is as heard; names that were put right stand under it, with what was heard (or `typed`) beside them.
    """
    lines: list[str] = []
    if late:
        lines.append(_LATE)
    if analysis.private:
        return in_confidence(incident_id, report=analysis.report, late=late)
    if not transcript.strip():
        lines += ["🔇 Tidak terdengar ucapan. Rekamannya tetap disimpan untuk petugas; boleh diulang.", EMERGENCY]
        return "\n\n".join(lines)
    lines.append(f"> {quote(transcript)}")
    if meant := _meant(transcript, analysis, _WRITTEN if typed else _HEARD):
        lines.append(meant)
    if why := doubts([flag for flag in flags if flag != "late"]):  # that has a line of its own
        lines.append(f"_{why}_")
    if not analysis.report:
        lines.append(_THANKS.get(analysis.category, _THANKS["bukan_laporan"]))
        return "\n\n".join(lines)
    summary = [f"{MARKS[analysis.urgency]} **{title(analysis)}**"]
    if place := place_line(analysis):
        summary.append(f"📍 {escape(place)}")
    summary.append(f"📝 Tercatat untuk petugas{_number(incident_id)}.")
    lines.append("\n".join(summary))
    if analysis.category == "tidak_jelas":
        lines.append("Belum jelas bagi saya. **Di mana** dan **apa** yang terjadi?")
    elif not place_line(analysis) and analysis.category not in ("rumor", "pembaruan", "duplikat"):
        lines.append("**Di mana** tepatnya? Sebut desa atau patokan terdekat.")
    if analysis.urgency is Urgency.DARURAT:
        lines.append(EMERGENCY)
    return "\n\n".join(lines)


def in_confidence(
    incident_id: int | None,
    *,
    report: bool,
    late: bool = False,
    link: str | None = None,
    written: bool = False,
    support: str | None = None,
) -> str:
    """The answer in a channel to what is nobody's to repeat: nothing of the matter, and where it can be told.

    `link` leads to a DM with us; `written`: we have written to the person there. `support` is Markdown of the files.
    """
    received = "Laporan diterima" if report else "Pesan diterima"
    lines = [_LATE] if late else []
    lines.append(f"🔒 {received}{_number(incident_id)}. Isinya tidak saya ulang di sini, hanya untuk petugas.")
    if link is not None:
        there = _WRITTEN_THERE if written else _TELL_THERE
        lines.append(f"{_STILL_READ}\n\n1. {there.format(link=link)}\n2. {_THEN_DELETE}")
    lines.append(" ".join(part for part in (support, EMERGENCY) if part))
    return "\n\n".join(lines)


def unreadable(reason: str) -> str:
    """The answer to a note that could not be opened."""
    why = _UNREADABLE.get(reason, _UNREADABLE["trouble"])
    return (
        f"🔇 Maaf, pesan suara ini tidak bisa saya dengarkan. {why}\n\n"
        f"Pesannya tetap tercatat untuk petugas. Mohon diulang, atau ditulis saja. {EMERGENCY}"
    )


def waiting() -> str:
    """The word that a note is in the queue, when hearing it takes long."""
    return "⏳ Pesan suara diterima, menunggu transkrip."


def _meant(transcript: str, analysis: Analysis, how: str) -> str:
    """Names put right, each with the words it was made of; nothing for words that the analysis is not about."""
    if analysis.text != transcript:
        return ""
    pairs = dict.fromkeys((change.name, " ".join(mask(change.heard).split())) for change in analysis.changes)
    return "\n".join(
        f"✏️ {escape(name)} ({how}: {escape(heard_as)})" for name, heard_as in list(pairs)[:MAX_CORRECTIONS]
    )


def _number(incident_id: int | None) -> str:
    return f" (#{incident_id})" if incident_id is not None else ""
