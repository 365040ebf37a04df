"""The daily report for paper, as PDF: Typst sets it, offline, with the fonts it brings along."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

import typst

from bot.exports.entry import Entry
from bot.incidents.lifecycle import TITLES
from bot.incidents.rules import Urgency

MAX_ENTRIES = 2_000
"""Rows of one report: some seventy pages."""
TEMPLATE = "report.typ"
PPI = 110.0
"""Of the picture."""
_LONGEST_TEXT = 600
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")


@dataclass(frozen=True)
class Heading:
    """What stands above the rows."""

    district: str
    """Of whom: "Kabupaten Batang"."""
    since: datetime | None
    until: datetime
    """Not included."""
    printed: datetime
    printed_by: str


def write_pdf(entries: Sequence[Entry], heading: Heading) -> bytes:
    """The report. Raises ValueError above MAX_ENTRIES."""
    return _set(entries, heading, "pdf")


def write_png(entries: Sequence[Entry], heading: Heading) -> bytes:
    """Its first page as a picture."""
    return _set(entries, heading, "png")


def _set(entries: Sequence[Entry], heading: Heading, form: Literal["pdf", "png"]) -> bytes:
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"{len(entries)} kejadian; laporan cetak memuat paling banyak {MAX_ENTRIES}")
    source = files("bot.exports").joinpath(TEMPLATE).read_bytes()
    data = json.dumps(content(entries, heading), ensure_ascii=False).encode("utf-8", "replace").decode()
    made: bytes | list[bytes] = typst.compile(
        source, format=form, ppi=PPI, ignore_system_fonts=True, sys_inputs={"data": data},
        timestamp=int(heading.printed.timestamp()),
    )  # fmt: skip
    return made[0] if isinstance(made, list) else made


def content(entries: Sequence[Entry], heading: Heading) -> dict[str, Any]:
    """What the template sets: values only, no markup, so that nobody's words can be a command."""
    return {
        "district": heading.district,
        "period": period(heading.since, heading.until),
        "printed": f"{day(heading.printed)} pukul {heading.printed:%H.%M}",
        "printed_by": heading.printed_by,
        "urgency": _counts(Counter(str(entry.urgency) for entry in entries), [str(one) for one in Urgency]),
        "status": [
            [TITLES[status], count] for status, count in Counter(entry.status for entry in entries).most_common()
        ],
        "category": [list(pair) for pair in Counter(entry.title for entry in entries).most_common()],
        "district_counts": [
            list(pair) for pair in Counter(entry.district or "belum pasti" for entry in entries).most_common()
        ],
        "entries": [_row(entry, heading) for entry in entries],
    }


def period(since: datetime | None, until: datetime) -> str:
    """The period in words; a single day by its name."""
    last = until - timedelta(microseconds=1)
    if since is None:
        return f"sampai {day(last)}"
    whole = since.time() == since.min.time() and until.time() == until.min.time()
    if whole and since.date() == last.date():
        return day(since)
    if whole:
        return f"{day(since)} sampai {day(last)}"
    return f"{day(since)} pukul {since:%H.%M} sampai {day(last)} pukul {until:%H.%M}"


def day(when: date) -> str:
    """ "Minggu, 22 November 2026"."""
    return f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year}"


def printable(text: str) -> str:
    """Without pictograms and invisible characters: the fonts of the report have no glyphs for them."""
    kept = (character for character in text if unicodedata.category(character) not in ("So", "Sk", "Cf", "Cc", "Co"))
    return " ".join("".join(kept).split())


def _row(entry: Entry, heading: Heading) -> dict[str, str]:
    same_day = heading.since is not None and heading.until - heading.since <= timedelta(days=1)
    time = f"{entry.opened:%H.%M}" if same_day else f"{entry.opened:%d.%m.%Y %H.%M}"
    if entry.private:
        time = "–" if same_day else f"{entry.opened:%d.%m.%Y}"
    text = printable(entry.text)
    text = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1].rstrip() + "…"
    return {
        "number": str(entry.id),
        "time": time,
        "title": entry.title,
        "place": entry.place or (f"Kec. {entry.district}" if entry.district else "belum pasti"),
        "urgency": str(entry.urgency),
        "status": TITLES[entry.status],
        "reports": str(entry.reports),
        "text": "Perkara pribadi: isinya tidak dicetak." if entry.private else text or "(isi ditarik atau dihapus)",
    }


def _counts(found: Counter[str], order: Sequence[str]) -> list[list[Any]]:
    return [[name, found[name]] for name in order]
