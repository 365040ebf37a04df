"""Officers and reporters talk through the bot: once, without names, each in their own thread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from casework_world import CRASH, REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Kind, Media
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.incidents.excerpts import doubts
from bot.incidents.lifecycle import Status
from bot.store import search, transmissions
from bot.store.database import Database
from bot.store.tables import alarms, inbox
from bot.store.tables import incidents as log
from bot.voice.heard import QUIET, Heard


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


@pytest.fixture
def more(event: Event, reported: IncomingEvent) -> Event:
    """The reporter goes on in the thread of their report."""

    def make(body: str = "", **values: object) -> IncomingEvent:
        base = {"sender": REPORTER, "thread_root": reported.event_id}
        return event(body, room=OJOL, **{**base, **values})

    return make


def hear(database: Database, desk: Desk, event: IncomingEvent, text: str, *flags: str) -> None:
    def work(connection: object) -> None:
        row = transmissions.by_event(connection, event.event_id)  # type: ignore[arg-type]
        assert row is not None
        result = Heard(text, (), 5.0, "id", not text, 0.8, flags, 1.0, "base")
        reports.heard(connection, row.id, event, result, Path("/audio/note"), desk, NOW)  # type: ignore[arg-type]

    database.run_blocking(work)


async def test_an_officers_question_reaches_the_reporter_in_their_thread_once_and_without_a_name(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    question = order("di sebelah mana pak? <b>")
    await take(question)
    with engine.begin() as connection:  # as if the mark had been lost
        connection.execute(update(inbox).where(inbox.c.event_id == question.event_id).values(state="new"))
    await take(question)
    [there] = [row for row in sent(engine, OJOL) if row["key"].startswith("talk:")]
    assert there["content"]["body"] == "👮 Petugas: di sebelah mana pak? <b>"
    assert "<b>" not in there["content"]["formatted_body"]
    assert there["content"]["m.relates_to"]["event_id"] == reported.event_id
    assert there["content"]["m.mentions"] == {"user_ids": [REPORTER]}
    assert "@ani" not in json.dumps(there["content"])
    assert audited(engine).count("incident.to_reporter") == 1


async def test_the_reporters_answer_comes_to_the_card_without_a_name_or_number(
    reported: IncomingEvent, take: Take, more: Event, engine: Engine
) -> None:
    answer = more("sebelah masjid pak, hp saya 081234567890")
    await take(answer, answer)
    [there] = [row for row in sent(engine, OPERATIONS) if ":in:" in row["key"]]
    assert there["content"]["body"].startswith("💬 Pelapor: sebelah masjid pak")
    assert there["content"]["m.relates_to"]["event_id"] == "outbox:card:1"
    text = json.dumps(there["content"])
    assert REPORTER not in text
    assert "081234567890" not in text
    assert incident(engine).reports == 1, "an answer is no further report"
    with engine.connect() as connection:
        assert search.search(connection, "masjid"), "it can be found"


async def test_what_the_reporter_adds_makes_it_graver_and_says_where(take: Take, event: Event, engine: Engine) -> None:
    first = event("motor saya dicuri barusan", room=OJOL, sender=REPORTER)
    await take(first)
    deliver(engine)
    assert incident(engine).district is None
    await take(event("di desa Plelen pak", room=OJOL, sender=REPORTER, thread_root=first.event_id))
    assert incident(engine).district == "Gringsing"
    assert "Gringsing" in shown(engine, OPERATIONS)


async def test_a_shared_place_stands_on_the_card(
    reported: IncomingEvent, take: Take, more: Event, engine: Engine
) -> None:
    await take(more(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7"}))
    assert incident(engine).location == "-6.900000,109.700000"
    assert "-6.9" in shown(engine, OPERATIONS)


async def test_a_place_shared_outside_the_thread_belongs_to_the_report_just_made(
    reported: IncomingEvent, take: Take, event: Event, engine: Engine
) -> None:
    place = {"room": OJOL, "kind": Kind.LOCATION, "content": {"geo_uri": "geo:-6.9,109.7"}}
    await take(event(sender="@lain:batang.test", **place), event(sender=REPORTER, sent_at=NOW + 16 * 60_000, **place))
    assert incident(engine).location is None, "somebody else's place, or one shared much later, is none of it"
    await take(event(sender=REPORTER, **place))
    assert incident(engine).location == "-6.900000,109.700000"


async def test_a_plain_reply_to_the_bot_counts_like_the_thread(
    reported: IncomingEvent, take: Take, order: Event, more: Event, engine: Engine
) -> None:
    await take(order("korbannya berapa?"))
    deliver(engine)
    [question] = [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("talk:")]
    await take(more("dua pak", thread_root=None, reply_to=f"${question}"))
    await take(more("satu berat", thread_root=None, reply_to=f"$reply:{reported.event_id}"))
    assert [body for body in bodies(engine, OPERATIONS, "card:1:in:")] == [
        "💬 Pelapor: dua pak",
        "💬 Pelapor: satu berat",
    ]


async def test_somebody_elses_words_in_the_thread_are_not_the_reporters(
    reported: IncomingEvent, take: Take, more: Event, engine: Engine
) -> None:
    before = sent(engine, OPERATIONS)
    await take(more("semoga selamat ya", sender="@lain:batang.test"))
    assert sent(engine, OPERATIONS) == before


async def test_two_reporters_are_told_apart_and_each_is_answered_in_their_own_thread(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    other = event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender="@lain:batang.test")
    await take(other)
    deliver(engine)
    await take(event("saya masih di sini", room=OJOL, sender="@lain:batang.test", thread_root=other.event_id))
    deliver(engine)
    [said] = [row for row in sent(engine, OPERATIONS) if ":in:" in row["key"]]
    assert said["content"]["body"] == "💬 Pelapor 2: saya masih di sini"
    await take(order("terima kasih", reply_to=f"${said['key']}"), order("dan Bapak?"))
    [second, first] = [row for row in sent(engine, OJOL) if row["key"].startswith("talk:")]
    assert second["content"]["m.relates_to"]["event_id"] == other.event_id
    assert first["content"]["m.relates_to"]["event_id"] == reported.event_id


async def test_an_officers_voice_goes_as_it_is_and_its_words_follow(
    reported: IncomingEvent, take: Take, order: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    media = Media("mxc://batang.test/order", "audio/ogg", duration_ms=3000, voice=True, file={"url": "mxc://a/b"})
    note = order(kind=Kind.AUDIO, media=media)
    await take(note)
    [sound] = [row for row in sent(engine, OJOL) if row["key"].startswith("talk:")]
    assert sound["content"]["msgtype"] == "m.audio"
    hear(database, desk, note, "tim dua menit lagi sampai")
    [words] = [row for row in sent(engine, OJOL) if row["key"].endswith(":words")]
    assert "tim dua menit lagi sampai" in words["content"]["body"]
    assert "🎙️ “tim dua menit lagi sampai”" in bodies(engine, OPERATIONS, "card:1:spoken:")
    assert incident(engine).reports == 1, "an officer's note is no report"
    with engine.connect() as connection:
        row = transmissions.by_event(connection, note.event_id)
    assert row is not None
    assert row.purpose == "note"


async def test_the_reporters_voice_comes_with_its_words_and_its_recording(
    reported: IncomingEvent, take: Take, more: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = more(kind=Kind.AUDIO, media=Media("mxc://batang.test/more", "audio/ogg", voice=True))
    await take(note)
    hear(database, desk, note, "korban sudah dibawa ambulans")
    words, sound = [row for row in sent(engine, OPERATIONS) if note.event_id in row["key"] and "edit" not in row["key"]]
    assert "korban sudah dibawa ambulans" in words["content"]["body"]
    assert sound["upload"] == "/audio/note"
    assert incident(engine).reports == 1


async def test_further_words_in_a_note_that_cannot_be_heard_stay_with_their_report(
    reported: IncomingEvent, take: Take, more: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = more(kind=Kind.AUDIO, media=Media("mxc://batang.test/more", "audio/ogg", voice=True))
    await take(note)
    row = database.run_blocking(lambda connection: transmissions.by_event(connection, note.event_id))
    assert row is not None
    database.run_blocking(lambda connection: reports.unreadable(connection, row.id, note, "empty", desk, NOW))
    [told] = bodies(engine, OPERATIONS, f"card:1:in:{note.event_id}")
    assert "berkas kosong" in told
    with engine.connect() as connection:
        assert connection.execute(select(log.c.id)).scalars().all() == [1], "no incident of its own"
    assert any("tidak bisa saya dengarkan" in body for body in bodies(engine, OJOL, f"reply:{note.event_id}"))


@pytest.fixture
async def harmless(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    """A report that rings for nobody."""
    report = event("pohon tumbang di desa Plelen, jalan masih bisa dilewati", room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    assert incident(engine).urgency != "darurat"
    return report


@pytest.mark.parametrize("flag", sorted(QUIET))
async def test_further_words_that_perhaps_nobody_said_are_shown_as_such_and_alarm_nobody(
    flag: str, harmless: IncomingEvent, take: Take, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = event(room=OJOL, sender=REPORTER, thread_root=harmless.event_id, kind=Kind.AUDIO)
    urgency = incident(engine).urgency
    await take(note)
    hear(database, desk, note, "kebakaran di Subah, ada orang terjebak, tolong", flag)
    assert (incident(engine).urgency, incident(engine).district) == (urgency, "Gringsing")
    [row] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"card:1:in:{note.event_id}"]
    assert "ada orang terjebak" in row["content"]["body"]
    assert doubts([flag]) in row["content"]["body"]
    assert row["content"]["msgtype"] == "m.notice"
    assert not [row for row in sent(engine, OPERATIONS) if ":urgent:" in row["key"]]
    with engine.connect() as connection:
        assert connection.execute(select(alarms)).all() == []


async def test_further_words_that_are_only_hard_to_hear_ring_with_their_doubt(
    harmless: IncomingEvent, take: Take, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = event(room=OJOL, sender=REPORTER, thread_root=harmless.event_id, kind=Kind.AUDIO)
    await take(note)
    hear(database, desk, note, "pohonnya menimpa motor, ada orang terjepit", "low_confidence")
    assert incident(engine).urgency == "darurat"
    [words] = bodies(engine, OPERATIONS, f"card:1:in:{note.event_id}")
    assert doubts(["low_confidence"]) in words
    assert [row for row in sent(engine, OPERATIONS) if row["key"] == f"card:1:urgent:{note.event_id}"]


async def test_words_that_perhaps_nobody_said_open_no_report_again(
    reported: IncomingEvent, take: Take, react: React, more: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = more(kind=Kind.AUDIO, media=Media("mxc://batang.test/more", "audio/ogg", voice=True))
    await take(react("👀"), react("🏁"), note)
    hear(database, desk, note, "belum selesai", "no_speech")
    assert incident(engine).status is Status.SELESAI


async def test_an_officers_doubtful_words_are_doubtful_to_both_sides(
    reported: IncomingEvent, take: Take, order: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    note = order(kind=Kind.AUDIO, media=Media("mxc://batang.test/order", "audio/ogg", voice=True))
    await take(note)
    hear(database, desk, note, "tim dua menit lagi sampai", "low_confidence")
    for room, key in ((OJOL, f"talk:1:1:{note.event_id}:words"), (OPERATIONS, f"card:1:spoken:{note.event_id}")):
        [words] = bodies(engine, room, key)
        assert doubts(["low_confidence"]) in words


async def test_not_done_opens_it_again_and_says_so_on_both_sides(
    reported: IncomingEvent, take: Take, react: React, more: Event, engine: Engine
) -> None:
    await take(react("👀"), react("🏁"))
    await take(more("belum selesai pak, macetnya masih panjang"))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.BARU, None)
    assert steps(engine)[-2].action == "reopened" or any(step.action == "reopened" for step in steps(engine))
    assert all(REPORTER not in step.actor for step in steps(engine)), "who reported stands in no history"
    assert any("belum selesai" in body for body in bodies(engine, OPERATIONS, "card:1:reopened:"))
    assert "kami buka lagi" in bodies(engine, OJOL, "reply:")[-1]
    await take(react("👀"))
    assert [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("told:1:1:ditinjau")] == [
        "told:1:1:ditinjau:0",
        "told:1:1:ditinjau:1",
    ], "taken up again, they hear it again"


async def test_not_done_before_it_is_done_is_only_news(
    reported: IncomingEvent, take: Take, more: Event, engine: Engine
) -> None:
    await take(more("belum selesai"))
    assert incident(engine).status is Status.BARU
    assert not any(step.action == "reopened" for step in steps(engine))


async def test_what_is_private_is_not_spoken_of_in_a_channel(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("tetangga saya dipukuli suaminya di Kecepak", room=OJOL, sender=REPORTER))
    deliver(engine)
    before = sent(engine, OJOL)
    await take(order("di rumah yang mana?"))
    assert sent(engine, OJOL) == before
    assert "tidak dikirim" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_report_of_a_dm_is_answered_in_its_ticket(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("tolong ada maling di rumah saya di Subah"), event("ya"))
    deliver(engine)
    before = len(sent(engine, DIRECT))
    await take(order("ada di mana?"))
    assert len(sent(engine, DIRECT)) == before
    assert "tiket" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_photo_of_an_officer_is_not_sent_and_they_are_told(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    before = sent(engine, OJOL)
    await take(order("foto.jpg", kind=Kind.IMAGE))
    assert sent(engine, OJOL) == before
    assert "tidak dikirim" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_what_an_officer_says_in_a_channel_is_written_down_and_is_no_report(
    take: Take, event: Event, withdraw: React, database: Database, desk: Desk, engine: Engine
) -> None:
    note = event(room=OJOL, kind=Kind.AUDIO, sender="@ani:batang.test")
    await take(note)
    hear(database, desk, note, "kecelakaan di desa Plelen sudah kami tangani, silakan lewat")
    assert sent(engine, OPERATIONS) == []
    [row] = [row for row in sent(engine, OJOL) if row["key"] == f"reply:{note.event_id}"]
    assert "silakan lewat" in row["content"]["body"]
    assert row["content"]["msgtype"] == "m.notice"
    await take(withdraw(note, "@ani:batang.test", OJOL))
    with engine.connect() as connection:
        found = transmissions.by_event(connection, note.event_id)
        assert found is not None
        assert found.state == "withdrawn"
    assert any(row["action"] == "redaction" for row in sent(engine, OJOL))
