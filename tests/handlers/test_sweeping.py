"""Messages taken out of a channel, each once; what is a report stays."""

from __future__ import annotations

from casework_world import CRASH
from handlers_world import NOW, OJOL, Event, Take
from moderation_world import JOKO, SITI, out
from sqlalchemy import Engine

from bot.event import Kind
from bot.handlers.sweeping import redact, sweep


async def test_a_message_is_swept_once_whoever_asks(event: Event, engine: Engine) -> None:
    bad = event("beli ini", room=OJOL, sender=JOKO)
    with engine.begin() as connection:
        assert redact(connection, OJOL, bad.event_id, "spam", NOW)
        assert not redact(connection, OJOL, bad.event_id, "spam", NOW)
        assert sweep(connection, OJOL, [bad.event_id, "$other"], "spam", NOW) == 1
    assert out(engine, "sweep:")[0] == ("redaction", OJOL, {"event_id": bad.event_id, "reason": "spam"})


async def test_the_edits_of_a_message_go_with_it(event: Event, take: Take, engine: Engine) -> None:
    bad, worse = event("beli ini", room=OJOL, sender=JOKO), event("beli itu", room=OJOL, sender=JOKO)
    edits = [
        event("beli!", room=OJOL, sender=JOKO, kind=Kind.EDIT, type="m.room.message", target=one.event_id)
        for one in (bad, worse)
    ]
    other = event("beli?", room=OJOL, sender=SITI, kind=Kind.EDIT, type="m.room.message", target=bad.event_id)
    await take(bad, worse, *edits, other)
    with engine.begin() as connection:
        assert redact(connection, OJOL, bad.event_id, "spam", NOW)
        assert sweep(connection, OJOL, [worse.event_id], "spam", NOW) == 1
    gone = [content["event_id"] for _, _, content in out(engine, "sweep:")]
    assert gone == [bad.event_id, edits[0].event_id, worse.event_id, edits[1].event_id]


async def test_a_report_is_not_swept_with_the_rest(event: Event, take: Take, engine: Engine) -> None:
    report = event(CRASH, room=OJOL, sender=JOKO)
    await take(report)
    with engine.begin() as connection:
        assert sweep(connection, OJOL, [report.event_id], "spam", NOW) == 0
