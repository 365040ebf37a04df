"""Private copies of bulletins: asked for in a DM, once each, for as long as their person is there."""

from __future__ import annotations

import datetime as dt

import pytest
from bulletin_world import DAY, Duty, ms
from casework_world import deliver, staffed
from handlers_world import DIRECT, NOW, OJOL, Event, Take, audited, sent
from sqlalchemy import Engine, insert, select, update

from bot.event import Trust
from bot.handlers.desk import Desk
from bot.store import aging
from bot.store.tables import blocks, bulletins, incidents, members, outbox, subscriptions

WARGA = "@warga:batang.test"
COPY = f"bulletin:pagi:{DAY}:{DIRECT}"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def duty(engine: Engine, desk: Desk, event: Event, monkeypatch: pytest.MonkeyPatch) -> Duty:
    with engine.begin() as connection:
        row = {"room_id": DIRECT, "user_id": WARGA, "membership": "join", "by": WARGA, "since_at": NOW}
        connection.execute(insert(members).values(row))
    duty = Duty(engine, desk, monkeypatch)
    duty.at("06:00")
    return duty


def answers(engine: Engine) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, DIRECT) if row["key"].startswith("reply:")]


def copies(engine: Engine) -> list[str]:
    return [row["key"] for row in sent(engine, DIRECT) if row["key"].startswith("bulletin:")]


async def test_who_asks_gets_each_bulletin_of_that_slot_once_and_no_other(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    [answer] = answers(engine)
    assert "Buletin Pagi" in answer
    assert "!buletin pagi stop" in answer
    for time in ("07:00", "07:00", "07:01", "15:30"):
        duty.at(time)
    duty.at("07:00", DAY + dt.timedelta(days=1))
    assert copies(engine) == [COPY, f"bulletin:pagi:{DAY + dt.timedelta(days=1)}:{DIRECT}"]
    body = duty.body(COPY)
    assert body.startswith("Buletin Pagi")
    assert "110" in body.splitlines()[-1]
    [row] = [row for row in sent(engine, DIRECT) if row["key"] == COPY]
    assert row["content"]["m.mentions"] == {}


async def test_a_subscription_begins_with_the_next_slot_also_the_second_time(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    duty.at("07:00")
    duty.at("07:20")
    await take(event("!buletin pagi ikut"))
    duty.at("07:30")
    assert copies(engine) == []
    await take(event("!buletin pagi stop"))
    duty.at("07:00", DAY + dt.timedelta(days=5))
    duty.at("09:00", DAY + dt.timedelta(days=5))
    await take(event("!buletin pagi ikut"))
    duty.at("10:00", DAY + dt.timedelta(days=5))
    assert copies(engine) == []
    assert DIRECT not in duty.states(day=DAY + dt.timedelta(days=5))


async def test_a_subscription_asked_for_while_the_clock_ran_ahead_still_counts(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    duty.now = ms("06:00", DAY + dt.timedelta(days=40))
    await take(event("!buletin pagi ikut"))
    duty.at("06:58")
    duty.at("07:00")
    assert copies(engine) == [COPY]


async def test_stop_ends_it_and_several_slots_at_once(duty: Duty, take: Take, event: Event, engine: Engine) -> None:
    await take(event("!buletin ikut pagi dan malam"), event("!buletin malam berhenti"))
    duty.at("07:00")
    duty.at("20:00")
    assert copies(engine) == [COPY]
    await take(event("!buletin stop"), event("!buletin stop"))
    assert "tidak saya kirim lagi" in answers(engine)[-2]
    assert "memang tidak" in answers(engine)[-1]
    assert audited(engine).count("bulletin.unsubscribed") == 2


@pytest.mark.parametrize("membership", ["leave", "ban"])
async def test_who_leaves_the_dm_gets_nothing_more(
    duty: Duty, take: Take, event: Event, engine: Engine, membership: str
) -> None:
    await take(event("!buletin pagi ikut"))
    with engine.begin() as connection:
        connection.execute(update(members).where(members.c.user_id == WARGA).values(membership=membership))
    duty.at("07:00")
    assert copies(engine) == []
    with engine.begin() as connection:
        assert not list(connection.execute(select(subscriptions)))


async def test_that_somebody_had_copies_is_forgotten_with_them_and_nothing_comes_twice(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    duty.at("07:00")
    assert len(copies(engine)) == 1
    await take(event("hapus data saya", trust=Trust.DEVICE))
    await take(event("ya, hapus", trust=Trust.DEVICE))
    with engine.begin() as connection:
        rooms = set(connection.scalars(select(bulletins.c.room_id)))
    assert rooms == {"!ojol"}
    await take(event("!buletin pagi ikut"))
    duty.at("07:10")
    duty.at("08:00")
    assert [key for key in copies(engine) if not key.endswith(":redacted")] == [COPY], "asked for after its time"


async def test_that_somebody_had_copies_is_forgotten_after_a_while(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    duty.at("07:00")
    with engine.begin() as connection:
        aging.forget_announcing(connection, ms("07:00"))
        assert len(list(connection.execute(select(bulletins)))) == 2
        aging.forget_announcing(connection, ms("07:01"))
        assert set(connection.scalars(select(bulletins.c.room_id))) == {"!ojol"}


async def test_who_is_blocked_by_officers_gets_nothing_more_and_is_told_when_asking(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    with engine.begin() as connection:
        values = {
            "opened_at": 1, "updated_at": 1, "room_id": OJOL, "category": "lain", "urgency": "info", "places": [],
            "status": "palsu", "text": "", "analysis": {}, "content_version": "v",
        }  # fmt: skip
        connection.execute(insert(incidents).values(id=1, **values))
        until = duty.now + 9 * 3_600_000
        connection.execute(
            insert(blocks).values(user_id=WARGA, incident_id=1, by="@ani:batang.test", since_at=1, until_at=until)
        )
    duty.at("07:00")
    assert copies(engine) == []
    await take(event("!buletin pagi ikut"))
    assert "dibatasi" in answers(engine)[-1]


async def test_a_copy_the_homeserver_refused_for_good_was_the_last(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    duty.at("07:00", send=False)
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.key == COPY).values(state="failed"))
    deliver(engine)
    duty.at("07:00", DAY + dt.timedelta(days=1))
    assert copies(engine) == [COPY]


async def test_an_officer_s_words_and_skips_hold_for_copies_as_well(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    duty.at("06:45")
    card = f"$preview:pagi:{DAY}"
    assert "1 pelanggan" in duty.card()
    await take(
        event(
            "Hujan lebat sampai malam, hindari pantai.", room="!kendali", sender="@ani:batang.test",
            trust=Trust.DEVICE, master_key="of ani", reply_to=card,
        )
    )  # fmt: skip
    duty.at("07:00")
    assert "Hujan lebat" in duty.body(COPY)
    assert "1 pelanggan" in duty.card()


async def test_the_schedule_says_when_where_how_it_stands_and_what_is_mine(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    duty.at("07:00")
    await take(event("!buletin malam ikut"), event("!buletin jadwal"), event("!buletin"))
    schedule, again = answers(engine)[1:]
    assert "Buletin Pagi, setiap hari pukul 07.00 · sudah terbit" in schedule
    assert "Buletin Malam, setiap hari pukul 20.00 · belum waktunya · ✉️ Anda ikut" in schedule
    assert "Ojol Kamtibmas" in schedule
    assert schedule == again


async def test_a_slip_is_told_and_notes_are_for_officers(duty: Duty, take: Take, event: Event, engine: Engine) -> None:
    await take(event("!buletin pgi ikut"), event("!buletin tambah jalan ditutup"))
    slip, notes = answers(engine)
    assert "pgi" in slip
    assert "pagi" in slip
    assert "hanya untuk petugas" in notes
    assert copies(engine) == []


async def test_who_floods_the_command_is_answered_no_more_than_in_any_talk(
    duty: Duty, take: Take, event: Event, desk: Desk, engine: Engine
) -> None:
    await take(*(event("!buletin jadwal") for _ in range(desk.config.chat.max_answers + 10)))
    assert len(answers(engine)) == desk.config.chat.max_answers


async def test_who_asks_to_be_forgotten_hears_that_subscriptions_go_and_gets_no_more(
    duty: Duty, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!buletin pagi ikut"))
    await take(event("hapus data saya", trust=Trust.DEVICE))
    assert "langganan buletin" in answers(engine)[-1]
    await take(event("ya, hapus", trust=Trust.DEVICE))
    duty.at("07:00")
    assert copies(engine) == []
    with engine.begin() as connection:
        assert not list(connection.execute(select(subscriptions)))
