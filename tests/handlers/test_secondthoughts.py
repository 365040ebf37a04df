"""A citizen edits, or takes back in part, what told of an emergency in a DM: before officers know of it and after."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from casework_world import REPORTER, React, deliver, incident, shown, staffed
from handlers_world import DIRECT, OPERATIONS, Event, Take, audited, sent
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Kind
from bot.handlers import reports
from bot.handlers.desk import Desk
from bot.handlers.secondthoughts import swapped
from bot.store import transmissions
from bot.store.tables import conversations, transcripts
from bot.store.tables import incidents as log
from bot.store.tables import transmissions as transmissions_table
from bot.voice.heard import Heard

TOLD, DETAIL = "tolong ada maling di rumah saya di Subah", "dia bawa parang"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def edit(event: Event) -> React:
    def make(of: IncomingEvent, body: str, **values: object) -> IncomingEvent:
        return event(body, sender=REPORTER, kind=Kind.EDIT, target=of.event_id, **values)

    return make


@pytest.fixture
async def telling(take: Take, event: Event) -> list[IncomingEvent]:
    """The words and a detail; the person has not yet said whether officers may be told."""
    said = [event(text, sender=REPORTER) for text in (TOLD, DETAIL)]
    for one in said:
        await take(one)
    return said


@pytest.fixture
async def told(telling: list[IncomingEvent], take: Take, event: Event, engine: Engine) -> list[IncomingEvent]:
    """Officers know."""
    await take(event("ya", sender=REPORTER))
    deliver(engine)
    return telling


def cards(engine: Engine) -> str:
    """The card and all that stands under it, without what was taken back."""
    rows = sent(engine, OPERATIONS)
    gone = {row["content"]["event_id"].removeprefix("outbox:") for row in rows if row["action"] == "redaction"}
    return json.dumps([row["content"] for row in rows if row["key"].startswith("card:") and row["key"] not in gone])


async def test_an_edit_after_officers_were_told_changes_the_log_and_the_card(
    told: list[IncomingEvent], take: Take, edit: React, engine: Engine
) -> None:
    change = edit(told[0], "tolong ada maling di rumah saya di Bandar")
    await take(change, change)
    assert incident(engine).text == f"tolong ada maling di rumah saya di Bandar\n{DETAIL}"
    assert incident(engine).urgency == "darurat"
    assert "Bandar" in shown(engine, OPERATIONS)
    assert "incident.reworded" in audited(engine)
    with engine.connect() as connection:
        kept = connection.scalars(select(transcripts.c.text).order_by(transcripts.c.version)).all()
    assert kept[0] == f"{TOLD}\n{DETAIL}", "the first version stays"


async def test_an_edited_emergency_stays_one_however_it_reads(
    told: list[IncomingEvent], take: Take, edit: React, engine: Engine
) -> None:
    await take(edit(told[0], "sudah tidak apa-apa"))
    assert incident(engine).urgency == "darurat"


async def test_an_edit_before_the_yes_is_what_officers_are_told(
    telling: list[IncomingEvent], take: Take, event: Event, edit: React, engine: Engine
) -> None:
    await take(edit(telling[0], "tolong ada maling di rumah saya di Bandar"))
    await take(event("ya", sender=REPORTER))
    assert incident(engine).text == f"tolong ada maling di rumah saya di Bandar\n{DETAIL}"


async def test_what_was_taken_back_before_the_yes_no_officer_reads(
    telling: list[IncomingEvent], take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    await take(withdraw(telling[1], sender=REPORTER, room=DIRECT))
    await take(event("ya", sender=REPORTER))
    assert incident(engine).text == TOLD


async def test_all_taken_back_before_the_yes_leaves_nothing_to_tell(
    telling: list[IncomingEvent], take: Take, event: Event, withdraw: React, engine: Engine
) -> None:
    for one in telling:
        await take(withdraw(one, sender=REPORTER, room=DIRECT))
    with engine.connect() as connection:
        assert connection.scalar(select(conversations.c.state))["alarm"] is None
    await take(event("ya", sender=REPORTER))
    assert [row for row in sent(engine) if row["key"].startswith("card:")] == []


async def test_an_edit_taken_back_restores_the_words_and_leaves_none_of_its_own(
    told: list[IncomingEvent], take: Take, edit: React, withdraw: React, engine: Engine
) -> None:
    change = edit(told[1], "dia bawa parang, namanya Wiryawan")
    await take(change)
    deliver(engine)
    assert "Wiryawan" in shown(engine, OPERATIONS)
    gone = withdraw(change, sender=REPORTER, room=DIRECT)
    await take(gone, gone)
    assert incident(engine).text == f"{TOLD}\n{DETAIL}"
    assert "Wiryawan" not in cards(engine)
    with engine.connect() as connection:
        assert "Wiryawan" not in json.dumps(list(connection.scalars(select(transcripts.c.text))))


@pytest.mark.parametrize("what", ["the call", "a detail", "an edit"])
async def test_answers_to_a_search_and_the_index_lose_what_was_taken_back(
    what: str, telling: list[IncomingEvent], take: Take, event: Event, edit: React, order: Event, withdraw: React,
    engine: Engine,
) -> None:  # fmt: skip
    await take(event("ya", sender=REPORTER))
    change = edit(telling[1], "dia bawa celurit")
    ways = {"the call": (telling[0], "maling"), "a detail": (telling[1], "parang"), "an edit": (change, "celurit")}
    gone, word = ways[what]
    if gone is change:
        await take(change)
    deliver(engine)
    asked, history = order(f"!cari {word}", thread_root=None), order("riwayat")
    await take(asked, history)
    deliver(engine)
    answers = {f"reply:{one.event_id}" for one in (asked, history)}
    quoting = [row["key"] for row in sent(engine, OPERATIONS) if word in row["content"].get("body", "")]
    assert answers <= set(quoting)
    await take(withdraw(gone, sender=REPORTER, room=DIRECT))
    assert answers <= {
        row["content"]["event_id"].removeprefix("outbox:")
        for row in sent(engine, OPERATIONS)
        if row["action"] == "redaction"
    }
    again = order(f"!cari {word}", thread_root=None)
    await take(again)
    [answer] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"reply:{again.event_id}"]
    assert "#1" not in answer["content"]["body"]


@pytest.mark.parametrize("edited", ["before the yes", "after it", "a detail is taken back first"])
async def test_a_call_that_was_edited_goes_whole_when_its_message_is_taken_back(
    edited: str, telling: list[IncomingEvent], take: Take, event: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    change = edit(telling[0], "tolong ada maling di rumah saya di Bandar")
    agrees, more = event("ya", sender=REPORTER), event("sekarang dia di dapur", sender=REPORTER)
    back = withdraw(telling[1], sender=REPORTER, room=DIRECT)
    await take(*([more, change, agrees] if edited == "before the yes" else [more, agrees, change]))
    deliver(engine)
    if edited == "a detail is taken back first":
        await take(back)
        deliver(engine)
    await take(withdraw(telling[0], sender=REPORTER, room=DIRECT))
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions_table.c.state)).all() == ["withdrawn"]
        assert not "".join(connection.scalars(select(transcripts.c.text)))
    for word in ("Bandar", "dapur", "parang"):
        assert word not in cards(engine)


async def test_an_edit_before_the_yes_that_is_taken_back_leaves_the_call_as_it_was(
    telling: list[IncomingEvent], take: Take, event: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    change = edit(telling[0], "tolong ada maling di rumah Wiryawan di Bandar")
    await take(change, event("ya", sender=REPORTER))
    deliver(engine)
    assert "Wiryawan" in shown(engine, OPERATIONS)
    await take(withdraw(change, sender=REPORTER, room=DIRECT))
    assert incident(engine).text == f"{TOLD}\n{DETAIL}"
    assert "Wiryawan" not in cards(engine)


async def test_an_edit_that_alone_called_for_help_takes_the_report_along(
    take: Take, event: Event, edit: React, withdraw: React, engine: Engine
) -> None:
    hello = event("selamat malam pak", sender=REPORTER)
    change = edit(hello, TOLD)
    await take(hello)
    await take(change, event("ya", sender=REPORTER))
    deliver(engine)
    await take(withdraw(change, sender=REPORTER, room=DIRECT))
    with engine.connect() as connection:
        assert connection.scalars(select(transmissions_table.c.state)).all() == ["withdrawn"]
    assert "maling" not in cards(engine)


async def test_an_edit_that_first_tells_of_an_emergency_is_answered_once(
    take: Take, event: Event, edit: React, engine: Engine
) -> None:
    hello = event("selamat malam pak", sender=REPORTER)
    await take(hello)
    change = edit(hello, TOLD)
    await take(change, change)
    [answer] = [row for row in sent(engine, DIRECT) if row["key"] == f"reply:{change.event_id}"]
    assert "110" in answer["content"]["body"]
    await take(event("ya", sender=REPORTER))
    assert incident(engine).text == TOLD
    deliver(engine)
    await take(edit(hello, f"{TOLD} dua orang"))
    assert incident(engine).text == f"{TOLD} dua orang"


async def test_an_edited_question_is_not_answered_again(take: Take, event: Event, edit: React, engine: Engine) -> None:
    asked = event("syarat SIM A", sender=REPORTER)
    await take(asked)
    before = len(sent(engine))
    await take(edit(asked, "syarat SIM C"))
    assert len(sent(engine)) == before


async def test_a_spoken_yes_puts_the_words_on_the_card(
    telling: list[IncomingEvent], take: Take, event: Event, desk: Desk, engine: Engine
) -> None:
    note = event(sender=REPORTER, kind=Kind.AUDIO)
    await take(note)
    with engine.begin() as connection:
        row = transmissions.by_event(connection, note.event_id)
        assert row is not None
        result = Heard("ya", (), 1.0, "id", False, 0.9, (), 1.0, "base")
        reports.heard(connection, row.id, note, result, Path("/nowhere"), desk, note.sent_at)
    assert "maling" in shown(engine, OPERATIONS)
    assert incident(engine).text == f"{TOLD}\n{DETAIL}"


async def test_what_was_told_in_confidence_stays_private_whatever_kind_it_turns_out_to_be(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    for words in ("suami saya memukuli saya sekarang, tolong", "ya"):
        await take(event(words, sender=REPORTER))
    deliver(engine)
    found = incident(engine).analysis
    assert found.private
    unmarked = replace(found, category="kdrt", evidence=()).to_json()  # private by its kind alone
    with engine.begin() as connection:
        connection.execute(update(log).values(category="kdrt", analysis=unmarked))
    await take(order("kategori penganiayaan"))
    assert incident(engine).category == "penganiayaan"
    assert incident(engine).analysis.private


LINES = st.lists(st.sampled_from(["a", "b", "c d", "e"]), min_size=1, max_size=5)


@given(LINES, LINES, st.sampled_from(["", "x", "x\ny"]))
def test_swapping_takes_whole_lines_and_leaves_the_others(text: list[str], old: list[str], new: str) -> None:
    result = swapped("\n".join(text), ["\n".join(old)], new)
    places = [at for at in range(len(text) - len(old) + 1) if text[at : at + len(old)] == old]
    if not places:
        assert result is None
    else:
        at = places[0]
        left = [*text[:at], *(new.split("\n") if new else []), *text[at + len(old) :]]
        assert result == "\n".join(left)
