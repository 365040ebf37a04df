"""One message taken out of a channel, once, with the audit row that says why."""

from __future__ import annotations

from handlers_world import NOW, OJOL, Event, audited
from moderation_world import JOKO, out
from sqlalchemy import Engine

from bot.handlers.desk import Desk
from bot.handlers.sweeping import sweep


async def test_a_message_is_swept_once_and_audited(event: Event, desk: Desk, engine: Engine) -> None:
    bad = event("beli ini", room=OJOL, sender=JOKO)
    with engine.begin() as connection:
        assert sweep(connection, desk, bad, "spam", NOW)
        assert not sweep(connection, desk, bad, "spam", NOW)
    assert out(engine, "sweep:") == [("redaction", OJOL, {"event_id": bad.event_id, "reason": "spam"})]
    assert audited(engine) == ["message.swept"]
