from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from bot.event import IncomingEvent, Kind, Media
from bot.store import inbox
from bot.store.inbox import LATEST, MAX_ATTEMPTS, storable
from bot.store.tables import inbox as table


def event(name: str, **fields: Any) -> IncomingEvent:
    return replace(IncomingEvent(f"${name}", "!room", "@warga:batang.test", Kind.TEXT, 1, body="halo"), **fields)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"x": value}
    return value


def test_an_event_delivered_twice_is_one_row(engine: Engine) -> None:
    with engine.begin() as connection:
        assert inbox.append(connection, [event("a"), event("b"), event("a", body="again")], 1) == 2
    with engine.begin() as connection:
        assert inbox.append(connection, [event("b"), event("c")], 2) == 1
        assert [row.event.event_id for row in inbox.pending(connection)] == ["$a", "$b", "$c"]
        assert inbox.pending(connection)[0].event == event("a")


def test_rows_wait_in_the_order_of_their_arrival(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event(str(number), sent_at=100 - number) for number in range(60)], 1)
        assert [row.event.event_id for row in inbox.pending(connection)] == [f"${n}" for n in range(50)]
        assert len(inbox.pending(connection, limit=3)) == 3


def test_a_handled_row_waits_no_more(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("a"), event("b")], 1)
        inbox.done(connection, inbox.pending(connection)[0].id, 5)
        assert [row.event.event_id for row in inbox.pending(connection)] == ["$b"]
        assert connection.execute(select(table.c.state, table.c.handled_at)).first() == ("done", 5)


def test_a_handler_that_fails_every_time_gives_the_row_up_after_its_tries(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("a"), event("b")], 1)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            row = inbox.pending(connection)[0]
            assert row.event.event_id == "$a"
            assert inbox.failed(connection, row, "boom " * 1000, 9) == (attempt == MAX_ATTEMPTS)
        assert [row.event.event_id for row in inbox.pending(connection)] == ["$b"]
        state, attempts, error = (
            connection.execute(select(table.c.state, table.c.attempts, table.c.error)).first() or ()
        )
        assert (state, attempts, len(error)) == ("failed", MAX_ATTEMPTS, 2000)


def test_what_a_transaction_did_not_commit_was_not_received(engine: Engine) -> None:
    def sync() -> None:
        with engine.begin() as connection:
            inbox.append(connection, [event("a")], 1)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        sync()
    with engine.begin() as connection:
        assert inbox.known(connection, ["$a"]) == set()


def test_known_answers_for_more_events_than_a_statement_may_have_parameters(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("7"), event("39999")], 1)
        assert inbox.known(connection, (f"${number}" for number in range(40_000))) == {"$7", "$39999"}
        assert inbox.known(connection, []) == set()


# ── waiting for keys ────────────────────────────────────────────────────────────────────────────────────


def test_an_undecryptable_event_waits_and_goes_to_its_handler_when_its_key_comes(engine: Engine) -> None:
    raw = {"event_id": "$a", "content": {"ciphertext": "x"}}
    with engine.begin() as connection:
        unreadable = event("a", kind=Kind.UNREADABLE, body="")
        inbox.append(connection, [unreadable, event("b")], 1, waiting={"$a": ("session", raw)})
        assert [row.event.event_id for row in inbox.pending(connection)] == ["$b"]
        assert inbox.waiting_for(connection, "session") == [raw]
        assert inbox.waiting_for(connection, "another") == []
        inbox.recovered(connection, event("a", body="terbaca"))
        assert [row.event.body for row in inbox.pending(connection)] == ["terbaca", "halo"]
        assert inbox.waiting_for(connection, "session") == []
        inbox.recovered(connection, event("a", body="a second time"))
        assert inbox.pending(connection)[0].event.body == "terbaca"


def test_a_waiting_sender_is_told_once(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("a")], 10, waiting={"$a": ("s", {"x": 1})})
        assert inbox.overdue(connection, before=10) == []
        assert inbox.overdue(connection, before=11) == [("$a", "!room", "@warga:batang.test")]
        inbox.told(connection, "$a", 12)
        assert inbox.overdue(connection, before=99) == []
        assert inbox.waiting_for(connection, "s") == [{"x": 1}]


def test_an_event_is_read_back_and_an_erased_one_is_none(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("a")], 1)
        assert inbox.event(connection, "$a") == event("a")
        connection.execute(update(table).values(payload=None))
        assert inbox.event(connection, "$a") is None
        assert connection.scalar(select(func.count()).where(table.c.payload.is_(None))) == 1
        assert inbox.event(connection, "$unknown") is None


# ── what strangers send ─────────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    event("a", body="half \ud83d surrogate"),
    event("a", body="nul \0 byte"),
    event("a", content={"k\udc00": ["\ud800", {"deep\0": "\0"}]}),
    event("a", content={"number": 2**80, "inf": float("inf"), "nan": float("nan")}),
    event("a", sent_at=2**70),
    event("a", sent_at=-5),
    event("a", content=nested(300)),
    event("a", content=nested(5000)),
    event("a", media=Media("mxc://a/b", file=nested(5000))),
    event("a", device_id="\ud800", state_key="\0", thread_root="\udfff"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_a_stranger_sends_is_stored_and_keeps_nobody_waiting(engine: Engine, hostile: IncomingEvent) -> None:
    with engine.begin() as connection:
        assert inbox.append(connection, [event("0"), hostile, event("z")], 1) == 3
        rows = inbox.pending(connection)
        assert [row.event.event_id for row in rows] == ["$0", "$a", "$z"]
        rows[1].event.body.encode()
        assert rows[1].event.when.year <= 9999
        json.dumps(rows[1].event.content, allow_nan=False)


@pytest.mark.parametrize(
    ("session", "raw"),
    [("\ud800", {"a": "\0"}), (["list"], {"a": 1}), (None, {"a": 1}), ("s", nested(5000))],
)
def test_a_waiting_event_with_a_hostile_session_is_stored_too(
    engine: Engine, session: Any, raw: dict[str, Any]
) -> None:
    with engine.begin() as connection:
        assert inbox.append(connection, [event("a"), event("b")], 1, waiting={"$a": (session, raw)}) == 2


def test_a_recovered_event_may_be_hostile_too(engine: Engine) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event("a")], 1, waiting={"$a": ("s", {"x": 1})})
        inbox.recovered(connection, event("a", body="\ud800", content=nested(5000)))
        assert inbox.pending(connection)[0].event.kind is Kind.UNREADABLE


def test_content_nested_too_deep_counts_as_unreadable_and_keeps_its_sender() -> None:
    kept, _ = storable(event("a", content=nested(5000)))
    assert (kept.kind, kept.content, kept.sender) == (Kind.UNREADABLE, {}, "@warga:batang.test")


@given(body=st.text(st.characters(exclude_categories=()), max_size=50), at=st.integers())
def test_a_stored_event_is_what_its_row_says(body: str, at: int) -> None:
    kept, payload = storable(event("a", body=body, sent_at=at))
    assert IncomingEvent.from_json(json.loads(json.dumps(payload))) == kept
    assert 0 <= kept.sent_at <= LATEST
    assert kept.body.encode().count(b"\0") == 0


WRITER = """
import sys
from bot.event import IncomingEvent, Kind
from bot.store import inbox
from bot.store.database import connect
engine = connect(sys.argv[1])
added = 0
for number in range(100):
    with engine.begin() as connection:
        added += inbox.append(connection, [IncomingEvent(f"${number}", "!r", "@a:b", Kind.TEXT, 1)], 1)
print(added)
"""


def test_two_processes_that_store_the_same_events_store_each_once(engine: Engine, url: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    added = [int(writer.communicate(timeout=120)[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sum(added) == 100
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(table)) == 100
