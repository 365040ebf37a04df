"""A schedule on a real database file, for tests that restart it and move its clock."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from bot.bulletins.announce import Announced, Announcer
from bot.bulletins.due import Target
from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Bulletins
from bot.bulletins.spoken import Spoken
from bot.bulletins.waiting import renew
from bot.store import outbox as store
from bot.store import rewording
from bot.store.database import connect
from bot.store.tables import bulletins, metadata, outbox

SHIPPED = Path(__file__).parents[2] / "rooms"
ZONE = ZoneInfo("Asia/Jakarta")
GRACE = dt.timedelta(minutes=45)
SLOTS = ("pagi", "sore", "malam")


def at(text: str) -> dt.datetime:
    """ "2026-03-01 07:00" in Batang."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def target(name: str = "ojol", slots: tuple[str, ...] = SLOTS) -> Target:
    return Target(name, f"!{name}", name.title(), slots)


@dataclass
class Stood:
    """A message that stands in a room."""

    key: str
    content: dict[str, Any]
    at: dt.datetime
    heard: bool


class Homeserver:
    """Takes what the station's outbox lets go; it drops a transaction that it knows."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.rooms: dict[str, Stood] = {}
        """By transaction id."""

    def take(self, moment: dt.datetime, *, deaf: bool = False) -> list[str]:
        """Everything that may be sent then; `deaf`: its answers get lost. The keys that were tried."""
        tried = []
        with self.station.engine.begin() as connection:
            for row in store.heads(connection, ms(moment)):
                tried.append(row.key)
                stood = self.rooms.setdefault(row.txn_id, Stood(row.key, row.content, moment, heard=False))
                if deaf:
                    store.postponed(connection, row.id, "TimeoutError", 0)
                else:
                    stood.heard = store.sent(connection, row.txn_id, f"${row.txn_id}", ms(moment)) or stood.heard
        return tried

    def sync(self, moment: dt.datetime) -> None:
        """The station hears what stands in the rooms."""
        with self.station.engine.begin() as connection:
            for txn_id, stood in self.rooms.items():
                store.sent(connection, txn_id, f"${txn_id}", ms(moment))
                rewording.stands(connection, txn_id, stood.content)
                stood.heard = True

    def keys(self) -> Counter[str]:
        return Counter(stood.key for stood in self.rooms.values())


class Station:
    """A database that survives restarts."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'kentongan.db'}"
        self.engine: Engine = connect(self.url)
        metadata.create_all(self.engine)
        self.content: Bulletins = load_bulletins(SHIPPED)
        self.targets = [target()]
        self.zone = ZONE
        self.reading: Spoken | None = None

    def restart(self) -> None:
        self.engine.dispose()
        self.engine = connect(self.url)

    @property
    def announcer(self) -> Announcer:
        return Announcer(self.content, self.targets, self.zone, GRACE, "v1", reading=self.reading)

    def tick(self, moment: dt.datetime) -> list[Announced]:
        with self.engine.begin() as connection:
            return self.announcer.run(connection, ms(moment))

    def renew(self, moment: dt.datetime) -> int:
        with self.engine.begin() as connection:
            return renew(self.announcer, connection, ms(moment))

    def send(self, slot: str, date: dt.date, moment: dt.datetime) -> list[Announced]:
        with self.engine.begin() as connection:
            return self.announcer.send(connection, slot, date, ms(moment))

    def rows(self) -> list[tuple[str, str, str, str, str | None]]:
        with self.engine.begin() as connection:
            return [
                (row.slot, row.date, row.room_id, row.state, row.reason)
                for row in connection.execute(select(bulletins).order_by(bulletins.c.due_at, bulletins.c.room_id))
            ]

    def sent(self) -> Counter[str]:
        with self.engine.begin() as connection:
            return Counter(connection.scalars(select(outbox.c.key)))

    def content_of(self, key: str) -> dict[str, object]:
        with self.engine.begin() as connection:
            return dict(connection.scalar(select(outbox.c.content).where(outbox.c.key == key)) or {})
