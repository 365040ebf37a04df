"""`hapus data saya` spoken, or said in a channel: nothing is erased there, and the way is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from casework_world import CRASH, deliver, staffed
from handlers_world import DIRECT, ME, NOW, OJOL, Event, Take, audited, sent
from sqlalchemy import Connection, Engine, select

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.store import transmissions
from bot.store.database import Database
from bot.store.tables import erasures, incidents
from bot.voice.heard import Heard

WARGA = "@warga:batang.test"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def speak(take: Take, event: Event, database: Database, desk: Desk) -> Any:
    """A citizen's voice message, arrived and heard."""

    async def say(words: str, room: str = DIRECT) -> IncomingEvent:
        note = event(room=room, kind=Kind.AUDIO, sender=WARGA, trust=Trust.DEVICE)
        await take(note)
        result = Heard(words, (), 2.0, "id", False, 0.9, (), 1.0, "base")

        def hear(connection: Connection) -> None:
            row = transmissions.by_event(connection, note.event_id)
            assert row is not None
            reports.heard(connection, row.id, note, result, Path("/nowhere"), desk, NOW)

        await database.run(hear)
        return note

    return say


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(erasures.c.state)))


def said(engine: Engine, room: str) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, room) if row["content"] and "body" in row["content"]]


async def test_spoken_in_a_dm_it_is_to_be_written(speak: Any, engine: Engine) -> None:
    await speak("Tolong hapus data saya.")
    assert "tulis di sini: hapus data saya" in said(engine, DIRECT)[-1]
    assert states(engine) == []
    assert "erasure.spoken" in audited(engine)


async def test_a_spoken_yes_erases_nothing(speak: Any, take: Take, event: Event, engine: Engine) -> None:
    await take(event("hapus data saya", sender=WARGA, trust=Trust.DEVICE))
    await speak("Ya, hapus.")
    assert "tulis di sini: ya, hapus" in said(engine, DIRECT)[-1]
    assert states(engine) == ["asked"]
    await take(event("ya, hapus", sender=WARGA, trust=Trust.DEVICE))
    assert states(engine) == ["done"]


async def test_an_ordinary_spoken_question_and_a_yes_to_nothing_are_answered_as_ever(
    speak: Any, engine: Engine
) -> None:
    await speak("Berapa biaya SIM C?")
    await speak("ya")
    assert "erasure.spoken" not in audited(engine)
    assert len([row for row in sent(engine, DIRECT) if row["key"].startswith("reply:")]) == 2


async def test_said_in_a_channel_the_way_to_the_dm_is_told_once_a_day(take: Take, event: Event, engine: Engine) -> None:
    first = event("mohon hapus data saya ya pak", room=OJOL, sender=WARGA)
    await take(first, event("hapus data saya", room=OJOL, sender=WARGA))
    [answer] = sent(engine, OJOL)
    assert answer["key"] == f"reply:{first.event_id}"
    assert "pesan pribadi" in answer["content"]["body"]
    assert f"matrix.to/#/{ME}" in answer["content"]["formatted_body"]
    assert answer["content"]["msgtype"] == "m.notice"
    assert states(engine) == []
    assert audited(engine).count("erasure.elsewhere") == 2


@pytest.mark.parametrize("body", ["Kentongan: hapus data saya", f"{ME} tolong hapus semua data saya"])
async def test_who_asks_us_by_name_is_answered_each_time(take: Take, event: Event, engine: Engine, body: str) -> None:
    called = {"mentions": (ME,), "content": {"m.mentions": {"user_ids": [ME]}}}
    await take(event(body, room=OJOL, sender=WARGA, **called), event(body, room=OJOL, sender=WARGA, **called))
    assert ["pesan pribadi" in one for one in said(engine, OJOL)] == [True, True]


async def test_in_the_thread_of_a_report_it_does_not_go_on_the_card(take: Take, event: Event, engine: Engine) -> None:
    report = event(CRASH, room=OJOL, sender=WARGA)
    await take(report)
    deliver(engine)
    before = [row["key"] for row in sent(engine) if row["key"].startswith("card:")]
    await take(event("hapus data saya", room=OJOL, sender=WARGA, thread_root=report.event_id))
    assert [row["key"] for row in sent(engine) if row["key"].startswith("card:")] == before
    assert "pesan pribadi" in said(engine, OJOL)[-1]


async def test_spoken_in_a_channel_the_way_is_told_and_nothing_is_reported(speak: Any, engine: Engine) -> None:
    note = await speak("Tolong hapus data saya.", OJOL)
    [answer] = [row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}"]
    assert "pesan pribadi" in answer["content"]["body"]
    with engine.connect() as connection:
        assert connection.scalars(select(incidents.c.id)).all() == []


@pytest.mark.parametrize("body", ["data saya dihapus orang, akun saya dibajak", "hapus data pelanggan saya dong"])
async def test_other_talk_of_data_is_other_talk(take: Take, event: Event, engine: Engine, body: str) -> None:
    await take(event(body, room=OJOL, sender=WARGA))
    assert "erasure.elsewhere" not in audited(engine)
