"""A darurat report calls those on duty, again after five minutes, and then those above them: once each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casework_world import ANI, BUDI, CRASH, REPORTER, React, deliver, incident, shown, staffed
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine

from bot.event import IncomingEvent
from bot.handlers import watch
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.rooms.roster import Roster, Shift
from bot.store.database import Database, connect

MINUTE = 60_000
KOMANDAN = "@komandan:batang.test"
SHIFTS = (Shift(since="00:00", until="24:00", members=("@ani", "@budi")),)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, roster=Roster(shifts=SHIFTS, escalate_to=("@komandan",))))


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


def look(database: Database, desk: Desk, minutes: float) -> int:
    return database.run_blocking(lambda connection: watch.look(connection, desk, NOW + round(minutes * MINUTE)))


def calls(engine: Engine) -> list[dict[str, object]]:
    return [row for row in sent(engine, OPERATIONS) if row["key"].startswith("alarm:")]


async def test_the_card_mentions_those_on_duty(reported: IncomingEvent, engine: Engine) -> None:
    [card] = sent(engine, OPERATIONS)
    assert card["content"]["m.mentions"] == {"user_ids": [ANI, BUDI]}
    assert "Piket: @ani" in card["content"]["body"]
    assert f"matrix.to/#/{ANI}" in card["content"]["formatted_body"]
    assert card["content"]["msgtype"] == "m.text"


async def test_what_can_wait_mentions_nobody_and_is_not_called_again(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(event("lampu merah mati di Subah", room=OJOL))
    [card] = sent(engine, OPERATIONS)
    assert card["content"]["m.mentions"] == {}
    assert look(database, desk, 60) == 0


async def test_unclaimed_it_is_told_again_and_then_goes_up_once_each(
    reported: IncomingEvent, engine: Engine, database: Database, desk: Desk
) -> None:
    assert [look(database, desk, minutes) for minutes in (4.9, 5, 5.2, 9.9, 10, 11, 600)] == [0, 1, 0, 0, 1, 0, 0]
    remind, escalate = calls(engine)
    assert remind["content"]["m.mentions"] == {"user_ids": [ANI, BUDI]}
    assert escalate["content"]["m.mentions"] == {"user_ids": [KOMANDAN]}
    assert "10 menit" in escalate["content"]["body"]
    assert "rel_type" not in escalate["content"]["m.relates_to"], "in the room itself, where it is seen"
    assert audited(engine).count("incident.remind") == 1


async def test_a_restart_between_the_calls_forgets_and_repeats_nothing(
    reported: IncomingEvent, engine: Engine, desk: Desk, database: Database
) -> None:
    assert look(database, desk, 6) == 1
    again = Database(connect(str(engine.url)))
    try:
        assert [look(again, desk, minutes) for minutes in (7, 12, 13)] == [0, 1, 0]
    finally:
        again.close()
    assert len(calls(engine)) == 2


async def test_after_a_long_outage_those_above_are_called_at_once(
    reported: IncomingEvent, engine: Engine, desk: Desk, database: Database
) -> None:
    assert [look(database, desk, minutes) for minutes in (45, 46)] == [1, 0]
    assert calls(engine)[0]["content"]["m.mentions"] == {"user_ids": [KOMANDAN]}


async def test_taken_in_time_nobody_is_called(
    reported: IncomingEvent, take: Take, react: React, engine: Engine, desk: Desk, database: Database
) -> None:
    await take(react("👀"))
    assert look(database, desk, 30) == 0
    assert "Piket" not in shown(engine, OPERATIONS)


async def test_given_up_again_it_waits_again(
    reported: IncomingEvent, take: Take, react: React, withdraw: React, engine: Engine, desk: Desk, database: Database
) -> None:
    claim = react("👀")
    await take(claim)
    assert look(database, desk, 1) == 0
    await take(withdraw(claim))
    assert look(database, desk, 5) == 1


async def test_a_reaction_to_the_call_takes_the_incident(
    reported: IncomingEvent, take: Take, react: React, engine: Engine, desk: Desk, database: Database
) -> None:
    look(database, desk, 5)
    deliver(engine)
    await take(react("👀", target=f"${calls(engine)[0]['key']}"))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.DITINJAU, ANI)


async def test_nobody_in_the_files_the_whole_room_is_called(
    reported: IncomingEvent, engine: Engine, desk: Desk, database: Database
) -> None:
    bare = replace(desk, content=replace(desk.content, roster=Roster()))
    assert look(database, bare, 10) == 1
    assert calls(engine)[0]["content"]["m.mentions"] == {"room": True}


async def test_the_times_are_those_of_the_file(
    reported: IncomingEvent, engine: Engine, desk: Desk, database: Database
) -> None:
    slow = replace(desk, content=replace(desk.content, roster=Roster(remind_minutes=30, escalate_minutes=60)))
    assert [look(database, slow, minutes) for minutes in (10, 30, 59, 60)] == [0, 1, 0, 1]


async def test_what_becomes_urgent_calls_those_on_duty_under_its_card(
    take: Take, event: Event, order: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(event("lampu merah mati di Subah", room=OJOL))
    deliver(engine)
    await take(order("urgensi darurat"))
    [call] = [row for row in sent(engine, OPERATIONS) if ":urgent:" in row["key"]]
    assert call["content"]["m.mentions"] == {"user_ids": [ANI, BUDI]}
    assert look(database, desk, 5) == 1
    await take(order("urgensi info"))
    assert look(database, desk, 10) == 0


async def test_opened_again_by_its_reporter_it_waits_again(
    reported: IncomingEvent, take: Take, event: Event, react: React, engine: Engine, desk: Desk, database: Database
) -> None:
    await take(react("👀"), react("🏁"))
    look(database, desk, 1)
    await take(event("belum selesai", room=OJOL, sender=REPORTER, thread_root=reported.event_id))
    assert [look(database, desk, minutes) for minutes in (5, 10)] == [1, 1]


async def test_a_report_read_late_calls_nobody(
    take: Take, event: Event, engine: Engine, desk: Desk, database: Database
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER, sent_at=NOW - 60 * MINUTE))
    [card] = [row for row in sent(engine, OPERATIONS)]
    assert card["content"]["m.mentions"] == {}
    assert look(database, desk, 30) == 0


async def test_merged_into_something_harmless_an_emergency_is_one_there(
    take: Take, event: Event, order: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(event("lampu merah mati di Subah", room=OJOL), event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("gabung #1", thread_root="$card:2"))
    assert incident(engine, 1).urgency == "darurat"
    assert look(database, desk, 5) == 1
    assert calls(engine)[0]["key"].startswith("alarm:1:")
