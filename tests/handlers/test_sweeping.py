"""Messages taken out of a channel, each once; what is a report stays."""

from __future__ import annotations

from casework_world import CRASH
from handlers_world import NOW, OJOL, Event, Take
from moderation_world import JOKO, out
from sqlalchemy import Engine

from bot.handlers.sweeping import redact, sweep


async def test_a_message_is_swept_once_whoever_asks(event: Event, engine: Engine) -> None:
    bad = event("beli ini", room=OJOL, sender=JOKO)
    with engine.begin() as connection:
        assert redact(connection, OJOL, bad.event_id, "spam", NOW)
        assert not redact(connection, OJOL, bad.event_id, "spam", NOW)
        assert sweep(connection, OJOL, [bad.event_id, "$other"], "spam", NOW) == 1
    assert out(engine, "sweep:")[0] == ("redaction", OJOL, {"event_id": bad.event_id, "reason": "spam"})


async def test_a_report_is_not_swept_with_the_rest(event: Event, take: Take, engine: Engine) -> None:
    report = event(CRASH, room=OJOL, sender=JOKO)
    await take(report)
    with engine.begin() as connection:
        assert sweep(connection, OJOL, [report.event_id], "spam", NOW) == 0
