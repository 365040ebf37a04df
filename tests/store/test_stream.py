from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.event import IncomingEvent, Kind
from bot.store import inbox, stream
from bot.store.database import connect
from bot.store.stream import Gap
from bot.store.tables import gaps, metadata, rooms, session


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    engine = connect(f"sqlite:///{tmp_path / 'db'}")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection


def test_a_new_device_goes_on_where_the_old_one_stopped(db: Connection) -> None:
    assert stream.sign_in(db, "@bot:b", "ONE", 1) is None
    stream.advance(db, "s5", 2)
    assert stream.sign_in(db, "@bot:b", "ONE", 3) == "s5"
    assert db.scalar(select(session.c.device_since_at)) == 1
    assert stream.sign_in(db, "@bot:b", "TWO", 4) == "s5"
    assert db.scalar(select(session.c.device_since_at)) == 4


def test_another_account_is_refused(db: Connection) -> None:
    stream.sign_in(db, "@bot:b", "ONE", 1)
    with pytest.raises(stream.OtherAccount, match="@other:b"):
        stream.sign_in(db, "@other:b", "ONE", 2)


def test_a_room_that_the_files_name_keeps_its_kind(db: Connection) -> None:
    db.execute(rooms.insert().values(room_id="!named", name="ojol", kind="channel", updated_at=0))
    stream.reached(db, "!named", "$1", direct=True, now=1)
    stream.reached(db, "!dm", "$2", direct=True, now=1)
    stream.reached(db, "!dm", "$3", direct=False, now=2)
    kinds = {row.room_id: row.kind for row in db.execute(select(rooms))}
    assert kinds == {"!named": "channel", "!dm": "other"}
    assert stream.newest(db) == {"!named": "$1", "!dm": "$3"}


def test_leaving_a_room_closes_its_gaps_and_forgets_where_we_were(db: Connection) -> None:
    stream.reached(db, "!r", "$1", direct=False, now=1)
    stream.open_gap(db, Gap("!r", "t1", "$1"), 2)
    stream.left(db, "!r", 3)
    assert stream.newest(db) == {}
    assert stream.open_gaps(db) == []
    assert stream.gap_counts(db) == {"lost": 1}


def test_a_gap_found_twice_is_one_row_and_closes_once(db: Connection) -> None:
    for _ in range(2):
        stream.open_gap(db, Gap("!r", "t1", "$1"), 2)
    (gap,) = stream.open_gaps(db)
    stream.close_gap(db, gap, 3, lost=None)
    stream.close_gap(db, Gap("!q", "t2", None), 3, lost="refused")
    assert stream.gap_counts(db) == {"filled": 1, "lost": 1}
    assert stream.forget_closed_gaps(db, 4) == 2
    assert db.execute(select(gaps)).all() == []


def test_a_flood_of_undecryptable_events_pushes_only_its_own_out(db: Connection) -> None:
    def event(sender: str, number: int) -> IncomingEvent:
        return IncomingEvent(f"${sender}{number}", "!r", sender, Kind.UNREADABLE, number)

    some = [event("flood", n) for n in range(5)] + [event("quiet", 0)]
    inbox.append(db, some, 1, waiting={e.event_id: (f"s{e.event_id}", {"event_id": e.event_id}) for e in some})
    assert stream.limit_waiting(db, {"flood": 5}, 2, 9) == 3
    assert stream.waiting_sessions(db) == {"s$flood3", "s$flood4", "s$quiet0"}
