"""Codes: typed by the same officer, in time, in the same room, from the same key, once."""

from __future__ import annotations

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, sent
from moderation_world import (
    ANI,
    BUDI,
    JOKO,
    KEYS,
    SIAGA,
    Give,
    all_acts,
    code_in,
    furnish,
    giving,
    out,
    said,
    staffed,
    tell,
)
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import confirming
from bot.handlers.desk import Desk
from bot.store.database import Database
from bot.store.tables import confirmations, rooms


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture(autouse=True)
def channel(engine: Engine) -> None:
    furnish(engine)
    furnish(engine, SIAGA)


@pytest.fixture
def give(take: Take, event: Event) -> Give:
    return giving(take, event)


@pytest.fixture
async def asked(give: Give, engine: Engine) -> tuple[IncomingEvent, str]:
    """A ban that waits, and its code."""
    order = await give("!cekal @joko 30 hari di ojol penipuan")
    return order, code_in(said(engine, order))


async def test_the_code_works_once(asked: tuple[IncomingEvent, str], give: Give, engine: Engine) -> None:
    await give(asked[1])
    await give(asked[1])
    assert len(all_acts(engine)) == 1


@pytest.mark.parametrize("form", ["{0}", " {0}. ", "!{0}", "kode {0}", "{1} {2}"])
async def test_it_may_be_typed_as_people_type(
    asked: tuple[IncomingEvent, str], give: Give, engine: Engine, form: str
) -> None:
    code = asked[1]
    await give(form.format(code, code[:3], code[3:]))
    assert len(all_acts(engine)) == 1


async def test_three_wrong_ones_and_it_is_void(asked: tuple[IncomingEvent, str], give: Give, engine: Engine) -> None:
    wrong = f"{(int(asked[1]) + 1) % 1_000_000:06d}"
    answers = [said(engine, await give(wrong)) for _ in range(3)]
    assert ["Sisa 2" in answers[0], "Sisa 1" in answers[1], "batal" in answers[2]] == [True, True, True]
    await give(asked[1])
    assert all_acts(engine) == []


async def test_late_is_void(asked: tuple[IncomingEvent, str], give: Give, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(confirmations).values(until_at=NOW))
    answer = await give(asked[1])
    assert "lewat waktu" in said(engine, answer)
    assert all_acts(engine) == []


async def test_somebody_elses_code_is_refused_and_costs_no_try(
    asked: tuple[IncomingEvent, str], give: Give, engine: Engine
) -> None:
    answer = await give(asked[1], BUDI)
    assert "untuk @ani" in said(engine, answer)
    await give(asked[1])
    assert len(all_acts(engine)) == 1


async def test_it_has_to_be_proven_like_the_order(asked: tuple[IncomingEvent, str], give: Give, engine: Engine) -> None:
    for doubtful in ({"master_key": None}, {"trust": Trust.UNPROVEN}, {"master_key": "Lain"}):
        assert "Tidak ada yang dilakukan" in said(engine, await give(asked[1], **doubtful))
    assert all_acts(engine) == []
    await give(asked[1])
    assert len(all_acts(engine)) == 1


async def test_an_order_in_a_channel_gets_its_code_in_the_operations_room_and_the_channel_reads_no_name(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    bad = event("jual pulsa", room=OJOL, sender=JOKO)
    await take(bad)
    order = await give("!cekal 30 hari karena penipuan", room=OJOL, reply_to=bad.event_id)
    inside = [row["content"] for row in sent(engine, OJOL) if order.event_id in row["key"]]
    assert [one["body"] for one in inside] == ["Lanjut di ruang kendali, ya."]
    [asked] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"ordered:{order.event_id}"]
    assert asked["content"]["m.mentions"] == {"user_ids": [ANI]}
    assert "@joko dicekal" in asked["content"]["body"]
    code = code_in(asked["content"]["body"])
    await give(code, BUDI)
    await give(code, room=OJOL)
    assert all_acts(engine) == []
    await give(code)
    assert [one.target for one in all_acts(engine)] == [JOKO]
    assert [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("done:")] == [f"done:{order.event_id}"]


async def test_without_an_operations_room_an_order_in_a_channel_waits_for_nothing(give: Give, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(rooms.update().where(rooms.c.room_id == OPERATIONS).values(name=None, kind="other"))
    order = await give("!cekal @joko 30 hari penipuan", room=OJOL)
    assert "ruang itu belum ada" in said(engine, order)
    with engine.connect() as connection:
        assert connection.scalar(select(confirmations.c.id)) is None


async def test_what_waits_is_called_off_from_the_channel_too(give: Give, engine: Engine) -> None:
    order = await give("!kunci 2 jam hoaks", room=OJOL)
    [asked] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"ordered:{order.event_id}"]
    assert "batal" in said(engine, await give("!batal", room=OJOL))
    await give(code_in(asked["content"]["body"]))
    assert all_acts(engine) == []


async def test_why_nothing_is_done_to_a_person_is_no_matter_of_the_channel(give: Give, engine: Engine) -> None:
    order = await give("!bisukan @budi 1 jam ribut", room=OJOL)
    assert said(engine, order) == "Lanjut di ruang kendali, ya."
    assert "rekan petugas" in sent(engine, OPERATIONS)[-1]["content"]["body"]


async def test_in_another_room_it_is_only_a_number(
    asked: tuple[IncomingEvent, str], give: Give, engine: Engine
) -> None:
    await give(asked[1], room=OJOL)
    assert all_acts(engine) == []


async def test_an_edit_after_the_code_changes_nothing_and_a_redaction_ends_it(
    asked: tuple[IncomingEvent, str], give: Give, take: Take, event: Event, engine: Engine
) -> None:
    order, code = asked
    await give("!cekal @siti:lain.example di ojol x", kind=Kind.EDIT, target=order.event_id)
    await give(code)
    assert all_acts(engine)[0].target == JOKO
    again = await give("!kunci di ojol hoaks")
    await take(event(room=OPERATIONS, kind=Kind.REDACTION, type="m.room.redaction", sender=ANI, target=again.event_id))
    answer = await give(code_in(said(engine, again)))
    assert "sudah Anda hapus" in said(engine, answer)
    assert len(all_acts(engine)) == 1


async def test_it_can_be_called_off_and_a_new_order_replaces_the_old(
    asked: tuple[IncomingEvent, str], give: Give, engine: Engine
) -> None:
    lock = await give("!kunci di ojol hoaks")
    assert "tidak cocok" in said(engine, await give(asked[1]))
    assert "batal" in said(engine, await give("!batal"))
    await give(code_in(said(engine, lock)))
    assert all_acts(engine) == []
    assert "Tidak ada perintah" in said(engine, await give("!batal"))


async def test_it_survives_a_restart(
    asked: tuple[IncomingEvent, str], desk: Desk, database: Database, event: Event, engine: Engine
) -> None:
    code = event(asked[1], room=OPERATIONS, sender=ANI, trust=Trust.DEVICE, master_key=KEYS[ANI])
    with engine.begin() as connection:
        errand = confirming.answered(connection, code, desk, NOW)
        assert errand is not None
        assert errand.targets == (JOKO,)
        assert connection.scalar(select(confirmations.c.state)) == "done"


async def test_what_is_allowed_is_asked_again_when_the_code_comes(
    asked: tuple[IncomingEvent, str], give: Give, engine: Engine
) -> None:
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.power_levels", {"users": {ANI: 0}, "ban": 50})
    answer = await give(asked[1])
    assert "Kuasa Anda" in said(engine, answer)
    assert all_acts(engine) == []


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("!bisukan @joko 1 jam di ojol", False),
        ("!bisukan @a @b @c 1 jam di ojol", False),
        ("!bisukan @a @b @c @d 1 jam di ojol", True),
        ("!bisukan @joko 1 jam di semua", True),
        ("!keluarkan @joko di ojol", False),
        ("!cekal @joko di ojol penipu", True),
        ("!cekal server jahat.example di ojol spam", True),
        ("!kunci di ojol", True),
        ("!pelan 30 di ojol", False),
    ],
)
async def test_what_hits_many_or_is_grave_asks_first(give: Give, engine: Engine, words: str, asks: bool) -> None:
    order = await give(words)
    assert ("Ketik" in said(engine, order)) is asks
    assert (out(engine) == [] and not all_acts(engine)) is asks or words.startswith("!pelan")
