"""`!buletin …` in the operations room: notes that officers add, list, change and end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bulletin_world import CARD, DAY, Duty, ms
from casework_world import ANI, BUDI, deliver, staffed
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import previewing
from bot.handlers.desk import Desk
from bot.store.tables import bulletin_notes


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def duty(engine: Engine, desk: Desk, event: Event, monkeypatch: pytest.MonkeyPatch) -> Duty:
    duty = Duty(engine, desk, monkeypatch)
    duty.at("06:00")
    return duty


@pytest.fixture
def say(event: Event) -> Event:
    def make(body: str, sender: str = ANI, **values: Any) -> IncomingEvent:
        return event(
            body, room=OPERATIONS, sender=sender, **{"trust": Trust.DEVICE, "master_key": f"of {sender}", **values}
        )

    return make


@pytest.fixture
def edit(event: Event) -> Event:
    def make(of: IncomingEvent, body: str, **values: Any) -> IncomingEvent:
        base = {
            "sender": of.sender,
            "kind": Kind.EDIT,
            "target": of.event_id,
            "trust": Trust.DEVICE,
            "master_key": f"of {of.sender}",
        }
        return event(body, room=OPERATIONS, **{**base, **values})

    return make


def answers(engine: Engine) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("reply:")]


def notes(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        return list(connection.execute(select(bulletin_notes).order_by(bulletin_notes.c.id)))


async def test_a_note_is_read_out_in_the_bulletin_it_is_for_and_in_no_other(
    duty: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say("!buletin malam tambah Jalan Pemuda ditutup"))
    [answer] = answers(engine)
    assert "Catatan 1 · Buletin Malam, Selasa, 1 Desember, semua kanal" in answer
    marks = [row["content"]["m.relates_to"].get("key") for row in sent(engine) if row["type"] == "m.reaction"]
    assert marks == ["👌"]
    assert "bulletin.note_added" in audited(engine)
    for time in ("07:00", "15:30", "20:00"):
        duty.at(time)
    assert "Jalan Pemuda ditutup" not in duty.body(f"bulletin:pagi:{DAY}:!ojol")
    assert "Jalan Pemuda ditutup" in duty.body(f"bulletin:malam:{DAY}:!ojol")
    duty.at("20:00", DAY + dt.timedelta(days=1))
    assert "Jalan Pemuda ditutup" not in duty.body(f"bulletin:malam:{DAY + dt.timedelta(days=1)}:!ojol")


@pytest.mark.parametrize("key", [None, "another"])
async def test_a_session_not_under_the_officer_s_own_identity_adds_and_changes_none(
    duty: Duty, take: Take, say: Event, edit: Event, engine: Engine, key: str | None
) -> None:
    first = say("!buletin malam tambah Jalan Pemuda ditutup")
    await take(first)
    await take(say("!buletin malam tambah Semua libur", master_key=key))
    await take(edit(first, "!buletin malam tambah Semua libur", master_key=key))
    assert [note.words for note in notes(engine)] == ["Jalan Pemuda ditutup"]
    assert "Catatannya tidak berubah" in answers(engine)[-1]
    await take(say("!buletin catatan", master_key=key))
    assert "Jalan Pemuda ditutup" in answers(engine)[-1], "to look at them a known device is enough"


async def test_a_note_for_days_and_one_channel(duty: Duty, take: Take, say: Event, engine: Engine) -> None:
    await take(say("!buletin tambah Pasar malam ramai, sampai 5/12 di ojol"))
    [note] = notes(engine)
    assert (note.slot, note.room, note.since_date, note.until_date) == (None, "ojol", "2026-12-01", "2026-12-05")
    for day in (1, 5, 6):
        duty.at("07:00", dt.date(2026, 12, day))
    assert "Pasar malam ramai" in duty.body("bulletin:pagi:2026-12-05:!ojol")
    assert "Pasar malam ramai" not in duty.body("bulletin:pagi:2026-12-06:!ojol")


async def test_a_note_for_a_slot_that_has_gone_out_is_for_tomorrow_s(duty: Duty, take: Take, say: Event) -> None:
    duty.at("07:00")
    await take(say("!buletin pagi tambah Posyandu buka"))
    assert notes(duty.engine)[0].since_date == "2026-12-02"


async def test_a_note_whose_days_are_over_ends_by_itself_and_a_clock_that_ran_ahead_ends_nothing(
    duty: Duty, take: Take, say: Event, desk: Desk
) -> None:
    await take(say("!buletin malam tambah Jalan Pemuda ditutup"))
    duty.at("06:00", DAY + dt.timedelta(days=3))
    assert notes(duty.engine)[0].ended_by == "kentongan"
    assert notes(duty.engine)[0].ended_at is not None
    duty.at("19:59")
    duty.at("20:00")
    assert "Jalan Pemuda ditutup" in duty.body(f"bulletin:malam:{DAY}:!ojol")


async def test_notes_are_listed_with_number_scope_and_author_and_removed_by_number(
    duty: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say("!buletin tambah Satu hal penting"), say("!buletin besok sore tambah Dua hal", BUDI))
    await take(say("!buletin catatan"))
    listed = answers(engine)[-1]
    assert "1 · setiap buletin, Selasa, 1 Desember, semua kanal · @ani: Satu hal penting" in listed
    assert "2 · Buletin Sore, Rabu, 2 Desember, semua kanal · @budi: Dua hal" in listed
    await take(say("!buletin hapus 1", BUDI), say("!buletin hapus 1"), say("!buletin catatan"))
    ended, unknown, rest = answers(engine)[-3:]
    assert "tidak dibacakan lagi" in ended
    assert "Tidak ada catatan 1" in unknown
    assert "Satu hal" not in rest
    duty.at("07:00")
    assert "Satu hal" not in duty.body()


async def test_help_shows_how_today_s_slots_stand(duty: Duty, take: Take, say: Event, engine: Engine) -> None:
    duty.at("07:00")
    await take(say("!buletin"))
    [answer] = answers(engine)
    assert "Buletin Pagi, pukul 07.00: sudah terbit" in answer
    assert "Buletin Sore, pukul 15.30: belum waktunya" in answer
    assert "!buletin catatan" in answer


async def test_an_edit_of_the_message_changes_its_note_and_its_redaction_ends_it(
    duty: Duty, take: Take, say: Event, edit: Event, withdraw: Event, engine: Engine
) -> None:
    order = say("!buletin malam tambah Jalan Pemuda ditutup")
    await take(order)
    change = edit(order, "!buletin malam tambah Jalan Gajah Mada ditutup")
    await take(change)
    assert notes(engine)[0].words == "Jalan Gajah Mada ditutup"
    assert "diubah" in answers(engine)[-1]
    await take(withdraw(change))
    assert notes(engine)[0].words == "Jalan Pemuda ditutup"
    await take(withdraw(order))
    assert notes(engine)[0].ended_by == ANI
    duty.at("20:00")
    assert "Jalan Pemuda" not in duty.body(f"bulletin:malam:{DAY}:!ojol")


async def test_an_edit_into_what_is_no_note_ends_it_and_says_so(
    duty: Duty, take: Take, say: Event, edit: Event, engine: Engine
) -> None:
    order = say("!buletin malam tambah Jalan Pemuda ditutup")
    await take(order, edit(order, "maaf, salah"))
    assert not notes(engine) or notes(engine)[0].ended_by == ANI
    later = say("!buletin malam tambah Jalan Pemuda ditutup lagi")
    await take(later)
    await take(edit(later, "!buletin malam tambah Jalan Pemuda ditutup sampai 31/2"))
    assert notes(engine)[-1].ended_by == ANI
    assert "31/2" in answers(engine)[-1]


async def test_an_order_that_was_edited_into_one_is_to_be_sent_anew(
    duty: Duty, take: Take, say: Event, edit: Event, engine: Engine
) -> None:
    talk = say("nanti saya tambah catatannya")
    await take(talk)
    await take(edit(talk, "!buletin malam tambah Jalan Pemuda ditutup"))
    assert not notes(engine)
    assert "pesan baru" in answers(engine)[-1]


@pytest.mark.parametrize(
    "change",
    [{"trust": Trust.UNPROVEN}, {"trust": Trust.CLEAR, "encrypted_room": False}, {"sender": "@warga:batang.test"}],
)
async def test_nobody_else_and_no_unproven_device_adds_a_note(
    duty: Duty, take: Take, say: Event, engine: Engine, change: dict[str, Any]
) -> None:
    await take(say("!buletin malam tambah Semua boleh parkir", **change))
    assert not notes(engine)
    assert "hanya untuk petugas" in answers(engine)[-1]
    assert "bulletin.refused" in audited(engine)


async def test_a_stranger_s_or_unproven_edit_changes_no_note(
    duty: Duty, take: Take, say: Event, edit: Event, engine: Engine
) -> None:
    order = say("!buletin malam tambah Jalan Pemuda ditutup")
    await take(order)
    await take(edit(order, "!buletin malam tambah Gratis", trust=Trust.UNPROVEN))
    await take(edit(order, "!buletin malam tambah Gratis", sender=BUDI))
    assert notes(engine)[0].words == "Jalan Pemuda ditutup"


async def test_a_slip_adds_nothing_and_is_told(duty: Duty, take: Take, say: Event, engine: Engine) -> None:
    await take(say("!buletin mlam tambah hujan"), say("!buletin pagi ikut"))
    slip, elsewhere = answers(engine)
    assert "mlam" in slip
    assert "malam" in slip
    assert "pesan pribadi" in elsewhere
    assert not notes(engine)


async def test_hostile_words_ping_nobody_and_break_no_layout(
    duty: Duty, take: Take, say: Event, engine: Engine
) -> None:
    words = "@room <b>x</b> **tebal** [u](https://matrix.to/#/@ani:batang.test) ``` # judul"
    await take(say(f"!buletin pagi tambah {words}"), say("!buletin catatan"))
    duty.at("06:45")
    duty.at("07:00")
    rows = [row for row in sent(engine) if row["type"] == "m.room.message"]
    said = [row["content"] for row in rows if not row["key"].startswith("bulletin-voice:")]  # those wait to be spoken
    assert len(said) >= 3
    for content in said:
        content = content.get("m.new_content", content)
        assert "@room" not in content["body"]
        assert "@room" not in content["formatted_body"]
        assert "<b>" not in content["formatted_body"]
        assert 'href="https://matrix.to/#/@ani' not in content["formatted_body"]
        assert content["m.mentions"] == {}
    assert "**tebal**" in duty.body()


async def test_words_that_mean_another_day_later_are_pointed_at(
    duty: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say("!buletin malam tambah Razia besok pagi"), say("!buletin besok malam tambah Razia besok pagi"))
    today, later = answers(engine)
    assert "⚠️" not in today
    assert "“besok”" in later


async def test_a_note_added_after_the_card_stands_on_the_card(
    duty: Duty, take: Take, say: Event, engine: Engine
) -> None:
    duty.at("06:45")
    await take(say("!buletin pagi tambah Jalan Pemuda ditutup"))
    deliver(engine)
    assert "Jalan Pemuda ditutup" in duty.card(CARD)


async def test_the_same_message_read_twice_is_one_note(duty: Duty, take: Take, say: Event, engine: Engine) -> None:
    order = say("!buletin malam tambah Jalan Pemuda ditutup")
    await take(order, order)
    assert len(notes(engine)) == len(answers(engine)) == 1


async def test_in_a_channel_the_command_is_no_report(duty: Duty, take: Take, event: Event, engine: Engine) -> None:
    await take(event("!buletin malam tambah banjir besar di Subah, warga terjebak", room=OJOL))
    [answer] = sent(engine, OJOL)
    assert "pesan pribadi" in answer["content"]["body"]
    assert not sent(engine, OPERATIONS)


def test_the_day_is_the_district_s_day(duty: Duty, desk: Desk) -> None:
    assert previewing.local(desk, ms("00:30")).date() == DAY
