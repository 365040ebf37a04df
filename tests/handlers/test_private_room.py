"""Cards of private matters where fewer people read: from the start, or once it turns out that they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casework_world import ANI, BUDI, CRASH, REPORTER, React, bodies, deliver, incident, staffed, steps
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine, update

from bot.event import IncomingEvent, Trust
from bot.handlers import moving, watch
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.rooms.model import Officer, Room
from bot.store import rooms
from bot.store.database import Database
from bot.store.tables import outbox

PPA = "!ppa"
BEATEN = "tolong di desa Plelen ada suami pukuli istrinya, KDRT"
MINUTE = 60_000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Ani works in the operations room, Budi in both."""
    desk = staffed(desk)
    operations = desk.content.rooms.operations
    private = Room.model_validate(operations.model_dump() | {"name": "ruang-ppa", "kind": "private", "alias": "ppa",
                                                             "title": "Ruang PPA"})  # fmt: skip
    officers = (
        Officer(person="@ani", role="petugas", power=50, rooms=("all",)),
        Officer(person="@budi", role="ppa", power=50, rooms=("ruang-kendali", "ruang-ppa")),
    )
    described = desk.content.rooms.model_copy(update={"officers": officers, "private": private})
    return replace(desk, content=replace(desk.content, rooms=described))


@pytest.fixture
def database(database: Database) -> Database:
    with database.engine.begin() as connection:
        rooms.record(connection, "ruang-ppa", PPA, kind="private", alias="#ppa:batang.test", now=NOW)
    return database


@pytest.fixture
async def private(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(BEATEN, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


async def test_a_private_report_stands_in_its_own_room_and_the_operations_room_hears_only_of_it(
    private: IncomingEvent, engine: Engine
) -> None:
    [card] = bodies(engine, PPA, "card:1")
    assert "KDRT" in card
    [heard] = bodies(engine, OPERATIONS)
    assert "Ruang PPA" in heard
    for word in ("KDRT", "suami", "Plelen"):
        assert word not in heard


async def test_officers_of_that_room_work_there_and_others_cannot(
    private: IncomingEvent, take: Take, react: React, order: Event, engine: Engine
) -> None:
    await take(replace(react("👀", ANI), room_id=PPA))
    assert incident(engine).status is Status.BARU, "'all' does not mean the private room"
    await take(replace(react("👀", BUDI), room_id=PPA))
    assert incident(engine).claimed_by == BUDI
    await take(replace(order("riwayat", BUDI), room_id=PPA))
    assert "Riwayat #1" in bodies(engine, PPA, "reply:")[-1]
    await take(replace(order("catatan korban di rumah aman", BUDI), room_id=PPA))
    assert [row for row in sent(engine, PPA) if ":edit:" in row["key"]]
    assert len(bodies(engine, OPERATIONS)) == 1


async def test_while_nobody_is_named_for_that_room_its_cards_stand_where_somebody_reads(
    take: Take, event: Event, engine: Engine, consumer: Consumer
) -> None:
    described = consumer.desk.content.rooms
    nobody = described.model_copy(update={"officers": described.officers[:1]})
    consumer.desk = replace(consumer.desk, content=replace(consumer.desk.content, rooms=nobody))
    await take(event(BEATEN, room=OJOL, sender=REPORTER))
    assert bodies(engine, PPA) == []
    assert len(bodies(engine, OPERATIONS, "card:1")) == 1


async def test_what_turns_out_private_leaves_the_operations_room_with_all_that_was_said_there(
    take: Take, event: Event, react: React, order: Event, engine: Engine
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(react("👀", BUDI), event("!cari Plelen", room=OPERATIONS, sender=ANI, trust=Trust.DEVICE))
    deliver(engine)
    before = {row["event_id"] for row in sent(engine, OPERATIONS) if row["action"] == "event"}
    await take(order("pribadi", BUDI))
    deliver(engine)
    redacted = {row["content"]["event_id"] for row in sent(engine, OPERATIONS) if row["action"] == "redaction"}
    by_key = {f"outbox:{row['key']}": row["event_id"] for row in sent(engine)}
    assert before - {by_key[one] for one in redacted} == set()
    [card] = bodies(engine, PPA, "card:1")
    assert "Plelen" in card
    assert steps(engine)[-1].action == "moved"
    assert incident(engine).claimed_by == BUDI
    with engine.begin() as connection:  # the card of the other room had that event id
        connection.execute(update(outbox).where(outbox.c.key == "card:1").values(event_id="$elsewhere"))
    await take(replace(react("🏁", BUDI, target="$elsewhere"), room_id=PPA))
    assert incident(engine).status is Status.SELESAI
    assert not any("Plelen" in str(row["content"]) for row in sent(engine, OPERATIONS) if row["content"])


async def test_an_urgent_one_that_nobody_takes_is_called_out_in_both_rooms_without_its_words(
    private: IncomingEvent, engine: Engine, desk: Desk
) -> None:
    with engine.begin() as connection:
        calls = watch.look(connection, desk, NOW + 6 * MINUTE)
    assert calls == 1
    assert bodies(engine, PPA, "alarm:1:")
    [waits] = bodies(engine, OPERATIONS, "private:alarm:1:")
    assert "belum diambil" in waits
    assert "Plelen" not in waits


async def test_a_card_that_is_on_its_way_moves_when_it_has_arrived(
    take: Take, event: Event, order: Event, engine: Engine, desk: Desk
) -> None:
    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("catatan pertama", BUDI), order("pribadi", BUDI))  # the card's edit for the note still waits
    assert bodies(engine, PPA) == []
    with engine.begin() as connection:
        assert moving.resume(connection, desk, NOW + 1) == 0
    deliver(engine)
    with engine.begin() as connection:
        assert moving.resume(connection, desk, NOW + 2) == 1
        assert moving.resume(connection, desk, NOW + 3) == 0
    assert "Plelen" in bodies(engine, PPA, "card:1")[0]
    assert not any("Plelen" in str(row["content"]) for row in sent(engine, OPERATIONS) if row["content"])


async def test_the_talk_with_its_reporter_stands_under_the_card_there_and_nowhere_else(
    private: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("pak, dia masih di rumah", sender=REPORTER, trust=Trust.DEVICE))
    deliver(engine)
    await take(replace(order("ibu aman?", BUDI), room_id=PPA))
    assert any("masih di rumah" in body for body in bodies(engine, PPA, "ticket:1:in:"))
    assert "👮 Petugas: ibu aman?" in bodies(engine, DIRECT, "confided:")
    for word in ("masih di rumah", "ibu aman"):
        assert not any(word in body for room in (OPERATIONS, OJOL) for body in bodies(engine, room))


async def test_a_talk_begun_in_the_operations_room_leaves_it_with_its_card(
    take: Take, event: Event, order: Event, consumer: Consumer, engine: Engine
) -> None:
    staffed_later = consumer.desk
    described = staffed_later.content.rooms.model_copy(update={"private": None})
    consumer.desk = replace(staffed_later, content=replace(staffed_later.content, rooms=described))
    await take(event(BEATEN, room=OJOL, sender=REPORTER))
    await take(event("pak, dia masih di rumah", sender=REPORTER, trust=Trust.DEVICE))
    assert any("masih di rumah" in body for body in bodies(engine, OPERATIONS, "ticket:1:in:"))
    deliver(engine)
    consumer.desk = staffed_later
    await take(order("catatan dipindah", BUDI))
    deliver(engine)
    await take(event("dia sudah pergi", sender=REPORTER, trust=Trust.DEVICE))
    assert not any("masih di rumah" in str(row["content"]) for row in sent(engine, OPERATIONS) if row["content"])
    assert any("dia sudah pergi" in body for body in bodies(engine, PPA, "ticket:1:in:"))
