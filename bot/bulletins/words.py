"""What officers read about sources: their names, their ages, and why one is left out."""

from __future__ import annotations

import datetime as dt

STATISTICS = "statistik laporan"
NOTES = "catatan petugas"
TIPS = "tips"
FORECAST = "prakiraan cuaca BMKG"
QUAKES = "gempa BMKG"
WARNINGS = "peringatan dini BMKG"
TRAFFIC = "lalu lintas"
WARNING = "Peringatan"
"""What a warning without a name is called."""

NO_DATABASE = "tidak ada basis data"
NEVER = "belum pernah berhasil diambil"
NO_STEPS = "tidak memuat jam-jam ini"
EMPTY = "jawabannya kosong"
UNREADABLE = "isinya tidak terbaca"
NO_TIP = "tidak ada yang berlaku untuk tanggal dan kanal ini"
LONG = "buletinnya sudah panjang"
TWO_OFFICERS = "peringatan yang menunggu kata dua petugas tidak ikut"
NO_REGION = "wilayah kita belum dikenal"


def of_place(source: str, place: str) -> str:
    """A source's name with the place that it is about."""
    return f"{source} ({place})"


def stale(age: dt.timedelta, error: str | None) -> str:
    """Why something is too old."""
    return f"terakhir berhasil {ago(age)}" + (f"; {error}" if error else "")


def old_analysis(age: dt.timedelta) -> str:
    """Why a forecast that was fetched just now is too old."""
    return f"dibuat {ago(age)}"


def too_many(left: int, number: int) -> str:
    """More than fits."""
    return f"{left} dari {number} tidak muat"


def faulty(fault: str) -> str:
    """An answer that is not what its publisher documents."""
    return f"{UNREADABLE}: {fault}"


def ago(age: dt.timedelta) -> str:
    """ "2 jam yang lalu"."""
    return f"{span(age)} yang lalu" if age >= dt.timedelta(minutes=1) else "baru saja"


def span(age: dt.timedelta) -> str:
    """ "1 jam 5 menit", "3 hari 2 jam"; empty below a minute."""
    minutes = int(age.total_seconds() // 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "hari"), (hours, "jam"), (0 if days else minutes, "menit")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
