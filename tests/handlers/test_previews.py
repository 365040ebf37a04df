"""The officers' hand on a bulletin: shown before, changed, skipped or agreed to, and told what became of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from bulletin_world import BULLETIN, CARD, DAY, Duty, ms
from casework_world import ANI, BUDI, deliver, staffed
from handlers_world import NOW, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, insert, select

from bot.bulletins.model import Override, Preview
from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import announcing
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import inbox, rooms
from bot.store import incidents as log
from bot.store.tables import audit_payloads, incidents

TEXT = "Hujan lebat sampai malam. Hindari **jalan pantai**, perahu ditambat dulu."


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def duty(engine: Engine, desk: Desk, event: Event, monkeypatch: pytest.MonkeyPatch) -> Duty:
    duty = Duty(engine, desk, monkeypatch)
    duty.at("06:00")
    return duty


@pytest.fixture
def shown(duty: Duty) -> Duty:
    """The card of the morning stands there."""
    duty.at("06:41")
    return duty


@pytest.fixture
def say(event: Event) -> Event:
    """An officer's reply to the card from a known device."""

    def make(body: str, sender: str = ANI, **values: Any) -> IncomingEvent:
        base = {"trust": Trust.DEVICE, "master_key": f"master of {sender}", "reply_to": f"${CARD}"}
        return event(body, room=OPERATIONS, sender=sender, **{**base, **values})

    return make


@pytest.fixture
def mark(event: Event) -> Event:
    def make(key: str, sender: str = ANI, target: str = f"${CARD}") -> IncomingEvent:
        return event(key, room=OPERATIONS, kind=Kind.REACTION, type="m.reaction", sender=sender, target=target)

    return make


def with_preview(desk: Desk, **changes: Any) -> None:
    """The morning's slot with other rules for its preview."""
    files = desk.content.bulletins
    slots = {**files.slots, "pagi": files.slots["pagi"].model_copy(update={"preview": Preview(**changes)})}
    content = replace(desk.content, bulletins=files.model_copy(update={"slots": slots}))
    object.__setattr__(desk, "content", content)


def confirmed(engine: Engine, at: int) -> None:
    """An officer has confirmed an incident."""
    analysis = {
        "text": "", "category": "banjir", "urgency": "info", "report": True, "district": "Subah", "places": [],
        "evidence": [],
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(
            insert(incidents).values(
                id=1, opened_at=at, updated_at=at, room_id="!ojol", category="banjir", urgency="info",
                district="Subah", places=[], status="baru", text="", analysis=analysis, content_version="v1",
            )
        )  # fmt: skip
        log.change_status(connection, 1, Status.TERVERIFIKASI, actor=ANI, reason=None, event_id="$confirmed", now=at)


def more_rooms(engine: Engine) -> None:
    with engine.begin() as connection:
        for name in ("nelayan", "desa-siaga"):
            rooms.record(connection, name, f"!{name}", kind="channel", alias=None, now=NOW)


def test_the_card_comes_so_many_minutes_before_the_slot_and_once(duty: Duty, engine: Engine) -> None:
    duty.at("06:39")
    assert not sent(engine, OPERATIONS)
    duty.at("06:40")
    duty.at("06:41")
    [row] = sent(engine, OPERATIONS)
    assert row["key"] == CARD
    assert row["content"]["m.mentions"] == {}
    card = duty.card()
    assert "Pratinjau Buletin Pagi · Selasa, 1 Desember 2026 · terbit pukul 07.00" in card
    assert "Selamat pagi" in card
    assert "Dipakai: statistik laporan" in card
    assert "tetap terbit" in card
    assert "preview.asked" in audited(engine)


def test_rooms_with_the_same_text_are_named_together_and_what_differs_is_shown_after(
    duty: Duty, desk: Desk, engine: Engine
) -> None:
    more_rooms(engine)
    files = desk.content.bulletins
    templates = {
        **files.templates,
        "laut.md.j2": files.templates["pagi.md.j2"].replace("Selamat pagi", "Selamat melaut"),
    }
    own = {"nelayan": {"pagi": Override(template="laut.md.j2", time="07:30")}}
    changed = files.model_copy(update={"templates": templates, "rooms": own, "tips": files.tips[:0]})
    object.__setattr__(desk, "content", replace(desk.content, bulletins=changed))
    duty.at("06:45")
    card = duty.card()
    assert "Untuk 2 kanal: Desa Siaga (07.00), Ojol Kamtibmas (07.00)" in card
    assert "Berbeda di Nelayan Batang (07.30)" in card
    assert card.count("Selamat pagi") == card.count("Selamat melaut") == 1
    assert card.count("telepon 110") == 1, "what is the same is not repeated"


def test_a_clock_that_ran_ahead_leaves_the_next_card_true_and_put_forward_at_its_time(
    duty: Duty, engine: Engine
) -> None:
    tomorrow = DAY + dt.timedelta(days=1)
    key = f"preview:pagi:{tomorrow}"
    duty.at("06:45", tomorrow)  # the machine's clock jumps a day, and back
    assert "Selamat pagi" in duty.card(key)
    duty.at("06:45")
    assert "Selamat pagi" in duty.card()
    assert duty.words(key) == []
    duty.at("07:00")
    assert duty.states() == {"!ojol": ("sent", None)}
    confirmed(engine, ms("22:00"))
    duty.at("06:41", tomorrow)
    duty.at("06:42", tomorrow)
    [word] = duty.words(key)
    assert "Jam mesin pernah maju" in word
    assert "1 kejadian sudah dipastikan" in duty.card(key)
    duty.at("07:00", tomorrow)
    assert duty.states(day=tomorrow) == {"!ojol": ("sent", None)}


def test_without_a_preview_in_the_files_there_is_none(duty: Duty, desk: Desk, engine: Engine) -> None:
    with_preview(desk, minutes=0)
    duty.at("06:45")
    duty.at("07:00")
    assert not sent(engine, OPERATIONS)
    assert duty.states() == {"!ojol": ("sent", None)}


def test_a_slot_soon_after_midnight_is_shown_the_day_before(duty: Duty, desk: Desk, engine: Engine) -> None:
    files = desk.content.bulletins
    early = files.slots["pagi"].model_copy(update={"time": dt.time(0, 10)})
    changed = files.model_copy(update={"slots": {**files.slots, "pagi": early}})
    object.__setattr__(desk, "content", replace(desk.content, bulletins=changed))
    duty.at("23:55")
    assert f"preview:pagi:{DAY + dt.timedelta(days=1)}" in [row["key"] for row in sent(engine, OPERATIONS)]


def test_silence_sends_and_the_card_says_what_became_of_it(shown: Duty) -> None:
    shown.at("07:00")
    assert shown.states() == {"!ojol": ("sent", None)}
    card = shown.card()
    assert "📤 Terbit di 1 kanal" in card
    assert "balas" not in card


async def test_a_check_mark_agrees_and_sends_nothing_before_its_time(shown: Duty, take: Take, mark: Event) -> None:
    await take(mark("✅"))
    assert "Disetujui @ani" in shown.card()
    assert shown.states() == {}
    shown.at("07:00")
    assert shown.states() == {"!ojol": ("sent", None)}


async def test_a_reply_changes_what_is_said_and_the_card_shows_it(
    shown: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say(TEXT))
    card = shown.card()
    assert "Hujan lebat sampai malam" in card
    assert "Isinya diganti @ani" in card
    assert "Selamat pagi" not in card
    [word] = shown.words()
    assert "begitulah bunyinya" in word
    assert "👌" in [row["content"]["m.relates_to"].get("key") for row in sent(engine) if row["type"] == "m.reaction"]
    shown.at("07:00")
    body = shown.body()
    assert "Hujan lebat sampai malam. Hindari jalan pantai" in body
    assert "Selamat pagi" not in body
    assert body.startswith("Buletin Pagi · Selasa, 1 Desember 2026")
    assert "110" in body.splitlines()[-1]
    [row] = [row for row in sent(engine) if row["key"] == BULLETIN]
    assert "<strong>jalan pantai</strong>" in row["content"]["formatted_body"]
    assert row["content"]["m.mentions"] == {}
    assert "Terbit di 1 kanal" in shown.card()


async def test_of_several_wordings_the_last_stands_and_one_taken_back_gives_way(
    shown: Duty, take: Take, say: Event, withdraw: Event
) -> None:
    first, second = say(TEXT), say("Jalan Pemuda ditutup sampai sore, lewat Gajah Mada.", BUDI)
    await take(first, second)
    assert "Jalan Pemuda" in shown.card()
    await take(withdraw(second, BUDI))
    assert "Hujan lebat" in shown.card()
    await take(withdraw(first))
    assert "Selamat pagi" in shown.card()
    shown.at("07:00")
    assert "Selamat pagi" in shown.body()


async def test_an_edit_of_the_reply_counts_and_its_redaction_takes_it_back(
    shown: Duty, take: Take, say: Event, event: Event, withdraw: Event
) -> None:
    reply = say(TEXT)
    await take(reply)
    edit = event(
        "Ombak tinggi sampai besok, nelayan jangan melaut.", room=OPERATIONS, kind=Kind.EDIT, sender=ANI,
        target=reply.event_id, trust=Trust.DEVICE, master_key=f"master of {ANI}",
    )  # fmt: skip
    await take(edit)
    assert "Ombak tinggi" in shown.card()
    await take(withdraw(edit))
    assert "Hujan lebat" in shown.card()
    shown.at("07:00")
    assert "Hujan lebat" in shown.body()


async def test_an_edit_into_no_answer_takes_it_back(shown: Duty, take: Take, say: Event, event: Event) -> None:
    reply = say(TEXT)
    await take(reply)
    await take(
        event("// belum", room=OPERATIONS, kind=Kind.EDIT, sender=ANI, target=reply.event_id, trust=Trust.DEVICE)
    )
    assert "Selamat pagi" in shown.card()


async def test_a_skip_needs_a_reason_which_is_asked_for(
    shown: Duty, take: Take, say: Event, mark: Event, engine: Engine
) -> None:
    await take(mark("⛔"))
    deliver(engine)
    assert "Apa sebabnya" in shown.words()[-1]
    assert "Tanpa jawaban" in shown.card()
    await take(say("listrik padam di kantor, genset rusak", BUDI, reply_to=f"${CARD}:word:$event1"))
    assert "Dilewati @budi" in shown.card()
    shown.at("07:00")
    assert shown.states() == {"!ojol": ("skipped", "officer")}
    assert "genset rusak" in shown.card()
    assert BULLETIN not in [row["key"] for row in sent(engine)]


async def test_a_question_why_that_nobody_answers_skips_nothing(shown: Duty, take: Take, mark: Event) -> None:
    await take(mark("⛔"))
    shown.at("07:00")
    assert shown.states() == {"!ojol": ("sent", None)}


async def test_a_reaction_does_not_undo_what_was_typed(
    shown: Duty, take: Take, say: Event, mark: Event, withdraw: Event
) -> None:
    skip = say("lewati: hari berkabung")
    await take(skip, mark("✅", BUDI))
    assert "Reaksi tidak mengubahnya" in shown.words()[-1]
    assert "Dilewati" in shown.card()
    await take(withdraw(skip))
    shown.at("07:00")
    assert shown.states() == {"!ojol": ("sent", None)}


async def test_where_silence_skips_only_a_typed_word_sends(
    duty: Duty, desk: Desk, take: Take, say: Event, mark: Event
) -> None:
    with_preview(desk, minutes=20, silence="skip")
    duty.at("06:45")
    assert "tidak terbit" in duty.card()
    await take(mark("✅"))
    assert "belum cukup" in duty.words()[-1]
    await take(say("kirim"))
    duty.at("07:00")
    assert duty.states() == {"!ojol": ("sent", None)}


async def test_where_silence_skips_it_is_recorded_so_also_when_there_was_no_card(
    duty: Duty, desk: Desk, take: Take, mark: Event
) -> None:
    with_preview(desk, minutes=20, silence="skip")
    duty.at("07:05")
    assert duty.states() == {"!ojol": ("skipped", "unanswered")}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"trust": Trust.UNPROVEN}, "perangkat yang dikenal"),
        ({"trust": Trust.CLEAR, "encrypted_room": False}, "perangkat yang dikenal"),
        ({"sender": "@warga:batang.test"}, "Hanya petugas"),
    ],
)
@pytest.mark.parametrize("text", [TEXT, "lewati: hujan"])
async def test_nobody_else_and_no_unproven_device_changes_or_skips(
    shown: Duty, take: Take, say: Event, engine: Engine, change: dict[str, Any], word: str, text: str
) -> None:
    await take(say(text, **change))
    assert word in shown.words()[-1]
    shown.at("07:00")
    assert "Selamat pagi" in shown.body()
    assert "preview.refused" in audited(engine)


@pytest.mark.parametrize("key", [None, "another master key"])
async def test_other_words_need_a_session_under_the_officer_s_own_identity(
    shown: Duty, take: Take, say: Event, engine: Engine, key: str | None
) -> None:
    await take(say("kirim"))  # says nothing that silence would not say: a known device is enough
    await take(say(TEXT), say("ganti: Ombak tinggi sampai besok.", master_key=key))
    assert "Hujan lebat" in shown.card()
    assert "Isinya tidak berubah" in shown.words()[-1]
    assert "preview.refused" in audited(engine)
    await take(say("lewati: hari berkabung", BUDI, master_key=None))
    assert "Dilewati @budi" in shown.card()


async def test_the_card_follows_what_would_be_said_and_is_touched_by_nothing_else(
    shown: Duty, take: Take, say: Event, mark: Event, desk: Desk, engine: Engine
) -> None:
    edits = lambda: [row for row in sent(engine, OPERATIONS) if f"{CARD}:edit:" in row["key"]]  # noqa: E731
    shown.at("06:44")
    shown.at("06:47")
    assert edits() == [], "the ages of sources alone are no news"
    await take(mark("✅", BUDI))
    agreed = len(edits())
    confirmed(engine, ms("06:48"))
    shown.at("06:50")
    assert len(edits()) == agreed + 1
    assert "1 kejadian sudah dipastikan" in shown.card()
    assert "berubah sejak disetujui" in shown.card()
    await take(say("kirim"))
    assert "berubah sejak disetujui" not in shown.card()
    shown.at("07:00")
    assert "berubah" not in shown.card()
    assert "1 kejadian sudah dipastikan" in shown.body()


async def test_what_changes_at_the_last_minute_is_on_the_card_of_what_went_out(
    shown: Duty, take: Take, say: Event, engine: Engine
) -> None:
    shown.at("06:59")
    await take(say("kirim"))
    confirmed(engine, ms("06:59"))
    shown.at("07:00")
    assert "1 kejadian sudah dipastikan" in shown.body()
    assert "1 kejadian sudah dipastikan" in shown.card()
    assert "berubah sejak disetujui" in shown.card()


async def test_an_officer_s_own_words_do_not_change_with_the_news(
    shown: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say(TEXT))
    before = shown.card()
    confirmed(engine, ms("06:48"))
    shown.at("06:50")
    assert shown.card() == before
    shown.at("07:00")
    assert "dipastikan" not in shown.body()
    assert "berubah" not in shown.card()


async def test_what_an_answer_agreed_to_is_on_record(shown: Duty, take: Take, say: Event, engine: Engine) -> None:
    await take(say("kirim"))
    confirmed(engine, ms("06:48"))
    shown.at("06:50")
    await take(say("kirim", BUDI))
    with engine.begin() as connection:
        rows = connection.execute(select(audit_payloads.c.payload).order_by(audit_payloads.c.audit_id)).scalars().all()
    digests = [row["digest"] for row in rows if row.get("answer") == "send"]
    assert len(digests) == len(set(digests)) == 2


async def test_a_stranger_s_edit_of_the_reply_changes_nothing(
    shown: Duty, take: Take, say: Event, event: Event
) -> None:
    reply = say(TEXT)
    await take(reply)
    values = {"room": OPERATIONS, "kind": Kind.EDIT, "target": reply.event_id}
    await take(event("Semua sudah dibatalkan oleh kami.", sender=ANI, trust=Trust.UNPROVEN, **values))
    await take(event("Semua sudah dibatalkan oleh kami.", sender=BUDI, trust=Trust.DEVICE, **values))
    assert "Hujan lebat" in shown.card()


@pytest.mark.parametrize("text", ["// dicek dulu?", "sebentar", "jadi dikirim jam berapa ya?", "lewti: hujan deras"])
async def test_talk_between_officers_is_not_broadcast(shown: Duty, take: Take, say: Event, text: str) -> None:
    await take(say(text, thread_root=f"${CARD}", reply_to=None))
    assert len(shown.words()) == (0 if text.startswith("//") else 1)
    shown.at("07:00")
    assert "Selamat pagi" in shown.body()


async def test_hostile_words_ping_nobody_and_leave_the_last_line(
    shown: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say("ganti: @room @**room** &#64;room <b>x</b> [u](https://matrix.to/#/@ani:batang.test)\n\n```\nkode"))
    shown.at("07:00")
    [row] = [row for row in sent(engine) if row["key"] == BULLETIN]
    assert "@room" not in row["content"]["body"]
    assert "@room" not in row["content"]["formatted_body"]
    assert "<b>" not in row["content"]["formatted_body"]
    assert "matrix.to/#/@ani:" not in row["content"]["formatted_body"]
    assert row["content"]["m.mentions"] == {}
    assert "<code>" not in row["content"]["formatted_body"]
    assert "110" in row["content"]["body"].splitlines()[-1]


async def test_an_answer_after_the_slot_is_told_so(shown: Duty, take: Take, say: Event, mark: Event) -> None:
    shown.at("07:00")
    await take(say(TEXT), mark("⛔"), mark("⛔", BUDI))
    late = shown.words()
    assert len(late) == 3
    assert all("sudah terbit" in word for word in late)
    assert "Hujan" not in shown.card()


async def test_an_answer_after_a_skip_says_how_it_can_still_go_out(
    shown: Duty, take: Take, say: Event, engine: Engine
) -> None:
    await take(say("lewati: hari berkabung"))
    shown.at("07:00")
    deliver(engine)
    await take(say("kirim"))
    assert "kentongan bulletin send pagi" in shown.words()[-1]


async def test_an_answer_between_two_channels_counts_for_the_later_one(
    duty: Duty, desk: Desk, take: Take, say: Event, engine: Engine
) -> None:
    more_rooms(engine)
    own = {"nelayan": {"pagi": Override(time="06:45")}}
    changed = desk.content.bulletins.model_copy(update={"rooms": own})
    object.__setattr__(desk, "content", replace(desk.content, bulletins=changed))
    duty.at("06:30")
    duty.at("06:45")
    await take(say(TEXT))
    assert "1 kanal sudah menerimanya" in duty.words()[-1]
    duty.at("07:00")
    assert "Selamat pagi" in duty.body(f"bulletin:pagi:{DAY}:!nelayan")
    assert "Hujan lebat" in duty.body()


async def test_the_same_message_read_twice_is_one_answer(
    shown: Duty, take: Take, say: Event, mark: Event, engine: Engine
) -> None:
    reply, agrees = say(TEXT), mark("✅")
    await take(reply, reply, agrees, agrees)
    assert audited(engine).count("preview.answered") == 2
    assert len(shown.words()) == 1


async def test_what_waits_unread_in_the_operations_room_is_read_before_the_slot_is_decided(
    shown: Duty, desk: Desk, say: Event, take: Take, engine: Engine
) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [say("lewati: hari berkabung")], ms("06:59"))
        assert announcing.announce(connection, desk, ms("07:00"), patient=True) is None
    await take()
    with engine.begin() as connection:
        [one] = announcing.announce(connection, desk, ms("07:00"), patient=True) or []
    assert not one.sent
    shown.now = ms("07:00")
    assert shown.states() == {"!ojol": ("skipped", "officer")}
