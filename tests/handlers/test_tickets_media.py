"""What is no text, in a talk with an officer: voices and places go over, photos and files do not, and both hear so."""

from __future__ import annotations

# ruff: noqa: F811 - fixtures are imported by their names
import json
from dataclasses import replace
from pathlib import Path

import pytest
from handlers_world import DIRECT, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select
from ticket_world import ASK, deliver, desk, officer  # noqa: F401 - fixtures

from bot.event import IncomingEvent, Kind, Media
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.store import transmissions
from bot.store.database import Database
from bot.store.tables import inbox
from bot.voice.heard import Heard

FILE = {
    "v": "v2",
    "url": "mxc://batang.test/rahasia",
    "key": {"k": "abc", "alg": "A256CTR"},
    "iv": "aa",
    "hashes": {"sha256": "bb"},
    "name": "piket-budi.ogg",
}


def hear(database: Database, desk: Desk, event: IncomingEvent, text: str, now: int) -> None:
    result = Heard(text, (), 5.0, "id", not text, 0.8, (), 1.0, "base")

    def work(connection: object) -> None:
        row = transmissions.by_event(connection, event.event_id)  # type: ignore[arg-type]
        assert row is not None
        reports.heard(connection, row.id, event, result, Path("/audio/note"), desk, now)  # type: ignore[arg-type]

    database.run_blocking(work)


def thread(engine: Engine) -> list[dict[str, object]]:
    return [row for row in sent(engine, OPERATIONS) if row["key"] != "ticket:1"]


async def test_a_spoken_message_reaches_the_officers_as_words_and_as_sound(
    take: Take, event: Event, officer: Event, engine: Engine, database: Database, desk: Desk, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    await take(officer("Ada apa?"))
    note = event(kind=Kind.AUDIO)
    await take(note)
    hear(database, desk, note, "surat saya tertinggal, nik saya 3325011234567890", note.sent_at + 500)
    words, sound = thread(engine)
    assert words["key"] == f"ticket:1:in:{note.event_id}"
    assert "surat saya tertinggal" in words["content"]["body"]
    assert "3325011234567890" not in json.dumps(words["content"])
    assert sound["upload"] == "/audio/note"
    assert sound["content"]["msgtype"] == "m.audio"
    assert sound["content"]["m.relates_to"]["event_id"] == "outbox:ticket:1"
    assert "warga" not in json.dumps(sound["content"])


async def test_a_spoken_question_that_leads_to_the_ticket_is_in_the_thread(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    note = event(kind=Kind.AUDIO)
    await take(note)
    hear(database, desk, note, "mau bicara sama petugas", note.sent_at + 500)
    [sound] = thread(engine)
    assert sound["upload"] == "/audio/note"


async def test_a_voice_without_words_is_for_the_officer_to_hear(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(event(ASK))
    note = event(kind=Kind.AUDIO)
    await take(note)
    hear(database, desk, note, "", note.sent_at + 500)
    told, sound = thread(engine)
    assert "dengarkan" in told["content"]["body"]
    assert sound["upload"] == "/audio/note"


async def test_a_voice_that_cannot_be_read_is_told_to_both(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(event(ASK))
    note = event(kind=Kind.AUDIO)
    await take(note)
    number = database.run_blocking(lambda connection: transmissions.by_event(connection, note.event_id))
    assert number is not None
    database.run_blocking(
        lambda connection: reports.unreadable(connection, number.id, note, "gone", desk, note.sent_at + 500)
    )
    [told] = thread(engine)
    assert "tidak terbaca" in told["content"]["body"]
    assert sent(engine, DIRECT)[-1]["key"] == f"reply:{note.event_id}"


async def test_a_withdrawn_voice_takes_words_and_sound_with_it(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk, deliver: Take
) -> None:
    await take(event(ASK))
    heard, unheard = event(kind=Kind.AUDIO), event(kind=Kind.AUDIO)
    await take(heard, unheard)
    hear(database, desk, heard, "stnk saya hilang", heard.sent_at + 500)
    deliver()
    for note in (heard, unheard):
        await take(event(kind=Kind.REDACTION, type="m.room.redaction", target=note.event_id))
    hear(database, desk, unheard, "jangan dibaca", unheard.sent_at + 500)
    gone = [row["content"]["event_id"] for row in sent(engine) if row["action"] == "redaction"]
    assert gone == [
        f"outbox:ticket:1:in:{heard.event_id}",
        f"outbox:ticket:1:in-audio:{heard.event_id}",
        f"outbox:reply:{heard.event_id}",  # "Saya dengar …" repeats the words
    ]
    assert "jangan dibaca" not in json.dumps([row["content"] for row in sent(engine)])


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.FILE])
async def test_a_photo_is_neither_kept_nor_passed_on_and_both_sides_hear_so(
    take: Take, event: Event, engine: Engine, kind: Kind
) -> None:
    await take(event(ASK))
    media = Media("mxc://batang.test/ktp", "image/jpeg", filename="ktp budi.jpg", file=FILE)
    photo = replace(event("ktp budi.jpg", kind=kind, content={"file": FILE}), media=media)
    await take(photo)
    [told] = thread(engine)
    assert "tidak menyimpan" in told["content"]["body"]
    assert "hapus" in sent(engine, DIRECT)[-1]["content"]["body"]
    with engine.connect() as connection:
        kept = json.dumps(connection.scalar(select(inbox.c.payload).where(inbox.c.event_id == photo.event_id)))
    for secret in ("mxc://", "rahasia", "budi"):
        assert secret not in kept + json.dumps([row["content"] for row in sent(engine)])
    assert "attachment.refused" in audited(engine)


async def test_an_officers_voice_reaches_the_citizen_without_the_name_of_the_file(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    media = Media(FILE["url"], "audio/ogg", 1234, 5000, "piket-budi.ogg", True, FILE, (1, 2))  # type: ignore[arg-type]
    note = officer("piket-budi.ogg", kind=Kind.AUDIO, media=media)
    await take(note, note)
    said, sound = sent(engine, DIRECT)[-2:]
    assert (said["key"], sound["key"]) == (f"ticket:1:out:{note.event_id}", f"ticket:1:out-audio:{note.event_id}")
    assert "Petugas" in said["content"]["body"]
    assert sound["content"]["file"] == {name: FILE[name] for name in ("v", "url", "key", "iv", "hashes")}
    assert sound["content"]["info"]["duration"] == 5000
    assert "budi" not in json.dumps(sound["content"])
    assert "piket" not in json.dumps(sound["content"])
    deliver()
    await take(officer("", kind=Kind.REDACTION, type="m.room.redaction", target=note.event_id, thread_root=None))
    gone = [row["content"]["event_id"] for row in sent(engine, DIRECT) if row["action"] == "redaction"]
    assert gone == [f"outbox:{said['key']}", f"outbox:{sound['key']}"]


async def test_an_officers_place_goes_over_and_his_photo_does_not(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    await take(officer("", kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7"}))
    assert "-6.9" in sent(engine, DIRECT)[-1]["content"]["body"]
    before = len(sent(engine, DIRECT))
    await take(officer("foto.jpg", kind=Kind.IMAGE, media=Media("mxc://batang.test/foto", "image/jpeg")))
    assert len(sent(engine, DIRECT)) == before
    assert "tidak" in sent(engine, OPERATIONS)[-1]["content"]["body"]
