"""Orders that are edited or deleted: never carried out anew, never silently passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casework_world import AGENCIES, CRASH, REPORTER, React, bodies, deliver, incident, staffed, steps
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers.desk import Desk


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
        return event(body, **{**base, "trust": Trust.DEVICE, **values})

    return make


async def test_an_edited_order_is_not_carried_out_and_its_officer_is_told(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    given = order("kategori medis")
    await take(given)
    deliver(engine)
    change = edit(given, "kategori kebakaran")
    await take(change, change)
    assert incident(engine).category == "medis"
    [word] = bodies(engine, OPERATIONS, "card:1:word:")
    assert "tidak dijalankan" in word
    assert "tetap berlaku" in word
    assert "pesan baru" in word
    [told] = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("card:1:word:")]
    assert told["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == given.event_id
    assert "incident.order_edited" in audited(engine)


@pytest.mark.parametrize("first", ["katgori banjir", "// kategori banjir", "kategory"])
async def test_a_slip_or_a_note_edited_into_an_order_is_to_be_typed_anew(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine, first: str
) -> None:
    given = order(first)
    await take(given)
    deliver(engine)
    await take(edit(given, "kategori banjir"))
    assert incident(engine).category == "laka_lantas"
    assert "tidak dijalankan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert "tetap berlaku" not in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_words_to_the_reporter_edited_into_an_order_are_taken_back_and_the_officer_hears_both(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    given = order("banjir ya di sana?")
    await take(given)
    deliver(engine)
    await take(edit(given, "kategori banjir"))
    assert [row for row in sent(engine, OJOL) if row["action"] == "redaction"]
    word = bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert "tidak dijalankan" in word
    assert "ditarik dari pelapor" in word


@pytest.mark.parametrize("values", [{"sender": "@lain:batang.test"}, {"trust": Trust.UNPROVEN}])
async def test_who_is_no_officer_gets_no_word_for_it(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine, values: dict[str, object]
) -> None:
    given = order("kategori medis")
    await take(given)
    before = len(sent(engine))
    await take(edit(given, "kategori kebakaran", **values))
    assert len(sent(engine)) == before


async def test_a_space_or_a_full_stop_is_no_other_order(
    reported: IncomingEvent, take: Take, order: Event, edit: React, engine: Engine
) -> None:
    given = order("selesai")
    await take(given)
    before = len(sent(engine))
    await take(edit(given, "Selesai."))
    assert len(sent(engine)) == before


async def test_a_deleted_order_stays_done_and_the_log_says_that_its_message_is_gone(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    given = order("kategori medis")
    await take(given)
    deliver(engine)
    history = steps(engine)
    gone = withdraw(given)
    await take(gone, gone)
    assert incident(engine).category == "medis"
    assert steps(engine) == history
    assert audited(engine).count("incident.order_deleted") == 1
    [word] = bodies(engine, OPERATIONS, "card:1:word:")
    assert "tetap berlaku" in word


async def test_a_deleted_order_that_only_changed_the_state_is_undone_as_before(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    given = order("selesai")
    await take(given)
    deliver(engine)
    await take(withdraw(given))
    assert incident(engine).status == "baru"
    assert bodies(engine, OPERATIONS, "card:1:word:") == []
    assert "incident.order_deleted" in audited(engine)


async def test_an_edit_taken_back_goes_from_the_reporters_thread_alone(
    reported: IncomingEvent, take: Take, order: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    words = order("di sebelah mana?")
    await take(words)
    deliver(engine)
    change = edit(words, "di rumah Pak Wiryawan?")
    await take(change)
    deliver(engine)
    await take(withdraw(change))
    gone = [row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == "redaction"]
    assert len(gone) == 1
    assert gone[0].endswith(f":edit:{change.event_id}")
    assert "incident.unedited" in audited(engine)
