"""What stands in a room goes on in the one that takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from bot.outgoing import REFERENCE, Action, Outgoing
from bot.store import (
    acts,
    bulletins,
    complaints,
    guard,
    outbox,
    recitations,
    rooms,
    sanctions,
    tables,
    unsent,
    warnings,
)  # fmt: skip

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


PAGI = bulletins.Entry("pagi", "2026-12-01", OLD, 7, {}, "v1", tip="kunci", not_after=45)


def decide(connection: Connection, entry: bulletins.Entry = PAGI, *, voice: bool = False) -> Outgoing:
    outgoing = Outgoing(entry.outbox_key, entry.room_id, {"body": "Kabar pagi"}, not_after=9)
    bulletins.record(connection, entry, outgoing, 7)
    if voice:
        recitations.ask(connection, entry.slot, entry.date, entry.room_id, "Buletin Pagi", "Kabar pagi", 7)
    return outgoing


def test_a_channel_has_each_bulletin_once_however_often_its_room_is_upgraded(connection: Connection) -> None:
    decide(connection)
    upgrade(connection)
    assert ("pagi", "2026-12-01", NEW) in bulletins.decided(connection, "2026-12-01", 20)
    assert not bulletins.record(connection, replace(PAGI, room_id=NEW), None, 20)
    assert bulletins.told_tips(connection, NEW) == {"kunci": 7}


def test_a_slot_that_comes_while_the_room_is_changed_is_the_channels(connection: Connection) -> None:
    bulletins.watched(connection, [("pagi", OLD)], 5, since=3)
    upgrade(connection)
    assert bulletins.watched(connection, [("pagi", NEW)], 50, since=48) == {("pagi", NEW): 3}
    rooms.record(connection, "ojol", "!ketiga", kind="channel", alias=None, now=30)
    assert bulletins.watched(connection, [("pagi", "!ketiga")], 50, since=48) == {("pagi", "!ketiga"): 3}


def test_a_bulletin_that_waits_goes_to_the_new_room_as_the_same_transaction(connection: Connection) -> None:
    outgoing = decide(connection, voice=True)
    upgrade(connection)
    new = replace(PAGI, room_id=NEW)
    assert where(connection) == {new.outbox_key: NEW, f"bulletin-voice:pagi:2026-12-01:{NEW}": NEW}
    [row] = outbox.heads(connection, 8)
    assert row.txn_id == outgoing.txn_id
    assert unsent.withdraw(connection, 10, "undelivered", 45)
    again = Outgoing(new.outbox_key, NEW, {"body": "Kabar pagi, terlambat"})
    assert bulletins.record(connection, new, again, 50, revise_skips=True)
    assert [row.txn_id for row in outbox.heads(connection, 50)] == [outgoing.txn_id]


def test_the_voice_of_a_bulletin_stays_where_its_text_stands(connection: Connection) -> None:
    outbox.sent(connection, decide(connection, voice=True).txn_id, "$pagi", 8)
    upgrade(connection)
    assert set(where(connection).values()) == {OLD}
    assert [one.text for one in recitations.waiting(connection)] == ["Kabar pagi"]


def test_a_room_that_has_had_a_slot_by_itself_does_not_get_it_again(connection: Connection) -> None:
    """Two channels change rooms: what stands in the new one is no second bulletin there."""
    decide(connection)
    decide(connection, replace(PAGI, room_id=NEW))
    for room in (OLD, NEW):
        outbox.append(connection, Outgoing(warnings.key(1, room), room, {"body": "Hujan lebat"}), 7)
    bulletins.watched(connection, [("pagi", OLD), ("pagi", NEW)], 5, since=3)
    upgrade(connection)
    assert where(connection) == {
        PAGI.outbox_key: OLD, replace(PAGI, room_id=NEW).outbox_key: NEW,
        warnings.key(1, OLD): OLD, warnings.key(1, NEW): NEW,
    }  # fmt: skip
    assert bulletins.watched(connection, [("pagi", NEW)], 50, since=48) == {("pagi", NEW): 3}


def test_a_warning_that_waits_is_said_in_the_new_room_and_answers_nothing_that_stands_in_the_old_one(
    connection: Connection,
) -> None:
    first = Outgoing(warnings.key(1, OLD), OLD, {"body": "Hujan lebat"})
    update = {"body": "Diperbarui", "m.relates_to": {"m.in_reply_to": {"event_id": REFERENCE + first.key}}}
    edit = {"body": "* x", "m.relates_to": {"rel_type": "m.replace", "event_id": REFERENCE + first.key}}
    outbox.append(connection, first, 10)
    outbox.sent(connection, first.txn_id, "$first", 11)
    outbox.append(connection, Outgoing(warnings.key(2, OLD), OLD, update), 12)
    outbox.append(connection, Outgoing(f"warning-edit:2:1:{OLD}", OLD, edit), 12)
    upgrade(connection)
    assert where(connection) == {first.key: OLD, warnings.key(2, NEW): NEW, f"warning-edit:2:1:{OLD}": OLD}
    assert outbox.content(connection, warnings.key(2, NEW)) == {"body": "Diperbarui"}
    assert warnings.rooms_of(connection, 2) == {NEW: "queued"}, "a newer one finds it there"
