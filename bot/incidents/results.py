"""What the bot answers to a search of the log: Markdown for the officers' room. Pure.

Words are masked and escaped; what is private (violence at home, children, sexual crime) shows that it is there and
nothing of what was said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.incidents.excerpts import MARKS
from bot.incidents.inquiry import Inquiry
from bot.incidents.lifecycle import TITLES, Status
from bot.incidents.rules import Urgency
from bot.markup import escape

EXCERPT = 220
"""Characters of a report that are shown, around the first word found."""
HOW_TO = (
    "Cari di catatan: `!cari banjir subah 7 hari`. Saringan: `kategori:curanmor`, `status:baru`, `kanal:ojol`, "
    "`tempat:subah`, `sejak:01.11.2026`, `sampai:22.11.2026`, *hari ini*, *kemarin*, *bulan ini*, `#123`. "
    "Kata dalam tanda kutip dicari apa adanya."
)
OFFICERS_ONLY = "Pencarian catatan hanya untuk petugas, dari perangkat yang sudah dikenal."
NOTHING = "🔎 Tidak ada catatan yang cocok{what}."
HEAD = "🔎 **{count} catatan**{what}, terbaru dulu:"
MORE = "🔎 **{count} catatan terbaru**{what}; persempit kata atau waktunya untuk melihat yang lain:"
READ_AS = "_“{word}” dibaca sebagai {names}._"
PRIVATE = "🔒 _isi tidak ditampilkan (perkara pribadi)_"
WITHDRAWN = "_isi ditarik atau dihapus_"


@dataclass(frozen=True)
class Line:
    """One entry that was found, as far as it is shown."""

    id: int
    opened_at: int
    title: str
    urgency: str
    status: Status
    place: str
    text: str
    """Masked."""
    spans: Sequence[tuple[int, int]]
    """Words of the query in `text`."""
    private: bool = False
    links: tuple[tuple[str, str], ...] = ()
    """(caption, address)."""


def answer(
    inquiry: Inquiry,
    lines: Sequence[Line],
    *,
    limit: int,
    zone: tzinfo,
    read_as: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The answer to a search."""
    parts = [escape(fault) for fault in inquiry.faults]
    if inquiry.faults:
        return "\n\n".join([*parts, HOW_TO])
    if inquiry.empty:
        return HOW_TO
    what = _what(inquiry, zone)
    if not lines:
        return NOTHING.format(what=what)
    head = MORE if len(lines) >= limit else HEAD
    parts.append(head.format(count=len(lines), what=what))
    for word, names in (read_as or {}).items():
        parts.append(READ_AS.format(word=escape(word), names=" / ".join(f"**{escape(name)}**" for name in names)))
    parts += [_line(line, zone) for line in lines]
    return "\n\n".join(parts)


def excerpt(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """A stretch of the text around the first span, with the spans that lie in it."""
    start = max(0, spans[0][0] - EXCERPT // 3) if spans and len(text) > EXCERPT else 0
    end = start + EXCERPT
    before, after = "…" if start else "", "…" if end < len(text) else ""
    shift = len(before) - start
    inside = [(first + shift, last + shift) for first, last in spans if first >= start and last <= end]
    return before + text[start:end] + after, inside


def bold(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Literal text with the spans in bold. Overlapping spans become one."""
    pieces: list[str] = []
    position = 0
    for start, end in _merged(spans):
        pieces.append(escape(text[position:start]) if start > position else "")
        pieces.append(f"**{escape(text[start:end])}**")
        position = end
    pieces.append(escape(text[position:]) if position < len(text) else "")
    return "".join(pieces)


def _line(line: Line, zone: tzinfo) -> str:
    when = datetime.fromtimestamp(line.opened_at / 1000, UTC).astimezone(zone)
    head = f"{MARKS[Urgency(line.urgency)]} **#{line.id} {escape(line.title)}**"
    facts = [escape(line.place)] if line.place else []
    facts += [f"{when:%d.%m.%Y %H.%M}", TITLES[line.status]]
    rows = [f"{head} · {' · '.join(facts)}"]
    if line.private:
        rows.append(PRIVATE)
    elif not line.text.strip():
        rows.append(WITHDRAWN)
    else:
        flat = "".join(" " if character.isspace() else character for character in line.text)
        rows.append(bold(*excerpt(flat, line.spans)))
    if line.links:
        rows.append(" · ".join(f"[{caption}]({address})" for caption, address in line.links))
    return "\n".join(rows)


def _what(inquiry: Inquiry, zone: tzinfo) -> str:
    parts: list[str] = []
    if inquiry.words:
        parts.append(f"“{escape(inquiry.words[:100])}”")
    if inquiry.number is not None:
        parts.append(f"#{inquiry.number}")
    named = (
        ("tempat", inquiry.place), ("kategori", inquiry.category), ("status", inquiry.status), ("kanal", inquiry.room),
    )  # fmt: skip
    parts += [f"{name} {escape(str(value))}" for name, value in named if value]
    if inquiry.since is not None:
        parts.append(f"sejak {inquiry.since.astimezone(zone):%d.%m.%Y %H.%M}")
    if inquiry.until is not None:
        parts.append(f"sebelum {inquiry.until.astimezone(zone):%d.%m.%Y %H.%M}")
    return f" untuk {', '.join(parts)}" if parts else ""


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
