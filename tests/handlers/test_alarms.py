"""An emergency told in a DM: the message that told of it is taken back after the report was made of it."""

from __future__ import annotations

import json

import pytest
from casework_world import REPORTER, deliver, shown
from handlers_world import DIRECT, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent
from bot.store.tables import audit_payloads, transcripts, transmissions

TOLD = "tolong ada maling di rumah saya di Subah"


@pytest.fixture
async def told(take: Take, event: Event, engine: Engine) -> list[IncomingEvent]:
    """The words, a detail, the agreement."""
    said = [event(text, sender=REPORTER) for text in (TOLD, "dia bawa parang", "ya")]
    for one in said:
        await take(one)
    deliver(engine)
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions.c.event_id)).all() == [said[-1].event_id]
    return said


async def test_the_words_taken_back_leave_the_log_the_card_and_the_reasons(
    take: Take, told: list[IncomingEvent], withdraw: Event, engine: Engine
) -> None:
    await take(withdraw(told[0], sender=REPORTER, room=DIRECT))
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions.c.state)).all() == ["withdrawn"]
        left = [*connection.scalars(select(transcripts.c.text)), *connection.scalars(select(audit_payloads.c.payload))]
    assert "parang" not in json.dumps([one for one in left if not isinstance(one, dict) or "alarm" in one])
    assert TOLD not in json.dumps([one for one in left if not isinstance(one, dict) or "alarm" in one])
    assert "outbox:card:1" in [(row["content"] or {}).get("event_id") for row in sent(engine, OPERATIONS)]
    again = [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"] == "card:1:again:1"]
    assert len(again) == 1
    assert "ditarik" in again[0]
    assert "maling di rumah" not in again[0]


async def test_a_detail_taken_back_leaves_the_call_for_help_standing(
    take: Take, told: list[IncomingEvent], withdraw: Event, engine: Engine
) -> None:
    await take(withdraw(told[1], sender=REPORTER, room=DIRECT))
    assert "maling" in shown(engine, OPERATIONS)
    left = {row["key"]: row["content"]["body"] for row in sent(engine) if "parang" in json.dumps(row["content"])}
    assert left == {}
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions.c.state)).all() == ["heard"]
