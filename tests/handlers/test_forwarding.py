"""A report passed on to an agency: by a proven officer's word, without a name, and never what is private."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, CRASH, POSKO, REPORTER, React, bodies, deliver, incident, shown, staffed
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import forwarding
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.rooms.agencies import Agencies
from bot.store import rooms
from bot.store.database import Database
from bot.store.tables import outbox, transmissions


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(f"{CRASH}, hubungi 081234567890", room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


async def test_a_report_goes_to_the_agencys_room_without_a_name_and_its_state_says_so(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("teruskan BPBD"))
    [relay] = sent(engine, POSKO)
    assert "Plelen" in relay["content"]["body"]
    text = json.dumps(relay["content"])
    assert REPORTER not in text
    assert "081234567890" not in text
    assert OJOL not in text
    assert incident(engine).status is Status.DITERUSKAN
    assert "Diteruskan ke BPBD" in shown(engine, OPERATIONS)
    assert "diteruskan ke BPBD" in bodies(engine, OJOL, "told:")[-1]
    assert "incident.forwarded" in audited(engine)


async def test_the_recording_goes_with_it_while_it_is_kept(
    reported: IncomingEvent, take: Take, order: Event, desk: Desk, engine: Engine
) -> None:
    desk.config.audio_dir.mkdir(parents=True)
    (desk.config.audio_dir / "note").write_bytes(b"OggS")
    with engine.begin() as connection:
        connection.execute(update(transmissions).values(media_path="audio/note"))
    await take(order("teruskan"))
    relay, audio = sent(engine, POSKO)
    assert audio["upload"] == str(desk.config.audio_dir / "note")
    assert audio["content"]["m.relates_to"]["event_id"] == f"outbox:{relay['key']}"


@pytest.mark.parametrize("trust", [Trust.CLEAR, Trust.UNPROVEN])
@pytest.mark.parametrize("encrypted", [True, False])
async def test_nothing_leaves_the_house_on_an_unproven_word(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, trust: Trust, encrypted: bool
) -> None:
    await take(order("teruskan BPBD", trust=trust, encrypted_room=encrypted))
    assert sent(engine, POSKO) == []
    assert incident(engine).status is Status.BARU
    assert "belum dikenal" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_what_is_private_is_never_passed_on(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("kategori kdrt"), order("teruskan BPBD"))
    assert sent(engine, POSKO) == []
    assert "tidak diteruskan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_what_was_passed_on_and_then_turns_out_private_is_taken_back(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("teruskan BPBD"), order("kategori kdrt"))
    [relay, gone] = sent(engine, POSKO)
    assert gone["action"] == "redaction"
    assert gone["content"]["event_id"] == f"outbox:{relay['key']}"
    assert "Plelen" not in json.dumps(relay["content"]), "it had not been sent yet: its words are gone"


async def test_once_to_each_agency(reported: IncomingEvent, take: Take, order: Event, engine: Engine) -> None:
    await take(order("teruskan BPBD"), order("teruskan bpbd"))
    assert len(sent(engine, POSKO)) == 1
    assert "sudah diteruskan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_what_was_reported_since_follows_in_the_same_thread(
    reported: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(order("teruskan BPBD"))
    deliver(engine)
    await take(event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender="@lain:batang.test"))
    await take(order("teruskan BPBD"), order("teruskan BPBD"))
    first, second = sent(engine, POSKO)
    assert second["content"]["m.relates_to"]["event_id"] == f"outbox:{first['key']}"
    assert "korbannya dua" in second["content"]["body"]
    assert "sudah diteruskan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_an_order_that_is_withdrawn_takes_back_what_it_passed_on(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    passed = order("teruskan BPBD")
    await take(passed)
    deliver(engine)
    await take(withdraw(passed))
    [relay, gone] = sent(engine, POSKO)
    assert gone["content"]["event_id"] == f"outbox:{relay['key']}"
    assert incident(engine).status is Status.BARU
    assert "Status: baru" in shown(engine, OPERATIONS)
    assert "Diteruskan" not in shown(engine, OPERATIONS)
    await take(order("teruskan BPBD"))
    assert len([row for row in sent(engine, POSKO) if row["action"] == "event"]) == 2, "and it can be passed on again"


async def test_taken_back_also_when_something_followed(
    reported: IncomingEvent, take: Take, order: Event, react: React, withdraw: React, engine: Engine
) -> None:
    passed = order("teruskan BPBD")
    await take(passed)
    deliver(engine)
    await take(react("🚓"), withdraw(passed))
    assert [row["action"] for row in sent(engine, POSKO)] == ["event", "redaction"]
    assert incident(engine).status is Status.DITANGANI


async def test_an_agency_without_a_room_is_noted_and_the_officer_told_to_call(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("teruskan pemadam"))
    assert incident(engine).status is Status.DITERUSKAN
    assert "lewat telepon" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_room_of_the_files_is_used_by_its_name_and_two_agencies_can_have_it(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    with engine.begin() as connection:
        rooms.record(connection, "damkar", "!damkar", kind="channel", alias=None, now=NOW)
    await take(order("teruskan Damkar"), order("teruskan BPBD"))
    assert len(sent(engine, "!damkar")) == len(sent(engine, POSKO)) == 1


@pytest.mark.parametrize("words", ["teruskan NASA", "teruskan BPBD dan Damkar", "teruskan bpb"])
async def test_an_agency_that_is_not_known_by_that_name_gets_nothing(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, words: str
) -> None:
    await take(order(words))
    assert sent(engine, POSKO) == []
    assert incident(engine).status is Status.BARU
    assert "BPBD, Damkar" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_the_card_says_when_it_arrived_and_when_it_did_not(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, desk: Desk, database: Database
) -> None:
    await take(order("teruskan BPBD"))
    assert database.run_blocking(lambda connection: forwarding.confirm(connection, desk, NOW)) == 0
    deliver(engine)
    for _ in range(2):
        database.run_blocking(lambda connection: forwarding.confirm(connection, desk, NOW))
    assert len(bodies(engine, OPERATIONS, "card:1:arrived:")) == 1
    assert "Sudah masuk ruang BPBD" in bodies(engine, OPERATIONS, "card:1:arrived:")[0]
    with engine.begin() as connection:
        rooms.record(connection, "damkar", "!damkar", kind="channel", alias=None, now=NOW)
    await take(order("teruskan Damkar"))
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.room_id == "!damkar").values(state="failed"))
    database.run_blocking(lambda connection: forwarding.confirm(connection, desk, NOW))
    assert "Tidak sampai" in bodies(engine, OPERATIONS, "card:1:arrived:")[-1]


async def test_the_agencys_answer_and_its_sign_come_back_to_the_card(
    reported: IncomingEvent, take: Take, order: Event, event: Event, withdraw: React, engine: Engine
) -> None:
    await take(order("teruskan BPBD"))
    deliver(engine)
    [relay] = sent(engine, POSKO)
    liaison = {"room": POSKO, "sender": "@posko:bpbd.example"}
    sign = event("👍", kind=Kind.REACTION, type="m.reaction", target=f"${relay['key']}", **liaison)
    words = event("tim meluncur", thread_root=f"${relay['key']}", **liaison)
    await take(sign, words, words)
    back = bodies(engine, OPERATIONS, "card:1:agency:")
    assert back == ["👍 dari BPBD.", "🏢 BPBD: tim meluncur"]
    assert len(sent(engine, POSKO)) == 1, "the bot says nothing there"
    await take(withdraw(words, "@posko:bpbd.example", POSKO))
    gone = [row["content"]["event_id"] for row in sent(engine, OPERATIONS) if row["action"] == "redaction"]
    assert gone == [f"outbox:card:1:agency:{words.event_id}"]


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("@siapa:bpbd.example", ["👍 dari BPBD.", "🏢 BPBD: tim meluncur"]),
        ("@penghubung:batang.test", ["👍 dari BPBD.", "🏢 BPBD: tim meluncur"]),
        ("@regu:damkar.example", ["👍 dari Damkar.", "🏢 Damkar: tim meluncur"]),
        ("@ani:batang.test", ["🏢 Seseorang di ruang BPBD, bukan penghubungnya: tim meluncur"]),
        ("@bpbd.example:asing.example", ["🏢 Seseorang di ruang BPBD, bukan penghubungnya: tim meluncur"]),
    ],
)
async def test_in_a_room_that_several_share_only_an_agencys_own_people_speak_for_it(
    reported: IncomingEvent, take: Take, order: Event, event: Event, desk: Desk, consumer: Consumer, engine: Engine,
    sender: str, said: list[str],
) -> None:  # fmt: skip
    bpbd, damkar = AGENCIES.all
    theirs = {"servers": ("bpbd.example",), "liaisons": ("@penghubung",)}
    known = Agencies(all=(bpbd.model_copy(update=theirs), damkar.model_copy(update={"servers": ("damkar.example",)})))
    consumer.desk = replace(desk, content=replace(desk.content, agencies=known))
    await take(order("teruskan BPBD"))
    deliver(engine)
    [relay] = sent(engine, POSKO)
    whose = {"room": POSKO, "sender": sender}
    sign = event("👍", kind=Kind.REACTION, type="m.reaction", target=f"${relay['key']}", **whose)
    await take(sign, event("tim meluncur", thread_root=f"${relay['key']}", **whose))
    assert bodies(engine, OPERATIONS, "card:1:agency:") == said


async def test_a_reaction_alone_passes_nothing_on(
    reported: IncomingEvent, take: Take, react: React, engine: Engine
) -> None:
    for sign in ("📨", "🚓", "✅", "🚒"):
        await take(react(sign))
    assert sent(engine, POSKO) == []


async def test_the_agencys_voice_place_and_photo_come_back_to_the_card_too(
    reported: IncomingEvent, take: Take, order: Event, event: Event, withdraw: React, engine: Engine
) -> None:
    with engine.begin() as connection:
        rooms.record(connection, "damkar", "!damkar", kind="channel", alias=None, now=NOW)
    await take(order("teruskan Damkar"))
    deliver(engine)
    [relay] = sent(engine, "!damkar")
    answer = {"room": "!damkar", "sender": "@regu:damkar.example", "thread_root": f"${relay['key']}"}
    voice, photo = event(kind=Kind.AUDIO, **answer), event("foto.jpg", kind=Kind.IMAGE, **answer)
    place = event(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.95,109.92"}, **answer)
    await take(voice, photo, place)
    back = [row["content"] for row in sent(engine, OPERATIONS) if row["key"].startswith("card:1:agency:")]
    assert [one["body"].split(" (http")[0] for one in back] == [
        "🏢 Damkar mengirim pesan suara",
        "pesan-suara.ogg",
        "🏢 Damkar mengirim foto",
        "🏢 Damkar membagikan lokasi",
    ]
    assert back[1]["url"] == "mxc://batang.test/note"
    assert voice.event_id in back[0]["formatted_body"].replace("%24", "$")
    assert "109.92" in back[3]["formatted_body"]
    assert incident(engine).reports == 1
    with engine.connect() as connection:
        assert len(connection.execute(select(transmissions)).all()) == 1, "only the citizen's own"
    await take(withdraw(voice, "@regu:damkar.example", "!damkar"))
    gone = [row["content"]["event_id"] for row in sent(engine, OPERATIONS) if row["action"] == "redaction"]
    assert gone == [f"outbox:card:1:agency:{voice.event_id}", f"outbox:card:1:agency:{voice.event_id}:sound"]


async def test_what_an_agency_says_in_its_own_channel_is_no_citizens_report(
    reported: IncomingEvent, take: Take, event: Event, engine: Engine
) -> None:
    with engine.begin() as connection:
        rooms.record(connection, "damkar", "!damkar", kind="channel", alias=None, now=NOW)
    liaison = {"room": "!damkar", "sender": "@regu:damkar.example"}
    await take(event("kebakaran rumah di desa Subah, regu 2 meluncur", **liaison), event(kind=Kind.AUDIO, **liaison))
    assert sent(engine, "!damkar") == []
    with engine.connect() as connection:
        assert len(connection.execute(select(transmissions)).all()) == 1
