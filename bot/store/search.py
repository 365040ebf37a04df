"""Full-text search over the incident log.

The engines' own word breakers disagree on "rt/rw" and "jl.raya", so our tokeniser and stemmer make the words, and
the engine (SQLite's FTS5) only finds them. Every word of a query must be found, as written or by its stem; numbers
are found however they were spoken. A query is taken apart into plain words before the engine sees it: there is no
query language that a crafted one could break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, column, delete, exists, func, insert, or_, select, table, text

from bot.incidents.lifecycle import Status
from bot.language.numbers import digits
from bot.language.stem import stem
from bot.language.tokens import tokens
from bot.store.incidents import Incident, incident_of, links
from bot.store.tables import incident_links, incidents, transmissions

MAX_WORDS = 16
"""Words of a query that are looked at."""
MAX_MONTHS = 24
"""Longer periods are narrowed by time alone."""
_words = table("incident_words", column("rowid"), column("words"))
_NASAL = re.compile(r"(?:me|pe)(ng|ny|n|m)(?=[aeiou]\w{2})")
_SWALLOWED = {"ng": "k", "ny": "s", "n": "t", "m": "p"}
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Hit:
    """One entry that a search found."""

    incident: Incident
    spans: tuple[tuple[int, int], ...]
    """Where in `incident.text` the words of the query stand."""
    event_id: str
    """Its first report, for a link."""
    room_id: str


def words_of(text_: str) -> list[str]:
    """What a text is found by: its words, their stems, and its numbers in figures."""
    plain = tokens(text_)
    found = dict.fromkeys(plain)
    found.update(dict.fromkeys(form for token in plain for form in _stems(token)))
    found.update(dict.fromkeys(digits(plain)))
    return [word for word in found if word]


def index(connection: Connection, number: int) -> None:
    """Bring the index up to date with an incident: call it whenever its words change, or are erased."""
    if connection.dialect.name != "sqlite":
        return
    connection.execute(delete(_words).where(_words.c.rowid == number))
    row = connection.execute(select(incidents).where(incidents.c.id == number)).first()
    if row is None:
        return
    incident = incident_of(row)
    texts = [incident.text, *(link.text for link in links(connection, number))]
    texts += [incident.analysis.title, incident.district or ""]
    texts += [place["name"] for place in incident.places if place["role"] == "scene"]
    words = list(dict.fromkeys(_safe(word) for one in texts for word in words_of(one)))
    marks = [_category_mark(incident.category), _month_mark(incident.opened_at)]
    connection.execute(insert(_words).values(rowid=number, words=" ".join([*words, *marks])))


def rebuild(connection: Connection) -> int:
    """Index everything anew (after a change of the stemmer); returns how many entries."""
    numbers = list(connection.scalars(select(incidents.c.id).order_by(incidents.c.id)))
    for number in numbers:
        index(connection, number)
    return len(numbers)


def search(
    connection: Connection,
    query: str,
    *,
    since: int | None = None,
    category: str | None = None,
    place: str | None = None,
    status: str | None = None,
    room_id: str | None = None,
    limit: int = 20,
    now: int | None = None,
) -> list[Hit]:
    """Entries with every word of `query`, newest first. An empty query finds all that the filters let through.

    `since` in milliseconds; `place` a district or words of a place's name. Never raises on any query.
    """
    groups = _groups(query)
    if place:
        groups += _groups(place)
    statement = select(incidents)
    if connection.dialect.name == "sqlite":
        clauses = [_either(group) for group in groups]
        if clauses or category:
            clauses += [_quoted(_category_mark(category))] if category else []
            months = _months(since, now) if since is not None and now is not None else []
            clauses += [_either(months)] if months else []
            statement = statement.join(_words, _words.c.rowid == incidents.c.id).where(
                text("incident_words MATCH :match").bindparams(match=" AND ".join(clauses))
            )
            # The index walks its rows backwards: with a limit it stops at the newest.
            statement = statement.order_by(_words.c.rowid.desc())
        else:
            statement = statement.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    else:
        for group in groups:
            statement = statement.where(
                or_(*(func.lower(incidents.c.text).contains(word, autoescape=True) for word in group))
            )
        statement = statement.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    statement = _filtered(statement, since, category, status, room_id).limit(max(0, min(limit, 10_000)))
    wanted = {word for group in groups for word in group}
    return [_hit(connection, incident_of(row), wanted) for row in connection.execute(statement)]


def highlights(text_: str, wanted: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Where the words stand in a text: by their form, their stem, or as part of a spoken number."""
    words = set(wanted)
    found = [(match.start(), match.end()) for match in _WORD.finditer(text_)]
    forms = [tokens(text_[start:end]) for start, end in found]
    spans = [
        span
        for span, own in zip(found, forms, strict=True)
        if any(token in words or words.intersection(_stems(token)) for token in own)
    ]
    # "satu satu sembilan": no word of it is the number, all together are
    plain = [own[0] if len(own) == 1 else "" for own in forms]
    for start in range(len(plain)):
        for end in range(start + 2, min(start + 8, len(plain)) + 1):
            run = digits(plain[start:end])
            if len(run) == 1 and run[0] in words:
                spans.append((found[start][0], found[end - 1][1]))
    return tuple(sorted(set(spans)))


def mark(text_: str, spans: Sequence[tuple[int, int]], before: str = "**", after: str = "**") -> str:
    """A text with marks around spans (overlapping ones become one)."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    for start, end in reversed(merged):
        text_ = text_[:start] + before + text_[start:end] + after + text_[end:]
    return text_


def _groups(query: str) -> list[list[str]]:
    """For each word of a query the forms that count as it."""
    return [list(dict.fromkeys((word, *_stems(word)))) for word in digits(tokens(query))[:MAX_WORDS] if word]


def _stems(word: str) -> list[str]:
    """The stem, and beside it the one whose first letter a prefix has swallowed ("mengejar" → "kejar")."""
    found = [stem(word)]
    if swallowed := _NASAL.match(word):
        found.append(stem(_SWALLOWED[swallowed.group(1)] + word[swallowed.end() :]))
    return found


def _either(words: Sequence[str]) -> str:
    return "(" + " OR ".join(_quoted(word) for word in words) + ")"


def _quoted(word: str) -> str:
    return f'"{_safe(word)}"'


def _safe(word: str) -> str:
    """A word as the engine keeps it whole: it disagrees with Python on what is a letter outside ASCII."""
    return word if re.fullmatch(r"[a-z0-9_]+", word) else "x_" + word.encode("utf-8", "surrogatepass").hex()


def _category_mark(category: str) -> str:
    return "k_" + re.sub(r"[^a-z0-9_]", "_", category.casefold())


def _month_mark(at: int) -> str:
    return f"m_{datetime.fromtimestamp(at / 1000, UTC):%Y%m}"


def _months(since: int, now: int) -> list[str]:
    month = datetime.fromtimestamp(max(0, since) / 1000, UTC).replace(day=1)
    end = datetime.fromtimestamp(max(since, now) / 1000, UTC)
    found: list[str] = []
    while (month.year, month.month) <= (end.year, end.month):
        found.append(f"m_{month:%Y%m}")
        if len(found) > MAX_MONTHS:
            return []
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return found


def _filtered(
    statement: Select[tuple[object, ...]],
    since: int | None,
    category: str | None,
    status: str | None,
    room_id: str | None,
) -> Select[tuple[object, ...]]:
    if since is not None:
        statement = statement.where(incidents.c.opened_at >= since)
    if category:
        statement = statement.where(incidents.c.category == category)
    if status:
        known = [str(one) for one in Status]
        statement = statement.where(incidents.c.status == (status if status in known else ""))
    if room_id:
        statement = statement.where(
            exists().where(
                incident_links.c.incident_id == incidents.c.id,
                transmissions.c.id == incident_links.c.transmission_id,
                transmissions.c.room_id == room_id,
            )
        )
    return statement


def _hit(connection: Connection, incident: Incident, wanted: set[str]) -> Hit:
    first = next(iter(links(connection, incident.id)), None)
    return Hit(
        incident,
        highlights(incident.text, wanted),
        first.event_id if first else "",
        first.room_id if first else incident.room_id,
    )
