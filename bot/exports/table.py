"""CSV for people: one row an incident, opens right in a spreadsheet, and runs nothing there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from bot.exports.entry import Entry

BOM = "\ufeff"
"""Without it spreadsheets take UTF-8 for something else."""
COLUMNS = (
    "nomor", "waktu", "diperbarui", "kategori", "judul", "urgensi", "status", "kecamatan", "tempat", "kode", "lintang",
    "bujur", "laporan", "kanal", "isi",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(entries: Iterable[Entry], *, delimiter: str = ",") -> Iterator[bytes]:
    """The file in pieces (RFC 4180, UTF-8 with a byte order mark)."""
    yield BOM.encode()
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([cell(value) for value in _row(entry)])
        yield _taken(buffer)
    yield _taken(buffer)


def cell(value: str | int | float | None) -> str | int | float:
    """A spreadsheet runs what begins like a formula (CWE-1236); people's words must not."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    flat = " ".join(value.replace("\x00", " ").split())
    return "'" + flat if flat.startswith(_FORMULA) else flat


def _row(entry: Entry) -> tuple[str | int | float | None, ...]:
    latitude, longitude = entry.location or (None, None)
    time = "%Y-%m-%d" if entry.private else "%Y-%m-%d %H:%M"
    return (
        entry.id, entry.opened.strftime(time), entry.updated.strftime(time), entry.category, entry.title,
        str(entry.urgency), str(entry.status), entry.district, entry.place, " ".join(entry.codes), latitude, longitude,
        entry.reports, entry.channel, "(pribadi)" if entry.private else entry.text,
    )  # fmt: skip


def _taken(buffer: io.StringIO) -> bytes:
    written = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return written
