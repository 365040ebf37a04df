"""A question in, one answer out, and why."""

from __future__ import annotations

import json

import pytest
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import Kind
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.store.audit import Auditor, about
from bot.store.tables import inbox


async def test_a_question_gets_one_answer_with_its_source(take: Take, event: Event, engine: Engine) -> None:
    question = event("syarat bikin sim c apa aja pak?")
    await take(question)
    [row] = sent(engine)
    assert row["key"] == f"reply:{question.event_id}"
    assert "Rp100.000" in row["content"]["body"]
    assert "Sumber" in row["content"]["body"]
    assert row["content"]["msgtype"] == "m.text"
    assert row["content"]["m.mentions"] == {}
    assert row["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": question.event_id}}


async def test_the_same_event_delivered_twice_is_answered_once(take: Take, event: Event, engine: Engine) -> None:
    question = event("biaya skck berapa")
    await take(question, question)
    await take(question)
    assert len(sent(engine)) == 1


async def test_a_question_handled_again_after_a_crash_says_nothing_twice(
    take: Take, event: Event, engine: Engine
) -> None:
    question = event("biaya skck berapa")
    await take(question)
    with engine.begin() as connection:  # as if the mark had been lost
        connection.execute(update(inbox).values(state="new"))
    await take()
    assert len(sent(engine)) == 1


async def test_a_salary_is_refused_and_the_audit_says_why(take: Take, event: Event, engine: Engine) -> None:
    question = event("gaji kapolres berapa sih?")
    await take(question)
    assert audited(engine) == ["dialogue.blocked"]
    with engine.connect() as connection:
        [entry] = about(connection, question.event_id)
    assert entry.payload is not None
    assert entry.payload["reason"]
    assert entry.payload["text"] == "gaji kapolres berapa sih?"


async def test_numbers_that_name_a_person_stay_out_of_the_audit(take: Take, event: Event, engine: Engine) -> None:
    question = event("NIK saya 3325011234567890, hp 081234567890, bikin sim c syaratnya apa")
    await take(question)
    with engine.connect() as connection:
        [entry] = about(connection, question.event_id)
    kept = json.dumps(entry.payload)
    assert "3325011234567890" not in kept
    assert "081234567890" not in kept


async def test_an_answer_that_comes_late_apologises(take: Take, event: Event, engine: Engine) -> None:
    await take(event("biaya skck berapa", sent_at=NOW - 3 * 3_600_000))
    assert "baru terbaca" in sent(engine)[0]["content"]["body"]


async def test_a_follow_up_is_understood_in_its_own_conversation_only(take: Take, event: Event, engine: Engine) -> None:
    await take(
        event("berapa biaya bikin sim c"), event("biaya?", sender="@lain:batang.test", room="!lain", direct=True)
    )
    first, second = sent(engine)
    assert "Rp100.000" in first["content"]["body"]
    assert first["content"]["body"] != second["content"]["body"]


async def test_a_mention_in_a_channel_is_answered_in_a_thread(take: Take, event: Event, engine: Engine) -> None:
    me = "@kentongan:batang.test"
    question = event("biaya skck berapa", room=OJOL, content={"m.mentions": {"user_ids": [me]}}, mentions=(me,))
    await take(question)
    [row] = sent(engine)
    assert row["content"]["m.relates_to"]["rel_type"] == "m.thread"
    assert row["content"]["m.relates_to"]["event_id"] == question.event_id


async def test_a_photo_in_a_direct_room_is_not_kept_and_its_sender_is_told(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event("ktp.jpg", kind=Kind.IMAGE))
    assert "KTP" in sent(engine)[0]["content"]["body"]


async def test_invites_are_accepted_from_allowed_servers_only(take: Take, event: Event, engine: Engine) -> None:
    await take(
        event(kind=Kind.INVITE, room="!a", direct=False),
        event(kind=Kind.INVITE, room="!b", direct=False, sender="@x:asing.example"),
    )
    moves = [(row["room_id"], row["action"]) for row in sent(engine) if row["action"] != "event"]
    assert moves == [("!a", "join"), ("!b", "leave")]
    assert audited(engine) == ["invite.join", "group.asked", "invite.leave"]


async def test_a_handler_that_fails_harms_no_other_event_and_is_reported(
    take: Take, event: Event, engine: Engine, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = type(consumer.desk.engine).step

    def broken(self: object, state: object, text: str, now: object, **named: object) -> object:
        if "meledak" in text:
            raise RuntimeError(text)
        return step(self, state, text, now, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(consumer.desk.engine), "step", broken)
    bad, good = event("meledak"), event("biaya skck berapa")
    await take(bad, good)
    keys = [row["key"] for row in sent(engine)]
    assert f"reply:{good.event_id}" in keys
    [report] = sent(engine, OPERATIONS)
    assert report["key"] == f"failed:{bad.event_id}"
    assert "meledak" not in report["content"]["body"], "the message itself is not repeated"
    apology = next(row for row in sent(engine, DIRECT) if row["key"] == f"reply:{bad.event_id}")
    assert "110" in apology["content"]["body"]
    with engine.connect() as connection:
        states = {row.event_id: row.state for row in connection.execute(select(inbox))}
        kept = connection.scalar(select(inbox.c.payload).where(inbox.c.event_id == bad.event_id))
    assert states == {bad.event_id: "failed", good.event_id: "done"}
    assert kept["body"] == "meledak", "nothing is lost"


async def test_a_failure_half_way_leaves_nothing_half_done(
    take: Take, event: Event, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    say, failures = Desk.say, iter([OSError("disk full")])

    def once_full(*arguments: object, **named: object) -> bool:
        for failure in failures:
            raise failure
        return say(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "say", once_full)
    await take(event("biaya skck berapa"))
    assert audited(engine) == ["dialogue.answer"], "the decision that was not carried out is not recorded"
    assert len(sent(engine)) == 1


async def test_the_chain_of_everything_above_verifies(take: Take, event: Event, engine: Engine, desk: Desk) -> None:
    await take(event("halo"), event("gaji kapolres"), event("tolong ada begal di alas roban", room=OJOL))
    with engine.connect() as connection:
        found = Auditor(b"k" * 32).verify(connection)
    assert found.faults == ()
    assert found.rows >= 3
