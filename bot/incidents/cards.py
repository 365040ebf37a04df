"""What the bot says about reports: the answer in the channel's thread and the card before the officers.

Pure: values in, Markdown out. Short lines, because they are read on a phone in Element; what people said is always
escaped and without personal numbers. The machine proposes, so every line that it guessed shows its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.incidents.analysis import Analysis
from bot.incidents.details import details
from bot.incidents.lifecycle import TITLES, Status
from bot.incidents.placeline import place_line
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.markup import escape

WIB = ZoneInfo("Asia/Jakarta")
MARKS = {Urgency.DARURAT: "🔴", Urgency.SEGERA: "🟡", Urgency.INFO: "🔵"}
EMERGENCY = "Kalau ada yang dalam bahaya, telepon **110**."
NOT_A_REPORT = "_Catatan ini bukan Laporan Polisi. Darurat hubungi 110._"
MAX_QUOTE = 700
"""Characters of a transcript on a card; the whole stands in the log and in the audio."""
MAX_EVIDENCE = 5

MAX_CORRECTIONS = 3
"""Names put right that an answer lists."""
_HEARD, _WRITTEN = "terdengar", "tertulis"
_SIGNS = "_👀 ambil · ✅ benar · 🚓 tangani · 🏁 selesai · ❌ palsu · 🔁 duplikat_"
_HOW_TO = f"{_SIGNS}\n_Balasan di utas ini sampai ke pelapor; // antarpetugas._ `bantuan`: _perintah._"
_HOW_TO_PRIVATE = f"{_SIGNS}\n_Balas_ `bantuan` _untuk perintah._"
_IN_PRIVATE = "💬 _Dari pesan pribadi ke bot, diteruskan dengan persetujuannya. Balas lewat utas tiketnya._"
_LATE = "_Baru terbaca sekarang, mohon maaf._"
_STATUS_MARKS = {
    Status.BARU: "🆕",
    Status.DITINJAU: "👀",
    Status.TERVERIFIKASI: "✅",
    Status.DITERUSKAN: "📨",
    Status.DITANGANI: "🚓",
    Status.SELESAI: "🏁",
    Status.DUPLIKAT: "🔁",
    Status.TIDAK_TERVERIFIKASI: "❔",
    Status.PALSU: "❌",
    Status.BUKAN_KEJADIAN: "⚪",
}
_HELD = frozenset((Status.DITINJAU, Status.DITANGANI))
"""States that are somebody's doing ("ditangani oleh"); beside the others stands who has it."""
_FLAGS = {
    "no_speech": "mungkin bukan ucapan",
    "low_confidence": "kurang jelas terdengar",
    "loop": "sebagian terulang, mungkin salah dengar",
    "cut": "hanya bagian awal yang terdengar",
    "withdrawn": "ditarik oleh pengirimnya",
    "late": "baru terbaca lama sesudah dikirim",
}
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


class Entry(Protocol):
    """An incident as the store gives it (`bot.store.incidents.Incident`)."""

    @property
    def id(self) -> int: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def urgency(self) -> str: ...
    @property
    def district(self) -> str | None: ...
    @property
    def status(self) -> Status: ...
    @property
    def claimed_by(self) -> str | None: ...
    @property
    def analysis(self) -> Analysis: ...
    @property
    def reports(self) -> int: ...


@dataclass(frozen=True)
class Near:
    """Another incident that may be the same thing."""

    id: int
    title: str
    district: str | None
    opened_at: int


@dataclass(frozen=True)
class Beside:
    """What a card shows beside the report itself."""

    duty: Sequence[str] = ()
    """User ids of those on duty, mentioned on a new darurat card."""
    maybe: Sequence[Near] = ()
    """Possibly the same, not linked: an officer decides."""
    related: Sequence[int] = ()
    """Incidents that an officer connected with this one."""
    reason: str | None = None
    """Of the last change of state: to whom, of which, why."""
    forwarded: Sequence[str] = ()
    """Agencies that have it."""
    doubts_about_sender: str | None = None
    """Seen by officers alone."""
    withdrawn: bool = False
    """Its reporter took it back: nothing of its words is left."""


_NOTHING_BESIDE = Beside()


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
        received = "Laporan diterima" if analysis.report else "Pesan diterima"
        lines += [
            f"🔒 {received}{_number(incident_id)}. Isinya tidak saya ulang di sini, hanya untuk petugas.",
            EMERGENCY,
        ]
        return "\n\n".join(lines)
    if not transcript.strip():
        lines += ["🔇 Tidak terdengar ucapan. Rekamannya tetap disimpan untuk petugas; boleh diulang.", EMERGENCY]
        return "\n\n".join(lines)
    lines.append(f"> {_quote(transcript)}")
    if meant := _meant(transcript, analysis, _WRITTEN if typed else _HEARD):
        lines.append(meant)
    if doubts := _doubts([flag for flag in flags if flag != "late"]):  # that has a line of its own
        lines.append(f"_{doubts}_")
    if not analysis.report:
        lines.append(_THANKS.get(analysis.category, _THANKS["bukan_laporan"]))
        return "\n\n".join(lines)
    summary = [f"{MARKS[analysis.urgency]} **{_title(analysis)}**"]
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


def card(
    incident: Entry,
    transcript: str,
    *,
    link: str | None,
    place: str | None = None,
    zone: tzinfo = WIB,
    flags: Sequence[str] = (),
    beside: Beside = _NOTHING_BESIDE,
) -> str:
    """The card in the operations room. Names no reporter; the link leads to the note itself.

    `link` is `None` for what was told in private. `place` is a shared location, "latitude,longitude".
    """
    analysis = incident.analysis
    urgency = Urgency(incident.urgency)
    when = datetime.fromtimestamp(incident.opened_at / 1000, UTC).astimezone(zone)
    head = [f"{MARKS[urgency]} **{urgency.upper()} · {_title(analysis)}** · #{incident.id}"]
    head.append(f"📍 {escape(place_line(analysis) or incident.district or 'tempat belum disebut')}")
    head.append(f"🕒 {when:%d.%m.%Y %H.%M} {_zone(when)}")
    # To whom it was passed on has a line of its own.
    head.append(
        _status_line(incident, None if incident.status is Status.DITERUSKAN and beside.forwarded else beside.reason)
    )
    if beside.forwarded:
        head.append(f"📨 Diteruskan ke {escape(', '.join(beside.forwarded))}")
    if beside.duty:
        head.append("📣 Piket: " + " ".join(pill(user) for user in beside.duty))
    lines = ["\n".join(head)]
    if analysis.private:
        lines.append("🔒 _Pribadi: jangan diteruskan ke kanal mana pun._")
    if beside.withdrawn:
        lines.append("🗑️ _Laporan ini ditarik oleh pengirimnya; isinya sudah dihapus._")
    else:
        lines.append(f"> {_quote(transcript) if transcript.strip() else '(tidak terdengar ucapan)'}")
        if doubts := _doubts(flags):
            lines.append(f"⚠️ _{doubts}_")
        if evidence := _evidence(analysis):
            lines.append(f"🔎 {evidence}")
        if beside_it := details(analysis):
            lines.append("\n".join(escape(line) for line in beside_it))
    if place:
        lines.append(f"📌 [Lokasi yang dibagikan]({map_link(place)})")
    lines += _others(beside, zone)
    if not beside.withdrawn:
        lines.append(f"[▶️ Buka pesannya]({link})" if link else _IN_PRIVATE)
    if incident.status is Status.BARU:
        silent = link is None or analysis.private or beside.withdrawn
        lines.append(_HOW_TO_PRIVATE if silent else _HOW_TO)
    lines.append(NOT_A_REPORT)
    return "\n\n".join(lines)


def further(
    incident: Entry, transcript: str, *, link: str | None, place: str | None = None, flags: Sequence[str] = ()
) -> str:
    """Another report of the same thing, in the thread of its card."""
    lines = [f"➕ **Laporan ke-{incident.reports}** · #{incident.id}"]
    lines.append(f"> {_quote(transcript) if transcript.strip() else '(tidak terdengar ucapan)'}")
    if doubts := _doubts(flags):
        lines.append(f"⚠️ _{doubts}_")
    if place:
        lines.append(f"📌 [Lokasi yang dibagikan]({map_link(place)})")
    lines.append(f"[▶️ Buka pesannya]({link})" if link else _IN_PRIVATE)
    return "\n\n".join(lines)


def relayed(
    incident: Entry,
    transcript: str,
    *,
    place: str | None = None,
    zone: tzinfo = WIB,
    flags: Sequence[str] = (),
) -> str:
    """What an agency is told: what, where, when and the words, without who said it or where."""
    analysis = incident.analysis
    urgency = Urgency(incident.urgency)
    when = datetime.fromtimestamp(incident.opened_at / 1000, UTC).astimezone(zone)
    head = [f"{MARKS[urgency]} **{urgency.upper()} · {_title(analysis)}** · laporan #{incident.id}"]
    head.append(f"📍 {escape(place_line(analysis) or incident.district or 'tempat belum disebut')}")
    head.append(f"🕒 {when:%d.%m.%Y %H.%M} {_zone(when)}")
    if place:
        head.append(f"📌 [Lokasi yang dibagikan]({map_link(place)})")
    lines = ["\n".join(head), f"> {_quote(transcript) if transcript.strip() else '(dengarkan rekamannya)'}"]
    if doubts := _doubts(flags):
        lines.append(f"⚠️ _{doubts}_")
    lines.append("_Diteruskan oleh Polres. Reaksi atau balasan pada pesan ini sampai ke petugas._")
    return "\n\n".join(lines)


def relayed_further(transcript: str) -> str:
    """Another report of the same thing, for the agency."""
    return f"➕ Laporan lain:\n\n> {_quote(transcript) if transcript.strip() else '(dengarkan rekamannya)'}"


def _status_line(incident: Entry, reason: str | None) -> str:
    status = incident.status
    line = f"{_STATUS_MARKS[status]} Status: **{TITLES[status]}**"
    if reason:
        line += f" ({escape(mask(reason))})"
    if incident.claimed_by:
        line += f" {'oleh' if status in _HELD else '·'} {escape(short_name(incident.claimed_by))}"
    return line + (f" · {incident.reports} laporan" if incident.reports > 1 else "")


def _others(beside: Beside, zone: tzinfo) -> list[str]:
    lines = []
    for near in beside.maybe:
        when = datetime.fromtimestamp(near.opened_at / 1000, UTC).astimezone(zone)
        what = escape(", ".join(part for part in (near.title, near.district, f"{when:%H.%M}") if part))
        lines.append(
            f"🔗 Mungkin sama dengan #{near.id} ({what}).\nSama: `gabung #{near.id}` · berkaitan: `tautkan #{near.id}`"
        )
    if beside.related:
        lines.append("🔗 Terkait: " + ", ".join(f"#{number}" for number in beside.related))
    if beside.doubts_about_sender:
        lines.append(f"🚩 _{escape(beside.doubts_about_sender)}_")
    return lines


def short_name(user_id: str) -> str:
    """ "@petugas" of "@petugas:server": officers are all of our own server."""
    return user_id.split(":", 1)[0]


def pill(user_id: str) -> str:
    """A user as clients show it in text (appendices, "matrix.to navigation"); the phone rings by `m.mentions`."""
    return f"[{escape(short_name(user_id))}](https://matrix.to/#/{quote(user_id, safe='@:')})"


def map_link(place: str) -> str:
    """A map for "latitude,longitude"; it opens in any browser, and is fetched only when somebody taps it."""
    latitude, longitude = place.split(",")
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


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


def _title(analysis: Analysis) -> str:
    title = analysis.title or analysis.category
    return escape(f"{title}: {analysis.about_title}" if analysis.about_title else title)


def _quote(transcript: str) -> str:
    text = " ".join(mask(transcript).split())
    return escape(text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1].rstrip() + "…")


def _meant(transcript: str, analysis: Analysis, how: str) -> str:
    """Names put right, each with the words it was made of; nothing for words that the analysis is not about."""
    if analysis.text != transcript:
        return ""
    pairs = dict.fromkeys((change.name, " ".join(mask(change.heard).split())) for change in analysis.changes)
    return "\n".join(
        f"✏️ {escape(name)} ({how}: {escape(heard_as)})" for name, heard_as in list(pairs)[:MAX_CORRECTIONS]
    )


def _doubts(flags: Sequence[str]) -> str:
    return "; ".join(_FLAGS[flag] for flag in flags if flag in _FLAGS)


def _evidence(analysis: Analysis) -> str:
    words = dict.fromkeys(" ".join(mask(one.words).split()) for one in analysis.evidence)
    return " · ".join(f"“{escape(one)}”" for one in list(words)[:MAX_EVIDENCE])


def _number(incident_id: int | None) -> str:
    return f" (#{incident_id})" if incident_id is not None else ""


def _zone(when: datetime) -> str:
    hours = (when.utcoffset() or when - when).total_seconds() / 3600
    return {7: "WIB", 8: "WITA", 9: "WIT"}.get(int(hours), when.tzname() or "")
