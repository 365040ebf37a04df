"""Officers' reactions to a card: the state of the log, in the chat they work in anyway."""

from __future__ import annotations

import json

import pytest
from casework_world import ANI, BUDI, CRASH, REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, update

from bot.event import IncomingEvent
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store.tables import inbox


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    """A crash in the log, its card in the operations room."""
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


@pytest.mark.parametrize(
    ("sign", "status"),
    [
        ("👀", Status.DITINJAU), ("✅", Status.TERVERIFIKASI), ("✔️", Status.TERVERIFIKASI), ("🚓", Status.DITANGANI),
        ("🏁", Status.SELESAI), ("❌", Status.PALSU), ("👀\ufe0f", Status.DITINJAU), ("🚓\U0001f3fd", Status.DITANGANI),
    ],
)  # fmt: skip
async def test_a_reaction_of_an_officer_is_a_step_in_the_history_on_the_card_and_in_the_audit(
    reported: IncomingEvent, take: Take, react: React, engine: Engine, sign: str, status: Status
) -> None:
    reaction = react(sign)
    await take(reaction)
    assert incident(engine).status is status
    last = steps(engine)[-1]
    assert (last.actor, last.action, last.before, last.after) == (ANI, "status", "baru", str(status))
    assert last.event_id == reaction.event_id
    edit = next(row for row in sent(engine, OPERATIONS) if row["key"].startswith("card:1:edit:"))["content"]
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": "outbox:card:1"}
    assert edit["m.new_content"]["msgtype"] == edit["msgtype"]
    assert audited(engine)[-1] == "incident.status"


async def test_the_card_says_who_handles_it(reported: IncomingEvent, take: Take, react: React, engine: Engine) -> None:
    assert "Status: baru" in shown(engine, OPERATIONS)
    await take(react("👀"))
    assert "ditinjau oleh @ani" in shown(engine, OPERATIONS)
    await take(react("🚓", BUDI))
    assert "ditangani oleh @budi" in shown(engine, OPERATIONS)
    await take(react("🏁", BUDI))
    assert "selesai · @budi" in shown(engine, OPERATIONS)


@pytest.mark.parametrize("sign", ["👍", "😂", "", "👀👀", "ok", "\ufe0f"])
async def test_a_sign_that_means_nothing_changes_nothing(
    reported: IncomingEvent, take: Take, react: React, engine: Engine, sign: str
) -> None:
    before = sent(engine)
    await take(react(sign))
    assert sent(engine) == before
    assert incident(engine).status is Status.BARU


@pytest.mark.parametrize("sender", ["@tamu:batang.test", "@ani:asing.example"])
async def test_who_is_no_officer_of_our_server_changes_nothing_and_hears_it_once(
    reported: IncomingEvent, take: Take, react: React, engine: Engine, sender: str
) -> None:
    await take(react("❌", sender), react("🏁", sender), react("👀", sender))
    assert incident(engine).status is Status.BARU
    assert len(bodies(engine, OPERATIONS, "card:1:word:")) == 1
    assert audited(engine).count("incident.refused") == 3


async def test_delivered_twice_it_is_one_step(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    reaction = react("👀")
    await take(reaction)
    before = steps(engine), sent(engine)
    with engine.begin() as connection:  # as if the mark had been lost
        connection.execute(update(inbox).where(inbox.c.event_id == reaction.event_id).values(state="new"))
    await take(reaction)
    assert (steps(engine), sent(engine)) == before


async def test_of_two_officers_the_first_to_arrive_has_it_and_the_other_is_told_who(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    await take(react("👀", ANI), react("👀", BUDI), react("👀", BUDI))
    assert incident(engine).claimed_by == ANI
    [word] = bodies(engine, OPERATIONS, "card:1:word:")
    assert "@ani" in word
    await take(react("🚓", ANI), react("👀", BUDI))
    assert incident(engine).status is Status.DITANGANI, "a late 👀 takes nothing from who is at work"


async def test_a_withdrawn_reaction_is_undone_and_the_history_keeps_both(
    reported: IncomingEvent, take: Take, react: React, withdraw: React, engine: Engine
) -> None:
    look, drive = react("👀"), react("🚓", BUDI)
    await take(look, drive)
    await take(withdraw(drive, BUDI))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.DITINJAU, ANI)
    assert [step.action for step in steps(engine)][-3:] == ["status", "status", "undone"]
    assert "ditinjau oleh @ani" in shown(engine, OPERATIONS)
    gone = withdraw(look)
    await take(gone, withdraw(look))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.BARU, None)
    assert audited(engine).count("incident.undone") == 2


async def test_what_something_followed_is_not_undone(
    reported: IncomingEvent, take: Take, react: React, withdraw: React, engine: Engine
) -> None:
    look = react("👀")
    await take(look, react("🚓", BUDI), withdraw(look))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.DITANGANI, BUDI)
    assert "tetap ditangani" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_stranger_withdraws_nothing(
    reported: IncomingEvent, take: Take, react: React, withdraw: React, engine: Engine
) -> None:
    look = react("👀")
    await take(look, withdraw(look, "@tamu:batang.test"))
    assert incident(engine).status is Status.DITINJAU


async def test_a_step_that_is_not_possible_is_explained_once(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    await take(react("🏁"), react("🚓"), react("🚓"), react("🚓"))
    assert incident(engine).status is Status.SELESAI
    [word] = bodies(engine, OPERATIONS, "card:1:word:")
    assert "yang bisa: " in word


async def test_a_duplicate_needs_to_know_of_which(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    await take(react("🔁"))
    assert incident(engine).status is Status.BARU
    assert "gabung #nomor" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_the_reporter_hears_that_it_is_taken_and_done_once_and_without_a_name(
    reported: IncomingEvent, take: Take, react: React, withdraw: React, engine: Engine
) -> None:
    look = react("👀")
    await take(look, withdraw(look), react("👀", BUDI), react("🏁", BUDI))
    told = [row for row in sent(engine, OJOL) if row["key"].startswith("told:")]
    assert ["ditinjau" in row["content"]["body"] for row in told] == [True, False]
    assert "belum selesai" in told[1]["content"]["body"]
    assert all(row["content"]["m.relates_to"]["event_id"] == reported.event_id for row in told)
    assert not any(name in json.dumps(told) for name in ("@ani", "@budi"))


async def test_a_reaction_to_what_stands_in_the_thread_is_no_step(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    await take(react("👀"), react("👀", BUDI))
    deliver(engine)
    [word] = [row["key"] for row in sent(engine, OPERATIONS) if ":word:" in row["key"]]
    await take(react("❌", target=f"${word}"))
    assert incident(engine).status is Status.DITINJAU
