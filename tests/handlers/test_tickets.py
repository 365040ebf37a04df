"""A person takes over: from the citizen's DM to the operations room and back."""

# ruff: noqa: F811 - fixtures are imported by their names

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update
from ticket_world import ASK, OFFICER, deliver, desk, officer  # noqa: F401 - fixtures

from bot.dialogue.localfile import Hours
from bot.event import Kind, Trust
from bot.handlers import tickets
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.store.database import Database
from bot.store.tables import inbox, incidents, transmissions
from bot.store.tables import tickets as table


async def test_who_asks_for_a_person_gets_a_ticket_without_a_name_or_number_in_it(
    take: Take, event: Event, engine: Engine
) -> None:
    question = event(ASK)
    await take(event("biaya skck"), question)
    await take(question)
    [card] = sent(engine, OPERATIONS)
    assert card["key"] == "ticket:1"
    text = json.dumps(card["content"])
    assert "warga:batang.test" not in text
    assert "3325011234567890" not in text
    assert "biaya skck" in card["content"]["body"]
    assert "#1" in sent(engine, DIRECT)[-1]["content"]["body"]
    assert "secepatnya" in sent(engine, DIRECT)[-1]["content"]["body"]
    assert "ticket.opened" in audited(engine)


async def test_an_officers_reply_reaches_the_citizen_once_and_without_a_name(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("Silakan datang *besok* pagi <b>")
    await take(reply)
    with engine.begin() as connection:  # as if the mark had been lost
        connection.execute(update(inbox).where(inbox.c.event_id == reply.event_id).values(state="new"))
    await take()
    [there] = [row for row in sent(engine, DIRECT) if row["key"] == f"ticket:1:out:{reply.event_id}"]
    assert "Silakan datang *besok* pagi <b>" in there["content"]["body"]
    assert "<b>" not in there["content"]["formatted_body"]
    assert "piket" not in json.dumps(there["content"])
    assert audited(engine).count("ticket.answered") >= 1


async def test_the_citizens_next_words_go_into_the_thread_and_the_bot_keeps_quiet(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    await take(officer("Ada apa?"))
    before = len(sent(engine, DIRECT))
    more = event("biaya skck berapa, hp saya 081234567890")
    place = event(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7;u=10"})
    await take(more, place)
    assert len(sent(engine, DIRECT)) == before
    said, where = sent(engine, OPERATIONS)[-2:]
    assert said["content"]["m.relates_to"]["event_id"] == "outbox:ticket:1"
    assert "biaya skck berapa" in said["content"]["body"]
    assert "081234567890" not in json.dumps(said["content"])
    assert "-6.9" in where["content"]["body"]


async def test_before_an_officer_answers_the_bot_still_answers_what_it_is_sure_of(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event(ASK), event("biaya skck berapa"))
    assert "Rp30.000" in sent(engine, DIRECT)[-1]["content"]["body"]
    assert "biaya skck" in sent(engine, OPERATIONS)[-1]["content"]["body"]


@pytest.mark.parametrize("end", ["selesai", "✅"])
async def test_an_officer_closes_the_ticket_and_the_bot_answers_again(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, end: str
) -> None:
    await take(event(ASK))
    deliver()
    if end == "✅":
        closing = officer(
            end, kind=Kind.REACTION, type="m.reaction", thread_root=None, target="$ticket:1", trust=Trust.CLEAR
        )
    else:
        closing = officer("Selesai.")
    await take(closing, closing)
    assert "selesai" in sent(engine, DIRECT)[-1]["content"]["body"]
    await take(officer("masih di sana?"), event("biaya skck berapa"))
    assert "Rp30.000" in sent(engine, DIRECT)[-1]["content"]["body"]
    assert not any("masih di sana" in row["content"]["body"] for row in sent(engine, DIRECT))
    assert "tidak" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    with engine.connect() as connection:
        assert connection.scalar(select(table.c.closed_by)) == OFFICER


@pytest.mark.parametrize(
    "values",
    [
        {"sender": "@warga2:batang.test"},
        {"sender": "@piket:asing.example"},
        {"trust": Trust.UNPROVEN},
        {"trust": Trust.CLEAR},
    ],
)
async def test_nobody_but_an_officer_on_a_known_device_speaks_to_the_citizen(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, values: dict[str, object]
) -> None:
    await take(event(ASK))
    deliver()
    before = len(sent(engine, DIRECT))
    await take(officer("transfer dulu ke rekening ini", **values), officer("selesai", **values))
    assert len(sent(engine, DIRECT)) == before
    assert "ticket.refused" in audited(engine)


async def test_notes_between_officers_and_other_threads_stay_inside(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    before = len(sent(engine))
    await take(officer("// ini orang yang kemarin"), officer("siapa piket?", thread_root=None))
    assert len(sent(engine)) == before


async def test_a_citizen_ends_it_with_batal(take: Take, event: Event, engine: Engine) -> None:
    await take(event(ASK), event("batal"), event("biaya skck berapa"))
    assert "ditutup oleh warga" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    assert "Rp30.000" in sent(engine, DIRECT)[-1]["content"]["body"]


async def test_in_a_channel_there_is_no_ticket(take: Take, event: Event, engine: Engine) -> None:
    await take(event("mau bicara sama petugas", room=OJOL, content={"m.mentions": {"user_ids": [ME]}}, mentions=(ME,)))
    assert sent(engine, OPERATIONS) == []
    assert "pesan pribadi" in sent(engine, OJOL)[-1]["content"]["body"]


async def test_out_of_hours_it_says_when(consumer: Consumer, take: Take, event: Event, engine: Engine) -> None:
    hours = (Hours(days=["senin"], since="08:00", until="08:01"),)
    flows = replace(consumer.desk.content.flows, officer_hours=hours)
    consumer.desk = replace(consumer.desk, content=replace(consumer.desk.content, flows=flows))
    await take(event(ASK))
    assert "mulai Senin" in sent(engine, DIRECT)[-1]["content"]["body"]
    assert "08.00" in sent(engine, DIRECT)[-1]["content"]["body"]


async def test_a_ticket_that_everybody_left_is_closed(
    take: Take, event: Event, engine: Engine, desk: Desk, database: Database
) -> None:
    await take(event(ASK))
    later = NOW + (tickets.IDLE_DAYS + 1) * 24 * 3_600_000
    assert database.run_blocking(lambda connection: tickets.close_idle(connection, desk, later)) == 1
    assert database.run_blocking(lambda connection: tickets.close_idle(connection, desk, later)) == 0


async def test_an_emergency_becomes_a_report_and_a_ticket_only_when_the_person_agrees(
    take: Take, event: Event, engine: Engine
) -> None:
    place = event(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7"})
    await take(event("tolong ada maling di rumah saya"), place)
    assert sent(engine, OPERATIONS) == []
    agreed = event("ya")
    await take(agreed, agreed)
    keys = [row["key"] for row in sent(engine, OPERATIONS)]
    assert keys == ["card:1", "ticket:1"]
    card = sent(engine, OPERATIONS)[0]["content"]["body"]
    assert "maling" in card
    assert "-6.9" in card
    assert DIRECT not in card
    with engine.connect() as connection:
        [row] = connection.execute(select(incidents)).all()
        assert row.urgency == "darurat"
        assert connection.execute(select(transmissions.c.event_id)).scalars().all() == [agreed.event_id]


async def test_violence_at_home_is_marked_private_and_seen_by_officers_alone(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event("tolong saya dipukul suami sekarang"), event("ya"))
    assert "Pribadi" in sent(engine, OPERATIONS)[0]["content"]["body"]
    assert {row["room_id"] for row in sent(engine)} == {DIRECT, OPERATIONS}


async def test_an_emergency_told_to_the_bot_in_a_channel_is_a_report_like_any_other(
    take: Take, event: Event, engine: Engine
) -> None:
    call = event(
        "tolong ada begal di alas roban", room=OJOL, content={"m.mentions": {"user_ids": [ME]}}, mentions=(ME,)
    )
    await take(call)
    assert [row["key"] for row in sent(engine, OPERATIONS)] == ["card:1"]
    assert [row["key"] for row in sent(engine, OJOL)].count(f"reply:{call.event_id}") == 1
