"""What waits for officers goes out by their typed word from a proven device, on a tsunami by the word of two."""

from __future__ import annotations

import re
from typing import Any

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, update
from warning_world import MINUTE, NELAYAN, Sources, bodies, quake, shape

from bot.event import IncomingEvent, Kind, Trust
from bot.store.tables import warnings as table

ANI, BUDI = "@ani:batang.test", "@budi:batang.test"


@pytest.fixture
def types(event: Event) -> Event:
    """What an officer types, as a reply to the first card, from their own signed device."""

    def make(body: str, sender: str = ANI, **values: Any) -> IncomingEvent:
        usual = {"trust": Trust.DEVICE, "master_key": f"master of {sender}", "reply_to": "$warning-held:1"}
        return event(body, room=OPERATIONS, sender=sender, **{**usual, **values})

    return make


@pytest.fixture
def held(sources: Sources) -> Sources:
    """A doubtful warning stands before the officers."""
    sources.say(shape())
    sources.look()
    sources.deliver()
    return sources


@pytest.fixture
def tsunami(sources: Sources) -> Sources:
    """Words on a tsunami do."""
    sources.say(quake("7.1", felt="", Potensi="Berpotensi tsunami"), "quakes")
    sources.look()
    sources.deliver()
    return sources


def card(engine: Engine) -> str:
    edits = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("warning-held:1:edit:")]
    return str(edits[-1]["content"]["m.new_content"]["body"]) if edits else ""


def answer(engine: Engine, to: IncomingEvent) -> str:
    found = [row["content"]["body"] for row in sent(engine) if row["key"] == f"reply:{to.event_id}"]
    return str(found[0]) if found else ""


def code(engine: Engine, to: IncomingEvent) -> str:
    found = re.search(r"\b\d{6}\b", answer(engine, to))
    assert found is not None
    return found[0]


@pytest.mark.parametrize("word", ["kirim", "Kirim!", "`kirim`", "siarkan"])
async def test_a_typed_word_sends_it_once_and_the_card_says_so(
    held: Sources, engine: Engine, take: Take, types: Event, word: str
) -> None:
    assert "kirim" in sent(engine, OPERATIONS)[0]["content"]["body"]
    again = types("kirim", sender=BUDI)
    await take(types(word), again)
    assert len(bodies(engine, OJOL)) == len(bodies(engine, NELAYAN)) == 1
    assert "ani" in bodies(engine, OPERATIONS)[0]
    assert "Sudah disiarkan" in card(engine)
    assert "Balas pesan ini" not in card(engine)
    assert "sudah diputuskan" in answer(engine, again)
    assert "warning.sent_by_officer" in audited(engine)
    assert held.states() == ["sent"]


async def test_a_reaction_sends_and_drops_nothing_and_is_answered_once_with_the_way(
    held: Sources, engine: Engine, take: Take, react: Event
) -> None:
    await take(*(react(sign, target="$warning-held:1") for sign in ("✅", "⛔", "✅")))
    assert held.states() == ["held"]
    assert bodies(engine, OJOL) == []
    told = [row for row in sent(engine, OPERATIONS) if row["key"] == "warning-held:1:how"]
    assert "ketikan kirim" in told[0]["content"]["body"].replace("`", "")
    assert len(told) == 1


UNPROVEN = {
    "no officer": {"sender": "@warga:batang.test"},
    "somebody's word in an officer's name": {"trust": Trust.UNPROVEN},
    "a device that is not signed": {"master_key": None},
    "in clear": {"encrypted_room": False, "trust": Trust.CLEAR},
}


@pytest.mark.parametrize("values", UNPROVEN.values(), ids=UNPROVEN)
@pytest.mark.parametrize("word", ["kirim", "tidak"])
async def test_whoever_is_not_proven_decides_nothing(
    held: Sources, engine: Engine, take: Take, types: Event, values: dict[str, Any], word: str
) -> None:
    typed = types(word, **values)
    await take(typed)
    assert held.states() == ["held"]
    assert answer(engine, typed)
    assert "warning.refused" in audited(engine)


async def test_a_dropped_one_stays_dropped_and_what_reads_the_same_asks_nobody_again(
    held: Sources, engine: Engine, take: Take, types: Event
) -> None:
    await take(types("tidak"), types("kirim"))
    assert held.states() == ["unsaid"]
    assert "Tidak disiarkan, keputusan" in card(engine)
    held.say(shape("A2", sent_at=NOW))
    held.look()
    assert held.why() == ["doubtful", "repeated"]
    held.say(shape("A3", sent_at=NOW, headline="Angin"))
    held.look()
    assert held.states()[-1] == "held"
    assert bodies(engine, OJOL) == []


async def test_talk_between_officers_is_no_order_and_a_slip_is_answered(
    held: Sources, engine: Engine, take: Take, types: Event
) -> None:
    talk, slip = types("jangan kirim dulu, saya tanya BMKG"), types("krim")
    await take(talk, slip)
    assert held.states() == ["held"]
    assert answer(engine, talk) == ""
    assert "tidak" in answer(engine, slip)


async def test_a_word_that_was_taken_back_before_it_was_read_sends_nothing(
    held: Sources, engine: Engine, arrive: Take, types: Event, withdraw: Event
) -> None:
    order = types("kirim")
    await arrive(withdraw(order))
    await arrive(order)
    assert bodies(engine, OJOL) == []


async def test_a_word_that_comes_too_late_sends_nothing(
    held: Sources, engine: Engine, take: Take, types: Event
) -> None:
    with engine.begin() as connection:
        connection.execute(update(table).values(expires_at=NOW - 1))
    typed = types("kirim")
    await take(typed)
    assert bodies(engine, OJOL) == []
    assert "lewat waktunya" in answer(engine, typed)


async def test_a_tsunami_goes_out_when_another_officer_types_the_code(
    tsunami: Sources, engine: Engine, take: Take, types: Event
) -> None:
    order = types("kirim")
    await take(order)
    assert bodies(engine, OJOL) == []
    await take(types(code(engine, order), sender=BUDI, reply_to=None))
    [body] = bodies(engine, OJOL)
    assert "Berpotensi tsunami" in body
    assert "disahkan @budi" in bodies(engine, OPERATIONS)[0]
    assert "disahkan @budi" in card(engine)
    [row] = tsunami.rows()
    assert (row.state, row.by, row.second) == ("sent", ANI, BUDI)
    again = types(code(engine, order), sender=BUDI, reply_to=None)
    await take(again)
    assert "sudah disiarkan" in answer(engine, again)


SECOND = {
    "the same officer": ({"sender": ANI}, "petugas lain"),
    "the identity of whoever ordered": ({"master_key": f"master of {ANI}"}, "identitas yang sama"),
    "no officer": ({"sender": "@warga:batang.test"}, "hanya bisa"),
    "a device that is not signed": ({"master_key": None}, "belum diverifikasi"),
}


@pytest.mark.parametrize(("values", "reason"), SECOND.values(), ids=SECOND)
async def test_a_code_from_anybody_else_is_refused_with_the_reason(
    tsunami: Sources, engine: Engine, take: Take, types: Event, values: dict[str, Any], reason: str
) -> None:
    order = types("kirim")
    await take(order)
    typed = types(code(engine, order), **{"sender": BUDI, "reply_to": None, **values})
    await take(typed)
    assert reason in answer(engine, typed).replace("**", "")
    assert tsunami.states() == ["held"]


async def test_three_wrong_codes_void_it(tsunami: Sources, engine: Engine, take: Take, types: Event) -> None:
    order = types("kirim")
    await take(order)
    wrong = f"{(int(code(engine, order)) + 1) % 1_000_000:06d}"
    tries = [types(wrong, sender=BUDI, reply_to=None) for _ in range(3)]
    await take(*tries)
    assert "sisa 2 kali" in answer(engine, tries[0])
    assert "tidak berlaku lagi" in answer(engine, tries[-1])
    late = types(code(engine, order), sender=BUDI, reply_to=None)
    await take(late)
    assert "3 kali" in answer(engine, late)
    assert tsunami.states() == ["held"], "it waits for another word"


async def test_a_wrong_code_for_a_warning_is_none_for_a_broadcast_that_waits_as_well(
    tsunami: Sources, engine: Engine, take: Take, types: Event
) -> None:
    order, call = types("kirim"), types("!siaran latihan Simulasi gempa", reply_to=None)
    await take(order, call)
    await take(types(code(engine, call), sender=BUDI, reply_to=None))
    await take(types(code(engine, order), sender=BUDI, reply_to=None))
    assert len(bodies(engine, OJOL)) == 2


@pytest.mark.parametrize("how", ["withdrawn", "edited"])
async def test_an_order_that_is_changed_voids_its_code(
    tsunami: Sources, engine: Engine, take: Take, types: Event, withdraw: Event, event: Event, how: str
) -> None:
    order = types("kirim")
    await take(order)
    typed = code(engine, order)
    edit = event(
        "tunggu", room=OPERATIONS, kind=Kind.EDIT, sender=ANI, target=order.event_id, trust=Trust.DEVICE,
        master_key=f"master of {ANI}",
    )  # fmt: skip
    await take(withdraw(order) if how == "withdrawn" else edit)
    await take(types(typed, sender=BUDI, reply_to=None))
    assert bodies(engine, OJOL) == []


async def test_a_code_for_what_the_source_has_changed_meanwhile_sends_nothing(
    tsunami: Sources, engine: Engine, take: Take, types: Event
) -> None:
    order = types("kirim")
    await take(order)
    tsunami.say(quake("7.1", felt="", Potensi="Tidak berpotensi tsunami"), "quakes")
    tsunami.look(NOW + MINUTE)
    late = types(code(engine, order), sender=BUDI, reply_to=None)
    await take(late)
    assert bodies(engine, OJOL) == []
    assert "sudah diputuskan" in answer(engine, late)
    assert "lebih baru" in card(engine)


async def test_one_officer_is_enough_to_drop_words_on_a_tsunami(
    tsunami: Sources, engine: Engine, take: Take, types: Event
) -> None:
    order = types("kirim")
    await take(order, types("tidak", sender=BUDI))
    assert tsunami.states() == ["unsaid"]
    await take(types(code(engine, order), sender=BUDI, reply_to=None))
    assert bodies(engine, OJOL) == []
