"""Reports for fun: no sound beyond the limit, a block with a trace and an end, marks that officers alone see."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import ANI, CRASH, REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.rooms.roster import Limits, Roster
from bot.store.tables import blocks, incidents, transmissions

VILLAGES = ("Plelen", "Sembung", "Clapar", "Sojomerto", "Kalimanggis")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, roster=Roster(limits=Limits(reports=2, block_days=3))))


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


def fire(event: Event, village: str, sender: str = REPORTER) -> IncomingEvent:
    return event(f"kebakaran rumah di desa {village}", room=OJOL, sender=sender)


async def test_beyond_the_limit_reports_are_kept_and_shown_without_a_sound(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(*(fire(event, village) for village in VILLAGES))
    with engine.connect() as connection:
        assert len(connection.execute(select(incidents)).all()) == 5, "nothing is dropped"
    cards = [row for row in sent(engine, OPERATIONS) if row["key"] in {f"card:{number}" for number in range(1, 6)}]
    assert [card["content"]["msgtype"] for card in cards] == ["m.text", "m.text", "m.notice", "m.notice", "m.notice"]
    assert "tanpa bunyi" in cards[-1]["content"]["body"]
    told = [body for body in bodies(engine, OJOL, "many:")]
    assert len(told) == 1
    assert "110" in told[0]


async def test_somebody_elses_report_still_rings(take: Take, event: Event, engine: Engine) -> None:
    await take(*(fire(event, village) for village in VILLAGES[:4]), fire(event, VILLAGES[4], "@lain:batang.test"))
    [card] = [row for row in sent(engine, OPERATIONS) if row["key"] == "card:5"]
    assert card["content"]["msgtype"] == "m.text"


async def test_somebody_elses_answer_overtakes_those_beyond_the_limit(take: Take, event: Event, engine: Engine) -> None:
    """Rows of a room go by priority, then in order: whoever floods it waits for the others, not they for him."""
    flood = [fire(event, village) for village in VILLAGES[:4]]
    other = fire(event, VILLAGES[4], "@lain:batang.test")
    await take(*flood, other)
    queued = sorted(
        (row["priority"], row["id"], row["key"]) for row in sent(engine, OJOL) if row["key"].startswith("reply:")
    )
    order = [key.removeprefix("reply:") for *_, key in queued]
    assert order == [flood[0].event_id, flood[1].event_id, other.event_id, flood[2].event_id, flood[3].event_id]


async def test_false_reports_of_before_are_marked_for_officers_alone(
    reported: IncomingEvent, take: Take, event: Event, react: React, engine: Engine
) -> None:
    await take(react("❌"))
    assert "palsu sebelumnya" not in shown(engine, OPERATIONS)
    await take(fire(event, "Sembung"))
    assert "1 laporan palsu sebelumnya" in shown(engine, OPERATIONS, 2)
    assert "palsu" not in json.dumps([row["content"] for row in sent(engine, OJOL)])


async def test_a_blocked_persons_reports_are_not_taken_up_and_leave_a_trace(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(order("blokir: iseng"))
    await take(fire(event, "Sembung"), fire(event, "Clapar"), event(room=OJOL, kind=Kind.AUDIO, sender=REPORTER))
    with engine.connect() as connection:
        assert len(connection.execute(select(incidents)).all()) == 1
        assert len(connection.execute(select(transmissions)).all()) == 1
        [row] = connection.execute(select(blocks)).all()
    assert (row.user_id, row.by, row.reason, row.incident_id) == (REPORTER, ANI, "iseng", 1)
    assert row.until_at == NOW + 3 * 24 * 3_600_000
    assert audited(engine).count("report.blocked") == 3
    told = [body for body in bodies(engine, OJOL, "reply:") if "tidak kami terima" in body]
    assert len(told) == 1, "they hear it once, with 110"
    assert "110" in told[0]
    assert "iseng" not in told[0]
    step = next(step for step in steps(engine) if step.action == "blocked")
    assert (step.actor, step.reason) == (ANI, "iseng")
    assert "diblokir sampai" in shown(engine, OPERATIONS)
    assert REPORTER not in json.dumps([row["content"] for row in sent(engine, OPERATIONS)])


async def test_a_block_ends_by_itself_and_by_an_officers_word(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(order("blokir 1 hari"))
    with monkeypatch.context() as later:
        later.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 25 * 3_600_000)
        await take(fire(event, "Sembung"))
    assert incident(engine, 2).status is Status.BARU
    await take(order("blokir 9 hari"), order("buka blokir"), order("buka blokir"))
    await take(fire(event, "Clapar"))
    assert incident(engine, 3).status is Status.BARU
    assert "tidak sedang diblokir" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_others_are_not_blocked_with_them(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(order("blokir"), fire(event, "Sembung", "@lain:batang.test"))
    assert incident(engine, 2).status is Status.BARU


async def test_a_blocked_person_in_need_still_reaches_officers_in_a_dm(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(order("blokir"))
    await take(event("tolong ada maling di rumah saya di Subah", sender=REPORTER), event("ya", sender=REPORTER))
    assert incident(engine, 2).urgency == "darurat"
