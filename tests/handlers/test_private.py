"""Crimes against children and sexual crime, from the channel to the log: for officers alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, CRASH, POSKO, REPORTER, bodies, deliver, incident, shown, staffed
from handlers_world import OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine, update

from bot.event import Kind
from bot.handlers.desk import Desk
from bot.store import incidents
from bot.store.tables import incidents as log


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.mark.parametrize(
    "text",
    ["anak dipukuli guru di SD Sembung", "bayi dibuang di selokan Sembung", "tetangga saya diperkosa di Sembung"],
)
async def test_nothing_of_it_is_repeated_in_the_channel_nor_passed_on(
    take: Take, event: Event, order: Event, engine: Engine, text: str
) -> None:
    await take(event(text, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("teruskan BPBD"))
    assert incident(engine).analysis.private
    said = json.dumps([row["content"] for row in sent(engine, OJOL)]).casefold()
    assert "tidak saya ulang" in said
    for word in ("sembung", "dipukuli", "dibuang", "diperkosa", "guru", "bayi", "tetangga"):
        assert word not in said
    assert sent(engine, POSKO) == []
    assert "tidak diteruskan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert "Sembung" in shown(engine, OPERATIONS)
    assert "Pribadi" in shown(engine, OPERATIONS)


async def test_another_kind_given_by_an_officer_leaves_it_private(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("anak dipukuli guru di SD Sembung", room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("kategori penganiayaan"))
    assert incident(engine).category == "penganiayaan"
    assert incident(engine).analysis.private


async def test_what_an_officer_made_private_no_later_kind_opens_again(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("pribadi"), order("kategori kdrt"), order("kategori medis"))
    assert incident(engine).category == "medis"
    assert incident(engine).analysis.private
    await take(order("teruskan BPBD"))
    assert sent(engine, POSKO) == []


async def test_what_was_told_in_confidence_stays_so_under_another_kind(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    with engine.begin() as connection:  # as an emergency that was told in a DM is kept
        analysis = incidents.get(connection, 1).analysis
        row = replace(analysis, private=True).to_json()
        connection.execute(update(log).where(log.c.id == 1).values(analysis=row))
    await take(order("kategori medis"))
    assert incident(engine).analysis.private


async def test_a_kind_that_was_given_by_mistake_takes_its_privacy_along(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("kategori kdrt"), order("kategori medis"))
    assert not incident(engine).analysis.private


async def test_what_is_split_off_something_private_stays_private(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(
        event(CRASH, room=OJOL, sender=REPORTER),
        event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender="@lain:batang.test"),
    )
    deliver(engine)
    assert incident(engine).reports == 2
    await take(order("pribadi"), order("pisah"))
    assert incident(engine, 2).analysis.private
    deliver(engine)
    await take(order("teruskan BPBD", thread_root="$card:2"))
    assert sent(engine, POSKO) == []


async def test_a_further_report_corrected_to_something_private_is_not_repeated_in_its_thread(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    first = event(CRASH, room=OJOL, sender=REPORTER)
    second = event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender="@lain:batang.test")
    await take(first, second)
    deliver(engine)
    await take(order("teruskan BPBD"))
    deliver(engine)
    await take(order("koreksi anak dipukuli guru di Plelen", thread_root="$card:1", reply_to="$card:1:2"))
    assert incident(engine).analysis.private
    gone = {row["content"]["event_id"] for row in sent(engine) if row["action"] == "redaction"}
    assert {f"outbox:reply:{one.event_id}" for one in (first, second)} <= gone
    assert {f"outbox:{row['key']}" for row in sent(engine, POSKO) if row["action"] == "event"} <= gone
    for room in (OJOL, POSKO):
        assert "dipukuli" not in json.dumps([row["content"] for row in sent(engine, room)])
    assert "Pribadi" in shown(engine, OPERATIONS)


async def test_what_a_reporter_says_further_may_make_it_private(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(order("teruskan BPBD"))
    deliver(engine)
    more = event("yang di mobil itu anak yang diperkosa pamannya", room=OJOL, sender=REPORTER,
                 thread_root=report.event_id)  # fmt: skip
    await take(more, more)
    assert incident(engine).analysis.private
    assert incident(engine).category == "laka_lantas"
    gone = {row["content"]["event_id"] for row in sent(engine) if row["action"] == "redaction"}
    assert f"outbox:reply:{report.event_id}" in gone
    assert [row for row in sent(engine, POSKO) if row["action"] == "redaction"]
    assert "Pribadi" in shown(engine, OPERATIONS)
    await take(order("kategori medis"))
    assert incident(engine).analysis.private


async def test_an_edit_of_what_was_said_further_may_make_it_private(take: Take, event: Event, engine: Engine) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    more = event("sebelah masjid", room=OJOL, sender=REPORTER, thread_root=report.event_id)
    await take(report, more)
    deliver(engine)
    await take(event("anak itu diperkosa", room=OJOL, sender=REPORTER, kind=Kind.EDIT, target=more.event_id))
    assert incident(engine).analysis.private
    gone = {row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == "redaction"}
    assert f"outbox:reply:{report.event_id}" in gone
