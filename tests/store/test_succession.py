"""What stands in a room goes on in the one that takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from bot.outgoing import Action, Outgoing
from bot.store import acts, complaints, guard, outbox, rooms, sanctions, tables

JOKO, ANI = "@joko:batang.test", "@ani:batang.test"
OLD, NEW = "!lama", "!baru"


@pytest.fixture
def connection(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Iterator[Connection]:
    engine = empty_database(tmp_path / "kentongan.db")
    with engine.begin() as connection:
        rooms.record(connection, "ojol", OLD, kind="channel", alias=None, now=1)
        yield connection
    engine.dispose()


def upgrade(connection: Connection) -> None:
    rooms.record(connection, "ojol", NEW, kind="channel", alias=None, now=20)


def begin(connection: Connection, kind: str, target: str = JOKO) -> int:
    return acts.start(connection, kind, target, room_id=OLD, by=ANI, reason=None, event_id="$order", now=10, until=100)


def where(connection: Connection) -> dict[str, str]:
    return {row.key: row.room_id for row in connection.execute(select(tables.outbox.c.key, tables.outbox.c.room_id))}


def test_acts_that_hold_go_on_in_the_new_room_and_end_there(connection: Connection) -> None:
    mute, over = begin(connection, "mute"), begin(connection, "ban")
    begin(connection, "lock", "")
    begin(connection, "server_ban", "spam.example")
    acts.end(connection, over, ANI, 15)
    upgrade(connection)
    held = sanctions.held(connection)["ojol"]
    assert (held.locked, held.banned_servers, list(held.muted)) == (True, {"spam.example"}, [JOKO])
    [due] = acts.due(connection, 200, ["mute"])
    assert (due.id, due.room_id) == (mute, NEW)
    ended = acts.get(connection, over)
    assert ended is not None
    assert ended.room_id == OLD, "what is over stays as it was"


def test_strikes_and_switched_protections_go_on_and_the_later_word_counts(connection: Connection) -> None:
    guard.strike(connection, "flood", room_id=OLD, user_id=JOKO, event_id="$a", at=10)
    guard.switch(connection, OLD, "flood", on=False, by=ANI, now=10)
    guard.switch(connection, OLD, "links", on=False, by=ANI, now=10)
    guard.switch(connection, NEW, "links", on=True, by=ANI, now=15)
    upgrade(connection)
    assert [one.room_id for one in guard.strikes_of(connection, JOKO, since=0)] == [NEW]
    assert {name: one.on for name, one in guard.switches(connection, NEW, 30).items()} == {
        "flood": False,
        "links": True,
    }
    assert guard.switches(connection, OLD, 30) == {}


def test_what_waits_for_the_room_goes_to_the_new_one_and_what_answers_a_message_stays_beside_it(
    connection: Connection,
) -> None:
    waiting = [
        Outgoing("act:1:mute", OLD, {"merge": {}}, action=Action.STATE, type="m.room.power_levels"),
        Outgoing("act:2:ban", OLD, {"user_id": JOKO}, action=Action.BAN),
        Outgoing("bulletin:1", OLD, {"body": "Kabar pagi"}),
        Outgoing("reply:$a", OLD, {"body": "Tercatat", "m.relates_to": {"event_id": "$a"}}),
        Outgoing("sweep:$a", OLD, {"event_id": "$a"}, action=Action.REDACTION),
    ]
    sent = Outgoing("act:3:kick", OLD, {"user_id": JOKO}, action=Action.KICK)
    for one in (*waiting, sent):
        outbox.append(connection, one, 10)
    outbox.sent(connection, sent.txn_id, None, 11)
    upgrade(connection)
    assert where(connection) == {
        "act:1:mute": NEW, "act:2:ban": NEW, "bulletin:1": NEW,
        "reply:$a": OLD, "sweep:$a": OLD, "act:3:kick": OLD,
    }  # fmt: skip


def test_a_complaint_stays_where_its_message_stands(connection: Connection) -> None:
    complaint = complaints.about(connection, "$a", room_id=OLD, user_id=JOKO, now=10)
    upgrade(connection)
    found = complaints.get(connection, complaint.id)
    assert found is not None
    assert found.room_id == OLD, "its link and the redaction lead there"
