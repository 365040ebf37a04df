"""What the tests of tickets share: a known officer, and deliveries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handlers_world import OPERATIONS, Event
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Trust
from bot.handlers.desk import Desk
from bot.rooms.model import Officer
from bot.store.tables import outbox

OFFICER = "@piket:batang.test"
ASK = "mau bicara sama petugas, nik saya 3325011234567890"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    officer = Officer(person="@piket", role="petugas", power=50, rooms=("all",))
    return replace(
        desk, content=replace(desk.content, rooms=desk.content.rooms.model_copy(update={"officers": (officer,)}))
    )


@pytest.fixture
def deliver(engine: Engine) -> object:
    """As if the sender had sent everything: each row has an event id."""

    def work() -> None:
        with engine.begin() as connection:
            for row in connection.execute(select(outbox).where(outbox.c.event_id.is_(None))).all():
                connection.execute(
                    update(outbox).where(outbox.c.id == row.id).values(event_id=f"${row.key}", state="sent")
                )

    return work


@pytest.fixture
def officer(event: Event) -> Event:
    def make(body: str, **values: object) -> IncomingEvent:
        base = {"sender": OFFICER, "trust": Trust.DEVICE, "thread_root": "$ticket:1"}
        return event(body, room=OPERATIONS, **{**base, **values})

    return make
