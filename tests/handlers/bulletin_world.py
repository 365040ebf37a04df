"""What the tests of the officers' hand on bulletins share: the clock, the card, an officer's messages."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from casework_world import deliver
from handlers_world import OPERATIONS, sent
from sqlalchemy import Engine

from bot.handlers import announcing, previewing
from bot.handlers.desk import Desk
from bot.store import bulletins

ZONE = ZoneInfo("Asia/Jakarta")
DAY = dt.date(2026, 12, 1)
CARD = f"preview:pagi:{DAY}"
BULLETIN = f"bulletin:pagi:{DAY}:!ojol"


def ms(time: str, day: dt.date = DAY) -> int:
    """ "07:00" of that day in Batang."""
    return round(dt.datetime.combine(day, dt.time.fromisoformat(time), ZONE).timestamp() * 1000)


class Duty:
    """The clock of the bot, and what it does by itself."""

    def __init__(self, engine: Engine, desk: Desk, monkeypatch: Any) -> None:
        self.engine, self.desk = engine, desk
        self.now = ms("06:45")
        monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: self.now)

    def at(self, time: str, day: dt.date = DAY, *, send: bool = True) -> None:
        """It is that time: cards are looked after, bulletins decided, and what waits is sent."""
        self.now = ms(time, day)
        with self.engine.begin() as connection:
            previewing.look(connection, self.desk, self.now)
            announcing.announce(connection, self.desk, self.now)
        if send:
            deliver(self.engine)
            with self.engine.begin() as connection:
                previewing.look(connection, self.desk, self.now)
            deliver(self.engine)

    def card(self, key: str = CARD) -> str:
        """What the card says now."""
        rows = [row for row in sent(self.engine, OPERATIONS) if row["key"] == key or f"{key}:edit:" in row["key"]]
        content = rows[-1]["content"]
        return str(content.get("m.new_content", content)["body"])

    def words(self, key: str = CARD) -> list[str]:
        """What was said below the card."""
        rows = sent(self.engine, OPERATIONS)
        return [row["content"]["body"] for row in rows if row["key"].startswith(f"{key}:word:")]

    def states(self, slot: str = "pagi", day: dt.date = DAY) -> dict[str, tuple[str, str | None]]:
        """Room id → (state, reason)."""
        with self.engine.begin() as connection:
            found = bulletins.states(connection, day.isoformat(), slot, self.now)
        return {one.room_id: (one.state, one.reason) for one in found}

    def body(self, key: str = BULLETIN) -> str:
        """What a bulletin says."""
        [row] = [row for row in sent(self.engine) if row["key"] == key]
        return str(row["content"]["body"])
