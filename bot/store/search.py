"""Full-text search over the incident log.

Every word of a query must be found, as written or by its stem; numbers are found however they were spoken. A query
is taken apart into plain words before the engine sees it: there is no query language that a crafted one could break.
What the words are is decided in `bot.store.indexing`; how a query in plain language is read, in
`bot.incidents.inquiry`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, exists, func, or_, select, text

from bot.incidents.inquiry import Inquiry
from bot.incidents.lifecycle import Status
from bot.incidents.nearnames import NearNames
from bot.language.mask import mask
from bot.language.neighbourhood import neighbourhoods
from bot.language.neighbourhood import words as spelled
from bot.language.numbers import digits
from bot.language.tokens import tokens
from bot.store.incidents import Incident, incident_of
from bot.store.indexing import WORDS, category_mark, quoted, stems_of
from bot.store.indexing import index as index
from bot.store.indexing import rebuild as rebuild
from bot.store.indexing import words_of as words_of
from bot.store.tables import incident_links, incidents, transmissions

MAX_WORDS = 16
"""Words of a query that are looked at."""
MAX_LETTERS = 2_000
"""Characters of a query that are looked at."""
MAX_MONTHS = 24
"""Longer periods are narrowed by time alone."""
SCANNED_MS = 62 * 86_400_000
"""Up to this length a period is narrowed by the number of its first entry, which costs one look along its days."""
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
    words: frozenset[str] = frozenset()
    """What was looked for, in every form that counts."""

    def shown(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The text without personal numbers, and where the words stand in it: a mark never shelters a number."""
        text_ = mask(self.incident.text)
        return text_, highlights(text_, self.words)


@dataclass(frozen=True)
class Found:
    """What a search found, and for which words of the query it took a name of a place instead."""

    hits: tuple[Hit, ...]
    read_as: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Filters:
    """What entries must have beside the words. Times in milliseconds: from `since` on, before `until`."""

    since: int | None = None
    until: int | None = None
    category: str | None = None
    status: str | None = None
    room_id: str | None = None


def search(
    connection: Connection,
    query: str,
    *,
    since: int | None = None,
    until: int | None = None,
    category: str | None = None,
    place: str | None = None,
    status: str | None = None,
    room_id: str | None = None,
    limit: int = 20,
    now: int | None = None,
) -> list[Hit]:
    """Entries with every word of `query`, newest first. An empty query finds all that the filters let through.

    `place` is a district or words of a place's name. Never raises on any query.
    """
    filters = Filters(since, until, category, status, room_id)
    return list(find(connection, query, place=place, filters=filters, limit=limit, now=now).hits)


def find(
    connection: Connection,
    query: str,
    *,
    place: str | None = None,
    filters: Filters = Filters(),
    names: NearNames | None = None,
    limit: int = 20,
    now: int | None = None,
) -> Found:
    """The same; with `names`, a word that leads nowhere is read as the name of a place that it is near to.

    A word that the log does not know at all is read so at once, any other only when nothing fits the query as it
    stands: "subuh" is the hour before it is a misspelt Subah.
    """
    groups = _groups(query) + _groups(place or "")
    unknown = {word: near for word, near in _near(groups, names).items() if not _known(connection, groups, word)}
    widened = _widened(groups, unknown)
    hits = _find(connection, widened, filters, limit, now)
    if not hits and len(near := _near(groups, names)) > len(unknown):
        unknown, widened = near, _widened(groups, near)
        hits = _find(connection, widened, filters, limit, now)
    return Found(hits, unknown if hits else {})


def ask(
    connection: Connection,
    inquiry: Inquiry,
    *,
    names: NearNames | None = None,
    room_id: str | None = None,
    limit: int = 20,
    now: int,
) -> Found:
    """What an officer's line asks for; `room_id` is the room that its channel's name stands for."""
    if inquiry.number is not None:
        row = connection.execute(select(incidents).where(incidents.c.id == inquiry.number)).first()
        return Found(_hits(connection, [incident_of(row)] if row else [], set(words_of(inquiry.words))))
    since, until = (round(at.timestamp() * 1000) if at is not None else None for at in (inquiry.since, inquiry.until))
    filters = Filters(since, until, inquiry.category, str(inquiry.status) if inquiry.status else None, room_id)
    return find(connection, inquiry.words, place=inquiry.place, filters=filters, names=names, limit=limit, now=now)


def highlights(text_: str, wanted: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Where the words stand in a text: by their form, their stem, or as part of a spoken number."""
    words = set(wanted)
    found = [(match.start(), match.end()) for match in _WORD.finditer(text_)]
    forms = [tokens(text_[start:end]) for start, end in found]
    spans = [
        span
        for span, own in zip(found, forms, strict=True)
        if any(token in words or words.intersection(stems_of(token)) for token in own)
    ]
    if not any(word.isdigit() for word in words):
        return tuple(sorted(set(spans)))
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
    query = query[:MAX_LETTERS]
    # "RT 03/RW 02" is looked for as "rt 3 rw 2", which every spelling of it is found by.
    words = spelled(query)[:MAX_WORDS] if neighbourhoods(query) else digits(tokens(query))[:MAX_WORDS]
    return [list(dict.fromkeys((word, *stems_of(word)))) for word in words if word]


def _near(groups: Iterable[Sequence[str]], names: NearNames | None) -> dict[str, tuple[str, ...]]:
    return {group[0]: near for group in groups if (near := names.near(group[0]))} if names is not None else {}


def _widened(groups: Iterable[Sequence[str]], near: dict[str, tuple[str, ...]]) -> list[list[str]]:
    return [list(dict.fromkeys((*group, *near.get(group[0], ())))) for group in groups]


def _known(connection: Connection, groups: Sequence[Sequence[str]], word: str) -> bool:
    group = next(group for group in groups if group[0] == word)
    if connection.dialect.name != "sqlite":
        return True
    return connection.execute(_matching(select(WORDS.c.rowid), _either(group)).limit(1)).first() is not None


def _find(
    connection: Connection, groups: Sequence[Sequence[str]], filters: Filters, limit: int, now: int | None
) -> tuple[Hit, ...]:
    statement = select(incidents)
    if connection.dialect.name == "sqlite" and (groups or filters.category):
        # CROSS JOIN order: the index first, and with a limit it stops at the newest.
        statement = statement.join(WORDS, WORDS.c.rowid == incidents.c.id)
        statement = _matching(statement, _match(groups, filters, now)).order_by(WORDS.c.rowid.desc())
        first = _first_since(connection, filters, now)
        if first is not None:
            statement = statement.where(WORDS.c.rowid >= first)
    else:
        for group in groups:
            statement = statement.where(
                or_(*(func.lower(incidents.c.text).contains(word, autoescape=True) for word in group))
            )
        statement = statement.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    statement = _filtered(statement, filters).limit(max(0, min(limit, 10_000)))
    wanted = {word for group in groups for word in group}
    return _hits(connection, [incident_of(row) for row in connection.execute(statement)], wanted)


def _match(groups: Sequence[Sequence[str]], filters: Filters, now: int | None) -> str:
    clauses = [_either(group) for group in groups]
    clauses += [quoted(category_mark(filters.category))] if filters.category else []
    months = _months(filters.since, now) if filters.since is not None and now is not None else []
    clauses += [_either(months)] if months else []
    return " AND ".join(clauses)


def _matching(statement: Select[tuple[object, ...]], match: str) -> Select[tuple[object, ...]]:
    return statement.where(text("incident_words MATCH :match").bindparams(match=match))


def _first_since(connection: Connection, filters: Filters, now: int | None) -> int | None:
    """The lowest number of an entry of a short period: numbers grow with time, but for reports that came late."""
    if filters.since is None or now is None or now - filters.since > SCANNED_MS:
        return None
    # "+ 0": without it SQLite walks all entries from the first on instead of the period's own in the index of times.
    first = connection.scalar(select(func.min(incidents.c.id + 0)).where(incidents.c.opened_at >= filters.since))
    return 0 if first is None else int(first)


def _either(words: Sequence[str]) -> str:
    return "(" + " OR ".join(quoted(word) for word in words) + ")"


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


def _filtered(statement: Select[tuple[object, ...]], filters: Filters) -> Select[tuple[object, ...]]:
    if filters.since is not None:
        statement = statement.where(incidents.c.opened_at >= filters.since)
    if filters.until is not None:
        statement = statement.where(incidents.c.opened_at < filters.until)
    if filters.category:
        statement = statement.where(incidents.c.category == filters.category)
    if filters.status:
        known = [str(one) for one in Status]
        statement = statement.where(incidents.c.status == (filters.status if filters.status in known else ""))
    if filters.room_id:
        statement = statement.where(
            exists().where(
                incident_links.c.incident_id == incidents.c.id,
                transmissions.c.id == incident_links.c.transmission_id,
                transmissions.c.room_id == filters.room_id,
            )
        )
    return statement


def _hits(connection: Connection, found: Sequence[Incident], wanted: set[str]) -> tuple[Hit, ...]:
    rows = connection.execute(
        select(incident_links.c.incident_id, transmissions.c.event_id, transmissions.c.room_id)
        .join(transmissions, transmissions.c.id == incident_links.c.transmission_id)
        .where(incident_links.c.incident_id.in_([incident.id for incident in found]))
        .order_by(transmissions.c.sent_at.desc(), transmissions.c.id.desc())
    )
    first = {row.incident_id: (row.event_id, row.room_id) for row in rows}  # the last one written is the first sent
    return tuple(
        Hit(one, highlights(one.text, wanted), *first.get(one.id, ("", one.room_id)), frozenset(wanted))
        for one in found
    )
