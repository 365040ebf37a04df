"""How long does a search of the incident log take, and how does it grow?

An invented log of three years: texts of 6 to 24 words drawn by Zipf's law from 60,000 words, categories, districts
and statuses skewed as well, every incident with its transmission, transcript, link and index row as the bot writes
them. Queries draw their words by the same frequencies, so most of them ask for the commonest words there are.

The peers look in the same database, in the same run, query by query in turn: a plain FTS5 table over the texts
(`unicode61`, no stems, no numbers, no place names) joined to the incidents, and LIKE without any index of words.

    .venv/bin/python bench/search.py [--sizes 10000 100000 1000000] [--queries 200] [--folder /dev/shm]
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.nearnames import NearNames
from bot.store import indexing, migrate, search
from bot.store.database import READING, connect
from bot.store.search import Filters
from bot.store.tables import incident_links, incidents, transcripts, transmissions

GAZETTEER = load_gazetteer(Path(__file__).resolve().parents[1] / "places")
YEARS = 3
DAY_MS = 86_400_000
NOW = 1_795_320_000_000
BATCH = 5_000
VOCABULARY = 60_000
CATEGORIES = (
    "laka_lantas", "kemacetan", "banjir", "curanmor", "curat", "pohon_tumbang", "kebakaran", "balap_liar", "tawuran",
    "medis", "penipuan", "rob", "orang_hilang", "lalin_gangguan", "longsor", "miras", "odgj", "konvoi", "narkoba",
    "curas", "judi", "angin", "laut", "gempa",
)  # fmt: skip
DISTRICTS = (
    "Batang", "Gringsing", "Subah", "Tulis", "Kandeman", "Limpung", "Bandar", "Warungasem", "Tersono", "Bawang",
    "Blado", "Reban", "Banyuputih", "Wonotunggal", "Pecalungan",
)  # fmt: skip
STATUSES = ("selesai", "selesai", "selesai", "palsu", "duplikat", "baru")
COMMON = (
    "di", "ada", "yang", "motor", "jalan", "dekat", "warga", "pak", "mohon", "bantuan", "depan", "arah", "tabrakan",
    "truk", "banjir", "air", "mobil", "orang", "desa", "polisi", "macet", "kecelakaan", "pohon", "tumbang",
    "kebakaran", "korban", "laporan", "segera", "tolong", "hilang", "maling", "dicuri", "rumah", "pasar", "sekolah",
    "jembatan", "pantura", "tol", "km", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan",
    "sembilan", "nol", "rt", "rw", "malam", "pagi", "tadi", "sekarang",
)  # fmt: skip
"""The commonest words; the rest is invented."""


Way = Callable[[Connection, list[str], str, int | None], int]
"""(connection, words, category, since) → hits shown."""


class Words:
    """Words by Zipf's law: the n-th is drawn 1/n as often as the first."""

    def __init__(self, generator: random.Random) -> None:
        syllables = [c + v + e for c in "bcdghjklmnprstwy" for v in "aiueo" for e in ("", "n", "ng", "r", "s")]
        words = dict.fromkeys(COMMON)
        while len(words) < VOCABULARY:
            words["".join(generator.choice(syllables) for _ in range(generator.randint(2, 4)))] = None
        self._words = list(words)
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        self._generator = generator

    def draw(self, count: int) -> list[str]:
        """`count` words, repetitions and all."""
        return self._generator.choices(self._words, cum_weights=self._weights, k=count)


def main() -> None:
    """Build each size, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--like", type=int, default=5, help="queries that LIKE is asked as well")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"))
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            measure(Path(folder) / "kentongan.db", size, asked.queries, asked.like)
    print(
        f"load {os.getloadavg()[0]:.1f}, peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def measure(path: Path, size: int, queries: int, likes: int) -> None:
    """One size: insert, then ask ours and the peers in turn."""
    generator = random.Random(size)
    words = Words(generator)
    engine = connect(f"sqlite:///{path}")
    migrate.upgrade(engine)
    began = time.perf_counter()
    for rows in batches(size, words, generator):
        with engine.begin() as connection:
            store(connection, rows)
    seconds = time.perf_counter() - began
    ours_bytes = path.stat().st_size
    print(f"\n{size} incidents: inserted {size / seconds:,.0f}/s in batches of {BATCH}, {ours_bytes / 1e6:,.0f} MB")
    with engine.begin() as connection:
        connection.execute(text("CREATE VIRTUAL TABLE plain USING fts5(said, detail='none')"))
        connection.execute(text("INSERT INTO plain(rowid, said) SELECT id, text FROM incidents"))
    with engine.connect() as connection:
        connection = connection.execution_options(**{READING: True})
        for name, since in (("30 days", NOW - 30 * DAY_MS), ("no date", None)):
            ask(connection, name, since, words, generator, queries, likes)
    engine.dispose()


def ask(
    connection: Connection,
    name: str,
    since: int | None,
    words: Words,
    generator: random.Random,
    queries: int,
    likes: int,
) -> None:
    """Two words and a category, in turn of ours and the peers, after a few queries that are not counted."""
    ways: dict[str, Way] = {"ours": ours, "plain FTS5": plain, "LIKE": like}
    took: dict[str, list[float]] = {way: [] for way in ways}
    hits = 0
    for number in range(-5, queries):
        pair, category = words.draw(2), draw(CATEGORIES, generator)
        for way, run in ways.items():
            if way == "LIKE" and number >= likes:
                continue
            began = time.perf_counter()
            found = run(connection, pair, category, since)
            if number >= 0:
                took[way].append((time.perf_counter() - began) * 1000)
                hits += found if way == "ours" else 0
    print(f"  two words + category, {name} ({hits / queries:.1f} hits shown a query)")
    for way, times in took.items():
        if times:
            times.sort()
            p95, middle = times[min(len(times) - 1, int(len(times) * 0.95))], statistics.median(times)
            print(f"    {way:<11} p50 {middle:8.2f}  p95 {p95:8.2f}  max {times[-1]:8.2f} ms  n={len(times)}")


def ours(connection: Connection, pair: list[str], category: str, since: int | None) -> int:
    """As `!cari` asks: with links, highlighted words, and what leads nowhere read as the name of a place near to it."""
    filters = Filters(since=since, category=category)
    near = NearNames(place.name for place in GAZETTEER.places)  # `!cari` makes them anew for each question, too
    return len(search.find(connection, " ".join(pair), filters=filters, names=near, now=NOW).hits)


def plain(connection: Connection, pair: list[str], category: str, since: int | None) -> int:
    """What one would write first."""
    statement = (
        "SELECT incidents.* FROM plain JOIN incidents ON incidents.id = plain.rowid WHERE plain MATCH :match "
        "AND category = :category AND (:since IS NULL OR opened_at >= :since) ORDER BY plain.rowid DESC LIMIT 20"
    )
    values = {"match": " AND ".join(f'"{word}"' for word in pair), "category": category, "since": since}
    return len(connection.execute(text(statement), values).all())


def like(connection: Connection, pair: list[str], category: str, since: int | None) -> int:
    """No index of words at all."""
    statement = (
        "SELECT * FROM incidents WHERE category = :category AND (:since IS NULL OR opened_at >= :since) "
        "AND text LIKE :one AND text LIKE :two ORDER BY opened_at DESC LIMIT 20"
    )
    values = {"one": f"%{pair[0]}%", "two": f"%{pair[1]}%", "category": category, "since": since}
    return len(connection.execute(text(statement), values).all())


def batches(size: int, words: Words, generator: random.Random) -> Iterator[list[dict[str, Any]]]:
    """The log in the order of time, evenly over the years."""
    step = YEARS * 365 * DAY_MS / size
    for start in range(0, size, BATCH):
        yield [
            {
                "id": number + 1,
                "at": round(NOW - YEARS * 365 * DAY_MS + number * step),
                "text": " ".join(words.draw(generator.randint(6, 24))),
                "category": draw(CATEGORIES, generator),
                "district": draw(DISTRICTS, generator),
                "status": generator.choice(STATUSES),
            }
            for number in range(start, min(start + BATCH, size))
        ]


def draw(choices: tuple[str, ...], generator: random.Random) -> str:
    """The first of them oftener than the last."""
    return choices[min(int(generator.paretovariate(1.1)) - 1, len(choices) - 1)]


def store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """One batch as the bot writes it: transmission, transcript, incident, link, words."""
    connection.execute(
        insert(transmissions),
        [
            {
                "id": row["id"], "event_id": f"$bench{row['id']}", "room_id": f"!room{row['id'] % 12}", "kind": "text",
                "sender": f"@warga{row['id'] % 5000}:bench", "sent_at": row["at"], "received_at": row["at"],
                "purpose": "report", "state": "heard",
            }
            for row in rows
        ],
    )  # fmt: skip
    connection.execute(
        insert(transcripts),
        [
            {
                "transmission_id": row["id"], "version": 1, "text": row["text"], "corrected": row["text"],
                "segments": [], "flags": [], "model": "", "settings": {}, "created_at": row["at"],
            }
            for row in rows
        ],
    )  # fmt: skip
    connection.execute(insert(incidents), [incident(row) for row in rows])
    connection.execute(
        insert(incident_links),
        [
            {
                "incident_id": row["id"], "transmission_id": row["id"], "role": "report", "score": 1.0,
                "reasons": {"first": 1.0}, "at": row["at"],
            }
            for row in rows
        ],
    )  # fmt: skip
    indexing.index_many(connection, [row["id"] for row in rows])


def incident(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the log with an analysis of the usual size."""
    scene = [
        {
            "name": row["district"], "kind": "district", "code": "33.25.09", "district": row["district"],
            "span": [0, 5], "score": 1.0, "role": "scene", "heard": row["district"].lower(),
        }
    ]  # fmt: skip
    analysis = {
        "text": row["text"], "category": row["category"], "urgency": "segera", "report": True, "about": None,
        "district": row["district"], "places": scene, "private": False, "title": row["category"], "about_title": "",
        "evidence": [{"rule": f"kategori.{row['category']}", "words": row["text"][:12], "span": [0, 12]}],
    }  # fmt: skip
    return {
        "id": row["id"], "opened_at": row["at"], "updated_at": row["at"], "room_id": f"!room{row['id'] % 12}",
        "category": row["category"], "urgency": "segera", "district": row["district"], "places": scene,
        "status": row["status"], "text": row["text"], "analysis": analysis, "content_version": "bench",
    }  # fmt: skip


if __name__ == "__main__":
    main()
