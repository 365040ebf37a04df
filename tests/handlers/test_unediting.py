"""Edits that make a report or an alarm, and what becomes of it when the edit alone is taken back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import (
    AGENCIES,
    ANI,
    CRASH,
    POSKO,
    REPORTER,
    React,
    bodies,
    deliver,
    incident,
    shown,
    staffed,
    steps,
)
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import search
from bot.store.tables import audit_payloads, inbox, transcripts, transmissions

FIRE = "kebakaran rumah di desa Sembung, orang terjebak di dalam"
TREE = "ada pohon tumbang di desa Plelen"
SECRET = "kecelakaan di desa Plelen, dua luka, rumah Pak Wiryawan"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.fixture
def edit(event: Event) -> React:
    def make(of: IncomingEvent, body: str, **values: object) -> IncomingEvent:
        base = {"room": of.room_id, "sender": of.sender, "kind": Kind.EDIT, "target": of.event_id}
        return event(body, **{**base, **values})

    return make


@pytest.fixture(params=[0, 60_000], ids=["in_the_same_moment", "a_minute_later"])
def pause(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> React:
    """What happens from now on happens at once, or later."""

    def wait() -> None:
        monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + request.param)

    return wait


def standing(engine: Engine, room: str | None = None) -> dict[str, str]:
    """Key → text of everything of ours that was not taken back."""
    rows = sent(engine, room)
    gone = {row["content"]["event_id"].removeprefix("outbox:") for row in rows if row["action"] == "redaction"}
    return {
        row["key"]: json.dumps(row["content"], ensure_ascii=False)
        for row in rows
        if row["action"] == "event" and row["key"] not in gone
    }


def said_anywhere(engine: Engine, word: str) -> list[str]:
    """Where a word stands: messages, transcripts, inbox, reasons."""
    with engine.connect() as connection:
        kept = [
            *connection.scalars(select(transcripts.c.text)),
            *connection.scalars(select(transcripts.c.corrected)),
            *(json.dumps(one) for one in connection.scalars(select(inbox.c.payload))),
            *(json.dumps(one) for one in connection.scalars(select(audit_payloads.c.payload))),
        ]
    return [one for one in (*standing(engine).values(), *kept) if word.casefold() in (one or "").casefold()]


async def test_talk_that_is_edited_into_a_report_is_taken_up_and_rings(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    talk = event("siap bang", room=OJOL, sender=REPORTER, sent_at=NOW - 3 * 3_600_000)
    await take(talk)
    assert sent(engine) == []
    change = edit(talk, FIRE)
    await take(change, change)
    assert (incident(engine).category, incident(engine).urgency) == ("kebakaran", "darurat")
    [answer] = [row for row in sent(engine, OJOL) if row["key"].startswith("reply:")]
    assert answer["content"]["m.relates_to"]["event_id"] == talk.event_id
    [card] = [row for row in sent(engine, OPERATIONS) if row["key"] == "card:1"]
    assert "Baru terbaca" not in card["content"]["body"], "it was said when it was edited, not hours ago"
    assert card["content"]["msgtype"] == "m.text"
    assert "incident.edited_in" in audited(engine)


@pytest.mark.parametrize("words", ["siap bang, otw", "selamat pagi semua"])
async def test_talk_that_stays_talk_leaves_no_trace(
    take: Take, event: Event, edit: React, engine: Engine, words: str
) -> None:
    talk = event("siap bang", room=OJOL, sender=REPORTER)
    await take(talk, edit(talk, words))
    assert [row for row in sent(engine) if row["key"].startswith("card:")] == []


@pytest.mark.parametrize("values", [{"sender": "@lain:batang.test"}, {"trust": "unproven"}])
async def test_nobody_else_makes_a_report_of_it(
    take: Take, event: Event, edit: React, engine: Engine, values: dict[str, object]
) -> None:
    talk = event("siap bang", room=OJOL, sender=REPORTER, **({"trust": "device"} if "trust" in values else {}))
    await take(talk, edit(talk, FIRE, **values))
    assert sent(engine) == []


async def test_an_officers_edited_talk_is_no_report(take: Take, event: Event, edit: React, engine: Engine) -> None:
    talk = event("siap", room=OJOL, sender=ANI)
    await take(talk, edit(talk, FIRE))
    assert [row for row in sent(engine) if row["key"].startswith("card:")] == []


async def test_an_answered_question_that_is_edited_into_a_report_is_answered_as_one(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    asked = event("jam buka SIM?", room=OJOL, sender=REPORTER, mentions=("@kentongan:batang.test",),
                  content={"m.mentions": {"user_ids": ["@kentongan:batang.test"]}})  # fmt: skip
    await take(asked)
    deliver(engine)
    await take(edit(asked, FIRE))
    assert incident(engine).urgency == "darurat"
    [told] = [row for row in sent(engine, OJOL) if row["key"].startswith(f"reply:{asked.event_id}:edit:")]
    assert "Tercatat untuk petugas (#1)" in told["content"]["m.new_content"]["body"]


async def test_an_edit_that_makes_it_urgent_calls_those_on_duty_once(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    report = event(TREE, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    assert incident(engine).urgency != "darurat"
    change = edit(report, f"{TREE}, menimpa mobil, ada orang terjepit di dalam")
    await take(change, change)
    assert incident(engine).urgency == "darurat"
    assert len([key for key in standing(engine, OPERATIONS) if key.startswith("card:1:urgent:")]) == 1


async def test_who_has_it_already_hears_that_it_became_urgent(
    take: Take, event: Event, edit: React, react: React, engine: Engine
) -> None:
    report = event(TREE, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(react("👀"))
    await take(edit(report, f"{TREE}, menimpa mobil, ada orang terjepit di dalam"))
    [word] = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("card:1:graver:")]
    assert word["content"]["m.mentions"] == {"user_ids": [ANI]}


async def test_a_further_report_and_further_words_raise_it_as_well(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    report = event(TREE, room=OJOL, sender=REPORTER)
    more = event("iya pak", room=OJOL, sender=REPORTER, thread_root=report.event_id)
    await take(report, more)
    deliver(engine)
    await take(edit(more, "mobilnya terbakar, ada orang terjebak"))
    assert incident(engine).urgency == "darurat"


async def test_an_edit_of_long_ago_is_kept_and_shown_but_rings_for_nobody(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    report = event(TREE, room=OJOL, sender=REPORTER, sent_at=NOW - 5 * 3_600_000)
    await take(report)
    deliver(engine)
    await take(edit(report, f"{TREE}, ada orang terjepit di dalam mobil", sent_at=NOW - 4 * 3_600_000))
    assert incident(engine).urgency == "darurat"
    assert [key for key in standing(engine, OPERATIONS) if ":urgent:" in key] == []


async def test_an_edit_taken_back_restores_what_stood_before_and_leaves_no_word_of_it(
    take: Take, event: Event, order: Event, edit: React, withdraw: React, engine: Engine, pause: React
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(order("teruskan BPBD"))
    deliver(engine)
    pause()
    change = edit(report, "kecelakaan di desa Sembung, rumah Pak Wiryawan")
    await take(change)
    deliver(engine)
    await take(event("!cari sembung", room=OPERATIONS, sender=ANI, trust="device"))
    deliver(engine)
    assert "Sembung" in shown(engine, OPERATIONS)
    gone = withdraw(change, REPORTER, OJOL)
    await take(gone, gone)
    assert said_anywhere(engine, "wiryawan") == []
    assert "Sembung" not in json.dumps(standing(engine))
    assert "Plelen" in shown(engine, OPERATIONS)
    assert incident(engine).text == CRASH
    assert incident(engine).district == "Gringsing"
    [relay] = [text for key, text in standing(engine, POSKO).items() if "Diteruskan oleh Polres" in text
               and ":edit:" not in key]  # fmt: skip
    assert "Plelen" in relay
    with engine.connect() as connection:
        rows = connection.execute(select(transcripts).order_by(transcripts.c.version)).all()
        assert [row.text for row in rows] == [CRASH, "", CRASH]
        assert search.search(connection, "Plelen")
        assert not search.search(connection, "Wiryawan")
    assert [step.action for step in steps(engine)][-2:] == ["corrected", "corrected"]
    assert "transmission.unedited" in audited(engine)
    assert "menarik suntingannya" in bodies(engine, OPERATIONS, "card:1:unedited:")[0]
    answers = [key for key in standing(engine, OJOL) if key.startswith("reply:") and ":edit:" not in key]
    assert len(answers) == 1


async def test_what_an_alarm_raised_by_an_edit_started_no_reporter_silences(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    report = event(TREE, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    change = edit(report, f"{TREE}, menimpa mobil, ada orang terjepit di dalam")
    await take(change)
    deliver(engine)
    await take(withdraw(change, REPORTER, OJOL))
    assert incident(engine).urgency == "darurat"
    assert "tetap darurat sampai petugas mengubahnya" in bodies(engine, OPERATIONS, "card:1:unedited:")[0]
    assert said_anywhere(engine, "terjepit") == []


async def test_a_report_that_an_edit_made_goes_with_the_edit_and_comes_back_with_the_next(
    take: Take, event: Event, order: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    talk = event("siap bang", room=OJOL, sender=REPORTER)
    await take(talk)
    first = edit(talk, f"{FIRE}, rumah Pak Wiryawan")
    await take(first)
    deliver(engine)
    await take(order("selesai"))
    deliver(engine)
    await take(withdraw(first, REPORTER, OJOL))
    deliver(engine)
    assert said_anywhere(engine, "wiryawan") == []
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions.c.state)).all() == ["withdrawn"]
    await take(edit(talk, FIRE, sent_at=NOW))
    assert incident(engine).status is Status.BARU
    assert "terjebak" in shown(engine, OPERATIONS)
    [again] = [key for key in standing(engine, OJOL) if key.startswith(f"reply:{talk.event_id}")]
    await take(edit(talk, FIRE.replace("Sembung", "Plelen"), sent_at=NOW + 1))
    assert "Plelen" in standing(engine, OJOL)[f"{again}:edit:{sent(engine, OJOL)[-1]['key'].split(':edit:')[1]}"]
    await take(withdraw(talk, REPORTER, OJOL))
    assert said_anywhere(engine, "terjebak") == []


async def test_the_edit_before_the_last_taken_back_changes_no_words(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine, pause: React
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    pause()
    first = edit(report, SECRET, sent_at=NOW)
    await take(first, edit(report, f"{CRASH}, satu motor", sent_at=NOW + 1))
    deliver(engine)
    await take(withdraw(first, REPORTER, OJOL))
    assert incident(engine).text == f"{CRASH}, satu motor"
    assert "satu motor" in shown(engine, OPERATIONS)
    assert said_anywhere(engine, "wiryawan") == []


async def test_an_officers_correction_after_the_edit_stands(
    take: Take, event: Event, order: Event, edit: React, withdraw: React, engine: Engine, pause: React
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    pause()
    change = edit(report, SECRET)
    await take(change, order("koreksi kecelakaan di desa Plelen, dua orang luka berat"))
    deliver(engine)
    await take(withdraw(change, REPORTER, OJOL))
    assert incident(engine).text.endswith("luka berat")
    assert "luka berat" in shown(engine, OPERATIONS)
    assert said_anywhere(engine, "wiryawan") == []


async def test_further_words_are_shown_as_they_were(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine, pause: React
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    more = event("sebelah pasar", room=OJOL, sender=REPORTER, thread_root=report.event_id)
    await take(report, more)
    deliver(engine)
    pause()
    change = edit(more, "sebelah rumah Pak Wiryawan")
    await take(change)
    deliver(engine)
    await take(withdraw(change, REPORTER, OJOL))
    assert said_anywhere(engine, "wiryawan") == []
    assert any("sebelah pasar" in text for text in standing(engine, OPERATIONS).values())


async def test_a_further_report_is_shown_as_it_was(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine, pause: React
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    other = event("ada kecelakaan motor di Plelen", room=OJOL, sender="@lain:batang.test")
    await take(report, other)
    deliver(engine)
    pause()
    change = edit(other, SECRET)
    await take(change)
    deliver(engine)
    await take(withdraw(change, "@lain:batang.test", OJOL))
    assert said_anywhere(engine, "wiryawan") == []
    assert CRASH in shown(engine, OPERATIONS)
    assert any("motor di Plelen" in text for text in standing(engine, OPERATIONS).values())


async def test_an_edit_that_is_taken_back_before_it_is_read_changes_nothing(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    before = sent(engine)
    change = edit(report, SECRET)
    await take(withdraw(change, REPORTER, OJOL), change)
    assert sent(engine) == before


async def test_names_of_places_are_put_right_beside_what_was_written(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    more = event("dekat alas roman", room=OJOL, sender=REPORTER, thread_root=report.event_id)
    await take(report, more, edit(report, "kecelakaan di alas roman, dua luka"))
    with engine.connect() as connection:
        rows = connection.execute(select(transcripts).where(transcripts.c.text.contains("alas roman"))).all()
    assert {row.corrected for row in rows} == {"dekat Alas Roban", "kecelakaan di Alas Roban, dua luka"}
