"""The card of an incident before the officers, and what an agency is told of it.

Pure: values in, Markdown out. Short lines, because they are read on a phone in Element; what people said is always
escaped and without personal numbers. The machine proposes, so every line that it guessed shows its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from urllib.parse import quote as percent_encoded
from zoneinfo import ZoneInfo

from bot.incidents.analysis import Analysis
from bot.incidents.details import details
from bot.incidents.excerpts import MARKS, beside_doubts, doubts, quote, title
from bot.incidents.lifecycle import TITLES, Status
from bot.incidents.placeline import place_line
from bot.incidents.rules import Urgency
from bot.language.mask import mask
from bot.markup import escape

WIB = ZoneInfo("Asia/Jakarta")
NOT_A_REPORT = "_Catatan ini bukan Laporan Polisi. Darurat hubungi 110._"
MAX_EVIDENCE = 5
_SIGNS = "_👀 ambil · ✅ benar · 🚓 tangani · 🏁 selesai · ❌ palsu · 🔁 duplikat_"
_HOW_TO = f"{_SIGNS}\n_Balasan di utas ini sampai ke pelapor; // antarpetugas._ `bantuan`: _perintah._"
_TO_CONFIDANT = "_Balasan di utas ini sampai ke pesan pribadi pelapor; // antarpetugas._ `bantuan`: _perintah._"
_HOW_TO_CONFIDED = f"{_SIGNS}\n{_TO_CONFIDANT}"
_HOW_TO_PRIVATE = f"{_SIGNS}\n_Balas_ `bantuan` _untuk perintah._"
READABLE = "👁️ _Aslinya masih terbaca di kanal._ `hapus aslinya`: _dihapus dari sana, catatan ini tetap._"
DELETED = "🗑️ _Aslinya dihapus dari kanal atas perintah petugas; catatan ini tetap._"
_IN_PRIVATE = "💬 _Dari pesan pribadi ke bot, diteruskan dengan persetujuannya. Balas lewat utas tiketnya._"
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
    kept: str | None = None
    """Until when its recordings stay, and why; Markdown."""
    withdrawn: bool = False
    """Its reporter took it back: nothing of its words is left."""
    original: str | None = None
    """Of a private report: whether it can still be read where it was sent; Markdown."""


_NOTHING_BESIDE = Beside()


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
    head = [f"{MARKS[urgency]} **{urgency.upper()} · {title(analysis)}** · #{incident.id}"]
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
    if beside.original and not beside.withdrawn:
        lines.append(beside.original)
    if beside.withdrawn:
        lines.append("🗑️ _Laporan ini ditarik oleh pengirimnya; isinya sudah dihapus._")
    else:
        lines.append(f"> {quote(transcript) if transcript.strip() else '(tidak terdengar ucapan)'}")
        if why := doubts(flags):
            lines.append(f"⚠️ _{why}_")
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
        silent = (link is None and not analysis.private) or beside.withdrawn
        lines.append(_HOW_TO_PRIVATE if silent else _HOW_TO_CONFIDED if analysis.private else _HOW_TO)
    lines.append(NOT_A_REPORT)
    return "\n\n".join(lines)


def further(
    incident: Entry, transcript: str, *, link: str | None, place: str | None = None, flags: Sequence[str] = ()
) -> str:
    """Another report of the same thing, in the thread of its card."""
    lines = [f"➕ **Laporan ke-{incident.reports}** · #{incident.id}"]
    lines.append(f"> {quote(transcript) if transcript.strip() else '(tidak terdengar ucapan)'}")
    if why := doubts(flags):
        lines.append(f"⚠️ _{why}_")
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
    head = [f"{MARKS[urgency]} **{urgency.upper()} · {title(analysis)}** · laporan #{incident.id}"]
    head.append(f"📍 {escape(place_line(analysis) or incident.district or 'tempat belum disebut')}")
    head.append(f"🕒 {when:%d.%m.%Y %H.%M} {_zone(when)}")
    if place:
        head.append(f"📌 [Lokasi yang dibagikan]({map_link(place)})")
    lines = ["\n".join(head), f"> {quote(transcript) if transcript.strip() else '(dengarkan rekamannya)'}"]
    if why := doubts(flags):
        lines.append(f"⚠️ _{why}_")
    lines.append("_Diteruskan oleh Polres. Reaksi atau balasan pada pesan ini sampai ke petugas._")
    return "\n\n".join(lines)


def relayed_further(transcript: str, *, flags: Sequence[str] = ()) -> str:
    """Another report of the same thing, for the agency."""
    words = f"➕ Laporan lain:\n\n> {quote(transcript) if transcript.strip() else '(dengarkan rekamannya)'}"
    return beside_doubts(words, flags)


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
    if beside.kept:
        lines.append(beside.kept)
    if beside.doubts_about_sender:
        lines.append(f"🚩 _{escape(beside.doubts_about_sender)}_")
    return lines


def short_name(user_id: str) -> str:
    """ "@petugas" of "@petugas:server": officers are all of our own server."""
    return user_id.split(":", 1)[0]


def pill(user_id: str) -> str:
    """A user as clients show it in text (appendices, "matrix.to navigation"); the phone rings by `m.mentions`."""
    return f"[{escape(short_name(user_id))}](https://matrix.to/#/{percent_encoded(user_id, safe='@:')})"


def map_link(place: str) -> str:
    """A map for "latitude,longitude"; it opens in any browser, and is fetched only when somebody taps it."""
    latitude, longitude = place.split(",")
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


def _evidence(analysis: Analysis) -> str:
    words = dict.fromkeys(" ".join(mask(one.words).split()) for one in analysis.evidence)
    return " · ".join(f"“{escape(one)}”" for one in list(words)[:MAX_EVIDENCE])


def _zone(when: datetime) -> str:
    hours = (when.utcoffset() or when - when).total_seconds() / 3600
    return {7: "WIB", 8: "WITA", 9: "WIT"}.get(int(hours), when.tzname() or "")
