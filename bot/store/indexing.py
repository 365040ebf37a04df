"""The words that entries of the log are found by, as the full-text index (SQLite's FTS5) holds them.

The engines' own word breakers disagree on "rt/rw" and "jl.raya", so our tokeniser and stemmer make the words, and the
engine only keeps them apart. Each entry has its words as written, their stems, its numbers in figures, the names of
its places as heard and as they are spelt, and marks of its category and month that no text can spell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, column, delete, insert, select, table, text

from bot.language.neighbourhood import neighbourhoods
from bot.language.neighbourhood import words as spelled
from bot.language.numbers import digits
from bot.language.stem import stem
from bot.language.tokens import tokens
from bot.store.tables import incident_links, incidents, transcripts, transmissions

WORDS = table("incident_words", column("rowid"), column("words"))
BATCH = 500
"""Entries indexed with one statement each way."""
MERGE_PAGES = 500
"""Pages of the index rewritten in one step of `compact`: a step is a fraction of a second."""
_NASAL = re.compile(r"(?:me|pe)(ng|ny|n|m)(?=[aeiou]\w{2})")
_SWALLOWED = {"ng": "k", "ny": "s", "n": "t", "m": "p"}
_PLAIN = re.compile(r"[a-z0-9_]+")


def words_of(text_: str) -> list[str]:
    """What a text is found by: its words, their stems, its numbers in figures, its neighbourhoods in one spelling."""
    plain = tokens(text_)
    found = dict.fromkeys(plain)
    found.update(dict.fromkeys(form for token in plain for form in stems_of(token)))
    found.update(dict.fromkeys(digits(plain)))
    if neighbourhoods(text_):  # "RT 03/RW 02", "rt tiga", "03/02"
        found.update(dict.fromkeys(spelled(text_)))
    return [word for word in found if word]


@lru_cache(maxsize=65536)
def stems_of(word: str) -> tuple[str, ...]:
    """The stem, and beside it the one whose first letter a prefix has swallowed ("mengejar" → "kejar")."""
    found = [stem(word)]
    if swallowed := _NASAL.match(word):
        found.append(stem(_SWALLOWED[swallowed.group(1)] + word[swallowed.end() :]))
    return tuple(found)


def index(connection: Connection, number: int) -> None:
    """Bring the index up to date with an incident: call it whenever its words change, or are erased."""
    index_many(connection, (number,))


def index_many(connection: Connection, numbers: Iterable[int]) -> int:
    """The same for many; returns how many of them exist."""
    if connection.dialect.name != "sqlite":
        return 0
    wanted, count = list(numbers), 0
    for start in range(0, len(wanted), BATCH):
        count += _index(connection, wanted[start : start + BATCH])
    return count


def rebuild(connection: Connection) -> int:
    """Index everything anew (after a change of the stemmer); returns how many entries."""
    return index_many(connection, list(connection.scalars(select(incidents.c.id).order_by(incidents.c.id))))


def compact(connection: Connection) -> bool:
    """One step of rewriting the index without what was erased from it; true while there is more to do.

    FTS5 only notes that a row is gone: until its segments are merged, erased words still stand in the file.
    """
    if connection.dialect.name != "sqlite":
        return False
    before = _changes(connection)
    connection.execute(text(f"INSERT INTO incident_words(incident_words, rank) VALUES('merge', -{MERGE_PAGES})"))
    return _changes(connection) - before >= 2  # SQLite's documentation of FTS5, "The 'merge' command"


def quoted(word: str) -> str:
    """A word as a term of FTS5's query language, in which nothing but the quotes means anything."""
    return f'"{safe(word)}"'


def safe(word: str) -> str:
    """A word as the engine keeps it whole: it disagrees with Python on what is a letter outside ASCII."""
    return word if _PLAIN.fullmatch(word) else "x_" + word.encode("utf-8", "surrogatepass").hex()


def category_mark(category: str) -> str:
    """The term that stands for a category; tokens have no underscore, so no text can spell it."""
    return "k_" + re.sub(r"[^a-z0-9_]", "_", category.casefold())


def month_mark(at: int) -> str:
    """The term that stands for the month (UTC) of a time in milliseconds."""
    return f"m_{datetime.fromtimestamp(at / 1000, UTC):%Y%m}"


def _index(connection: Connection, numbers: Sequence[int]) -> int:
    connection.execute(delete(WORDS).where(WORDS.c.rowid.in_(numbers)))
    needed = (
        incidents.c.id, incidents.c.text, incidents.c.district, incidents.c.places, incidents.c.category,
        incidents.c.opened_at, incidents.c.analysis["title"].as_string().label("title"),
    )  # fmt: skip
    rows = connection.execute(select(*needed).where(incidents.c.id.in_(numbers)).order_by(incidents.c.id)).all()
    said: dict[int, list[str]] = {row.id: [] for row in rows}
    standing: set[int] = set()
    for link in connection.execute(
        select(incident_links.c.incident_id, transmissions.c.state, transcripts.c.text, transcripts.c.corrected)
        .join(transmissions, transmissions.c.id == incident_links.c.transmission_id)
        .outerjoin(transcripts, transcripts.c.transmission_id == transmissions.c.id)
        .where(incident_links.c.incident_id.in_(numbers))
    ):
        said[link.incident_id] += [link.text or "", link.corrected or ""]
        if link.state != "withdrawn":
            standing.add(link.incident_id)
    values = [{"rowid": row.id, "words": _line(row, said[row.id], row.id in standing)} for row in rows]
    if values:
        connection.execute(insert(WORDS), values)
    return len(values)


def _line(row: Any, said: Iterable[str], standing: bool) -> str:
    marks = [category_mark(row.category), month_mark(row.opened_at)]
    if not standing:  # everything that was reported was withdrawn: no word leads here any more
        return " ".join(marks)
    texts = [row.text, *said, row.title or "", row.district or ""]
    for place in row.places:
        if place["role"] == "scene":
            texts += [place["name"], place.get("heard", "")]
    words = dict.fromkeys(safe(word) for one in dict.fromkeys(texts) for word in words_of(one))
    return " ".join([*words, *marks])


def _changes(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT total_changes()")) or 0)
