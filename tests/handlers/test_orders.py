"""Officers' written orders under a card."""

from __future__ import annotations

import json

import pytest
from casework_world import ANI, BUDI, CRASH, REPORTER, React, bodies, deliver, incident, shown, staffed, steps
from handlers_world import DIRECT, ME, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Trust
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import incidents, search
from bot.store.tables import inbox, transcripts


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


async def test_a_correction_is_a_new_version_and_the_first_stays(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("koreksi kebakaran rumah di desa Sembung, tidak ada korban"))
    with engine.connect() as connection:
        rows = connection.execute(select(transcripts).order_by(transcripts.c.version)).all()
        assert [(row.version, row.author) for row in rows] == [(1, None), (2, ANI)]
        assert rows[0].text == CRASH
        assert search.search(connection, "Sembung")
    assert incident(engine).category == "kebakaran"
    card = shown(engine, OPERATIONS)
    assert "Sembung" in card
    assert "Plelen" not in card
    [edit] = [row for row in sent(engine, OJOL) if ":edit:" in row["key"]]
    assert "Sembung" in edit["content"]["m.new_content"]["body"]
    assert edit["content"]["m.relates_to"]["event_id"] == f"outbox:reply:{reported.event_id}"


async def test_what_an_officer_has_settled_a_correction_leaves_alone(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("kategori medis"), order("lokasi Subah"), order("urgensi info"))
    await take(order("koreksi kebakaran besar di desa Sembung, orang terjebak"))
    found = incident(engine)
    assert (found.category, found.district, found.urgency) == ("medis", "Subah", "info")


@pytest.mark.parametrize("words", ["banjir", "Banjir atau genangan", "BANJIR."])
async def test_a_category_by_its_code_or_its_title(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, words: str
) -> None:
    await take(order(f"kategori {words}"))
    assert incident(engine).category == "banjir"
    assert "Banjir" in shown(engine, OPERATIONS)
    assert [(step.before, step.after) for step in steps(engine) if step.action == "category"] == [
        ("laka_lantas", "banjir")
    ]


async def test_a_misspelt_category_is_offered_not_taken(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("kategori banjri"))
    assert incident(engine).category == "laka_lantas"
    assert "kategori banjir" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_urgency_goes_up_and_down_by_hand(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("urgensi info"))
    assert incident(engine).urgency == "info"
    assert shown(engine, OPERATIONS).startswith("🔵")
    await take(order("urgensi gawat"))
    assert "darurat" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


@pytest.mark.parametrize(
    ("words", "district"), [("Subah", "Subah"), ("kec. Bandar", "Bandar"), ("desa Wonokerso kec. Limpung", "Limpung")]
)
async def test_a_place_of_the_gazetteer(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, words: str, district: str
) -> None:
    await take(order(f"lokasi {words}"))
    assert incident(engine).district == district
    assert district in shown(engine, OPERATIONS)


@pytest.mark.parametrize(("words", "answer"), [("Wonokerso", "Kandeman"), ("Atlantis", "tidak ada di daftar")])
async def test_a_place_that_is_two_or_none_is_asked_about(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, words: str, answer: str
) -> None:
    before = incident(engine).district
    await take(order(f"lokasi {words}"))
    assert incident(engine).district == before
    assert answer in bodies(engine, OPERATIONS, "card:1:word:")[-1]


@pytest.fixture
async def second(reported: IncomingEvent, take: Take, event: Event, engine: Engine) -> IncomingEvent:
    """Another incident, #2, of another reporter."""
    report = event("kebakaran rumah di desa Sembung", room=OJOL, sender="@lain:batang.test")
    await take(report)
    deliver(engine)
    return report


async def test_merged_reports_are_listed_where_they_belong_and_a_withdrawal_takes_them_back(
    second: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    merge = order("gabung #1", thread_root="$card:2")
    await take(merge)
    assert incident(engine, 2).status is Status.DUPLIKAT
    assert incident(engine, 1).reports == 2
    assert "duplikat" in shown(engine, OPERATIONS, 2)
    assert "(#1)" in shown(engine, OPERATIONS, 2)
    assert "2 laporan" in shown(engine, OPERATIONS, 1)
    await take(withdraw(merge))
    assert incident(engine, 2).status is Status.BARU
    assert incident(engine, 1).reports == 1


@pytest.mark.parametrize(
    ("words", "answer"), [("gabung #1", "kartu ini sendiri"), ("gabung #9", "tidak ada"), ("tautkan #9", "tidak ada")]
)
async def test_a_number_that_makes_no_sense_is_refused(
    second: IncomingEvent, take: Take, order: Event, engine: Engine, words: str, answer: str
) -> None:
    await take(order(words))
    assert incident(engine).status is Status.BARU
    assert answer in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_related_incidents_name_each_other_and_stay_two(
    second: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("tautkan #2"), order("tautkan #2"))
    assert "Terkait: #2" in shown(engine, OPERATIONS, 1)
    assert "Terkait: #1" in shown(engine, OPERATIONS, 2)
    assert "sudah tertaut" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert {incident(engine, 1).status, incident(engine, 2).status} == {Status.BARU}


async def test_a_wrongly_linked_report_becomes_an_incident_of_its_own(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender="@lain:batang.test"))
    assert incident(engine).reports == 2
    await take(order("pisah 1"), order("pisah 3"))
    assert incident(engine).reports == 2
    await take(order("pisah"))
    assert incident(engine).reports == 1
    assert incident(engine, 2).status is Status.BARU
    assert "korbannya dua" in shown(engine, OPERATIONS, 2)
    split = next(step for step in steps(engine) if step.action == "split")
    assert (split.actor, split.after) == (ANI, "2")
    assert (split.reason or "").startswith("score 0."), "how sure the link was is kept"


async def test_a_note_stays_between_officers(reported: IncomingEvent, take: Take, order: Event, engine: Engine) -> None:
    before = sent(engine, OJOL)
    await take(order("catatan keluarga sudah dihubungi"), order("// siapa piket?"))
    assert sent(engine, OJOL) == before
    assert [step.reason for step in steps(engine) if step.action == "noted"] == ["keluarga sudah dihubungi"]


async def test_a_state_in_writing_has_its_reason(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("selesai: korban sudah di RSUD"))
    assert incident(engine).status is Status.SELESAI
    assert steps(engine)[-1].reason == "korban sudah di RSUD"
    assert "korban sudah di RSUD" in shown(engine, OPERATIONS)
    assert "RSUD" not in bodies(engine, OJOL, "told:")[-1]


async def test_it_changes_hands_and_back(
    reported: IncomingEvent, take: Take, react: React, order: Event, withdraw: React, engine: Engine
) -> None:
    await take(react("🚓", ANI))
    over = order("ambil alih", BUDI)
    await take(over)
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.DITANGANI, BUDI)
    await take(withdraw(over, BUDI))
    assert (incident(engine).status, incident(engine).claimed_by) == (Status.DITANGANI, ANI)


async def test_an_order_delivered_twice_is_carried_out_once(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    once = order("kategori banjir")
    await take(once)
    before = steps(engine), sent(engine)
    with engine.begin() as connection:
        connection.execute(update(inbox).where(inbox.c.event_id == once.event_id).values(state="new"))
    await take(once)
    assert (steps(engine), sent(engine)) == before


@pytest.mark.parametrize("values", [{"trust": Trust.UNPROVEN}, {"trust": Trust.CLEAR}, {"sender": "@tamu:batang.test"}])
async def test_only_officers_on_known_devices_order(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, values: dict[str, object]
) -> None:
    await take(order("kategori banjir", **values), order("selesai", **values), order("palsu", **values))
    assert (incident(engine).category, incident(engine).status) == ("laka_lantas", Status.BARU)
    assert len(bodies(engine, OPERATIONS, "card:1:word:")) == 1


async def test_a_slip_is_answered_with_help_and_reaches_nobody(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    before = sent(engine, OJOL)
    await take(order("terusakan BPBD"), order("lokasi di mana pak?"))
    assert sent(engine, OJOL) == before
    words = bodies(engine, OPERATIONS, "card:1:word:")
    assert all("tidak dijalankan" in word for word in words)
    assert len(words) == 2


async def test_help_lists_the_orders_also_to_a_plain_reply(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    reply = order("bantuan", thread_root=None, reply_to="$card:1", content={"m.mentions": {"user_ids": [ME]}})
    await take(reply)
    [word] = [row for row in sent(engine, OPERATIONS) if ":word:" in row["key"]]
    assert "teruskan BPBD" in word["content"]["body"]
    assert word["content"]["m.relates_to"]["m.in_reply_to"] == {"event_id": reply.event_id}


async def test_officers_talk_outside_the_thread_goes_nowhere(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    before = sent(engine)
    await take(order("siap meluncur", thread_root=None, reply_to="$card:1"))
    assert sent(engine) == before


async def test_every_order_is_audited_and_marked_as_done(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    once = order("kategori banjir")
    await take(once)
    assert "incident.order" in audited(engine)
    [mark] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"done:{once.event_id}"]
    assert mark["content"]["m.relates_to"] == {"rel_type": "m.annotation", "event_id": once.event_id, "key": "👌"}


async def test_what_becomes_private_is_taken_back_from_the_channel(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("kategori kdrt"))
    assert incident(engine).analysis.private
    gone = [row["content"].get("event_id") for row in sent(engine, OJOL) if row["action"] == "redaction"]
    assert f"outbox:reply:{reported.event_id}" in gone
    assert "Pribadi" in shown(engine, OPERATIONS)
    with engine.connect() as connection:
        assert incidents.near(connection, incident(engine).analysis, incident(engine).opened_at)


async def test_an_officer_makes_any_report_private_and_the_channel_forgets_it(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("di sebelah mana?"), order("pribadi"))
    assert incident(engine).analysis.private
    assert incident(engine).category == "laka_lantas"
    gone = {row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == "redaction"}
    assert f"outbox:reply:{reported.event_id}" in gone
    assert any(key.startswith("outbox:talk:1:") for key in gone)
    assert "Pribadi" in shown(engine, OPERATIONS)
    assert "incident.order" in audited(engine)


async def test_a_private_report_is_not_merged_with_an_open_one(
    second: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("kategori kdrt"), order("gabung #2"), order("tautkan #2"))
    assert incident(engine).status is Status.BARU
    assert incident(engine, 2).reports == 1


async def test_possible_matches_stand_on_the_card_until_somebody_decides(
    reported: IncomingEvent, take: Take, event: Event, react: React, engine: Engine
) -> None:
    await take(event("ada kecelakaan di Gringsing, dua orang luka", room=OJOL, sender="@lain:batang.test"))
    deliver(engine)
    card = shown(engine, OPERATIONS, 2)
    assert "Mungkin sama dengan #1" in card
    assert "gabung #1" in card
    await take(react("🔁", target="$card:2"))
    assert incident(engine, 2).status is Status.DUPLIKAT, "one candidate stood on the card: that one is meant"
    assert incident(engine, 1).reports == 2


async def test_no_officer_and_no_reporter_is_named_where_they_should_not_be(
    second: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("ambil alih"), order("gabung #2"), order("catatan 081234567890"))
    channel = json.dumps([row["content"] for row in sent(engine, OJOL)])
    assert "@ani" not in channel
    assert REPORTER not in json.dumps([row["content"] for row in sent(engine, OPERATIONS)])
    assert DIRECT not in channel
