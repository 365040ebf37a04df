"""The nightly purge and the people who write meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from casework_world import REPORTER
from handlers_world import NOW, OJOL, Event, Take, sent
from sqlalchemy import Connection, Engine, func, insert, select
from structlog.testing import capture_logs

from bot.handlers.desk import Desk
from bot.handlers.nightly import Nightly
from bot.store import heartbeats
from bot.store.database import Database
from bot.store.night import Night
from bot.store.tables import inbox

DAY = 86_400_000
OLD = NOW - 200 * DAY
MANY = 20_000


@pytest.fixture
def nightly(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Nightly:
    monkeypatch.setattr("bot.handlers.nightly.now_ms", lambda: NOW)
    return Nightly(database, lambda: desk)


@pytest.fixture
def old(engine: Engine) -> Engine:
    """Twenty thousand messages whose time is over."""
    with engine.begin() as connection:
        connection.execute(
            insert(inbox),
            [
                {
                    "event_id": f"$old{number}", "room_id": "!r", "sender": "@p:x", "kind": "text", "sent_at": OLD,
                    "received_at": OLD, "payload": {"body": "lama"}, "state": "done",
                }
                for number in range(MANY)
            ],
        )  # fmt: skip
    return engine


def texts(engine: Engine) -> int:
    """How many of the old messages still have their words."""
    with engine.connect() as connection:
        left = select(func.count()).where(inbox.c.payload.is_not(None), inbox.c.received_at == OLD)
        return connection.scalar(left) or 0


async def test_a_report_that_comes_during_the_night_is_answered_before_the_night_is_over(
    old: Engine, nightly: Nightly, take: Take, event: Event
) -> None:
    purging = asyncio.create_task(nightly.round())
    while texts(old) == MANY:  # it has begun
        await asyncio.sleep(0)
        assert not purging.done()
    await take(event("kecelakaan di desa Plelen, dua orang luka", room=OJOL, sender=REPORTER))
    assert [row for row in sent(old, OJOL) if row["key"].startswith("reply:")]
    assert not purging.done()
    assert texts(old) > 0
    assert await purging
    assert texts(old) == 0


async def test_once_a_night_and_not_before_its_hour(
    old: Engine, nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = NOW - NOW % DAY - 7 * 3_600_000 + DAY  # 00.00 WIB
    monkeypatch.setattr("bot.handlers.nightly.now_ms", lambda: midnight + 3_600_000)
    assert not await nightly.round()
    monkeypatch.setattr("bot.handlers.nightly.now_ms", lambda: midnight + 2 * 3_600_000)
    assert await nightly.round()
    assert not await nightly.round()
    monkeypatch.setattr("bot.handlers.nightly.now_ms", lambda: midnight + 26 * 3_600_000)
    assert await nightly.round()


async def test_what_fails_is_logged_and_the_rest_is_done_all_the_same(
    old: Engine, nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, failed = Night.go_on, []

    def fails_once(self: Night, connection: Connection) -> bool:
        if self.step == "outbox" and not failed:
            failed.append(self.step)
            raise RuntimeError("disk")
        return go_on(self, connection)

    monkeypatch.setattr(Night, "go_on", fails_once)
    with capture_logs() as logs:
        assert await nightly.round()
    assert texts(old) == 0
    assert [entry["step"] for entry in logs if entry["event"] == "retention.failed"] == ["outbox"]
    with old.connect() as connection:
        assert heartbeats.last(connection, "purge") is not None
