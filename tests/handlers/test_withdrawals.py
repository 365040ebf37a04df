"""Words that are taken back: every copy goes, and the log keeps that there was something."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, POSKO, REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import search
from bot.store.tables import audit_payloads, inbox, outbox, transcripts, transmissions

SECRET = "kecelakaan di desa Plelen, korban Pak Wiryawan tetangga saya"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.fixture
async def reported(take: Take, event: Event, order: Event, engine: Engine) -> IncomingEvent:
    report = event(SECRET, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(order("teruskan BPBD"))
    deliver(engine)
    return report


def redacted(engine: Engine, room: str) -> set[str]:
    return {
        row["content"]["event_id"].removeprefix("outbox:") for row in sent(engine, room) if row["action"] == "redaction"
    }


async def test_a_withdrawn_report_loses_words_recording_reply_card_and_relays(
    reported: IncomingEvent, take: Take, withdraw: React, desk: Desk, engine: Engine
) -> None:
    desk.config.audio_dir.mkdir(parents=True)
    recording = desk.config.audio_dir / "note"
    recording.write_bytes(b"OggS")
    with engine.begin() as connection:
        connection.execute(update(transmissions).values(media_path="audio/note"))
    gone = withdraw(reported, REPORTER, OJOL)
    await take(gone, gone)

    assert f"reply:{reported.event_id}" in redacted(engine, OJOL)
    [relay, news] = [row for row in sent(engine, POSKO) if row["action"] == "event"]
    assert redacted(engine, POSKO) == {relay["key"]}
    assert "ditarik pengirimnya" in news["content"]["body"]
    edits = {
        row["key"]
        for row in sent(engine, OPERATIONS)
        if row["key"].startswith("card:1:edit:") and row["action"] == "event"
    }
    assert {"card:1", *edits} <= redacted(engine, OPERATIONS), "earlier versions can be read as long as they stand"
    assert not recording.exists()
    with engine.connect() as connection:
        kept = [
            connection.execute(select(table)).mappings().all() for table in (outbox, transcripts, inbox, transmissions)
        ]
        payloads = connection.execute(select(audit_payloads.c.payload, audit_payloads.c.erased_why)).all()
        assert search.search(connection, "wiryawan") == []
    assert "Wiryawan" not in json.dumps([[dict(row) for row in rows] for rows in kept], default=str)
    assert "Wiryawan" not in str([row.payload for row in payloads])
    assert "ditarik pengirim" in [row.erased_why for row in payloads]
    assert incident(engine).text == ""


async def test_the_log_keeps_that_something_was_withdrawn_and_the_work_goes_on(
    reported: IncomingEvent, take: Take, withdraw: React, react: React, engine: Engine
) -> None:
    await take(withdraw(reported, REPORTER, OJOL))
    deliver(engine)
    assert incident(engine).status is Status.DITERUSKAN
    assert (steps(engine)[-1].action, steps(engine)[-1].actor) == ("withdrawn", "pelapor")
    assert "transmission.withdrawn" in audited(engine)
    [again] = [row for row in sent(engine, OPERATIONS) if ":again:" in row["key"]]
    assert "ditarik oleh pengirimnya" in again["content"]["body"]
    assert "Gringsing" in again["content"]["body"]
    await take(react("🚓", target=f"${again['key']}"))
    assert incident(engine).status is Status.DITANGANI
    edit = sent(engine, OPERATIONS)[-1]["content"]
    assert edit["m.relates_to"]["event_id"] == f"outbox:{again['key']}"


async def test_another_persons_report_of_the_same_thing_stays(
    take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    first = event(SECRET, room=OJOL, sender=REPORTER)
    second = event("ada kecelakaan motor di Plelen", room=OJOL, sender="@lain:batang.test")
    await take(first, second)
    deliver(engine)
    await take(withdraw(first, REPORTER, OJOL))
    deliver(engine)
    [again] = [row for row in sent(engine, OPERATIONS) if ":again:" in row["key"]]
    assert "kecelakaan motor di Plelen" in again["content"]["body"]
    assert "Wiryawan" not in again["content"]["body"]
    await take(withdraw(second, "@lain:batang.test", OJOL))
    assert "card:1:2" in redacted(engine, OPERATIONS)
    last = [row for row in sent(engine, OPERATIONS) if ":again:" in row["key"] and row["action"] == "event"][-1]
    assert "ditarik oleh pengirimnya" in last["content"]["body"]


async def test_what_the_reporter_said_further_goes_by_itself(
    reported: IncomingEvent, take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    more = event("rumahnya nomor tujuh", room=OJOL, sender=REPORTER, thread_root=reported.event_id)
    await take(more)
    deliver(engine)
    await take(withdraw(more, REPORTER, OJOL))
    assert f"card:1:in:{more.event_id}" in redacted(engine, OPERATIONS)
    assert "card:1" not in redacted(engine, OPERATIONS)
    assert "Wiryawan" in shown(engine, OPERATIONS)
    assert "Satu pesan pelapor ditarik" in bodies(engine, OPERATIONS, "card:1:withdrawn:")[-1]


async def test_what_an_officer_takes_back_goes_from_the_reporters_thread(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    words = order("salah kirim")
    await take(words)
    deliver(engine)
    await take(withdraw(words))
    [copy] = [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("talk:") and row["action"] == "event"]
    assert copy in redacted(engine, OJOL)


async def test_a_message_that_is_withdrawn_before_it_is_read_leaves_nothing(
    take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    report = event(SECRET, room=OJOL, sender=REPORTER)
    await take(withdraw(report, REPORTER, OJOL))
    await take(report)
    assert sent(engine) == []


async def test_what_was_no_report_is_nothing_to_withdraw(
    reported: IncomingEvent, take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    chat = event("siap bang", room=OJOL)
    await take(chat)
    before = sent(engine)
    await take(withdraw(chat, REPORTER, OJOL))
    assert sent(engine) == before


async def test_an_edited_message_of_a_dm_is_not_taken_for_a_withdrawn_one(
    take: Take, event: Event, engine: Engine
) -> None:
    agreed = event("ya")
    await take(event("tolong ada maling di rumah saya di Subah"), agreed)
    deliver(engine)
    await take(event("ya pak", kind=Kind.EDIT, target=agreed.event_id))
    assert redacted(engine, OPERATIONS) == set()
    assert "maling" in shown(engine, OPERATIONS)


async def test_a_card_put_up_again_is_edited_itself_and_taken_back_with_the_words_it_shows(
    take: Take, event: Event, withdraw: React, react: React, engine: Engine
) -> None:
    first = event(SECRET, room=OJOL, sender=REPORTER)
    second = event("ada kecelakaan motor di Plelen, korban Pak Sastro", room=OJOL, sender="@lain:batang.test")
    third = event("kecelakaan di Plelen, jalan macet", room=OJOL, sender="@ketiga:batang.test")
    await take(first, second, third)
    deliver(engine)
    await take(withdraw(first, REPORTER, OJOL))
    deliver(engine)
    for sign in ("👀", "✅"):
        await take(react(sign, target="$card:1:again:1"))
        deliver(engine)
    edits = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("card:1:again:1:edit:")]
    assert len(edits) >= 2
    assert {row["content"]["m.relates_to"]["event_id"] for row in edits} == {"outbox:card:1:again:1"}, (
        "an edit of an edit is shown by no client"
    )
    await take(withdraw(second, "@lain:batang.test", OJOL))
    gone = redacted(engine, OPERATIONS)
    assert {"card:1:again:1", *(row["key"] for row in edits)} <= gone
    stands = [row for row in sent(engine, OPERATIONS) if row["action"] == "event" and row["key"] not in gone]
    assert "Sastro" not in json.dumps([row["content"] for row in stands])
    [again] = [row for row in stands if row["key"] == "card:1:again:2"]
    assert "jalan macet" in again["content"]["body"]


async def test_answers_to_a_search_that_quote_it_go_too(
    reported: IncomingEvent, take: Take, event: Event, order: Event, withdraw: React, engine: Engine
) -> None:
    await take(event("banjir di Kalimanggis selutut", room=OJOL, sender="@lain:batang.test"))
    asks, other = order("!cari Wiryawan", thread_root=None), order("!cari banjir", thread_root=None)
    await take(asks, other)
    deliver(engine)
    assert "Wiryawan" in bodies(engine, OPERATIONS, f"reply:{asks.event_id}")[0]
    await take(withdraw(reported, REPORTER, OJOL))
    gone = redacted(engine, OPERATIONS)
    assert f"reply:{asks.event_id}" in gone
    assert f"reply:{other.event_id}" not in gone


async def test_other_versions_of_withdrawn_words_go_from_inbox_and_audit(
    reported: IncomingEvent, take: Take, event: Event, order: Event, withdraw: React, desk: Desk, engine: Engine
) -> None:
    more = event("rumahnya nomor tujuh", room=OJOL, sender=REPORTER, thread_root=reported.event_id)
    await take(
        event("kecelakaan di Plelen, korban Zebrakuda", room=OJOL, sender=REPORTER, kind=Kind.EDIT,
              target=reported.event_id),
        more,
        event("rumahnya di gang Kudanil", room=OJOL, sender=REPORTER, kind=Kind.EDIT, target=more.event_id),
        order("koreksi kecelakaan di Plelen, korban Kuskus"),
    )  # fmt: skip
    deliver(engine)

    def left() -> str:
        with engine.connect() as connection:
            rows = [connection.execute(select(table)).all() for table in (inbox, audit_payloads, transcripts, outbox)]
        return str(rows)

    for word in ("Zebrakuda", "Kudanil", "Kuskus"):
        assert word in left()
    await take(withdraw(reported, REPORTER, OJOL), withdraw(more, REPORTER, OJOL))
    for word in ("Wiryawan", "Zebrakuda", "Kudanil", "Kuskus"):
        assert word not in left()
    with engine.connect() as connection:
        assert desk.auditor.verify(connection).faults == ()
