from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.store.database import Database, connect, reading
from bot.store.tables import heartbeats, incident_links


def beat(connection: Connection, name: str) -> None:
    connection.execute(insert(heartbeats).values(name=name, at=1, done_for="x"))


def beats(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(heartbeats)) or 0


def test_a_database_file_is_made_for_durability_and_erasure(engine: Engine) -> None:
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


async def test_work_that_raises_leaves_nothing_behind(database: Database) -> None:
    def work(connection: Connection) -> None:
        beat(connection, "a")
        beat(connection, "b")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.run(work)
    assert await database.run(beats) == 0


async def test_work_that_breaks_a_key_leaves_nothing_behind(database: Database) -> None:
    def work(connection: Connection) -> None:
        beat(connection, "a")
        beat(connection, "a")

    with pytest.raises(IntegrityError):
        await database.run(work)
    assert await database.run(beats) == 0


async def test_work_runs_one_at_a_time_in_the_order_asked(database: Database) -> None:
    order: list[int] = []
    await asyncio.gather(*(database.run(lambda _, n=n: order.append(n)) for n in range(50)))
    assert order == list(range(50))


async def test_a_caller_that_goes_away_does_not_undo_its_transaction_halfway(database: Database) -> None:
    started, go = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        beat(connection, "a")
        started.set()
        go.wait(10)
        beat(connection, "b")

    task = asyncio.create_task(database.run(work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await database.run(beats) == 2


async def test_closing_waits_for_what_is_under_way(url: str, engine: Engine) -> None:
    database = Database(connect(url))
    started, go = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        started.set()
        go.wait(10)
        beat(connection, "a")

    task = asyncio.create_task(database.run(work))
    await asyncio.to_thread(started.wait, 10)
    closing = asyncio.create_task(asyncio.to_thread(database.close))
    go.set()
    await asyncio.gather(task, closing)
    with engine.connect() as connection:
        assert beats(connection) == 1


def test_two_writers_queue_instead_of_failing(engine: Engine, url: str) -> None:
    other = connect(url)
    first_in, finished = threading.Event(), threading.Event()

    def second() -> None:
        first_in.wait(10)
        with other.begin() as connection:
            assert beats(connection) == 1  # what the first one committed while we queued
            beat(connection, "second")
        finished.set()

    thread = threading.Thread(target=second)
    thread.start()
    with engine.begin() as connection:
        first_in.set()
        beat(connection, "first")
        assert not finished.wait(0.2)
    thread.join(30)
    assert finished.is_set()


def test_a_reader_sees_one_moment_and_keeps_no_writer_waiting(engine: Engine) -> None:
    with reading(engine) as reader:
        assert beats(reader) == 0
        with engine.begin() as writer:
            beat(writer, "a")
        assert beats(reader) == 0
    with reading(engine) as reader:
        assert beats(reader) == 1


def test_a_row_that_points_nowhere_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(
            insert(incident_links).values(incident_id=1, transmission_id=1, role="report", score=1, reasons=[], at=1)
        )


def test_another_program_can_read_while_the_bot_has_the_file_open(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        beat(connection, "a")
        with sqlite3.connect(tmp_path / "kentongan.db") as other:
            assert other.execute("SELECT count(*) FROM heartbeats").fetchone() == (0,)
        other.close()
