"""What commands share that look into the bot's database without disturbing the bot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Table, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.cli.exits import fail
from bot.config import Config

_PERIOD = re.compile(r"^(\d{1,5})\s*(m|h|d|w|menit|jam|hari|minggu)$")
_MILLISECONDS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_LONG_NAMES = {"menit": "m", "jam": "h", "hari": "d", "minggu": "w"}


def begin(since: str, settings: Config, now: int) -> int:
    """The beginning (milliseconds) of `--since`: a period before `now`, or a local date. Exits 2 for anything else."""
    if period := _PERIOD.match(since.strip().lower()):
        unit = _LONG_NAMES.get(period.group(2), period.group(2))
        return now - int(period.group(1)) * _MILLISECONDS[unit]
    try:
        day = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=settings.zone)
    except ValueError:
        fail(f"--since {since}: write 7d, 24h, 30m, 2w or a date like 2026-11-22")
    return int(day.timestamp() * 1000)


@contextmanager
def reading(settings: Config) -> Iterator[Connection]:
    """A connection that cannot write, so that a long read never holds up the bot. Exits 2 without a database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        if not Path(url.database).exists():
            fail(f"no database at {url.database}; start the bot once (`kentongan run`)")
        url = url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        fail(f"the database cannot be read ({error.orig}); bring its schema up to date: `kentongan db upgrade`")
    finally:
        engine.dispose()


@contextmanager
def look(settings: Config, needs: Table) -> Iterator[Connection | None]:
    """A connection that cannot write; `None` without a database, or with one from before that table.

    Raises nothing for a database that cannot be read: for these commands that is as good as none.
    """
    url = make_url(settings.database_url)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and not (url.database and Path(url.database).exists()):
        yield None
        return
    engine = create_engine(url, hide_parameters=True)
    if sqlite:
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    try:
        try:
            connection = engine.connect()
            there = inspect(connection).has_table(needs.name)
        except SQLAlchemyError:
            yield None
            return
        with connection:
            yield connection if there else None
    finally:
        engine.dispose()
