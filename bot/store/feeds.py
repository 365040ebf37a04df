"""What sources outside the house last said: one row each, its last good answer kept when a later try fails."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, false, or_, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import feeds


@dataclass(frozen=True)
class Feed:
    """A source as it is stored. Times are milliseconds since the epoch."""

    name: str
    url: str
    raw: bytes | None
    """Its last good answer, as it came."""
    fetched_at: int | None
    """When the source last confirmed that answer."""
    etag: str | None
    modified: str | None
    error: str | None
    """Our own words on the last try, when that failed."""
    tried_at: int


def known(connection: Connection) -> dict[str, Feed]:
    """Every source that was ever asked, by its name."""
    return {row.name: Feed(**row._mapping) for row in connection.execute(select(feeds).order_by(feeds.c.name))}


def confirm(
    connection: Connection,
    name: str,
    url: str,
    raw: bytes | None,
    now: int,
    *,
    etag: str | None = None,
    modified: str | None = None,
) -> None:
    """A good answer; `raw` is `None` when the source said that nothing has changed."""
    values: dict[str, object] = {"fetched_at": now, "tried_at": now, "etag": etag, "modified": modified, "error": None}
    if raw is not None:
        values["raw"] = raw
    _write(connection, name, url, values)


def fail(connection: Connection, name: str, url: str, error: str, now: int) -> None:
    """A try that failed; what was known stays, with its age."""
    _write(connection, name, url, {"error": error, "tried_at": now})


def _write(connection: Connection, name: str, url: str, values: dict[str, object]) -> None:
    if insert_or_ignore(connection, feeds, {"name": name, "url": url, **values}):
        return
    # Another address is another source: its predecessor's answer and marks say nothing about it.
    forgotten = {"raw": None, "fetched_at": None, "etag": None, "modified": None}
    connection.execute(update(feeds).where(feeds.c.name == name, feeds.c.url != url).values(url=url, **forgotten))
    connection.execute(update(feeds).where(feeds.c.name == name).values(**values))


def keep(connection: Connection, names: Collection[str], lists: Collection[str] = ()) -> None:
    """Forget every source but these, and but those whose names begin with one of `lists`."""
    within = [feeds.c.name.startswith(beginning, autoescape=True) for beginning in lists]
    connection.execute(delete(feeds).where(feeds.c.name.not_in(list(names)), ~or_(false(), *within)))


def keep_entries(connection: Connection, beginning: str, names: Collection[str]) -> None:
    """Forget a list's alerts that it names no longer."""
    connection.execute(
        delete(feeds).where(feeds.c.name.startswith(beginning, autoescape=True), feeds.c.name.not_in(list(names)))
    )
