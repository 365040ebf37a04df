"""Acts of keeping order as rows: what holds, what is over, and numbers that are never given twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, insert

from bot.outgoing import Action, Outgoing
from bot.store import acts, outbox
from bot.store.tables import acts as table

JOKO, OJOL = "@joko:batang.test", "!ojol"


@pytest.fixture
def connection(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Connection:
    engine = empty_database(tmp_path / "kentongan.db")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def begin(connection: Connection, kind: str = "mute", until: int | None = 100, room: str | None = OJOL) -> int:
    return acts.start(
        connection, kind, JOKO, room_id=room, by="@ani:batang.test", reason=None, event_id="$order", now=10, until=until
    )


def test_what_holds_everywhere_holds_in_each_room(connection: Connection) -> None:
    number = begin(connection, room=None)
    assert [one.id for one in acts.in_force(connection, 50, kind="mute", room_id=OJOL)] == [number]
    assert acts.in_force(connection, 100, kind="mute") == []


def test_only_kinds_that_are_asked_for_are_due_and_only_once(connection: Connection) -> None:
    mute, other = begin(connection), begin(connection, "close")
    assert [one.id for one in acts.due(connection, 100, ["mute"])] == [mute]
    assert acts.end(connection, mute, acts.KENTONGAN, 100)
    assert not acts.end(connection, mute, acts.KENTONGAN, 101)
    assert [one.id for one in acts.due(connection, 100, ["mute", "close"])] == [other]


def test_a_number_is_never_given_twice_since_keys_outlive_rows(connection: Connection) -> None:
    first = begin(connection)
    connection.execute(delete(table))
    assert begin(connection) > first
    connection.execute(insert(table).values(kind="warn", target=JOKO, by="@a:b", since_at=1))


def test_a_refusal_is_told_until_it_is_settled(connection: Connection) -> None:
    outbox.append(connection, Outgoing("act:1:kick", OJOL, {"user_id": JOKO}, action=Action.KICK), 1)
    outbox.append(connection, Outgoing("reply:$x", OJOL, {}), 1)
    for row in outbox.pending(connection, 1):
        outbox.failed(connection, row.id, "403 M_FORBIDDEN", 2)
    assert acts.refused(connection) == [("act:1:kick", OJOL, "403 M_FORBIDDEN")]
    outbox.settle(connection, "act:1:kick")
    assert acts.refused(connection) == []
    assert outbox.standings(connection, ["reply:$x"])["reply:$x"][0] == "failed"
