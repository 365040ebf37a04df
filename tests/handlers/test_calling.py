"""`!siaran`: two officers with devices of their own, or nothing goes out; and what goes out is what was shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, func, select

from bot.bulletins import calls
from bot.bulletins.calls import Call, Verb
from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import calling, unreached
from bot.handlers.desk import Desk
from bot.moderation.codes import typed as code_in
from bot.outgoing import Priority, transaction_id
from bot.rooms.model import Officer
from bot.store import confirmations, outbox, rooms
from bot.store.tables import members, officer_keys
from bot.store.tables import outbox as rows
from bot.store.tables import warnings as table

ANI, BUDI = "@ani:batang.test", "@budi:batang.test"
NELAYAN = "!nelayan"
TEXT = "Jalan Pantura ditutup di Alas Roban karena longsor. Lewat tol dulu, ya."


@pytest.fixture
def officer(event: Event, desk: Desk, engine: Engine) -> Event:
    """What an officer types in the operations room, from their own signed device."""
    officers = tuple(Officer(person=user, role="petugas", power=50, rooms=("all",)) for user in (ANI, BUDI))
    object.__setattr__(
        desk, "content", replace(desk.content, rooms=desk.content.rooms.model_copy(update={"officers": officers}))
    )
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", NELAYAN, kind="channel", alias=None, now=NOW)
        for room, user in ((OJOL, "@a:x"), (OJOL, "@b:x"), (NELAYAN, "@b:x"), (NELAYAN, desk.me)):
            row = {"room_id": room, "user_id": user, "membership": "join", "by": user, "since_at": NOW}
            connection.execute(members.insert().values(row))

    def make(body: str, sender: str = ANI, **values: Any) -> IncomingEvent:
        usual = {"room": OPERATIONS, "trust": Trust.DEVICE, "master_key": f"master of {sender}"}
        return event(body, sender=sender, **{**usual, **values})

    return make


def answer(engine: Engine, to: IncomingEvent) -> str:
    [body] = [row["content"]["body"] for row in sent(engine) if row["key"] == f"reply:{to.event_id}"]
    return str(body)


def code(engine: Engine, to: IncomingEvent) -> str:
    found = re.search(r"\b\d{6}\b", answer(engine, to))
    assert found is not None
    return found[0]


def broadcasts(engine: Engine, room: str = OJOL) -> list[dict[str, Any]]:
    return [row for row in sent(engine, room) if row["key"].startswith("warning:")]


def deliver(engine: Engine) -> None:
    for row in sent(engine):
        with engine.begin() as connection:
            outbox.sent(connection, row["txn_id"], f"${row['key']}", NOW)


@pytest.fixture
def broadcast(take: Take, officer: Event, engine: Engine) -> Callable[..., Any]:
    """One officer orders, the other confirms; the order's event."""

    async def work(body: str = f"!siaran darurat {TEXT}") -> IncomingEvent:
        order = officer(body)
        await take(order)
        await take(officer(code(engine, order), sender=BUDI))
        return order

    return work


@pytest.fixture
def ended(take: Take, officer: Event, engine: Engine) -> Callable[..., Any]:
    """Two officers end a broadcast."""

    async def work(number: int) -> None:
        order = officer(f"!siaran selesai {number}")
        await take(order)
        await take(officer(code(engine, order), sender=BUDI))

    return work


async def test_it_goes_out_at_once_exactly_as_shown_when_another_officer_types_the_code(
    take: Take, officer: Event, engine: Engine
) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    shown = answer(engine, order)
    assert "2 kanal (2 orang)" in shown
    assert broadcasts(engine) == []
    await take(officer(code(engine, order), sender=BUDI))
    for room in (OJOL, NELAYAN):
        [row] = broadcasts(engine, room)
        assert row["priority"] == Priority.WARNING
        assert row["content"]["m.mentions"] == {}
        assert all(line in shown for line in row["content"]["body"].splitlines())
    [mine] = broadcasts(engine, OPERATIONS)
    assert "perintah @ani, disahkan @budi" in mine["content"]["body"]
    with engine.connect() as connection:
        row = connection.execute(select(table)).one()
    assert (row.source, row.by, row.second, row.state) == ("officer", ANI, BUDI, "sent")
    assert [kind for kind in audited(engine) if kind.startswith("call.")] == ["call.asked", "call.sent"]


REFUSED = {
    "the same officer": ({"sender": ANI}, "petugas lain"),
    "no officer": ({"sender": "@warga:batang.test"}, "hanya bisa diperintahkan petugas"),
    "an officer of another server": ({"sender": "@budi:jauh.test"}, "hanya bisa diperintahkan petugas"),
    "somebody's word in an officer's name": ({"trust": Trust.UNPROVEN}, "hanya bisa diperintahkan petugas"),
    "a device that is not signed": ({"master_key": None}, "belum diverifikasi"),
    "the identity of whoever ordered": ({"master_key": f"master of {ANI}"}, "identitas yang sama"),
    "in clear": ({"encrypted_room": False, "trust": Trust.CLEAR}, "hanya diterima terenkripsi"),
}


@pytest.mark.parametrize(("values", "reason"), REFUSED.values(), ids=REFUSED)
async def test_a_code_from_anybody_else_is_refused_with_the_reason(
    take: Take, officer: Event, engine: Engine, values: dict[str, Any], reason: str
) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    typed = officer(code(engine, order), **{"sender": BUDI, **values})
    await take(typed)
    assert reason in answer(engine, typed).replace("**", "")
    assert broadcasts(engine) == []
    assert "call.refused" in audited(engine)
    await take(officer(code(engine, order), sender=BUDI, master_key=f"master of {BUDI}"))
    assert len(broadcasts(engine)) == 1, "whoever is refused does not spoil it for the others"


async def test_an_identity_that_changed_since_it_was_first_seen_is_refused(
    take: Take, officer: Event, engine: Engine
) -> None:
    await take(officer(f"!siaran latihan {TEXT}", sender=BUDI))
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    stolen = officer(code(engine, order), sender=BUDI, master_key="another")
    await take(stolen)
    assert "Kunci Anda bukan" in answer(engine, stolen)
    assert broadcasts(engine) == []
    with engine.connect() as connection:
        assert connection.scalar(select(officer_keys.c.refused_key).where(officer_keys.c.user_id == BUDI)) == "another"


ORDERS = {
    "not proven": ({"trust": Trust.UNPROVEN}, "hanya bisa diperintahkan petugas"),
    "not signed": ({"master_key": None}, "belum diverifikasi"),
    "no officer": ({"sender": "@warga:batang.test"}, "hanya bisa diperintahkan petugas"),
    "elsewhere": ({"room": OJOL}, "dari ruang kendali"),
    "in a DM": ({"room": DIRECT}, "dari ruang kendali"),
}


@pytest.mark.parametrize(("values", "reason"), ORDERS.values(), ids=ORDERS)
async def test_an_order_without_proof_or_in_another_place_shows_no_code(
    take: Take, officer: Event, engine: Engine, values: dict[str, Any], reason: str
) -> None:
    order = officer(f"!siaran darurat {TEXT}", **values)
    await take(order)
    assert reason in answer(engine, order)
    assert re.search(r"\d{6}", answer(engine, order)) is None


async def test_a_citizen_who_plays_with_it_in_a_channel_makes_no_noise(
    take: Take, officer: Event, engine: Engine
) -> None:
    await take(officer(f"!siaran darurat {TEXT}", room=OJOL, sender="@warga:batang.test"))
    assert sent(engine) == []


async def test_a_code_typed_too_late_is_refused(
    take: Take, officer: Event, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 5 * 60_000)
    for _ in range(2):
        typed = officer(code(engine, order), sender=BUDI)
        await take(typed)
        assert "5 menit" in answer(engine, typed)
    assert broadcasts(engine) == []


async def test_wrong_codes_void_it_after_three_tries(take: Take, officer: Event, engine: Engine) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    right = code(engine, order)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    guesses = [officer(wrong, sender=BUDI) for _ in range(3)]
    await take(*guesses)
    assert "sisa 2 kali" in answer(engine, guesses[0])
    assert "batal" in answer(engine, guesses[2])
    typed = officer(right, sender=BUDI)
    await take(typed)
    assert "kode yang salah diketik" in answer(engine, typed)
    assert broadcasts(engine) == []


async def test_an_order_edited_or_taken_back_is_void(
    take: Take, officer: Event, withdraw: Event, engine: Engine
) -> None:
    edited, deleted = officer(f"!siaran darurat {TEXT}"), officer("!siaran darurat Lain")
    await take(edited, deleted)
    await take(officer("!siaran darurat Semua aman", kind=Kind.EDIT, target=edited.event_id), withdraw(deleted))
    for order, word in ((edited, "disunting"), (deleted, "dihapus")):
        typed = officer(code(engine, order), sender=BUDI)
        await take(typed)
        assert word in answer(engine, typed)
    assert broadcasts(engine) == []


async def test_an_edit_after_it_went_out_points_to_the_correction(
    take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine
) -> None:
    order = await broadcast()
    edit = officer("!siaran darurat Lain", kind=Kind.EDIT, target=order.event_id)
    await take(edit)
    assert "!siaran ralat 1" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    assert len(broadcasts(engine)) == 1


async def test_the_code_works_once(take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine) -> None:
    order = await broadcast()
    again = officer(code(engine, order), sender=BUDI)
    await take(again)
    assert "sudah dikirim" in answer(engine, again)
    assert len(broadcasts(engine)) == 1


async def test_digits_mean_nothing_while_no_order_waits(take: Take, officer: Event, engine: Engine) -> None:
    await take(officer("123456"))
    assert sent(engine) == []


async def test_a_correction_and_an_end_need_two_officers_as_well(
    take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine
) -> None:
    await broadcast()
    deliver(engine)
    correction = officer("!siaran ralat 1 Satu lajur sudah dibuka.")
    await take(correction)
    assert len(broadcasts(engine)) == 1
    await take(officer(code(engine, correction), sender=BUDI))
    first, edit, second = (row for row in sent(engine, OJOL) if row["key"].startswith("warning"))
    assert {edit["key"], second["key"]} == {"warning-edit:2:1:!ojol", "warning:2:!ojol"}
    update = broadcasts(engine)[1]["content"]
    assert "Ralat" in update["body"]
    assert update["m.relates_to"]["m.in_reply_to"]["event_id"] == f"outbox:{first['key']}"
    end = officer("!siaran selesai 2")
    await take(end)
    assert "Akhir siaran #1" in answer(engine, end)
    assert len(broadcasts(engine)) == 2
    await take(officer(code(engine, end), sender=BUDI))
    over = broadcasts(engine)[2]["content"]
    assert "Selesai" in over["body"]
    assert over["m.relates_to"]["m.in_reply_to"]["event_id"] == f"outbox:{first['key']}"
    assert "call.ended" in audited(engine)
    late = officer("!siaran ralat 1 Lagi")
    await take(late)
    assert "sudah berakhir" in answer(engine, late)
    with engine.connect() as connection:
        assert set(connection.scalars(select(table.c.state))) == {"over"}


async def test_a_correction_of_what_ended_meanwhile_is_void(
    take: Take, officer: Event, broadcast: Callable[..., Any], ended: Callable[..., Any], engine: Engine
) -> None:
    await broadcast()
    correction = officer("!siaran ralat 1 Satu lajur dibuka.")
    await take(correction)
    await ended(1)
    typed = officer(code(engine, correction), sender=BUDI)
    await take(typed)
    assert "sudah berakhir" in answer(engine, typed)


async def test_an_end_goes_only_where_the_broadcast_came(
    take: Take, officer: Event, broadcast: Callable[..., Any], ended: Callable[..., Any], engine: Engine, desk: Desk
) -> None:
    await broadcast()
    with engine.begin() as connection:
        outbox.sent(connection, transaction_id(f"warning:1:{OJOL}"), "$there", NOW)
        outbox.withdraw(connection, f"warning:1:{NELAYAN}")
    await ended(1)
    assert [row["key"] for row in broadcasts(engine)] == [f"warning:1:{OJOL}", f"warning:2:{OJOL}"]
    assert [row["key"] for row in broadcasts(engine, NELAYAN)] == [f"warning:1:{NELAYAN}"]


async def test_what_does_not_come_in_time_does_not_come_and_the_channels_are_named(
    take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine, desk: Desk
) -> None:
    await broadcast()
    with engine.begin() as connection:
        outbox.sent(connection, transaction_id(f"warning:1:{OJOL}"), "$there", NOW)
        at = connection.scalar(select(func.min(rows.c.not_after)).where(rows.c.key.like("warning:%")))
        assert at == NOW + 60 * 60_000
        assert unreached.look(connection, desk, at - 1) == 0
        assert {row.key for row in outbox.pending(connection, at - 1)} >= {f"warning:1:{NELAYAN}"}
        assert not [row.key for row in outbox.pending(connection, at) if row.key.startswith("warning:1:")]
        unreached.look(connection, desk, at)
        unreached.look(connection, desk, at + 1)
    told = [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("warning-late:")]
    assert len(told) == 1
    assert "Siaran petugas" in told[0]
    assert "tidak sampai di 1 kanal (Nelayan Batang)" in told[0]
    assert "warning.unreached" in audited(engine)


async def test_a_channel_that_refuses_it_is_named_once(
    broadcast: Callable[..., Any], engine: Engine, desk: Desk
) -> None:
    await broadcast()
    with engine.begin() as connection:
        number = connection.scalar(select(rows.c.id).where(rows.c.key == f"warning:1:{NELAYAN}"))
        outbox.failed(connection, number, "forbidden", NOW)
        unreached.look(connection, desk, NOW + 1)
        unreached.look(connection, desk, NOW + 2)
    told = [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("warning-refused:")]
    assert len(told) == 1
    assert "Nelayan Batang): homeserver menolaknya" in told[0]


async def test_what_nobody_ends_is_asked_about_once_and_ends_by_itself(
    take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine, desk: Desk
) -> None:
    await broadcast()
    deliver(engine)
    hour = 3_600_000
    for hours in (11, 13, 14, 23, 25, 26):
        with engine.begin() as connection:
            calling.look(connection, desk, NOW + hours * hour)
        if hours == 23:
            late = officer("!siaran ralat 1 Satu lajur sudah dibuka.")
            await take(late)
            assert "belum dikirim" in answer(engine, late)
    said = [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("call-")]
    assert len(said) == 2
    assert "masih berlaku. Sudah selesai?" in said[0]
    assert "berakhir sendiri: 24 jam" in said[1]
    [edit] = [row["content"] for row in sent(engine, OJOL) if row["key"].startswith("warning-edit:")]
    assert "Sudah tidak berlaku" in edit["m.new_content"]["body"]
    assert edit.get("m.mentions", {}) == {}
    over = officer("!siaran ralat 1 Lagi")
    await take(over)
    assert "sudah berakhir" in answer(engine, over)


async def test_a_drill_says_so_first_and_last_and_never_looks_like_the_real_thing(
    take: Take, officer: Event, broadcast: Callable[..., Any], ended: Callable[..., Any], desk: Desk, engine: Engine
) -> None:
    assert desk.content.alerting is not None
    loud = desk.content.alerting.model_copy(update={"mention_room": True})
    object.__setattr__(desk, "content", replace(desk.content, alerting=loud))
    await broadcast(f"!siaran latihan {TEXT}")
    deliver(engine)
    correction = officer("!siaran ralat 1 Kumpul di lapangan.")
    await take(correction)
    await take(officer(code(engine, correction), sender=BUDI))
    await ended(1)
    for row in broadcasts(engine):
        lines = row["content"]["body"].splitlines()
        assert "LATIHAN" in lines[0]
        assert "darurat" not in lines[0].casefold()
        assert "🚨" not in row["content"]["body"]
        assert row["content"]["m.mentions"] == {}, "not even when the file allows it"
    assert all("LATIHAN" in row["content"]["body"].splitlines()[-1] for row in broadcasts(engine)[:2])


async def test_the_room_is_pinged_only_when_the_file_allows_it_and_that_is_shown_before(
    take: Take, officer: Event, desk: Desk, engine: Engine
) -> None:
    assert desk.content.alerting is not None
    loud = desk.content.alerting.model_copy(update={"mention_room": True})
    object.__setattr__(desk, "content", replace(desk.content, alerting=loud))
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    assert "bunyi untuk semua anggota" in answer(engine, order)
    await take(officer(code(engine, order), sender=BUDI))
    assert broadcasts(engine)[0]["content"]["m.mentions"] == {"room": True}
    assert broadcasts(engine, OPERATIONS)[0]["content"]["m.mentions"] == {}


async def test_marks_links_and_mentions_in_the_text_stay_what_was_typed(
    take: Take, officer: Event, broadcast: Callable[..., Any], engine: Engine
) -> None:
    await broadcast("!siaran darurat @room **awas** <b>x</b>\n# Judul\n> kutip {text} {emergency}")
    content = broadcasts(engine)[0]["content"]
    assert "@room" not in content["body"]
    assert "**awas** <b>x</b>\n# Judul\n> kutip {text} {emergency}" in content["body"]


async def test_mistakes_are_answered_with_help_and_nothing_is_done(take: Take, officer: Event, engine: Engine) -> None:
    said = {
        "!siaran": "Siaran ke semua kanal",
        "!siaran darurt longsor": "bukan perintah siaran",
        "!siaran darurat": "Isinya belum ada",
        "!siaran ralat longsor": "Siaran yang mana",
        "!siaran selesai 99": "nomor 99",
        "!siaran darurat " + "x" * 1300: "Terlalu panjang",
    }
    for body, word in said.items():
        order = officer(body)
        await take(order)
        assert word in answer(engine, order)
    assert broadcasts(engine) == []


def test_orders_and_codes_are_read_as_people_type_them() -> None:
    assert calls.read(" ! Siaran DARURAT: Awas\nBanjir") == Call(Verb.EMERGENCY, "Awas\nBanjir")
    assert calls.read("!siaran ralat #12: dibuka") == Call(Verb.CORRECTION, "dibuka", 12)
    assert calls.read("!siaran darurat 12 orang hilang") == Call(Verb.EMERGENCY, "12 orang hilang")
    assert calls.read("!siarankan ini") is None
    assert calls.read("kata !siaran darurat x") is None


def test_codes_are_read_as_people_type_them() -> None:
    typed = ("123456", " 123 456 ", "123-456.", "kode: 123456", "!123456", "123", "123456789", "123456 orang")
    assert [code_in(one) for one in typed] == ["123456"] * 5 + [None] * 3


async def test_a_number_of_another_length_is_no_wrong_code(take: Take, officer: Event, engine: Engine) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    for body in ("1234", "12345678"):
        await take(officer(body, sender=BUDI))
    await take(officer(code(engine, order), sender=BUDI))
    assert len(broadcasts(engine)) == 1


async def test_an_order_that_its_own_officer_confirms_waits_beside_a_broadcast(
    take: Take, officer: Event, engine: Engine
) -> None:
    order = officer(f"!siaran darurat {TEXT}")
    await take(order)
    with engine.begin() as connection:
        confirmations.add(
            connection, "$ban", OPERATIONS, BUDI, code="111111", order={"verb": "cekal"}, now=NOW, until=NOW + 60_000
        )
    await take(officer(code(engine, order), sender=BUDI))
    assert len(broadcasts(engine)) == 1
    with engine.connect() as connection:
        waiting = confirmations.waiting(connection, OPERATIONS, BUDI)
        assert waiting is not None
        assert (waiting.event_id, waiting.tries) == ("$ban", 0)
        assert confirmations.waiting(connection, OPERATIONS, ANI) is None, "a broadcast is none that ANI confirms alone"
