"""What the tests of work on reports share: officers, a reported crash, and the sender as if it had sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers_world import sent
from sqlalchemy import Engine, select, update

from bot.handlers.desk import Desk
from bot.rooms.agencies import Agencies, Agency
from bot.rooms.model import Officer
from bot.store import incidents
from bot.store.incidents import Incident, Step
from bot.store.tables import outbox

ANI, BUDI = "@ani:batang.test", "@budi:batang.test"
"""Two officers."""
REPORTER = "@ojol7:batang.test"
CRASH = "kecelakaan di desa Plelen, dua orang luka"

POSKO = "!posko:bpbd.example"
AGENCIES = Agencies(
    all=(
        Agency(key="bpbd", title="BPBD", names=(), room=POSKO, categories=("banjir", "laka_lantas")),
        Agency(key="damkar", title="Damkar", names=("pemadam",), room="damkar", categories=("kebakaran",)),
    )
)

React = Callable[..., Any]


def staffed(desk: Desk) -> Desk:
    """With the two officers in the files."""
    officers = tuple(Officer(person=one, role="petugas", power=50, rooms=("all",)) for one in ("@ani", "@budi"))
    rooms = desk.content.rooms.model_copy(update={"officers": officers})
    return replace(desk, content=replace(desk.content, rooms=rooms))


def deliver(engine: Engine) -> None:
    """As if the sender had sent everything: each row has an event id, "$" and its key."""
    with engine.begin() as connection:
        for row in connection.execute(select(outbox).where(outbox.c.event_id.is_(None), outbox.c.state == "queued")):
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(event_id=f"${row.key}", state="sent"))


def incident(engine: Engine, number: int = 1) -> Incident:
    with engine.connect() as connection:
        return incidents.get(connection, number)


def steps(engine: Engine, number: int = 1) -> list[Step]:
    with engine.connect() as connection:
        return incidents.history(connection, number)


def bodies(engine: Engine, room: str, prefix: str = "") -> list[str]:
    """What stands in the outbox for a room, by key."""
    return [row["content"]["body"] for row in sent(engine, room) if row["key"].startswith(prefix)]


def shown(engine: Engine, room: str, number: int = 1) -> str:
    """The card as it stands: its last edit, or the card that was put up again."""
    card = re.compile(rf"card:{number}(:again:\d+)?(:edit:[^:]*)?")
    rows = [row for row in sent(engine, room) if card.fullmatch(row["key"]) and row["content"] is not None]
    content = rows[-1]["content"]
    return str(content.get("m.new_content", content)["body"])
