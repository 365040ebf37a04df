"""From a note or message in a channel to the log, the thread and the officers."""

from __future__ import annotations

from pathlib import Path

import pytest
from casework_world import ANI, staffed
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind
from bot.handlers import reports
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.store import search, transmissions
from bot.store.database import Database
from bot.store.tables import incident_links, incidents, transcripts
from bot.store.tables import transmissions as table
from bot.voice.heard import Heard

CRASH = "kecelakaan di alas roban, dua orang luka"


def heard(text: str, *flags: str) -> Heard:
    return Heard(text, (), 5.0, "id", not text, 0.8, flags, 1.0, "base")


def hear(database: Database, desk: Desk, event: IncomingEvent, result: Heard, *, now: int = NOW) -> None:
    """What the listener does once a note has been heard."""

    def work(connection: object) -> None:
        row = transmissions.by_event(connection, event.event_id)  # type: ignore[arg-type]
        assert row is not None
        reports.heard(connection, row.id, event, result, Path("/audio/note"), desk, now)  # type: ignore[arg-type]

    database.run_blocking(work)


@pytest.fixture
def note(event: Event) -> IncomingEvent:
    return event(room=OJOL, kind=Kind.AUDIO, sender="@ojol7:batang.test")


async def test_a_note_is_in_the_log_before_anything_is_fetched(
    take: Take, note: IncomingEvent, database: Database, engine: Engine
) -> None:
    await take(note)
    with engine.connect() as connection:
        [row] = connection.execute(select(table)).all()
    assert (row.event_id, row.state, row.purpose) == (note.event_id, "queued", "report")


async def test_a_heard_note_gets_a_silent_thread_reply_and_a_loud_card(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    hear(database, desk, note, heard(CRASH))
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}")
    assert reply["content"]["msgtype"] == "m.notice"
    assert reply["content"]["m.relates_to"]["event_id"] == note.event_id
    assert "kecelakaan" in reply["content"]["body"]
    card, audio = sent(engine, OPERATIONS)
    assert card["content"]["msgtype"] == "m.text", "darurat rings"
    assert "Alas Roban" in card["content"]["body"]
    assert note.sender not in str(card["content"]), "the reporter is not named"
    assert audio["upload"] == "/audio/note"
    assert audio["content"]["m.relates_to"]["event_id"] == f"outbox:{card['key']}"


async def test_the_incident_is_found_by_a_spoken_word(
    take: Take, note: IncomingEvent, database: Database, desk: Desk
) -> None:
    await take(note)
    hear(database, desk, note, heard(CRASH))
    hits = database.run_blocking(lambda connection: search.search(connection, "kecelakaan"))
    assert [hit.event_id for hit in hits] == [note.event_id]


async def test_a_second_report_of_the_same_crash_is_linked_under_the_first_card(
    take: Take, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    first, second = event(room=OJOL, kind=Kind.AUDIO), event(room=OJOL, kind=Kind.AUDIO, sender="@b:batang.test")
    await take(first, second)
    hear(database, desk, first, heard("kecelakaan di desa Plelen, dua orang luka"))
    hear(database, desk, second, heard("ada kecelakaan motor di Plelen pak, korbannya dua"))
    with engine.connect() as connection:
        assert len(connection.execute(select(incidents)).all()) == 1
        assert len(connection.execute(select(incident_links)).all()) == 2
    cards = [row for row in sent(engine, OPERATIONS) if row["content"]["msgtype"] != "m.audio"]
    assert cards[1]["content"]["m.relates_to"]["event_id"] == f"outbox:{cards[0]['key']}"


async def test_hearing_a_note_again_after_a_restart_replies_and_opens_once(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    hear(database, desk, note, heard(CRASH))
    before = [row["key"] for row in sent(engine)]
    hear(database, desk, note, heard(CRASH))
    assert [row["key"] for row in sent(engine)] == before
    with engine.connect() as connection:
        assert len(connection.execute(select(incidents)).all()) == 1


async def test_a_late_transcript_says_so_and_a_stale_one_does_not_ring(
    take: Take, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    stale = event(room=OJOL, kind=Kind.AUDIO, sent_at=NOW - 30 * 60_000)
    await take(stale)
    hear(database, desk, stale, heard(CRASH))
    card = sent(engine, OPERATIONS)[0]
    assert card["content"]["msgtype"] == "m.notice"
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{stale.event_id}")
    assert reply["content"]["body"].startswith("Baru terbaca sekarang")


async def test_the_privacy_notice_comes_once_a_person(
    take: Take, event: Event, database: Database, engine: Engine
) -> None:
    for sender in ("@a:batang.test", "@a:batang.test", "@b:batang.test"):
        await take(event(room=OJOL, kind=Kind.AUDIO, sender=sender))
    notices = [row["key"] for row in sent(engine, OJOL) if str(row["key"]).startswith("privacy:")]
    assert notices == ["privacy:@a:batang.test", "privacy:@b:batang.test"]


async def test_the_notice_says_who_why_how_long_how_to_erase_and_110(
    take: Take, event: Event, desk: Desk, engine: Engine
) -> None:
    await take(event(room=OJOL, kind=Kind.AUDIO))
    said = sent(engine, OJOL)[0]["content"]["body"]
    days = desk.config.retention.audio_days
    for told in (desk.content.rooms.controller, "laporan warga", f"{days} hari", "hapus data saya", "110"):
        assert told in said
    assert "{" not in said


async def test_a_first_voice_note_in_a_dm_comes_with_the_notice_too_and_a_later_one_in_a_channel_does_not(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event(kind=Kind.AUDIO), event(kind=Kind.AUDIO), event(room=OJOL, kind=Kind.AUDIO))
    [notice] = sent(engine)
    assert (notice["key"], notice["room_id"]) == ("privacy:@warga:batang.test", DIRECT)
    assert "hapus data saya" in notice["content"]["body"]


async def test_an_unreadable_note_stands_in_the_log_and_before_the_officers(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    row = database.run_blocking(lambda connection: transmissions.by_event(connection, note.event_id))
    assert row is not None
    database.run_blocking(lambda connection: reports.unreadable(connection, row.id, note, "empty", desk, NOW))
    assert database.run_blocking(lambda connection: transmissions.get(connection, row.id)).state == "unreadable"
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}")
    assert "110" in reply["content"]["body"]
    [card] = sent(engine, OPERATIONS)
    assert "berkas kosong" in card["content"]["body"]
    hits = database.run_blocking(lambda connection: search.search(connection, "tidak terbaca"))
    assert [hit.event_id for hit in hits] == [note.event_id]


async def test_silence_is_flagged_and_kept_not_dropped(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    hear(database, desk, note, heard("", "no_speech"))
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}")
    assert "tidak terdengar" in reply["content"]["body"].lower()
    with engine.connect() as connection:
        assert connection.scalar(select(transcripts.c.flags)) == ["no_speech"]


async def test_a_spoken_question_is_answered_with_what_was_heard(
    take: Take, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    question = event(kind=Kind.AUDIO)
    await take(question)
    hear(database, desk, question, heard("bagaimana cara membuat sim c baru"))
    [notice, row] = sent(engine)
    assert notice["key"] == f"privacy:{question.sender}"
    assert row["key"] == f"reply:{question.event_id}"
    assert "Saya dengar" in row["content"]["body"]
    assert "SIM C" in row["content"]["body"]


async def test_everyday_talk_in_a_channel_leaves_no_trace(take: Take, event: Event, engine: Engine) -> None:
    await take(event("besok kopi darat di warung bu siti ya", room=OJOL), event("siap bang", room=OJOL))
    assert sent(engine) == []
    assert audited(engine) == []


async def test_a_typed_report_in_a_channel_is_taken_up(take: Take, event: Event, engine: Engine) -> None:
    report = event("pak ada kebakaran rumah di desa Subah, tolong damkar", room=OJOL)
    await take(report)
    assert audited(engine) == ["incident.opened"]
    assert any("Subah" in row["content"]["body"] for row in sent(engine, OPERATIONS))


@pytest.mark.parametrize(
    "text",
    [
        "tolong pak cepat ke sini",
        "toloooong",
        "buruan pak ke sini gawat",
        "tolong jangan pukul saya",
        "suara letusan keras dari arah pabrik, belum tahu apa",
        "tolong cepat kirim foto ke polisi, gawat",
    ],
)
async def test_a_typed_cry_that_says_no_more_is_logged_shown_and_asked_back(
    take: Take, event: Event, engine: Engine, text: str
) -> None:
    cry = event(text, room=OJOL)
    await take(cry)
    assert audited(engine) == ["incident.opened"]
    assert any("Belum jelas" in row["content"]["body"] for row in sent(engine, OPERATIONS))
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{cry.event_id}")
    assert "Di mana dan apa" in reply["content"]["body"]


@pytest.mark.parametrize(
    "text",
    [
        "waduh",
        "ke Batang dulu",
        "tolong jangan spam di grup",
        "min tolong share lokasi kopdar",
        "cepat ke sini makan bakso",
    ],
)
async def test_a_favour_asked_or_a_place_named_in_passing_is_no_cry(
    take: Take, event: Event, engine: Engine, text: str
) -> None:
    await take(event(text, room=OJOL))
    assert sent(engine) == []
    assert audited(engine) == []


async def test_what_an_officer_writes_in_a_channel_is_no_citizens_report(
    take: Take, event: Event, engine: Engine, desk: Desk, consumer: Consumer
) -> None:
    consumer.desk = staffed(desk)
    await take(event(CRASH, room=OJOL, sender=ANI))
    assert sent(engine) == []
    with engine.connect() as connection:
        assert connection.execute(select(table)).all() == []


async def test_a_misheard_name_is_put_right_beside_the_text_as_heard(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    hear(database, desk, note, heard("laka di desa pelelen"))
    with engine.connect() as connection:
        [row] = connection.execute(select(transcripts)).all()
        analysis = connection.scalar(select(incidents.c.analysis))
    assert (row.text, row.corrected) == ("laka di desa pelelen", "laka di desa Plelen")
    assert analysis is not None
    assert [(one["heard"], one["name"]) for one in analysis["corrections"]] == [("pelelen", "Plelen")]


async def test_a_typed_report_keeps_what_was_written_and_the_names_put_right_beside_it(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event("kecelakaan di alas roman dekat pelelen, dua orang luka", room=OJOL))
    with engine.connect() as connection:
        [row] = connection.execute(select(transcripts)).all()
    assert row.text == "kecelakaan di alas roman dekat pelelen, dua orang luka"
    assert row.corrected == "kecelakaan di Alas Roban dekat Plelen, dua orang luka"
    reply = next(row for row in sent(engine, OJOL) if row["key"].startswith("reply:"))
    assert "Alas Roban (tertulis: alas roman)" in reply["content"]["body"]


async def test_a_misheard_name_stands_in_the_thread_with_what_was_heard(
    take: Take, note: IncomingEvent, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(note)
    hear(database, desk, note, heard("kecelakaan di alas roman, dua orang luka"))
    reply = next(row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}")
    for shown in (reply["content"]["body"], reply["content"]["formatted_body"]):
        assert "Alas Roban (terdengar: alas roman)" in shown
