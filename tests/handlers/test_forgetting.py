from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from casework_world import staffed
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, text, update

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import board, forgetting
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.outgoing import Action
from bot.rooms.model import Officer
from bot.store import erasure, incidents, outbox, search
from bot.store.tables import erasures, inbox, metadata, transcripts, transmissions
from bot.store.tables import incidents as log

WARGA = "@warga:batang.test"
ASK = "hapus data saya"
SECRET = "zebrakuda"


@pytest.fixture
def say(event: Event) -> Event:
    """What a citizen writes from a known device."""

    def make(body: str = "", room: str = DIRECT, **values: Any) -> IncomingEvent:
        return event(body, room=room, **{"sender": WARGA, "trust": Trust.DEVICE, **values})

    return make


@pytest.fixture
def deliver(engine: Engine) -> Callable[[], None]:
    """Everything that waits in the outbox is sent."""

    def all_of_it() -> None:
        for row in sent(engine):
            if row["state"] == "queued":
                with engine.begin() as connection:
                    outbox.sent(connection, row["txn_id"], f"$sent{row['id']}", NOW)

    return all_of_it


def close(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        incidents.change_status(
            connection, number, Status.SELESAI, actor="@p:batang.test", reason=None, event_id=None, now=NOW
        )


def everything(engine: Engine) -> str:
    """Every row of every table, the index's words too."""
    with engine.connect() as connection:
        rows = [list(map(str, row)) for table in metadata.sorted_tables for row in connection.execute(select(table))]
        rows += [list(map(str, row)) for row in connection.execute(text("SELECT words FROM incident_words"))]
    return json.dumps(rows)


def told(engine: Engine, room: str = DIRECT) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, room) if row["content"] and "body" in row["content"]]


async def test_a_person_is_asked_back_and_then_nothing_of_theirs_is_left(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None], desk: Desk
) -> None:
    note = say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL)
    await take(say(f"syarat sim untuk {SECRET}"), note, say(f"saya mau bicara dengan petugas soal {SECRET}"))
    deliver()
    close(engine, 1)
    assert SECRET in everything(engine)
    await take(say(ASK))
    assert "Tidak bisa dikembalikan" in told(engine)[-1]
    assert SECRET in everything(engine)
    deliver()
    await take(say("ya, hapus"))
    left = everything(engine)
    assert SECRET not in left
    assert WARGA not in left
    assert "Sudah" in told(engine)[-1]
    assert "satu warga" in told(engine, OPERATIONS)[-1].lower()
    with engine.connect() as connection:
        assert desk.auditor.verify(connection).faults == ()
        entry = incidents.get(connection, 1)
    assert (entry.text, entry.analysis.text, entry.analysis.evidence, entry.places) == ("", "", (), ())
    assert (entry.category, entry.district, entry.status) == ("banjir", "Subah", Status.SELESAI)
    assert audited(engine)[-1] == "erasure.done"


async def test_what_we_sent_is_redacted_wherever_it_stands(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None]
) -> None:
    note = say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL)
    await take(note, say("syarat sim"))
    deliver()
    close(engine, 1)
    before = {row["key"] for row in sent(engine) if row["action"] == Action.EVENT}
    await take(say(ASK), say("ya hapus"))
    redacted = {row["content"]["event_id"] for row in sent(engine) if row["action"] == Action.REDACTION}
    assert f"outbox:reply:{note.event_id}" in redacted
    assert "outbox:card:1" in redacted
    assert note.event_id in redacted  # the note itself, where we have the power to
    named = {key for key in before if WARGA in key}
    assert {f"outbox:{key}" for key in before - named} <= redacted
    assert len([one for one in redacted if one.startswith("outbox:privacy:dihapus:")]) == len(named) == 1
    assert {row["room_id"] for row in sent(engine) if row["action"] == Action.REDACTION} == {OJOL, OPERATIONS, DIRECT}


async def test_a_report_under_way_is_kept_with_its_reason_and_goes_when_it_is_closed(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None], desk: Desk
) -> None:
    await take(say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL), say("syarat sim"))
    deliver()
    await take(say(ASK), say("ya hapus"))
    answer = told(engine)[-1]
    assert "#1" in answer
    assert "pasal 15" in answer
    assert "#1" in told(engine, OPERATIONS)[-1]
    with engine.begin() as connection:
        assert SECRET in incidents.get(connection, 1).text
        assert forgetting.resume(connection, desk, NOW) == 0
    assert audited(engine)[-1] == "erasure.waiting"
    close(engine, 1)
    with engine.begin() as connection:
        assert forgetting.resume(connection, desk, NOW) == 1
        assert forgetting.resume(connection, desk, NOW) == 0
        assert connection.execute(select(erasures.c.state, erasures.c.user_id)).all() == [("done", None)]
    left = everything(engine)
    assert SECRET not in left
    assert WARGA not in left
    assert "sudah selesai" in told(engine)[-1]


async def test_another_persons_report_of_the_same_thing_stays(
    take: Take, say: Event, engine: Engine, desk: Desk
) -> None:
    other = say("banjir Kalimanggis makin tinggi, sudah sepinggang", room=OJOL, sender="@lain:batang.test")
    await take(say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL), other)
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    assert SECRET not in everything(engine)
    with engine.begin() as connection:
        assert "sepinggang" in incidents.get(connection, 1).text
        assert [hit.incident.id for hit in search.search(connection, "sepinggang")] == [1]
        assert search.search(connection, SECRET) == []


def redacted(engine: Engine) -> set[str]:
    return {row["content"]["event_id"].removeprefix("outbox:") for row in sent(engine) if row["action"] == "redaction"}


async def test_other_peoples_cards_stay_and_the_thread_gets_a_card_without_the_erased_words(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None]
) -> None:
    further = {"room": OJOL, "sender": "@lain:batang.test"}
    await take(
        say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL),
        say("banjir Kalimanggis makin tinggi, sudah sepinggang", **further),
    )
    deliver()
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    assert "card:1" in redacted(engine)
    assert "card:1:2" not in redacted(engine), "it repeats another person's words"
    [again] = [row for row in sent(engine, OPERATIONS) if row["key"] == "card:1:again:1"]
    assert "sepinggang" in again["content"]["body"]
    assert SECRET not in everything(engine)
    with engine.connect() as connection:
        assert board.live_key(connection, 1) == "card:1:again:1"
    deliver()
    await take(say(ASK, **further | {"room": "!lain", "direct": True}),
               say("ya hapus", **further | {"room": "!lain", "direct": True}))  # fmt: skip
    assert {"card:1:again:1", "card:1:2"} <= redacted(engine)
    assert "sepinggang" not in everything(engine)


async def test_a_further_answer_of_one_person_does_not_keep_the_card_of_another(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None]
) -> None:
    other = {"room": OJOL, "sender": "@lain:batang.test"}
    first = say("banjir di Kalimanggis, air selutut", **other)
    answer = say("di dekat masjid", **other, thread_root=first.event_id, sent_at=NOW - 450)
    theirs = say(f"banjir Kalimanggis makin tinggi dekat rumah {SECRET}", room=OJOL, sent_at=NOW - 400)
    await take(first, answer, theirs)
    deliver()
    await take(say(**other, kind=Kind.REDACTION, type="m.room.redaction", target=first.event_id))
    deliver()
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    assert "card:1:again:1" in redacted(engine)
    assert SECRET not in everything(engine)


async def test_what_officers_wrote_to_them_in_the_channel_names_them_no_more(
    take: Take, say: Event, event: Event, engine: Engine, deliver: Callable[[], None], desk: Desk
) -> None:
    object.__setattr__(desk, "content", staffed(desk).content)
    await take(say(f"banjir di Kalimanggis dekat rumah {SECRET}", room=OJOL))
    deliver()
    with engine.connect() as connection:
        card = outbox.event_id(connection, "card:1")
    await take(
        event("di sebelah mana?", room=OPERATIONS, sender="@ani:batang.test", trust=Trust.DEVICE, thread_root=card)
    )
    deliver()
    [words] = [row for row in sent(engine, OJOL) if row["key"].startswith("talk:1:1:")]
    assert words["content"]["m.mentions"] == {"user_ids": [WARGA]}
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    assert words["key"] in redacted(engine)
    assert WARGA not in everything(engine)


async def test_of_a_private_matter_that_went_on_in_a_dm_nothing_is_left(
    take: Take, say: Event, event: Event, engine: Engine, deliver: Callable[[], None], desk: Desk
) -> None:
    object.__setattr__(desk, "content", staffed(desk).content)
    await take(say(f"tetangga saya dipukuli suaminya dekat rumah {SECRET}", room=OJOL))
    deliver()
    with engine.connect() as connection:
        card = outbox.event_id(connection, "card:1")
    await take(say(f"di rumah {SECRET} pak"))
    await take(event("ibu aman?", room=OPERATIONS, sender="@ani:batang.test", trust=Trust.DEVICE, thread_root=card))
    deliver()
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    left = everything(engine)
    assert SECRET not in left
    assert WARGA not in left


async def test_officers_corrections_and_answers_to_searches_keep_nothing_of_it(
    take: Take, say: Event, event: Event, engine: Engine, deliver: Callable[[], None], desk: Desk
) -> None:
    object.__setattr__(desk, "content", staffed(desk).content)
    await take(say("banjir di Kalimanggis dekat rumah tetangga", room=OJOL))
    deliver()
    with engine.connect() as connection:
        card = outbox.event_id(connection, "card:1")
    officer = {"room": OPERATIONS, "sender": "@ani:batang.test", "trust": Trust.DEVICE}
    await take(event(f"koreksi banjir di Kalimanggis dekat rumah {SECRET}", **officer, thread_root=card))
    asks = event("!cari banjir", **officer)
    await take(asks)
    deliver()
    assert SECRET in next(row for row in sent(engine) if row["key"] == f"reply:{asks.event_id}")["content"]["body"]
    close(engine, 1)
    await take(say(ASK), say("ya hapus"))
    assert f"reply:{asks.event_id}" in redacted(engine)
    assert SECRET not in everything(engine)
    with engine.connect() as connection:
        assert desk.auditor.verify(connection).faults == ()
        assert [step.actor for step in incidents.history(connection, 1) if step.action == "corrected"] == [
            "@ani:batang.test"
        ]


async def test_a_recording_goes_from_the_disk(take: Take, say: Event, engine: Engine, desk: Desk) -> None:
    await take(say(room=OJOL, kind=Kind.AUDIO))
    path = desk.config.audio_dir / "note.ogg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"OggS")
    with engine.begin() as connection:
        relative = str(Path("audio") / "note.ogg")
        connection.execute(update(transmissions).values(media_path=relative, state="heard"))
        connection.execute(
            transcripts.insert().values(
                transmission_id=1, version=1, text=SECRET, corrected=SECRET, segments=[{"text": SECRET}], flags=[],
                model="m", settings={}, created_at=NOW,
            )
        )  # fmt: skip
    await take(say(ASK), say("ya hapus"))
    assert not path.exists()
    assert SECRET not in everything(engine)


async def test_an_emergencys_talk_is_kept_as_long_as_its_incident(
    take: Take, say: Event, engine: Engine, deliver: Callable[[], None]
) -> None:
    await take(say("tolong ada maling bawa golok di rumah saya sekarang"))
    await take(say("ya"))
    with engine.connect() as connection:
        if not connection.scalar(select(log.c.id)):
            pytest.fail("the emergency was not taken up")
    deliver()
    await take(say(ASK), say("ya hapus"))
    assert "#1" in told(engine)[-1]
    with engine.connect() as connection:
        assert connection.scalar(select(transmissions.c.sender)) == WARGA


@pytest.mark.parametrize("word", ["batal", "tidak", "jangan"])
async def test_who_thinks_better_of_it_keeps_everything(take: Take, say: Event, engine: Engine, word: str) -> None:
    await take(say("syarat sim"), say(ASK), say(word))
    assert told(engine)[-1] == forgetting.OFF
    with engine.connect() as connection:
        assert connection.scalar(select(inbox.c.payload["body"].as_string()).limit(1)) == "syarat sim"
        assert connection.execute(select(erasures.c.state)).all() == [("cancelled",)]


async def test_a_yes_that_was_taken_back_before_it_was_read_erases_nothing(
    take: Take, say: Event, engine: Engine
) -> None:
    await take(say("syarat sim"), say(ASK))
    yes = say("ya hapus")
    await take(yes, say(kind=Kind.REDACTION, type="m.room.redaction", target=yes.event_id))
    with engine.connect() as connection:
        assert connection.scalar(select(erasures.c.state)) == "asked"
        assert connection.scalar(select(inbox.c.payload["body"].as_string()).limit(1)) == "syarat sim"


async def test_a_yes_to_something_else_erases_nothing(take: Take, say: Event, engine: Engine) -> None:
    await take(say("ya hapus"), say("hapus"), say("ya"))
    assert all("Sudah" not in one for one in told(engine))
    with engine.connect() as connection:
        assert connection.execute(select(erasures)).all() == []


async def test_a_request_of_yesterday_is_not_confirmed_by_todays_yes(take: Take, say: Event, engine: Engine) -> None:
    await take(say(ASK))
    with engine.begin() as connection:
        connection.execute(update(erasures).values(asked_at=NOW - forgetting.OPEN_MS))
    await take(say("ya hapus"))
    with engine.connect() as connection:
        assert connection.scalar(select(erasures.c.state)) == "asked"


async def test_an_unproven_device_or_an_officer_erases_nothing(
    take: Take, say: Event, engine: Engine, desk: Desk
) -> None:
    await take(say(ASK, trust=Trust.UNPROVEN))
    assert told(engine)[-1].startswith("Maaf, perangkat ini")
    rooms = desk.content.rooms
    known = Officer(person=WARGA, role="petugas", power=50, rooms=("all",))
    object.__setattr__(desk, "content", replace(desk.content, rooms=rooms.model_copy(update={"officers": (known,)})))
    await take(say(ASK))
    assert "akun petugas" in told(engine)[-1]
    assert audited(engine).count("erasure.refused") == 2


@pytest.mark.parametrize(
    "body",
    [ASK, "Hapus data saya!", "tolong hapus semua data saya pak", "mau hapus data pribadi saya", "hapusin dataku"],
)
async def test_the_request_is_understood_as_people_write_it(take: Take, say: Event, engine: Engine, body: str) -> None:
    await take(say(body))
    assert "Tidak bisa dikembalikan" in told(engine)[-1]


@pytest.mark.parametrize(
    "body", ["bagaimana hapus data saya di bank", "data saya hilang", "hapus tilang saya", "saya kehilangan data"]
)
async def test_other_questions_stay_questions(take: Take, say: Event, engine: Engine, body: str) -> None:
    await take(say(body))
    assert all("Tidak bisa dikembalikan" not in one for one in told(engine))


async def test_in_a_channel_it_erases_nothing(take: Take, say: Event, engine: Engine) -> None:
    await take(say(ASK, room=OJOL))
    with engine.connect() as connection:
        assert connection.execute(select(erasures)).all() == []


def test_erasing_twice_finds_nothing_the_second_time(engine: Engine, desk: Desk, tmp_path: Path) -> None:
    with engine.begin() as connection:
        for _ in range(2):
            erased = erasure.erase_person(connection, desk.auditor, WARGA, tmp_path, version="v", now=NOW, me=ME)
            assert erased == erasure.Erased()
