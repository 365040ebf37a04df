"""The nightly purge in short steps: bounded, resumable, and the same in the end as one long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import NOON, report

from bot.config import Retention
from bot.incidents.lifecycle import Status
from bot.store import incidents, retention
from bot.store.audit import Auditor
from bot.store.night import BATCH, Night
from bot.store.tables import conversations, inbox, notices, outbox
from bot.store.tables import incidents as log

AUDITOR = Auditor(b"k" * 32)
DAY = retention.DAY_MS
YEARS = NOON + 1200 * DAY
MANY = 20_000


def night(folder: Path) -> Night:
    return Night(AUDITOR, Retention(), folder, version="v", now=YEARS)


def changes(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT total_changes()")) or 0)


@pytest.fixture
def full(engine: Engine) -> Engine:
    """Twenty thousand old messages, as many answers, and thousands of the rest."""
    with engine.begin() as connection:
        connection.execute(
            insert(inbox),
            [
                {
                    "event_id": f"$e{number}", "room_id": "!r", "sender": f"@p{number % 3000}:x", "kind": "text",
                    "sent_at": NOON, "received_at": NOON, "payload": {"body": "banjir"}, "state": "done",
                }
                for number in range(MANY)
            ],
        )  # fmt: skip
        connection.execute(
            insert(outbox),
            [
                {
                    "key": f"privacy:@p{number}:x" if number < 3000 else f"k{number}", "txn_id": f"t{number}",
                    "room_id": "!r", "action": "event", "type": "m", "content": {"body": "x"}, "priority": 1,
                    "state": "sent", "created_at": NOON,
                }
                for number in range(MANY)
            ],
        )  # fmt: skip
        people = [f"@p{number}:x" for number in range(3000)]
        connection.execute(insert(notices), [{"user_id": one, "notice": "privacy", "at": NOON} for one in people])
        connection.execute(
            insert(conversations),
            [{"room_id": "!r", "user_id": one, "state": {"a": 1}, "updated_at": NOON} for one in people],
        )
        for number in range(120):
            made, _ = report(connection, number + 1, f"kebakaran rumah nomor {number} di Subah", at=NOON + number * DAY)
            incidents.change_status(
                connection, made, Status.SELESAI, actor="@p:x", reason=None, event_id=None, now=NOON + number
            )
    return engine


def test_no_step_of_a_night_holds_the_database_for_more_than_a_bounded_number_of_rows(
    full: Engine, tmp_path: Path
) -> None:
    work, most, steps = night(tmp_path), 0, 0
    while True:
        with full.begin() as connection:
            before = changes(connection)
            more = work.go_on(connection)
            most, steps = max(most, changes(connection) - before), steps + 1
        if not more:
            break
    assert steps > MANY // BATCH * 2
    assert most <= 4 * BATCH, "a step must stay short however much there is to do"
    assert work.erased.inbox == work.erased.outbox == MANY
    assert (work.erased.conversations, work.erased.incidents) == (3000, 120)
    with full.begin() as connection:
        left = select(func.count()).select_from(inbox).where(inbox.c.sender != "dihapus")
        assert connection.scalar(left) == 0
        assert connection.scalar(select(func.count()).select_from(notices)) == 0
        named = select(func.count()).select_from(outbox).where(outbox.c.key.like("privacy:@%"))
        assert connection.scalar(named) == 0
        assert connection.scalar(select(func.count()).select_from(log).where(log.c.text != "")) == 0
        again = night(tmp_path)
        while again.go_on(connection):
            pass
        assert not again.erased


def test_a_night_that_is_broken_off_goes_on_where_it_was(full: Engine, tmp_path: Path) -> None:
    first = night(tmp_path)
    for _ in range(30):
        with full.begin() as connection:
            assert first.go_on(connection)
    second = night(tmp_path)
    with full.begin() as connection:
        while second.go_on(connection):
            pass
    assert first.erased.inbox + second.erased.inbox == MANY
    assert first.erased.inbox > 0


def test_a_step_that_fails_leaves_the_others_to_be_done(full: Engine, tmp_path: Path) -> None:
    work = night(tmp_path)
    assert work.step == "inbox"
    work.skip()
    with full.begin() as connection:
        while work.go_on(connection):
            pass
    assert (work.erased.inbox, work.erased.outbox) == (0, MANY)
