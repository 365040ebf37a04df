"""Edits and redactions of what went over with a ticket, on either side."""

# ruff: noqa: F811 - fixtures are imported by their names

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from handlers_world import DIRECT, NOW, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update
from ticket_world import ASK, OFFICER, deliver, desk, officer  # noqa: F401 - fixtures

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import phrases
from bot.matrix.references import Standing, Waiting, keys_in, resolve
from bot.store.tables import inbox, outbox
from bot.store.tables import tickets as table


def edit(event: Event, of: IncomingEvent, body: str, **values: object) -> IncomingEvent:
    same = {"room": of.room_id, "sender": of.sender, "trust": of.trust, "sent_at": NOW}
    return event(body, kind=Kind.EDIT, target=of.event_id, **{**same, **values})


def redaction(event: Event, of: IncomingEvent, **values: object) -> IncomingEvent:
    base = {"room": of.room_id, "sender": of.sender, "trust": Trust.CLEAR, "type": "m.room.redaction"}
    return event("alasan: piket salah", kind=Kind.REDACTION, target=of.event_id, **{**base, **values})


def edits(engine: Engine, key: str) -> list[dict[str, Any]]:
    return [row for row in sent(engine) if row["key"].startswith(f"{key}:edit:") and row["action"] == "event"]


def redacted(engine: Engine) -> list[str]:
    return [row["content"]["event_id"].removeprefix("outbox:") for row in sent(engine) if row["action"] == "redaction"]


def again(engine: Engine, event: IncomingEvent) -> None:
    """As if the mark that it was handled had been lost."""
    with engine.begin() as connection:
        connection.execute(update(inbox).where(inbox.c.event_id == event.event_id).values(state="new"))


async def test_an_edit_of_the_citizens_message_edits_the_officers_copy_once(
    take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    said = event("surat saya tertinggal di loket")
    await take(event(ASK), said)
    deliver()
    change = edit(event, said, "surat saya tertinggal di kantor, hp 081234567890")
    await take(change)
    again(engine, change)
    await take()
    [copy] = edits(engine, f"ticket:1:in:{said.event_id}")
    assert copy["room_id"] == OPERATIONS
    assert copy["content"]["m.relates_to"] == {
        "rel_type": "m.replace",
        "event_id": f"outbox:ticket:1:in:{said.event_id}",
    }
    new = copy["content"]["m.new_content"]["body"]
    assert "di kantor" in new
    assert "081234567890" not in json.dumps(copy["content"])
    assert copy["content"]["body"] == f"* {new}"
    assert len([row for row in sent(engine, DIRECT) if row["key"].endswith(change.event_id)]) == 0, "never answered"


async def test_an_edit_that_comes_before_its_copy_was_sent_waits_for_it(
    take: Take, event: Event, engine: Engine
) -> None:
    said = event("surat saya tertinggal di loket")
    await take(event(ASK), said)
    await take(edit(event, said, "surat saya tertinggal di kantor"))
    key = f"ticket:1:in:{said.event_id}"
    [copy] = edits(engine, key)
    assert list(keys_in(copy["content"])) == [key]
    with pytest.raises(Waiting):
        resolve(copy["content"], {key: Standing("queued", None)})
    assert resolve(copy["content"], {key: Standing("sent", "$copy")})["m.relates_to"]["event_id"] == "$copy"


async def test_an_edit_in_the_same_sync_goes_over_as_the_message_itself(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event(ASK))
    said = event("surat saya tertinggal di loket")
    await take(said, edit(event, said, "surat saya tertinggal di kantor"))
    [row] = [row for row in sent(engine) if row["key"].startswith("ticket:1:in:")]
    assert "di kantor" in row["content"]["body"]


async def test_a_question_edited_while_it_waits_is_answered_as_edited(
    arrive: Take, take: Take, event: Event, engine: Engine
) -> None:
    said = event("qwerty")
    await arrive(said)
    assert sent(engine) == []
    await take(edit(event, said, "biaya skck berapa"))
    [reply] = sent(engine)
    assert reply["key"] == f"reply:{said.event_id}"
    assert "Rp30.000" in reply["content"]["body"]


@pytest.mark.parametrize("first", ["biaya skck berapa", "qwerty"])
async def test_a_question_taken_back_before_it_was_read_is_not_answered(
    take: Take, event: Event, engine: Engine, first: str
) -> None:
    said = event(first)
    await take(said, redaction(event, said))
    assert sent(engine) == []


async def test_the_edit_of_the_question_that_led_to_the_ticket_edits_the_card(
    take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    question = event(ASK)
    await take(event("biaya skck"), question)
    deliver()
    await take(edit(event, question, "mau bicara sama petugas soal sim, nik 3325011234567890"))
    [card] = edits(engine, "ticket:1")
    text = card["content"]["m.new_content"]["body"]
    assert "soal sim" in text
    assert "biaya skck" in text
    assert "3325011234567890" not in json.dumps(card["content"])
    assert "warga:batang.test" not in json.dumps(card["content"])


async def test_of_two_edits_the_newer_one_stands_whichever_came_last(
    take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    said = event("satu")
    await take(event(ASK), said)
    deliver()
    newer = edit(event, said, "tiga", sent_at=NOW + 2000)
    older = edit(event, said, "dua", sent_at=NOW + 1000)
    await take(newer)
    await take(older)
    [copy] = edits(engine, f"ticket:1:in:{said.event_id}")
    assert "tiga" in copy["content"]["m.new_content"]["body"]


async def test_nobody_edits_anothers_words(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    said = event("surat saya tertinggal")
    await take(event(ASK), said)
    deliver()
    reply = officer("Silakan datang besok")
    await take(reply)
    deliver()
    before = len(sent(engine))
    await take(
        edit(event, said, "palsu", sender="@lain:batang.test"),
        redaction(event, said, sender="@lain:batang.test", room=OPERATIONS),
        edit(event, reply, "palsu", sender="@warga2:batang.test"),
        redaction(event, reply, sender="@warga2:batang.test"),
    )
    assert len(sent(engine)) == before


async def test_what_was_never_relayed_changes_nothing(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    asked = event("biaya skck berapa")
    await take(asked)
    await take(edit(event, asked, "biaya sim berapa"), redaction(event, asked))
    assert len(sent(engine)) == 1
    await take(event("halo"), event(ASK))
    deliver()
    talk = officer("siapa piket?", thread_root=None)
    await take(talk)
    before = len(sent(engine))
    await take(edit(event, talk, "siapa piket malam?"), redaction(event, talk))
    assert len(sent(engine)) == before


async def test_a_withdrawn_message_of_the_citizen_leaves_the_thread_with_all_its_edits(
    take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    said = event("surat saya tertinggal di loket")
    await take(event(ASK), said)
    deliver()
    change = edit(event, said, "surat saya tertinggal di kantor")
    await take(change)
    deliver()
    gone = redaction(event, said)
    await take(gone)
    again(engine, gone)
    await take()
    key = f"ticket:1:in:{said.event_id}"
    assert redacted(engine) == [f"{key}:edit:{change.event_id}", key]
    assert "piket salah" not in json.dumps([row["content"] for row in sent(engine)])
    await take(edit(event, said, "kembali lagi"))
    assert len(edits(engine, key)) == 1


async def test_a_message_withdrawn_before_its_copy_was_sent_is_sent_without_words(
    take: Take, event: Event, engine: Engine
) -> None:
    said = event("rahasia sekali")
    await take(event(ASK), said)
    await take(redaction(event, said))
    assert "rahasia sekali" not in json.dumps([row["content"] for row in sent(engine, OPERATIONS)])
    assert redacted(engine) == [f"ticket:1:in:{said.event_id}"]


async def test_a_withdrawn_edit_leaves_the_message_as_it_was(
    take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    said = event("surat saya tertinggal di loket")
    await take(event(ASK), said)
    deliver()
    change = edit(event, said, "surat saya tertinggal di kantor")
    await take(change)
    deliver()
    await take(redaction(event, change))
    assert redacted(engine) == [f"ticket:1:in:{said.event_id}:edit:{change.event_id}"]


@pytest.mark.parametrize("which", ["question", "earlier"])
async def test_a_withdrawn_question_leaves_the_card_and_the_thread_keeps_its_number(
    take: Take, event: Event, engine: Engine, deliver: Take, which: str
) -> None:
    earlier, question = event("biaya skck"), event("mau bicara sama petugas soal tetangga")
    await take(earlier, question)
    deliver()
    await take(redaction(event, question if which == "question" else earlier))
    assert redacted(engine) == ["ticket:1"]
    after = [row for row in sent(engine, OPERATIONS) if row["action"] == "event"][1:]
    assert after[0]["key"] == "ticket:1:card"
    assert "#1" in after[0]["content"]["body"]
    assert after[0]["content"]["m.relates_to"]["event_id"] == "outbox:ticket:1"
    told = json.dumps([row["content"] for row in after])
    assert "biaya skck" not in told
    assert ("soal tetangga" in told) is (which == "earlier")
    if which == "earlier":
        await take(redaction(event, question))
        assert redacted(engine) == ["ticket:1", f"ticket:1:in:{question.event_id}"]


async def test_a_fragment_of_the_question_that_is_edited_edits_the_whole_card(
    arrive: Take, take: Take, event: Event, engine: Engine, deliver: Take
) -> None:
    first, second = event("qwerty"), event("mau bicara sama petugas")
    await arrive(first)
    await take(second)
    [card] = sent(engine, OPERATIONS)
    assert "qwerty" in card["content"]["body"]
    assert card["content"]["body"].count("qwerty") == 1, "a part of the question is no turn before it"
    deliver()
    await take(edit(event, first, "soal surat"))
    [card] = edits(engine, "ticket:1")
    assert "soal surat" in card["content"]["m.new_content"]["body"]
    assert "qwerty" not in card["content"]["m.new_content"]["body"]
    await take(redaction(event, first))
    assert redacted(engine)[-1] == "ticket:1"


async def test_an_officers_edit_reaches_the_citizen_once_and_without_a_name_even_after_the_end(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("Datang jam 9")
    await take(reply)
    deliver()
    await take(officer("selesai"))
    change = edit(event, reply, "Datang jam 10")
    await take(change)
    again(engine, change)
    await take()
    [copy] = edits(engine, f"ticket:1:out:{reply.event_id}")
    assert copy["room_id"] == DIRECT
    assert "jam 10" in copy["content"]["m.new_content"]["body"]
    assert "piket" not in json.dumps(copy["content"])
    assert "ticket.edited" in audited(engine)


@pytest.mark.parametrize("trust", [Trust.CLEAR, Trust.UNPROVEN])
async def test_an_edit_in_the_officers_name_from_an_unknown_device_is_refused(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, trust: Trust
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("Datang jam 9")
    await take(reply)
    deliver()
    await take(edit(event, reply, "transfer dulu", trust=trust))
    assert edits(engine, f"ticket:1:out:{reply.event_id}") == []
    assert "ticket.refused" in audited(engine)


async def test_a_forged_edit_in_the_same_sync_changes_nothing(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("Datang jam 9")
    await take(reply, edit(event, reply, "transfer dulu", trust=Trust.CLEAR))
    assert "transfer" not in json.dumps([row["content"] for row in sent(engine, DIRECT)])
    assert "jam 9" in sent(engine, DIRECT)[-1]["content"]["body"]


@pytest.mark.parametrize(("new", "ended"), [("// ini orang kemarin", False), ("selesai", True)])
async def test_an_edit_into_a_note_or_the_end_takes_the_copy_back(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, new: str, ended: bool
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("selesi")
    await take(reply)
    deliver()
    await take(edit(event, reply, new))
    assert redacted(engine) == [f"ticket:1:out:{reply.event_id}"]
    with engine.connect() as connection:
        assert (connection.scalar(select(table.c.state)) == "closed") is ended


async def test_a_note_edited_into_a_message_is_not_sent_and_its_author_hears_so(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take
) -> None:
    await take(event(ASK))
    deliver()
    note = officer("// Datang jam 9")
    await take(note)
    before = len(sent(engine, DIRECT))
    await take(edit(event, note, "Datang jam 9"))
    assert len(sent(engine, DIRECT)) == before
    assert sent(engine, OPERATIONS)[-1]["content"]["body"] == phrases.TICKET_EDITED_INTERNAL.replace("**", "")


@pytest.mark.parametrize("by", ["@piket:batang.test", "@kapolsek:batang.test"])
async def test_a_withdrawn_reply_of_an_officer_leaves_the_citizens_room(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, by: str
) -> None:
    await take(event(ASK))
    deliver()
    reply = officer("Nomor saya 0812")
    await take(reply)
    deliver()
    await take(redaction(event, reply, sender=by))
    mine = by == OFFICER
    assert redacted(engine) == ([f"ticket:1:out:{reply.event_id}"] if mine else [])
    with engine.connect() as connection:
        rooms = connection.scalars(select(outbox.c.room_id).where(outbox.c.action == "redaction")).all()
    assert rooms == ([DIRECT] if mine else [])


def shown(engine: Engine, copy: str) -> str | None:
    """What a client shows for one of our messages; `None` when it is not there, or was taken back."""
    rows = {row["key"]: row for row in sent(engine)}
    gone = {row["content"]["event_id"].removeprefix("outbox:") for row in rows.values() if row["action"] == "redaction"}
    if copy not in rows or copy in gone:
        assert all(row["key"] in gone for row in edits(engine, copy)), "an edit outlived its message"
        return None
    contents = [rows[copy]["content"]]
    contents += [row["content"]["m.new_content"] for row in edits(engine, copy) if row["key"] not in gone]
    return str(contents[-1]["body"])


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_order_edits_and_redactions_arrive_in_both_sides_end_with_what_the_authors_want(
    take: Take, event: Event, officer: Event, engine: Engine, deliver: Take, seed: int
) -> None:
    dice = random.Random(seed)
    await take(event(ASK))
    deliver()
    await take(officer("Ada apa?"))
    said = [event(f"catatan nomor{n} awal") for n in range(3)] + [officer(f"jawab nomor{n} awal") for n in range(3)]
    wanted: dict[str, str | None] = {one.event_id: one.body for one in said}
    happening = list(said)
    for one in said:
        changed = [
            edit(event, one, f"{one.body.split()[0]} baru{n}", sent_at=NOW + n) for n in range(dice.randrange(4))
        ]
        undone = [each for each in changed if dice.random() < 0.4]
        left = [each for each in changed if each not in undone]
        if left:
            wanted[one.event_id] = left[-1].body
        happening += [*changed, *(redaction(event, each) for each in undone)]
        if dice.random() < 0.3:
            wanted[one.event_id] = None
            happening.append(redaction(event, one))
    dice.shuffle(happening)
    while happening:
        batch = [happening.pop() for _ in range(min(len(happening), dice.randint(1, 4)))]
        await take(*batch)
        again(engine, dice.choice(batch))
        await take()
        if dice.random() < 0.5:
            deliver()
    for one in said:
        copy = f"ticket:1:{'in' if one.room_id == DIRECT else 'out'}:{one.event_id}"
        found, text = shown(engine, copy), wanted[one.event_id]
        assert (found is None) == (text is None), one
        assert text is None or (found is not None and found.endswith(text)), (found, text)
