"""Officers hear until when the outbox is full, once, in one line that follows what is seen."""

from __future__ import annotations

from typing import Any

import pytest
from handlers_world import NOW, OPERATIONS, sent
from sqlalchemy import Engine, update

from bot.handlers import congestion
from bot.handlers.desk import Desk
from bot.outgoing import Outgoing
from bot.store import heartbeats, outbox
from bot.store.tables import outbox as rows

SECOND = 1000


class Homeserver:
    """Takes so many messages a second from the outbox, and allows a burst at first."""

    def __init__(self, engine: Engine, desk: Desk, *, pace: float = 0.2, burst: int = 10) -> None:
        self.engine, self.desk, self.pace, self.burst = engine, desk, pace, burst
        self.now, self._credit = NOW, float(burst)

    def fill(self, number: int) -> None:
        with self.engine.begin() as connection:
            for one in range(number):
                outbox.append(connection, Outgoing(f"bulletin:{self.now}:{one}", f"!r{one}"), self.now)

    def run(self, seconds: int) -> None:
        """Ten seconds at a time, as duties come round."""
        for _ in range(0, seconds, 10):
            self.now += 10 * SECOND
            self._credit += 10 * self.pace
            with self.engine.begin() as connection:
                for row in outbox.pending(connection, self.now)[: int(self._credit)]:
                    outbox.sent(connection, row.txn_id, f"${row.key}", self.now - SECOND)
                    self._credit -= 1
                congestion.look(connection, self.desk, self.now)

    def lines(self) -> list[dict[str, Any]]:
        return [row for row in sent(self.engine, OPERATIONS) if row["key"].startswith("congestion:")]


@pytest.fixture
def homeserver(engine: Engine, desk: Desk) -> Homeserver:
    return Homeserver(engine, desk)


def test_under_a_limit_the_officers_hear_until_when_and_when_it_is_over(homeserver: Homeserver) -> None:
    homeserver.fill(60)
    homeserver.run(60)
    [line] = homeserver.lines()
    assert "didahulukan" in line["content"]["body"]
    assert line["content"]["m.mentions"] == {}
    homeserver.run(600)
    edits = homeserver.lines()[1:]
    assert edits[-1]["content"]["m.relates_to"]["rel_type"] == "m.replace"
    assert "kembali normal" in edits[-1]["content"]["m.new_content"]["body"]
    assert len(edits) <= 3, "an edit takes a turn itself"
    homeserver.run(120)
    assert len(homeserver.lines()) == 1 + len(edits)


def test_the_line_names_the_time_at_which_it_will_be_over(homeserver: Homeserver) -> None:
    homeserver.fill(200)
    homeserver.run(60)
    with homeserver.engine.connect() as connection:
        number, _ = outbox.due(connection, homeserver.now)
    said = congestion._Said(*(int(part) for part in _written(homeserver).split("|")[:4]))
    true = homeserver.now + number / homeserver.pace * SECOND
    assert abs(said.until - true) < 0.3 * (true - homeserver.now)


def _written(homeserver: Homeserver) -> str:
    with homeserver.engine.connect() as connection:
        return str(heartbeats.last(connection, "outbox_congestion"))


def test_with_the_limit_lifted_two_hundred_rooms_are_no_news(homeserver: Homeserver) -> None:
    homeserver.pace = 10
    homeserver.fill(200)
    homeserver.run(120)
    assert homeserver.lines() == []


def test_an_outage_is_not_told_since_nobody_would_read_it(homeserver: Homeserver) -> None:
    homeserver.pace = homeserver._credit = 0
    homeserver.fill(200)
    homeserver.run(300)
    assert homeserver.lines() == []


def test_a_restart_tells_nothing_again(homeserver: Homeserver, engine: Engine, desk: Desk) -> None:
    homeserver.fill(100)
    homeserver.run(60)
    again = Homeserver(engine, desk, burst=0)
    again.now = homeserver.now
    again.run(30)
    assert len(again.lines()) == 1


def test_a_voice_that_is_not_spoken_yet_is_no_work(homeserver: Homeserver, engine: Engine) -> None:
    homeserver.fill(300)
    with engine.begin() as connection:
        connection.execute(update(rows).values(not_before=NOW * 2))
        assert outbox.due(connection, NOW) == (0, None)
