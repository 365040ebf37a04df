"""Names and room ids: one room a name, and nothing that sync knows of a room is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, insert, select, update

from bot.store import rooms as store
from bot.store.tables import metadata, rooms


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_a_name_moves_to_the_room_that_replaced_it(connection):
    store.record(connection, "ojol", "!old", kind="channel", alias="#ojol:a", now=1)
    store.record(connection, "ojol", "!new", kind="channel", alias="#ojol:a", now=2)
    assert store.by_name(connection, "ojol").room_id == "!new"
    old = store.by_id(connection, "!old")
    assert (old.name, old.kind) == ("ojol", "channel"), "what was said in it is said in the channel"
    assert connection.scalar(select(rooms.c.kind).where(rooms.c.room_id == "!old")) == "former"
    store.record(connection, "ojol", "!newest", kind="channel", alias="#ojol:a", now=3)
    assert {store.by_id(connection, one).name for one in ("!old", "!new", "!newest")} == {"ojol"}
    assert store.named(connection)["ojol"].room_id == "!newest"


def test_the_operations_room_that_was_is_none_any_more(connection):
    store.record(connection, "kendali", "!old", kind="operations", alias=None, now=1)
    store.record(connection, "kendali", "!new", kind="operations", alias=None, now=2)
    assert store.by_id(connection, "!old").kind == "former"
    assert store.operations(connection) == "!new"
    store.record(connection, "kendali", "!old", kind="operations", alias=None, now=3)
    assert store.by_id(connection, "!old").kind == "operations", "it may come back"


def test_what_sync_knows_of_a_room_stays(connection):
    connection.execute(insert(rooms).values(room_id="!a", kind="other", last_event_id="$last", updated_at=0))
    store.record(connection, "ojol", "!a", kind="channel", alias="#ojol:a", now=2)
    assert connection.scalar(select(rooms.c.last_event_id).where(rooms.c.room_id == "!a")) == "$last"
    assert store.named(connection)["ojol"].kind == "channel"


def test_the_operations_room_is_the_named_one(connection):
    assert store.operations(connection) is None
    store.record(connection, "ruang-kendali", "!ops", kind="operations", alias=None, now=1)
    assert store.operations(connection) == "!ops"
    connection.execute(update(rooms).values(name=None))
    assert store.operations(connection) is None
