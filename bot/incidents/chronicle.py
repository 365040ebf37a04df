"""Everything that was said of an incident and done with it, in one reading: what an officer asks `riwayat` for. Pure.

Lists instead of tables: a phone in Element cannot scroll a table sideways. Words of people are without personal
numbers and escaped; reporters have no names, officers are called as on the card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from bot.incidents.cards import short_name
from bot.incidents.lifecycle import TITLES, Status
from bot.language.mask import mask
from bot.markup import escape

MOST_REPORTS = 8
MOST_ACTS = 40
MOST_VERSIONS = 3
"""Of one report: the first and the newest."""
QUOTES = (280, 120, 40, 10)
"""Characters of one version or note that are shown in a room, fewer when the whole would grow too long."""
MOST_BYTES = 18_000
"""Of the Markdown: as text and as HTML, encrypted, it must fit into an event (65,536 bytes)."""
HEAD = "🧾 **Riwayat #{number}** · {title}"
HIDDEN = "🔒 _isi tidak ditampilkan (perkara pribadi)_"
_KINDS = {"voice": "pesan suara", "text": "tulisan", "photo": "foto", "location": "lokasi"}
_ROLES = {"report": "laporan", "update": "kabar lanjutan", "duplicate": "laporan yang sama", "reply": "kata pelapor"}
_REASONS = {
    "thread": "di utasnya",
    "kind": "jenis",
    "place": "tempat",
    "time": "waktu",
    "words": "kata",
    "said": "disebut sama",
}
_STATES = {"queued": "belum terdengar", "unreadable": "tidak bisa didengar", "withdrawn": "ditarik pengirimnya"}


@dataclass(frozen=True)
class Version:
    """What a transmission said, as the machine or a person wrote it."""

    version: int
    text: str
    """As heard, or as written by the officer who corrected it."""
    corrected: str
    """The same with the names of places put right."""
    author: str | None
    """`None`: the machine, or the reporter's own writing."""
    at: int
    confidence: float | None = None
    """0 to 1; `None` when it was typed."""
    flags: tuple[str, ...] = ()
    model: str = ""


@dataclass(frozen=True)
class Told:
    """A transmission of the incident, and why it is thought to be of it."""

    transmission_id: int
    event_id: str
    sent_at: int
    kind: str
    """voice | text | photo | location"""
    role: str
    """report | update | duplicate | reply"""
    score: float
    reasons: Mapping[str, float]
    by: str | None
    """The officer who linked it; `None` for the machine."""
    state: str
    channel: str = ""
    duration_ms: int | None = None
    versions: Sequence[Version] = ()
    """Oldest first."""


@dataclass(frozen=True)
class Act:
    """One line of the history (`bot.store.incidents.Step`)."""

    at: int
    actor: str
    action: str
    before: str | None = None
    after: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Chronicle:
    """An incident with all that was said and done, oldest first."""

    id: int
    title: str
    urgency: str
    status: Status
    place: str
    opened_at: int
    claimed_by: str | None = None
    private: bool = False
    told: Sequence[Told] = field(default=())
    acts: Sequence[Act] = field(default=())
    titles: Mapping[str, str] = field(default_factory=dict)
    """Category code → title."""


def render_chronicle(one: Chronicle, zone: tzinfo) -> str:
    """Markdown for the thread of the card: what was reported, then what was done."""
    drafts = (_render(one, zone, quote) for quote in QUOTES)
    text = next(drafts)
    while len(text.encode()) > MOST_BYTES and (shorter := next(drafts, None)) is not None:
        text = shorter
    return text


def _render(one: Chronicle, zone: tzinfo, quote: int) -> str:
    head = [HEAD.format(number=one.id, title=escape(one.title))]
    head.append(f"{TITLES[one.status]} · {one.urgency} · {escape(one.place or 'tempat belum disebut')}")
    parts = ["\n".join(head), "**Yang dilaporkan**"]
    parts.append("\n".join(_item(number, said, zone, quote) for number, said in enumerate(one.told[:MOST_REPORTS], 1)))
    if len(one.told) > MOST_REPORTS:
        parts.append(f"_… dan {len(one.told) - MOST_REPORTS} lagi: `kentongan incidents show {one.id}`_")
    parts.append("**Yang dilakukan**")
    acts, skipped = list(one.acts), 0
    if len(acts) > MOST_ACTS:  # the beginning says what it was, the end how it stands
        skipped = len(acts) - MOST_ACTS
        acts = [*acts[:5], *acts[-(MOST_ACTS - 5) :]]
    lines = list(_days(acts, one, zone, quote))
    parts.append("\n".join(lines))
    if skipped:
        parts.append(f"_{skipped} langkah di tengah tidak ditampilkan: `kentongan incidents show {one.id}`_")
    return "\n\n".join(parts)


def act_line(act: Act, one: Chronicle) -> str:
    """What was done, in words, without who and when; plain text, personal numbers hidden."""
    before, after, reason = act.before or "", act.after or "", mask(act.reason or "")
    match act.action:
        case "opened":
            return "dicatat"
        case "linked":
            return f"{_which(after, one)} ditautkan ke sini"
        case "status":
            return f"{_status(before)} → {_status(after)}" + (f" ({reason})" if reason else "")
        case "claimed":
            return "diambil alih" + (f" dari {short_name(before)}" if before else "")
        case "reopened":
            return "dibuka lagi: pelapor bilang belum selesai"
        case "undone":
            return f"langkah ke '{_status(before)}' dibatalkan"
        case "urgency":
            return f"urgensi {before or '-'} → {after}"
        case "category":
            return f"kategori {one.titles.get(before, before)} → {one.titles.get(after, after)}"
        case "district" | "place":
            where = f" ({reason})" if reason else ""
            return f"tempat {before or 'belum pasti'} → {after or 'belum pasti'}{where}"
        case "corrected":
            return f"{_which(before, one)} dikoreksi: versi {after}"
        case "related":
            return f"ditautkan dengan #{after}"
        case "split":
            return f"dipisah dari #{before}" if reason.startswith("#") else f"satu laporan dipisah ke #{after}"
        case "noted":
            return f"catatan: {reason}"
        case "forwarded":
            return f"diteruskan juga ke {after}"
        case "private":
            return "dijadikan pribadi"
        case "original_deleted":
            return "aslinya dihapus dari kanal"
        case "withdrawn":
            return f"{_which(before, one)} ditarik pengirimnya"
        case "blocked":
            return f"pelapor diblokir sampai {after}" + (f" ({reason})" if reason else "")
        case "unblocked":
            return "blokir pelapor dibuka"
        case "moved":
            return "kartunya pindah ke ruang untuk perkara pribadi"
        case "evidence":
            return "melihat bukti apa adanya"
        case "kept":
            return f"rekaman disimpan sampai {after}" + (f" ({reason})" if reason else "")
        case "released":
            return "rekaman kembali ke masa simpan biasa" + (f" ({reason})" if reason else "")
    return act.action + (f" ({reason})" if reason else "")


def score_line(said: Told) -> str:
    """Why a transmission is thought to be of this incident; "" for the one that opened it."""
    reasons = dict(said.reasons)
    if "first" in reasons:
        return ""
    if "merged" in reasons:
        return f"digabung dari #{int(reasons['merged'])}" + (f" oleh {short_name(said.by)}" if said.by else "")
    if reasons.keys() == {"thread"}:  # their own report's
        return "di utas laporannya"
    why = ", ".join(f"{_REASONS.get(name, name)} {_share(value)}" for name, value in reasons.items() if value)
    line = f"tautan {_share(said.score)}" + (f" ({why})" if why else "")
    return line + (f", oleh {short_name(said.by)}" if said.by else "")


def kind_line(said: Told) -> str:
    """What it was: "pesan suara 0.08", "tulisan"."""
    kind = _KINDS.get(said.kind, said.kind)
    if said.kind == "voice" and said.duration_ms:
        seconds = round(said.duration_ms / 1000)
        kind += f" {seconds // 60}.{seconds % 60:02d}"
    return f"{_ROLES.get(said.role, said.role)}, {kind}"


def version_lines(versions: Iterable[Version]) -> list[tuple[str, str]]:
    """(who wrote it, the words) of each version, with the names put right as a line of their own. Not masked."""
    lines: list[tuple[str, str]] = []
    for one in versions:
        if one.author is not None:
            who = f"versi {one.version}, {short_name(one.author)}"
        elif one.model:
            sure = f", yakin {_share(one.confidence)}" if one.confidence is not None else ""
            who = f"versi {one.version}, terdengar{sure}"
        else:
            who = f"versi {one.version}, tertulis"
        lines.append((who, one.text))
        if one.corrected and one.corrected != one.text:
            lines.append((f"versi {one.version}, nama dibetulkan", one.corrected))
    return lines


def who(actor: str) -> str:
    """Who did something: "@ani", "bot", "pelapor"."""
    return "bot" if actor == "kentongan" else short_name(actor)


def _item(number: int, said: Told, zone: tzinfo, quote: int) -> str:
    when = _local(said.sent_at, zone)
    head = f"{number}. **{when:%d.%m. %H.%M}** {kind_line(said)}"
    if said.channel:
        head += f" · {escape(said.channel)}"
    if state := _STATES.get(said.state):
        head += f" · {state}"
    lines = [head]
    if score := score_line(said):
        lines.append(f"🔗 {escape(score)}")
    versions = list(said.versions)
    if len(versions) > MOST_VERSIONS:
        versions = [versions[0], *versions[-(MOST_VERSIONS - 1) :]]
    for label, words in version_lines(versions):
        if words.strip():
            lines.append(f"_{escape(label)}:_ “{_clipped(words, quote)}”")
    indent = " " * (len(str(number)) + 2)
    return f"\n{indent}".join(lines)


def _days(acts: Iterable[Act], one: Chronicle, zone: tzinfo, quote: int) -> Iterable[str]:
    """Each day once, its acts below it."""
    day = ""
    for act in acts:
        when = _local(act.at, zone)
        if (today := f"{when:%d.%m.%Y}") != day:
            if day:
                yield ""
            day = today
            yield f"_{today}_"
            yield ""
        yield f"- **{when:%H.%M}** {_clipped(act_line(act, one), max(quote, 60))} · {escape(who(act.actor))}"


def _which(transmission: str, one: Chronicle) -> str:
    numbers = {str(said.transmission_id): number for number, said in enumerate(one.told, 1)}
    return f"nomor {numbers[transmission]}" if transmission in numbers else "satu laporan"


def _status(code: str) -> str:
    return TITLES[Status(code)] if code in tuple(Status) else code


def _share(value: float | None) -> str:
    return f"{round((value or 0) * 100)} %"


def _clipped(words: str, quote: int) -> str:
    text = " ".join(mask(words).split())
    return escape(text if len(text) <= quote else text[: quote - 1].rstrip() + "…")


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
