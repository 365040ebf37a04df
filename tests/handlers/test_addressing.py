"""A report that mentions the bot or answers it is a report; a question about reports is a question; some are both."""

from __future__ import annotations

import pytest
from casework_world import REPORTER, deliver
from handlers_world import ME, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent
from bot.store.tables import incidents

REPORTS = [
    "banjir makin tinggi sampai lutut di Kalimanggis",
    "oli tumpah di tanjakan Cilubah",
    "motor saya hilang di pasar Bandar barusan",
    "jalan sudah macet sampai Plelen",
    "kabel listrik putus melintang di depan SD Sembung",
]
QUESTIONS = [
    "syarat lapor motor hilang apa?",
    "kalau kecelakaan lapor ke mana?",
    "tabrak lari ancaman pidananya apa",
    "biaya skck berapa",
    "STNK ikut hilang waktu motor dicuri, cara ngurusnya gimana",
]
BOTH = [
    "ada kecelakaan di Plelen, nomor ambulans berapa?",
    "motor saya dicuri di Subah, syarat lapornya apa?",
    "motor saya dicuri barusan, lapornya ke mana?",
    "motor saya hilang di parkiran",
]


@pytest.fixture
def say(event: Event) -> Event:
    """Somebody mentions the bot in a channel."""

    def make(text: str, **values: object) -> IncomingEvent:
        base = {"content": {"m.mentions": {"user_ids": [ME]}}, "mentions": (ME,), "sender": REPORTER}
        return event(text, room=OJOL, **{**base, **values})

    return make


def logged(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(incidents.c.id)).all())


def said(engine: Engine, event: IncomingEvent) -> list[str]:
    """What the bot says to a message, by the kind of its key."""
    return [row["key"].partition(":")[0] for row in sent(engine, OJOL) if row["key"].endswith(f":{event.event_id}")]


@pytest.mark.parametrize("text", REPORTS)
async def test_a_report_that_mentions_the_bot_is_logged_and_answered_once(
    text: str, take: Take, say: Event, engine: Engine
) -> None:
    one = say(text)
    await take(one, one)
    assert logged(engine) == 1
    assert said(engine, one) == ["reply"]
    assert "Tercatat untuk petugas (#1)" in sent(engine, OJOL)[-1]["content"]["body"]
    assert not [kind for kind in audited(engine) if kind.startswith("dialogue.")]


@pytest.mark.parametrize("text", QUESTIONS)
async def test_a_question_about_such_things_is_only_answered(text: str, take: Take, say: Event, engine: Engine) -> None:
    one = say(text)
    await take(one)
    assert logged(engine) == 0
    assert said(engine, one) == ["reply"]
    assert audited(engine) == ["dialogue.answer"]


@pytest.mark.parametrize("text", BOTH)
async def test_what_reports_and_asks_is_logged_and_answered_each_once(
    text: str, take: Take, say: Event, engine: Engine
) -> None:
    one = say(text)
    await take(one, one)
    assert logged(engine) == 1
    assert said(engine, one) == ["reply", "answer"]
    answers = [row["content"]["body"] for row in sent(engine, OJOL) if row["key"].endswith(f":{one.event_id}")]
    assert "Tercatat untuk petugas" in answers[0]
    assert "Tercatat" not in answers[1]


async def test_a_reply_to_a_transcript_or_a_bulletin_may_report_something_new(
    take: Take, say: Event, event: Event, engine: Engine
) -> None:
    await take(say("biaya skck berapa"))
    deliver(engine)
    [key] = [row["key"] for row in sent(engine, OJOL)]
    one = event("pohon tumbang di desa Sembung, jalan tertutup", room=OJOL, reply_to=f"${key}")
    await take(one)
    assert logged(engine) == 1
    assert said(engine, one) == ["reply"]


async def test_with_the_report_its_other_answer_is_taken_back(
    take: Take, say: Event, withdraw: Event, engine: Engine
) -> None:
    one = say(BOTH[1])
    await take(one)
    deliver(engine)
    await take(withdraw(one, sender=REPORTER, room=OJOL))
    gone = {row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == "redaction"}
    assert {f"outbox:reply:{one.event_id}", f"outbox:answer:{one.event_id}"} <= gone


async def test_who_asks_for_a_person_is_told_the_way_and_not_logged(take: Take, say: Event, engine: Engine) -> None:
    one = say("tolong hubungkan dengan petugas")
    await take(one)
    assert logged(engine) == 0
    assert sent(engine, OPERATIONS) == []
    assert said(engine, one) == ["reply"]
