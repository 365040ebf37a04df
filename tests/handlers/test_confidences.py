"""A private matter told in a channel goes on in a DM, both ways, and nothing of it is ever said in the channel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from casework_world import REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, update

from bot.event import IncomingEvent, Kind, Media, Trust
from bot.handlers import confidences, reports
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import rooms, tickets, transmissions
from bot.store.database import Database
from bot.store.tables import outbox
from bot.voice.heard import Heard

BEATEN = "tetangga saya dipukuli suaminya di Kecepak"
PLELEN = "kecelakaan di desa Plelen, dua orang luka"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def dm(event: Event) -> Event:
    """The reporter says something to us in private."""

    def make(body: str = "", **values: object) -> IncomingEvent:
        return event(body, sender=REPORTER, trust=Trust.DEVICE, **values)

    return make


@pytest.fixture
async def report(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    one = event(BEATEN, room=OJOL, sender=REPORTER)
    await take(one)
    deliver(engine)
    return one


def ticket(engine: Engine, number: int = 1) -> tickets.Ticket | None:
    with engine.connect() as connection:
        return tickets.get(connection, number)


def originals(engine: Engine) -> list[str]:
    """Event ids of what we take out of channels, without what is our own."""
    redactions = [row for row in sent(engine, OJOL) if row["action"] == "redaction"]
    return [row["content"]["event_id"] for row in redactions if row["key"].startswith("original:")]


async def test_the_answer_in_the_channel_says_nothing_of_it_and_shows_the_way(
    report: IncomingEvent, engine: Engine
) -> None:
    [said] = bodies(engine, OJOL, "reply:")
    for word in ("110", "129", "pesan pribadi", "hapus pesan Anda", "tekan lama"):
        assert word in said
    html = sent(engine, OJOL)[-1]["content"]["formatted_body"]
    assert f"https://matrix.to/#/{ME}" in html
    for word in ("suami", "pukul", "Kecepak", "kekerasan", "KDRT", "PPA", "anak", "perempuan"):
        assert word.casefold() not in said.casefold()


async def test_an_officers_words_wait_for_the_dm_and_go_there_once_when_it_opens(
    report: IncomingEvent, take: Take, order: Event, dm: Event, engine: Engine
) -> None:
    before = sent(engine, OJOL)
    await take(order("di rumah yang mana bu?"), order("tanya masih di sana orangnya?"))
    assert "belum membuka pesan pribadi" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert sent(engine, DIRECT) == []
    deliver(engine)
    await take(dm("pak saya takut"), dm("halo"))
    said = bodies(engine, DIRECT, "confided:")
    assert [body for body in said if "Petugas" in body] == [
        "👮 Petugas: di rumah yang mana bu?", "👮 Petugas: masih di sana orangnya?"
    ]  # fmt: skip
    assert sum("Laporan #1" in body for body in said) == 1
    assert sent(engine, OJOL) == before, "never in the channel"
    assert audited(engine).count("incident.delivered") == 2


async def test_what_the_reporter_says_there_stands_under_the_card(
    report: IncomingEvent, take: Take, order: Event, dm: Event, engine: Engine
) -> None:
    await take(dm("orangnya masih di dalam rumah"))
    found = ticket(engine)
    assert found is not None
    assert (found.incident_id, found.user_id, found.room_id) == (1, REPORTER, DIRECT)
    came = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("ticket:1")]
    assert ["Tersambung" in row["content"]["body"] for row in came] == [True, False]
    assert "masih di dalam rumah" in came[1]["content"]["body"]
    assert {row["content"]["m.relates_to"]["event_id"] for row in came} == {"outbox:card:1"}
    assert REPORTER not in json.dumps([row["content"] for row in came])
    deliver(engine)
    await take(order("petugas berangkat, ibu aman?"))
    assert "👮 Petugas: petugas berangkat, ibu aman?" in bodies(engine, DIRECT, "confided:1:1:")
    marks = [row["content"]["m.relates_to"]["key"] for row in sent(engine, OPERATIONS) if row["type"] == "m.reaction"]
    assert marks == ["📨"]
    assert "@ani" not in json.dumps([row["content"] for row in sent(engine, DIRECT)])


async def test_whoever_has_a_dm_hears_there_at_once_that_they_may_go_on(
    take: Take, event: Event, dm: Event, order: Event, engine: Engine
) -> None:
    await take(dm("assalamualaikum"))
    await take(event(BEATEN, room=OJOL, sender=REPORTER))
    [invited] = bodies(engine, DIRECT, "confided:")
    for word in ("Laporan #1", "hapus yang di sana", "110", "129"):
        assert word in invited
    assert "Kecepak" not in invited
    assert "Saya sudah menulis" in bodies(engine, OJOL, "reply:")[0]
    assert ticket(engine) is None, "what they ask the bot stays with the bot until they go on"
    deliver(engine)
    await take(order("apa ada anak-anak di rumah?"))
    assert bodies(engine, DIRECT, "confided:")[1:] == ["👮 Petugas: apa ada anak-anak di rumah?"]
    assert ticket(engine) is not None


async def test_a_room_that_somebody_else_has_come_into_is_no_way_to_a_person(
    report: IncomingEvent, take: Take, order: Event, dm: Event, event: Event, engine: Engine
) -> None:
    other = "!bertiga"
    await take(dm("halo", room=other, direct=True))
    with engine.connect() as connection:
        assert rooms.direct_with(connection, REPORTER) == other
    joined = event(room=other, kind=Kind.MEMBER, sender="@lain:batang.test", type="m.room.member", direct=False)
    await take(joined)
    with engine.connect() as connection:
        assert rooms.direct_with(connection, REPORTER) is None


async def test_a_dm_that_its_person_has_left_is_no_way_to_them(
    take: Take, dm: Event, event: Event, order: Event, engine: Engine
) -> None:
    await take(dm("halo"), dm(kind=Kind.MEMBER, type="m.room.member", state_key=REPORTER, direct=False))
    await take(event(BEATEN, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("ibu aman?"))
    assert "belum membuka" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert bodies(engine, DIRECT, "confided:") == []


async def test_words_taken_back_while_they_waited_never_arrive_and_edited_ones_arrive_edited(
    report: IncomingEvent, take: Take, order: Event, dm: Event, withdraw: Event, event: Event, engine: Engine
) -> None:
    gone, slip = order("salah kirim"), order("di RT brapa?")
    await take(gone, slip)
    edit = order("di RT berapa?", kind=Kind.EDIT, target=slip.event_id)
    await take(withdraw(gone), edit)
    await take(dm("pak?"))
    said = [body for body in bodies(engine, DIRECT, "confided:") if "Petugas" in body]
    assert said == ["👮 Petugas: di RT berapa?"]


async def test_an_officers_words_in_the_dm_follow_their_edit_and_their_withdrawal(
    report: IncomingEvent, take: Take, order: Event, dm: Event, withdraw: Event, engine: Engine
) -> None:
    await take(dm("pak?"))
    first, second = order("jangan pulang dulu"), order("tunggu di warung")
    await take(first, second)
    deliver(engine)
    await take(order("jangan pulang dulu bu", kind=Kind.EDIT, target=first.event_id), withdraw(second))
    said = sent(engine, DIRECT)
    assert [row["content"]["m.new_content"]["body"] for row in said if ":edit:" in row["key"]] == [
        "👮 Petugas: jangan pulang dulu bu"
    ]
    assert f"confided:1:1:{second.event_id}:redacted" in [row["key"] for row in said]


async def test_an_officers_voice_waits_with_its_words_as_well(
    report: IncomingEvent, take: Take, order: Event, dm: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    voice = order(kind=Kind.AUDIO, media=Media("mxc://batang.test/officer", "audio/ogg", voice=True))
    await take(voice)

    def hear(connection: Any) -> None:
        row = transmissions.by_event(connection, voice.event_id)
        assert row is not None
        result = Heard("petugas segera ke sana", (), 3.0, "id", False, 0.9, (), 1.0, "base")
        reports.heard(connection, row.id, voice, result, desk.config.audio_dir / "x", desk, NOW)

    database.run_blocking(hear)
    assert sent(engine, DIRECT) == []
    await take(dm("pak?"))
    kinds = [(row["content"]["msgtype"], row["content"]["body"]) for row in sent(engine, DIRECT)]
    assert ("m.audio", "pesan-suara.ogg") in kinds
    assert any("petugas segera ke sana" in body for _, body in kinds)


async def test_batal_ends_it_and_the_incident_done_ends_it_too(
    report: IncomingEvent, take: Take, order: Event, dm: Event, react: React, engine: Engine
) -> None:
    await take(dm("batal"))
    found = ticket(engine)
    assert found is not None
    assert not found.is_open
    await take(dm("syarat sim c apa"))
    assert "sim c" not in json.dumps(bodies(engine, OPERATIONS)).casefold(), "it is the bot's talk again"
    deliver(engine)
    await take(order("bu, kami tetap mau bantu"))
    again = ticket(engine, 2)
    assert again is not None
    assert again.is_open
    await take(react("👀"), react("🏁"))
    assert incident(engine).status is Status.SELESAI
    ended = ticket(engine, 2)
    assert ended is not None
    assert not ended.is_open


async def test_a_stranger_who_opens_a_dm_gets_nothing_of_it(
    report: IncomingEvent, take: Take, order: Event, event: Event, engine: Engine
) -> None:
    await take(order("di rumah yang mana?"))
    await take(event("halo", sender="@lain:batang.test"))
    assert bodies(engine, DIRECT, "confided:") == []
    assert ticket(engine) is None


async def test_an_ordinary_report_leaves_its_persons_dm_to_the_bot(
    take: Take, event: Event, dm: Event, engine: Engine
) -> None:
    await take(event(PLELEN, room=OJOL, sender=REPORTER))
    await take(dm("syarat sim c apa"))
    assert ticket(engine) is None


async def test_what_turns_out_private_shows_its_reporter_the_way_as_well(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event(PLELEN, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("pribadi"))
    [again] = bodies(engine, OJOL, "reply:$event1:again:private")
    assert "pesan pribadi" in again
    assert "Plelen" not in again
    await take(order("pribadi"))
    assert len(bodies(engine, OJOL, "reply:$event1:again:private")) == 1


async def test_a_reporter_who_deleted_their_message_can_still_be_reached(
    report: IncomingEvent, take: Take, order: Event, dm: Event, withdraw: Event, engine: Engine
) -> None:
    await take(dm("dia sudah pergi"), withdraw(report, sender=REPORTER, room=OJOL))
    deliver(engine)
    await take(order("ibu di mana sekarang?"))
    assert "👮 Petugas: ibu di mana sekarang?" in bodies(engine, DIRECT, "confided:")


# The original.


async def test_a_proven_officer_may_order_the_original_out_of_the_channel_and_the_log_keeps_it(
    report: IncomingEvent, take: Take, order: Event, event: Event, engine: Engine
) -> None:
    assert "hapus aslinya" in shown(engine, OPERATIONS)
    edit = event(f"{BEATEN} RT 3", room=OJOL, sender=REPORTER, kind=Kind.EDIT, target=report.event_id)
    await take(edit)
    await take(order("hapus aslinya"))
    assert originals(engine) == [report.event_id, edit.event_id]
    assert "Kecepak" in shown(engine, OPERATIONS)
    assert "Aslinya dihapus dari kanal" in shown(engine, OPERATIONS)
    assert steps(engine)[-1].action == "original_deleted"
    assert "incident.order" in audited(engine)
    await take(order("hapus aslinya"))
    assert "Tidak ada yang bisa dihapus" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_no_unproven_device_and_nothing_that_is_not_private(
    report: IncomingEvent, take: Take, order: Event, event: Event, engine: Engine
) -> None:
    await take(order("hapus aslinya", trust=Trust.CLEAR, encrypted_room=False))
    assert "belum dikenal" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    await take(event(PLELEN, room=OJOL, sender="@lain:batang.test"))
    deliver(engine)
    await take(order("hapus aslinya", thread_root="$card:2"))
    assert "hanya untuk laporan pribadi" in bodies(engine, OPERATIONS, "card:2:word:")[-1]
    assert originals(engine) == []
    assert "hapus aslinya" not in shown(engine, OPERATIONS, 2)


async def test_an_original_that_could_not_be_taken_out_is_told(
    report: IncomingEvent, take: Take, order: Event, engine: Engine, desk: Desk
) -> None:
    await take(order("hapus aslinya"))
    with engine.begin() as connection:
        assert confidences.confirm(connection, desk, NOW) == 0, "still on its way"
        connection.execute(update(outbox).where(outbox.c.key.like("original:%")).values(state="failed"))
        assert confidences.confirm(connection, desk, NOW) == 1
        assert confidences.confirm(connection, desk, NOW) == 0
    assert any("tidak bisa dihapus dari kanal" in body for body in bodies(engine, OPERATIONS, "card:1:not-deleted:"))
