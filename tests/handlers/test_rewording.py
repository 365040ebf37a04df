"""Edited words: the transcript gets a version more, and everything that repeats them says what is meant now."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, ANI, CRASH, POSKO, REPORTER, React, deliver, incident, shown, staffed
from handlers_world import OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers.desk import Desk
from bot.store import search
from bot.store.tables import transcripts


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


@pytest.fixture
def edit(event: Event) -> React:
    def make(of: IncomingEvent, body: str, **values: object) -> IncomingEvent:
        base = {"room": of.room_id, "sender": of.sender, "kind": Kind.EDIT, "target": of.event_id}
        return event(body, **{**base, **values})

    return make


def edits(engine: Engine, room: str) -> dict[str, str]:
    """Key of the edited message → what it says now."""
    rows = [row for row in sent(engine, room) if ":edit:" in row["key"] and row["action"] == "event"]
    return {row["key"].split(":edit:")[0]: row["content"]["m.new_content"]["body"] for row in rows}


async def test_an_edited_report_changes_the_card_our_answer_and_what_was_passed_on(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    await take(order("teruskan BPBD"))
    deliver(engine)
    [relay] = [row["key"] for row in sent(engine, POSKO)]
    change = edit(reported, "kecelakaan di desa Sembung, dua orang luka")
    await take(change, change)
    assert "Sembung" in shown(engine, OPERATIONS)
    assert "Plelen" not in shown(engine, OPERATIONS)
    assert "Sembung" in edits(engine, OJOL)[f"reply:{reported.event_id}"]
    assert "Sembung" in edits(engine, POSKO)[relay]
    with engine.connect() as connection:
        rows = connection.execute(select(transcripts).order_by(transcripts.c.version)).all()
        assert rows[0].text == CRASH
        assert [row.author for row in rows] == [None, "pelapor"]
        assert search.search(connection, "Sembung")


async def test_what_an_officer_has_settled_an_edit_leaves_alone(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    await take(order("kategori medis"), order("lokasi Subah"))
    await take(edit(reported, "kebakaran di desa Sembung"))
    assert (incident(engine).category, incident(engine).district) == ("medis", "Subah")


async def test_somebody_elses_edit_changes_nothing(
    reported: IncomingEvent, take: Take, edit: React, engine: Engine
) -> None:
    before = sent(engine)
    await take(edit(reported, "semua aman", sender="@lain:batang.test"))
    assert sent(engine) == before


async def test_an_edited_answer_of_the_reporter_is_edited_for_the_officers(
    reported: IncomingEvent, take: Take, event: Event, edit: React, engine: Engine
) -> None:
    more = event("sebelah pasar", room=OJOL, sender=REPORTER, thread_root=reported.event_id)
    await take(more)
    deliver(engine)
    await take(edit(more, "sebelah masjid, 081234567890"))
    said = edits(engine, OPERATIONS)[f"card:1:in:{more.event_id}"]
    assert said.startswith("💬 Pelapor: sebelah masjid")
    assert "081234567890" not in said


async def test_an_officers_edited_words_are_edited_for_the_reporter(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    words = order("di sebelah maan?")
    await take(words)
    deliver(engine)
    await take(edit(words, "di sebelah mana?", trust=Trust.DEVICE))
    [copy] = [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("talk:") and ":edit:" not in row["key"]]
    assert edits(engine, OJOL)[copy] == "👮 Petugas: di sebelah mana?"
    assert ANI not in json.dumps([row["content"] for row in sent(engine, OJOL)])


@pytest.mark.parametrize("becomes", ["// salah kirim", "catatan salah kirim", "terusakan BPBD"])
async def test_words_that_become_none_for_the_reporter_are_taken_back(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine, becomes: str
) -> None:
    words = order("rahasia antarpetugas")
    await take(words)
    deliver(engine)
    await take(edit(words, becomes, trust=Trust.DEVICE))
    gone = [row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == "redaction"]
    assert len(gone) == 1
    assert gone[0].startswith("outbox:talk:1:")
    assert not any("salah kirim" in json.dumps(row["content"]) for row in sent(engine, OJOL))


async def test_an_edit_that_proves_less_changes_nothing(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    words = order("di sebelah mana?")
    await take(words)
    deliver(engine)
    await take(edit(words, "transfer dulu", trust=Trust.UNPROVEN))
    assert "transfer" not in json.dumps([row["content"] for row in sent(engine, OJOL)])


async def test_an_edit_that_makes_a_report_private_takes_back_what_was_repeated(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    await take(order("teruskan BPBD"))
    deliver(engine)
    await take(edit(reported, "anak dipukuli guru di desa Sembung, dua orang luka"))
    assert incident(engine).analysis.private
    gone = [row["content"].get("event_id") for row in sent(engine, OJOL) if row["action"] == "redaction"]
    assert f"outbox:reply:{reported.event_id}" in gone
    assert [row for row in sent(engine, POSKO) if row["action"] == "redaction"]
    for room in (OJOL, POSKO):
        assert "Sembung" not in json.dumps([row["content"] for row in sent(engine, room)])
    assert "Pribadi" in shown(engine, OPERATIONS)
