"""What other people say and send in the thread of an open report belongs to it, and an officer can part them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from casework_world import REPORTER, React, bodies, deliver, incident, shown, staffed
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Media
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.store import incidents, transmissions
from bot.store.database import Database
from bot.store.tables import incidents as log
from bot.voice.heard import Heard

OTHER = "@lain:batang.test"
PLACE = {"kind": Kind.LOCATION, "content": {"geo_uri": "geo:-6.95,109.92"}}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def fire(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event("kebakaran rumah di desa Clapar", room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


@pytest.fixture
def there(event: Event, fire: IncomingEvent) -> Event:
    """Somebody else in the thread of the fire."""

    def make(body: str = "", **values: object) -> IncomingEvent:
        base = {"sender": OTHER, "thread_root": fire.event_id}
        return event(body, room=OJOL, **{**base, **values})

    return make


def numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(log.c.id).order_by(log.c.id)))


@pytest.mark.parametrize(
    "words",
    [
        "api sudah merembet ke rumah sebelah pak, ada orang di dalam",
        "damkar belum datang, api makin besar",
        "sudah padam pak",
        "ada bapak-bapak pingsan kena asap",
        "tolong cepat ke sini",
    ],
)
async def test_what_others_report_in_the_thread_is_linked_for_that_and_not_asked_where(
    words: str, take: Take, there: Event, engine: Engine
) -> None:
    said = there(words)
    await take(said)
    assert numbers(engine) == [1]
    with engine.connect() as connection:
        _, link = incidents.links(connection, 1)
    assert link.role in ("report", "update")
    assert link.reasons["thread"] == 1.0
    assert link.score >= 0.65
    [answer] = bodies(engine, OJOL, f"reply:{said.event_id}")
    assert "Di mana" not in answer
    assert "Clapar" in answer
    assert incident(engine).reports == 2


@pytest.mark.parametrize("ours", [True, False])
async def test_a_plain_reply_to_the_report_or_to_our_word_about_it_counts_like_the_thread(
    ours: bool, take: Take, there: Event, fire: IncomingEvent, engine: Engine
) -> None:
    answered = f"$reply:{fire.event_id}" if ours else fire.event_id
    await take(there("api makin besar pak", thread_root=None, reply_to=answered))
    assert numbers(engine) == [1]
    assert incident(engine).reports == 2


async def test_where_it_is_may_be_told_by_somebody_else(take: Take, event: Event, engine: Engine) -> None:
    report = event("kebakaran rumah pak tolong", room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(event("di depan pasar Subah", room=OJOL, sender=OTHER, thread_root=report.event_id))
    assert numbers(engine) == [1]
    assert incident(engine).district == "Subah"
    assert "Subah" in shown(engine, OPERATIONS)


@pytest.mark.parametrize(
    "words",
    ["kebakaran juga di desa Kuripan Subah pak", "banjir di Tulis pak", "motor saya hilang di pasar Limpung"],
)
async def test_another_thing_elsewhere_is_an_incident_of_its_own_also_in_the_thread(
    words: str, take: Take, there: Event, engine: Engine
) -> None:
    await take(there(words))
    assert numbers(engine) == [1, 2]


@pytest.mark.parametrize("words", ["semoga selamat ya", "ke Batang dulu", "amin pak"])
async def test_talk_in_the_thread_leaves_no_trace(words: str, take: Take, there: Event, engine: Engine) -> None:
    before = sent(engine)
    await take(there(words))
    assert sent(engine) == before


async def test_a_closed_report_takes_nothing_more_from_others(
    take: Take, there: Event, react: React, engine: Engine
) -> None:
    await take(react("👀"), react("🏁"))
    await take(there("api menyala lagi pak, rumahnya terbakar"))
    assert numbers(engine) == [1, 2]


@pytest.mark.parametrize("outside", [True, False])
async def test_photos_and_places_of_others_in_the_thread_stand_under_the_card(
    outside: bool, take: Take, there: Event, fire: IncomingEvent, engine: Engine
) -> None:
    media = Media("mxc://batang.test/photo", "image/jpeg", filename="IMG_1.jpg")
    where = {"thread_root": None, "reply_to": fire.event_id} if outside else {}
    photo, place = there("IMG_1.jpg", kind=Kind.IMAGE, media=media, **where), there("Lokasi", **PLACE, **where)
    await take(photo, place)
    said = bodies(engine, OPERATIONS, "card:1:in:")
    assert said[0].startswith("📷 Pelapor lain mengirim foto")
    assert said[1].startswith("📌 Pelapor lain membagikan lokasi")
    assert incident(engine).location == "-6.950000,109.920000"
    assert incident(engine).reports == 1
    assert "attachment.unreported" not in audited(engine)
    assert f"privacy:{OTHER}" in [row["key"] for row in sent(engine, OJOL)], "they are told before anything is kept"
    assert OTHER not in json.dumps([row["content"] for row in sent(engine, OPERATIONS)])


async def test_who_sent_a_photo_is_asked_about_it_in_the_thread(
    take: Take, there: Event, order: Event, engine: Engine
) -> None:
    photo = there("IMG_1.jpg", kind=Kind.IMAGE, media=Media("mxc://batang.test/photo", filename="IMG_1.jpg"))
    await take(photo)
    deliver(engine)
    await take(order("ini diambil jam berapa?", reply_to=f"$card:1:in:{photo.event_id}"))
    [question] = [row for row in sent(engine, OJOL) if row["key"].startswith("talk:")]
    assert question["content"]["m.mentions"] == {"user_ids": [OTHER]}
    deliver(engine)
    answer = there("barusan pak", thread_root=None, reply_to=f"${question['key']}")
    await take(answer)
    assert "barusan pak" in bodies(engine, OPERATIONS, f"card:1:in:{answer.event_id}")[0]


async def test_who_has_reported_there_goes_on_like_the_first_reporter(take: Take, there: Event, engine: Engine) -> None:
    more = there("saya masih di lokasi pak")
    await take(there("api makin besar"), more)
    assert bodies(engine, OPERATIONS, f"card:1:in:{more.event_id}") == ["💬 Pelapor 2: saya masih di lokasi pak"]
    assert incident(engine).reports == 2


async def test_somebody_else_does_not_open_it_again(take: Take, there: Event, react: React, engine: Engine) -> None:
    await take(react("👀"), react("🏁"), there("belum selesai"))
    assert str(incident(engine).status) == "selesai"


async def test_a_note_of_somebody_else_is_linked_and_so_is_one_that_nobody_can_hear(
    take: Take, there: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    media = Media("mxc://batang.test/more", "audio/ogg", voice=True)
    heard, broken = there(kind=Kind.AUDIO, media=media), there(kind=Kind.AUDIO, media=media, sender="@c:batang.test")
    await take(heard, broken)

    def work(connection: object) -> None:
        one = transmissions.by_event(connection, heard.event_id)  # type: ignore[arg-type]
        two = transmissions.by_event(connection, broken.event_id)  # type: ignore[arg-type]
        assert one is not None
        assert two is not None
        result = Heard("apinya makin besar", (), 5.0, "id", False, 0.8, (), 1.0, "base")
        reports.heard(connection, one.id, heard, result, Path("/audio/note"), desk, NOW)  # type: ignore[arg-type]
        reports.unreadable(connection, two.id, broken, "empty", desk, NOW)  # type: ignore[arg-type]

    database.run_blocking(work)
    assert numbers(engine) == [1]
    assert "berkas kosong" in bodies(engine, OPERATIONS, f"card:1:in:{broken.event_id}")[0]


async def test_what_others_add_to_a_private_report_is_private_too(take: Take, event: Event, engine: Engine) -> None:
    report = event("tetangga saya dipukuli suaminya di Kecepak", room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    said = event("ada yang luka parah pak, tolong cepat", room=OJOL, sender=OTHER, thread_root=report.event_id)
    await take(said)
    assert numbers(engine) == [1]
    [answer] = bodies(engine, OJOL, f"reply:{said.event_id}")
    assert "tidak saya ulang" in answer
    assert "luka" not in answer


async def test_private_words_of_others_go_under_nothing_that_is_not(take: Take, there: Event, engine: Engine) -> None:
    await take(there("anak tetangga saya diperkosa di rumah itu pak"))
    assert numbers(engine) == [1, 2]
    assert not incident(engine, 1).analysis.private
    assert incident(engine, 2).analysis.private


async def test_an_officer_can_part_what_the_thread_put_together(
    take: Take, there: Event, order: Event, engine: Engine
) -> None:
    await take(there("motor saya hilang pak"))
    assert numbers(engine) == [1], "nothing says that it is elsewhere"
    deliver(engine)
    await take(order("pisah"))
    assert numbers(engine) == [1, 2]
    assert incident(engine, 2).category == "curanmor"
