"""Complaints: one card for one message, seen with what stood before it; small things by a reaction, undone with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from casework_world import ANI, BUDI, CRASH, deliver, incident, staffed
from guard_world import NEIGHBOUR, SPAMMER, by_key, complaint_shown, done, furnish, keys, state
from handlers_world import ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import complaints, moderation
from bot.handlers.desk import Desk
from bot.handlers.sweeping import sweep
from bot.incidents.lifecycle import Status
from bot.moderation.rules import RoleRights
from bot.outgoing import Action
from bot.rooms.agencies import Agencies, Agency
from bot.store import outbox, rooms
from bot.store.complaints import Reported
from bot.store.database import Database
from bot.store.tables import complaints as table

TONO = "@tono:batang.test"
SLY = "jualan obat kuat, hubungi 081234567890"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture(autouse=True)
def channel(engine: Engine) -> None:
    furnish(engine, (SPAMMER, NEIGHBOUR, TONO), officers=(ANI, BUDI))


@pytest.fixture
def warn(event: Event) -> Callable[..., IncomingEvent]:
    """A member's ⚠️."""

    def make(target: IncomingEvent, sender: str = NEIGHBOUR, sign: str = "⚠️") -> IncomingEvent:
        return event(sign, room=OJOL, kind=Kind.REACTION, type="m.reaction", sender=sender, target=target.event_id)

    return make


@pytest.fixture
async def bad(take: Take, event: Event) -> IncomingEvent:
    """A message to complain about, with two before it."""
    message = event(SLY, room=OJOL, sender=SPAMMER)
    await take(
        event("selamat pagi semua", room=OJOL, sender=TONO), event("pagi juga", room=OJOL, sender=NEIGHBOUR), message
    )
    return message


def on_card(event: Event, sign: str, sender: str = ANI, number: int = 1) -> IncomingEvent:
    return event(
        sign, room=OPERATIONS, kind=Kind.REACTION, type="m.reaction", sender=sender, target=f"$complaint:{number}"
    )


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(table.c.state).order_by(table.c.id)))


async def test_a_members_sign_puts_the_message_before_officers_with_what_stood_before_it(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad))
    card = complaint_shown(engine)
    assert keys(engine, "complaint:") == ["complaint:1"]
    assert "Aduan #1" in card
    assert "Ojol Kamtibmas" in card
    assert "1 orang mengadukan" in card
    assert SPAMMER in card
    assert "jualan obat kuat" in card
    assert "081234567890" not in card, "numbers are hidden as on every card"
    assert "selamat pagi semua" in card
    assert card.index("pagi juga") > card.index("selamat pagi semua")
    assert "bersih" in card
    assert "!cekal" in card
    assert NEIGHBOUR not in card.split("Sebelumnya")[0], "who complained is named nowhere"


async def test_further_complaints_edit_the_card_and_the_same_person_counts_once(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad), warn(bad, TONO), warn(bad, TONO, "⚠"), warn(bad, sign="👍"))
    assert "2 orang mengadukan" in complaint_shown(engine)
    assert states(engine) == ["open"]


async def test_a_withdrawn_sign_counts_no_more_and_without_anybody_left_the_card_closes(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    first, second = warn(bad), warn(bad, TONO)
    await take(first, second, withdraw(first, NEIGHBOUR, OJOL))
    assert "1 orang mengadukan" in complaint_shown(engine)
    await take(withdraw(second, TONO, OJOL))
    assert states(engine) == ["dismissed"]
    assert "ditarik" in complaint_shown(engine)
    await take(warn(bad))
    assert states(engine) == ["open"]


async def test_strangers_and_authors_complain_about_nothing(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad, "@lewat:batang.test"), warn(bad, SPAMMER), warn(replace(bad, event_id="$unknown")))
    assert keys(engine, "complaint:") == []


async def test_one_persons_complaints_are_bounded(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], desk: Desk
) -> None:
    limit = desk.content.protections.complaints.per_hour
    texts = [
        event(f"kabar hari ini {n}", room=OJOL, sender=SPAMMER, sent_at=NOW - 60_000 * n) for n in range(limit + 3)
    ]
    await take(*texts, *[warn(one) for one in texts])
    assert len(states(engine)) == limit
    assert audited(engine).count("complaint.too_many") == 3
    await take(warn(texts[-1], TONO))
    assert len(states(engine)) == limit + 1, "somebody else's complaint about the same counts"


async def test_an_officer_deletes_warns_and_mutes_by_a_reaction(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad))
    deliver(engine)
    await take(on_card(event, "🗑️"), on_card(event, "⚠️"), on_card(event, "🔇"))
    assert by_key(engine, f"sweep:{bad.event_id}")["action"] == Action.REDACTION
    assert [(one.kind, one.by, one.target) for one in done(engine)] == [
        ("redact", ANI, SPAMMER), ("warn", ANI, SPAMMER), ("mute", ANI, SPAMMER),
    ]  # fmt: skip
    assert done(engine)[2].until_at == NOW + 3_600_000
    word = by_key(engine, "tell:2")
    assert (word["room_id"], word["content"]["m.relates_to"]["event_id"]) == (OJOL, bad.event_id)
    assert by_key(engine, "act:3:mute")["content"] == {"state_key": "", "merge": {"users": {SPAMMER: -1}}}
    assert states(engine) == ["done"]
    card = complaint_shown(engine)
    assert "ditangani oleh @ani" in card
    assert "dibisukan sampai" in card


async def test_after_an_upgrade_a_message_goes_where_it_stands_and_a_mute_holds_where_people_write(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad))
    deliver(engine)
    with engine.begin() as connection:
        rooms.record(connection, "ojol", "!new", kind="channel", alias=None, now=NOW)
    furnish(engine, (SPAMMER, NEIGHBOUR, TONO), officers=(ANI, BUDI), channel="!new")
    await take(on_card(event, "🔇"))
    await take(on_card(event, "🗑️"))
    assert {one.kind: one.room_id for one in done(engine)} == {"mute": "!new", "redact": OJOL}
    [levels] = [row for row in sent(engine) if row["type"] == "m.room.power_levels"]
    assert levels["room_id"] == "!new"
    [gone] = [row for row in sent(engine) if row["action"] == "redaction"]
    assert gone["room_id"] == OJOL


def told(engine: Engine) -> list[str]:
    """What was said under the card."""
    return [str(by_key(engine, key)["content"]["body"]) for key in keys(engine, "complaint:1:word:")]


async def test_a_reaction_does_nothing_that_the_same_order_would_not(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], desk: Desk
) -> None:
    await take(warn(bad))
    deliver(engine)
    moderation = desk.content.moderation.model_copy(update={"roles": {"petugas": RoleRights(may=("tegur",))}})
    object.__setattr__(desk.content, "moderation", moderation)
    await take(on_card(event, "🗑️"), on_card(event, "🔇"))
    assert done(engine) == []
    assert keys(engine, "sweep:") == []
    assert ["!hapus" in told(engine)[0], "!bisukan" in told(engine)[1]] == [True, True]
    await take(on_card(event, "⚠️"))
    assert [one.kind for one in done(engine)] == ["warn"]


@pytest.mark.parametrize(
    ("officer", "target", "why"),
    [(0, 0, "Kuasa Anda di Ojol"), (50, 50, "setara atau di atas Anda"), (None, 0, "belum masuk")],
)
async def test_a_reaction_needs_power_in_the_room_and_more_than_whom_it_hits(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent],
    officer: int | None, target: int, why: str,
) -> None:  # fmt: skip
    await take(warn(bad))
    deliver(engine)
    with engine.begin() as connection:
        levels = {"users": {ANI: officer or 0, SPAMMER: target}, "kick": 50, "redact": 50}
        state(connection, OJOL, "m.room.power_levels", "", levels)
        if officer is None:
            state(connection, OJOL, "m.room.member", ANI, {"membership": "leave"}, ANI)
    await take(*[on_card(event, sign) for sign in ("🗑️", "⚠️", "🔇")])
    assert done(engine) == []
    assert states(engine) == ["open"]
    assert all(why in one for one in told(engine))
    assert told(engine)


async def test_nothing_is_done_from_a_card_about_a_liaison(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], desk: Desk
) -> None:
    agency = Agency(key="bpbd", title="BPBD", names=(), room=None, categories=(), liaisons=(SPAMMER,))
    object.__setattr__(desk.content, "agencies", Agencies(all=(agency,)))
    await take(warn(bad))
    deliver(engine)
    assert "penghubung instansi" in complaint_shown(engine)
    await take(*[on_card(event, sign) for sign in ("🗑️", "⚠️", "🔇")])
    assert done(engine) == []


async def test_who_may_not_mute_there_lifts_no_mute_by_taking_a_reaction_back(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    await take(warn(bad))
    deliver(engine)
    mute = on_card(event, "🔇")
    await take(mute)
    with engine.begin() as connection:
        state(connection, OJOL, "m.room.power_levels", "", {"users": {ANI: 0}, "kick": 50})
    await take(withdraw(mute))
    assert done(engine)[0].ended_at is None


async def test_a_reaction_taken_back_undoes_what_can_be_undone(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    await take(warn(bad))
    deliver(engine)
    mute = on_card(event, "🔇")
    await take(mute, withdraw(mute))
    assert by_key(engine, "act:1:end")["content"] == {"state_key": "", "merge": {"users": {SPAMMER: None}}}
    assert done(engine)[0].ended_by == ANI
    assert "dicabut" in complaint_shown(engine)


async def test_nothing_to_do_closes_it_and_can_be_taken_back(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    await take(warn(bad))
    deliver(engine)
    nothing = on_card(event, "✅")
    await take(nothing)
    assert states(engine) == ["dismissed"]
    await take(warn(bad, TONO))
    assert states(engine) == ["dismissed"], "an officer has decided"
    await take(withdraw(nothing))
    assert states(engine) == ["open"]


async def test_a_message_that_the_homeserver_did_not_take_out_is_told_and_its_complaint_waits_again(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], desk: Desk
) -> None:
    await take(warn(bad))
    deliver(engine)
    await take(on_card(event, "🗑️"))
    assert states(engine) == ["done"]
    row = by_key(engine, f"sweep:{bad.event_id}")
    with engine.begin() as connection:
        outbox.failed(connection, row["id"], "403 M_FORBIDDEN: no", NOW)
        assert moderation.confirm(connection, desk, NOW) == 1
        assert moderation.confirm(connection, desk, NOW) == 0
    assert states(engine) == ["open"]
    card = complaint_shown(engine)
    assert "menunggu petugas" in card
    assert "(gagal)" in card
    word = by_key(engine, "sweep-failed:1")["content"]
    assert "Tidak jadi: menghapus pesan @spam" in word["body"]
    assert "M_FORBIDDEN" in word["body"]
    assert word["m.mentions"] == {"user_ids": [ANI]}
    await take(on_card(event, "🗑️", BUDI))
    assert by_key(engine, f"sweep:{bad.event_id}")["state"] == "queued", "with the power mended it is asked again"
    assert states(engine) == ["done"]


async def test_of_a_sweep_that_is_refused_officers_hear_once(
    take: Take, event: Event, engine: Engine, desk: Desk
) -> None:
    said = [event(f"beli {number}", room=OJOL, sender=SPAMMER) for number in range(4)]
    await take(*said)
    with engine.begin() as connection:
        sweep(connection, OJOL, [one.event_id for one in said], "banjir", NOW)
    rows = [by_key(engine, f"sweep:{one.event_id}") for one in said]
    with engine.begin() as connection:
        for row in rows:
            outbox.failed(connection, row["id"], "403 M_FORBIDDEN: no", NOW)
        moderation.confirm(connection, desk, NOW)
    assert len(keys(engine, "sweep-failed:")) == 1


@pytest.mark.parametrize("sender", [SPAMMER, "@ani:lain.example", NEIGHBOUR])
async def test_nobody_but_an_officer_acts_from_a_card(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], sender: str
) -> None:
    await take(warn(bad))
    deliver(engine)
    await take(*[on_card(event, sign, sender) for sign in ("🗑️", "⚠️", "🔇", "✅")])
    assert (done(engine), states(engine)) == ([], ["open"])


async def test_a_complaint_about_a_report_leaves_the_report_whatever_becomes_of_the_message(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    report = event(CRASH, room=OJOL, sender=SPAMMER)
    await take(report)
    await take(warn(report))
    assert "laporan #1" in complaint_shown(engine)
    deliver(engine)
    await take(on_card(event, "🗑️"))
    assert keys(engine, "sweep:") == [f"sweep:{report.event_id}"]
    found = incident(engine, 1)
    assert (found.status, found.text) == (Status.BARU, CRASH)


async def test_a_voice_note_is_not_deleted_before_it_is_heard(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    note = event(room=OJOL, sender=SPAMMER, kind=Kind.AUDIO)
    await take(note)
    await take(warn(note))
    deliver(engine)
    await take(on_card(event, "🗑️"))
    assert keys(engine, "sweep:") == []
    assert len(keys(engine, "complaint:1:word:")) == 1
    assert states(engine) == ["open"]


async def test_a_private_matter_is_not_repeated_on_the_card(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    report = event("saya dipukuli suami saya di desa Plelen, tolong", room=OJOL, sender=SPAMMER)
    after = event("apa-apaan ini", room=OJOL, sender=TONO)
    await take(report, after)
    await take(warn(report), warn(after))
    for number in (1, 2):
        assert "dipukuli" not in complaint_shown(engine, number)
        assert "pribadi" in complaint_shown(engine, number)


async def test_complaints_about_officers_and_the_bot_are_shown_without_actions(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    theirs = event("mohon tertib", room=OJOL, sender=ANI)
    report = event(CRASH, room=OJOL, sender=SPAMMER)
    await take(theirs, report)
    deliver(engine)
    answer = replace(report, event_id=f"$reply:{report.event_id}")
    await take(warn(theirs), warn(answer))
    assert "Tentang petugas" in complaint_shown(engine, 1)
    assert "bot sendiri" in complaint_shown(engine, 2)
    deliver(engine)
    await take(*[on_card(event, sign, number=number) for sign in ("🗑️", "🔇") for number in (1, 2)])
    assert done(engine) == []
    assert ME not in [one.target for one in done(engine)]


async def test_what_its_author_took_back_is_taken_off_the_card_with_all_its_edits(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    await take(warn(bad), warn(bad, TONO))
    deliver(engine)
    await take(withdraw(bad, SPAMMER, OJOL))
    assert by_key(engine, "complaint:1:redacted")["action"] == Action.REDACTION
    assert "jualan" not in json.dumps([row["content"] for row in sent(engine)])
    assert "dihapus penulisnya" in complaint_shown(engine)
    deliver(engine)
    await take(replace(on_card(event, "✅"), target="$complaint:1:again:1"))
    assert "tidak perlu tindakan" in complaint_shown(engine), "the new card is worked on like the first"


async def test_a_neighbours_words_go_from_the_card_too_when_they_take_them_back(
    take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent], withdraw: Event
) -> None:
    before = event("rahasia saya di rumah", room=OJOL, sender=TONO)
    bad = event(SLY, room=OJOL, sender=SPAMMER)
    await take(before, bad)
    await take(warn(bad))
    deliver(engine)
    assert "rahasia saya" in complaint_shown(engine)
    await take(withdraw(before, TONO, OJOL))
    assert "rahasia saya" not in json.dumps([row["content"] for row in sent(engine)])
    assert "jualan" in complaint_shown(engine)


async def test_whoever_asks_to_be_forgotten_stands_on_no_card_any_more(
    bad: IncomingEvent, take: Take, event: Event, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    await take(warn(bad))
    deliver(engine)
    await take(event("hapus data saya", sender=SPAMMER, trust=Trust.DEVICE))
    await take(event("ya", sender=SPAMMER, trust=Trust.DEVICE))
    assert by_key(engine, "complaint:1")["content"] is None
    assert by_key(engine, "complaint:1:redacted")["action"] == Action.REDACTION


async def test_the_homeservers_reports_land_on_the_same_card(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent], database: Database, desk: Desk
) -> None:
    await take(warn(bad))
    reports = [
        Reported(1, bad.event_id, OJOL, TONO, "menipu orang tua"),
        Reported(2, "$elsewhere", "!lain", TONO, "x"),
        Reported(3, bad.event_id, OJOL, NEIGHBOUR, "lagi"),
    ]
    assert await database.run(lambda connection: complaints.from_homeserver(connection, desk, reports, NOW)) == 1
    assert "2 orang mengadukan" in complaint_shown(engine)
    assert "menipu orang tua" in complaint_shown(engine)


async def test_a_report_of_a_message_that_we_do_not_hold_has_its_card_with_the_link(
    engine: Engine, database: Database, desk: Desk
) -> None:
    reports = [Reported(1, "$sebelum-kami", OJOL, TONO, "menipu", SPAMMER)]
    assert await database.run(lambda connection: complaints.from_homeserver(connection, desk, reports, NOW)) == 1
    card = complaint_shown(engine)
    assert SPAMMER.split(":")[0] in card
    assert "menipu" in card
    assert "sebelum-kami" in json.dumps([row["content"] for row in sent(engine, OPERATIONS)])
    assert "tidak ada lagi di catatan bot" in card


async def test_a_report_that_makes_no_card_stands_in_the_audit(
    engine: Engine, database: Database, desk: Desk, bad: IncomingEvent
) -> None:
    reports = [Reported(1, "$entah", OJOL, TONO, "x"), Reported(2, bad.event_id, OJOL, SPAMMER, "saya sendiri", TONO)]
    assert await database.run(lambda connection: complaints.from_homeserver(connection, desk, reports, NOW)) == 0
    assert audited(engine).count("complaint.not_counted") == 2


async def test_without_an_operations_room_a_complaint_is_kept_until_there_is_one(
    bad: IncomingEvent, take: Take, engine: Engine, warn: Callable[..., IncomingEvent]
) -> None:
    from bot.store.tables import rooms

    with engine.begin() as connection:
        connection.execute(rooms.update().where(rooms.c.room_id == OPERATIONS).values(name=None, kind="other"))
    await take(warn(bad))
    assert states(engine) == ["open"]
    assert [row for row in sent(engine) if row["key"].startswith("complaint:")] == []
    with engine.begin() as connection:
        values = {"name": "ruang-kendali", "kind": "operations"}
        connection.execute(rooms.update().where(rooms.c.room_id == OPERATIONS).values(**values))
    await take(warn(bad, TONO))
    assert "2 orang mengadukan" in complaint_shown(engine)
