"""Protections and policy lists by an officer's order, and orders under the card of a complaint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from casework_world import deliver
from guard_world import by_key, complaint_shown
from handlers_world import ME, NOW, OJOL, OPERATIONS, Event, Take, sent
from moderation_world import (
    ANI,
    BUDI,
    JOKO,
    SIAGA,
    SITI,
    Give,
    all_acts,
    code_in,
    confirming,
    furnish,
    giving,
    out,
    payloads,
    said,
    staffed,
    tell,
)
from sqlalchemy import Engine

from bot.event import IncomingEvent, Kind
from bot.handlers import moderation, policies
from bot.handlers.desk import Desk
from bot.moderation.protectionfile import Policies
from bot.outgoing import Action
from bot.store import acts, guard
from bot.store.complaints import State
from bot.store.complaints import get as complaint
from bot.store.database import Database

HOUR = 3_600_000
LIST, ADDRESS, OWNER = "!daftar:lain.example", "#daftar:lain.example", "@pemilik:lain.example"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    own = replace(desk.content.protections, policies=Policies(own="desa-siaga", most_percent=50))
    return replace(desk, content=replace(desk.content, protections=own))


@pytest.fixture(autouse=True)
def channels(engine: Engine) -> None:
    furnish(engine)
    furnish(engine, SIAGA)


@pytest.fixture
def give(take: Take, event: Event) -> Give:
    return giving(take, event)


@pytest.fixture
def confirmed(give: Give, engine: Engine) -> Give:
    return confirming(give, engine)


@pytest.fixture
def flood(take: Take, event: Event, desk: Desk) -> Callable[[], Awaitable[None]]:
    watches = desk.content.protections.of("ojol")
    assert watches is not None
    count = watches.flood.messages

    async def send() -> None:
        await take(*[event(f"pesan {'abcdefghijkl'[n % 12]} {n}", room=OJOL, sender=JOKO) for n in range(count)])

    return send


# ── protections ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_protection_that_an_officer_switches_off_lets_pass_what_it_met_before(
    give: Give, flood: Callable[[], Awaitable[None]], engine: Engine
) -> None:
    order = await give("!perlindungan banjir mati 2 jam di ojol pengumuman ramai")
    assert "banjir" in said(engine, order)
    assert "mati sampai" in said(engine, order)
    await flood()
    assert out(engine, "sweep:") == []
    with engine.connect() as connection:
        one = guard.switches(connection, OJOL, NOW)["flood"]
    assert (one.on, one.by, one.until_at) == (False, ANI, NOW + 2 * HOUR)
    [payload] = payloads(engine, "protection.switched")
    assert (payload["officer"], payload["target"], payload["reason"]) == (ANI, "flood", "pengumuman ramai")
    again = await give("!perlindungan banjir mati 2 jam di ojol")
    assert "sudah mati" in said(engine, again)
    await give("!perlindungan banjir nyala di ojol")
    with engine.connect() as connection:
        assert guard.switches(connection, OJOL, NOW) == {}, "the files say so"
    await flood()
    assert out(engine, "sweep:")


async def test_the_list_shows_what_is_on_by_the_files_and_what_by_whom_until_when(give: Give, engine: Engine) -> None:
    await give("!perlindungan makian mati 2 jam di ojol")
    shown = said(engine, await give("!perlindungan"))
    assert shown.count("Perlindungan di") == 2
    assert "banjir, sapaan" in shown
    assert "menurut berkas" in shown
    assert "makian (makian): mati sampai" in shown
    assert "@ani" in shown
    one = said(engine, await give("!perlindungan di desa-siaga"))
    assert "oleh" not in one
    assert one.count("Perlindungan di") == 1


async def test_everywhere_takes_a_code_and_a_trial_does_nothing(give: Give, engine: Engine) -> None:
    trial = await give("!perlindungan tautan mati di semua --coba")
    assert "Percobaan" in said(engine, trial)
    asked = await give("!perlindungan tautan mati di semua")
    with engine.connect() as connection:
        assert guard.switches(connection, OJOL, NOW) == {}
    await give(code_in(said(engine, asked)))
    with engine.connect() as connection:
        assert [guard.switches(connection, room, NOW)["links"].on for room in (OJOL, SIAGA)] == [False, False]


async def test_only_whom_the_role_allows_switches_or_follows(give: Give, engine: Engine) -> None:
    for order in ("!perlindungan banjir mati di ojol", f"!daftarcekal lihat {ADDRESS}"):
        assert "Peran Anda tidak mencakup" in said(engine, await give(order, BUDI))
    unproven = await give("!perlindungan banjir mati di ojol", master_key=None)
    assert "belum diverifikasi" in said(engine, unproven)
    with engine.connect() as connection:
        assert guard.switches(connection, OJOL, NOW) == {}
    assert not [row for row in sent(engine) if row["action"] == Action.JOIN]


# ── policy lists ────────────────────────────────────────────────────────────────────────────────────────


def rule(engine: Engine, entity: str | None) -> None:
    with engine.begin() as connection:
        content = {"entity": entity, "recommendation": "m.ban", "reason": "spam"} if entity else {}
        tell(connection, LIST, "m.policy.rule.user", content, key="a", sender=OWNER)


async def opened(give: Give, engine: Engine, database: Database, desk: Desk) -> IncomingEvent:
    order = await give(f"!daftarcekal lihat {ADDRESS}")
    [join] = [row for row in sent(engine) if row["action"] == Action.JOIN]
    with engine.begin() as connection:
        tell(connection, LIST, "m.room.create", {"room_version": "11"}, sender=OWNER)
        # No canonical alias: that the homeserver lets us in under it says which room it is.
        connection.exec_driver_sql("UPDATE outbox SET event_id = ? WHERE key = ?", (LIST, join["key"]))
    rule(engine, SITI)
    await database.run(lambda connection: policies.look(connection, desk, NOW))
    return order


async def test_a_list_is_looked_at_then_followed_by_a_code_that_names_whom_it_hits(
    give: Give, engine: Engine, database: Database, desk: Desk
) -> None:
    early = await give(f"!daftarcekal ikut {ADDRESS}")
    assert "Lihat dulu" in said(engine, early)
    order = await opened(give, engine, database, desk)
    assert "sedang dibuka" in said(engine, order)
    assert "Pratinjau" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    trial = await give(f"!daftarcekal ikut {ADDRESS} --coba")
    assert "Percobaan" in said(engine, trial)
    assert all_acts(engine) == []
    asked = await give(f"!daftarcekal ikut {LIST}")
    assert "(1)" in said(engine, asked)
    assert SITI in said(engine, asked)
    await give(code_in(said(engine, asked)))
    assert {(one.kind, one.target, one.room_id) for one in all_acts(engine)} == {
        ("ban", SITI, OJOL), ("ban", SITI, SIAGA),
    }  # fmt: skip
    assert "diikuti (oleh" in said(engine, await give("!daftarcekal"))
    await give(f"!daftarcekal lepas {ADDRESS}")
    assert all(one.ended_by == "kentongan" for one in all_acts(engine))
    assert "belum dikenal" in said(engine, await give(f"!daftarcekal lepas {ADDRESS}"))


async def test_a_list_followed_under_one_name_is_not_let_go_by_looking_at_it_under_another(
    give: Give, confirmed: Give, engine: Engine, database: Database, desk: Desk
) -> None:
    await opened(give, engine, database, desk)
    await confirmed(f"!daftarcekal ikut {ADDRESS}")
    await give("!daftarcekal lihat #lain:lain.example")
    join = [row for row in sent(engine) if row["action"] == Action.JOIN][-1]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET event_id = ? WHERE key = ?", (LIST, join["key"]))
    await database.run(lambda connection: policies.look(connection, desk, NOW))
    assert "sudah diikuti" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    await database.run(lambda connection: policies.look(connection, desk, NOW + HOUR))
    assert all(one.ended_at is None for one in all_acts(engine))


async def test_our_own_rooms_are_no_lists_since_letting_go_leaves(give: Give, engine: Engine) -> None:
    for where in (OJOL, "#desa-siaga:batang.test"):
        assert "ruang kita sendiri" in said(engine, await give(f"!daftarcekal lihat {where}"))
    assert not [row for row in sent(engine) if row["action"] == Action.JOIN]


async def test_nobody_is_answered_in_a_lists_room_and_its_rules_are_followed_however_many_are_there(
    give: Give, confirmed: Give, take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await opened(give, engine, database, desk)
    await confirmed(f"!daftarcekal ikut {ADDRESS}")
    with engine.begin() as connection:
        for one in (ME, OWNER, "@a:x.example", "@b:x.example"):
            tell(connection, LIST, "m.room.member", {"membership": "join"}, key=one, sender=one)
    rule(engine, JOKO)
    await take(event(room=LIST, kind=Kind.STATE, type="m.policy.rule.user", state_key="a", sender=OWNER))
    await database.run(lambda connection: policies.look(connection, desk, NOW + HOUR))
    assert {one.target for one in all_acts(engine) if one.ended_at is None} == {JOKO}
    await take(event("halo pak polisi, SIM C syaratnya apa?", room=LIST, sender=OWNER, mentions=(ME,)))
    assert sent(engine, LIST) == []
    assert not [row for row in sent(engine) if row["key"].startswith("group")]


async def test_a_room_that_tells_of_itself_before_we_know_which_the_list_is_is_no_group(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    await give(f"!daftarcekal lihat {ADDRESS}")
    with engine.begin() as connection:
        for one in (ME, OWNER, "@a:x.example", "@b:x.example"):
            tell(connection, LIST, "m.room.member", {"membership": "join"}, key=one, sender=one)
    before = len(sent(engine))
    joined = {"membership": "join"}
    await take(event(room=LIST, kind=Kind.MEMBER, type="m.room.member", sender=ME, state_key=ME, content=joined))
    assert len(sent(engine)) == before


# ── our own list ────────────────────────────────────────────────────────────────────────────────────────


def published(engine: Engine) -> list[tuple[str, str, dict[str, object]]]:
    rows = [row for row in sent(engine, SIAGA) if str(row["type"]).startswith("m.policy.rule.")]
    return [(row["type"].rpartition(".")[2], row["content"]["state_key"], row["content"]["set"]) for row in rows]


async def test_a_ban_for_all_channels_stands_on_our_own_list_until_it_is_lifted_everywhere(
    give: Give, confirmed: Give, engine: Engine
) -> None:
    await confirmed(f"!cekal {JOKO} 1 hari di ojol jualan")
    assert published(engine) == []
    await give(f"!cabut cekal {JOKO} di ojol")
    await confirmed(f"!cekal {JOKO} 1 hari di semua menipu warga")
    named = {"entity": JOKO, "reason": "menipu warga", "recommendation": "m.ban"}
    assert published(engine) == [("user", f"rule:{JOKO}", named)]
    await give(f"!cabut cekal {JOKO} di ojol")
    assert len(published(engine)) == 1, "it holds in the other"
    await give(f"!cabut cekal {JOKO} di desa-siaga")
    assert published(engine)[1:] == [("user", f"rule:{JOKO}", {})]


async def test_a_server_banned_from_all_channels_is_published_and_its_end_by_time_too(
    confirmed: Give, engine: Engine, database: Database, desk: Desk
) -> None:
    await confirmed("!cekal server *.jahat.example 1 jam di semua spam")
    [(kind, _, named)] = published(engine)
    assert (kind, named["entity"]) == ("server", "*.jahat.example")
    await database.run(lambda connection: moderation.expire(connection, desk, NOW + HOUR))
    assert published(engine)[1:] == [("server", "rule:*.jahat.example", {})]


# ── a channel that was closed ───────────────────────────────────────────────────────────────────────────


async def test_opening_a_channel_opens_its_door_as_well(give: Give, engine: Engine) -> None:
    with engine.begin() as connection:
        acts.start(connection, "close", "", room_id=OJOL, by="kentongan", reason="x", event_id="$x", now=NOW)
    await give("!buka kunci di ojol")
    [act] = all_acts(engine)
    assert act.ended_by == ANI
    content = by_key(engine, f"act:{act.id}:end")["content"]
    assert content["set"]["join_rule"]


# ── under the card of a complaint ───────────────────────────────────────────────────────────────────────


@pytest.fixture
async def card(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    """What was complained about; its card stands."""
    bad = event("jualan obat kuat", room=OJOL, sender=JOKO)
    sign = event("⚠️", room=OJOL, kind=Kind.REACTION, type="m.reaction", sender=SITI, target=bad.event_id)
    await take(bad, sign)
    deliver(engine)
    return bad


@pytest.mark.parametrize("words", ["!bisukan 1 jam jualan", "bisukan 1 jam karena jualan"])
@pytest.mark.parametrize("way", ["reply_to", "thread_root"])
async def test_an_order_under_a_complaint_is_about_its_person_and_channel(
    card: IncomingEvent, give: Give, engine: Engine, words: str, way: str
) -> None:
    order = await give(words, **{way: "$complaint:1"})
    [act] = all_acts(engine)
    assert (act.kind, act.target, act.room_id, act.event_id) == ("mute", JOKO, OJOL, order.event_id)
    [told] = [row for row in sent(engine, OJOL) if row["key"].startswith("tell:")]
    assert told["content"]["m.relates_to"]["event_id"] == card.event_id
    with engine.connect() as connection:
        found = complaint(connection, 1)
    assert found is not None
    assert (found.state, found.closed_by) == (State.DONE, ANI)
    assert "dibisukan sampai" in complaint_shown(engine)


async def test_a_ban_under_a_complaint_waits_for_its_code(card: IncomingEvent, give: Give, engine: Engine) -> None:
    order = await give("cekal 30 hari karena penipuan", thread_root="$complaint:1")
    assert all_acts(engine) == []
    await give(code_in(said(engine, order)), thread_root="$complaint:1")
    assert [(one.kind, one.target, one.room_id) for one in all_acts(engine)] == [("ban", JOKO, OJOL)]


async def test_what_may_be_talk_under_a_complaint_is_answered_with_help_and_talk_is_left_alone(
    card: IncomingEvent, give: Give, engine: Engine
) -> None:
    doubtful = await give("bisukan saja, kasihan warga", thread_root="$complaint:1")
    assert "Tidak ada yang dilakukan" in said(engine, doubtful)
    before = len(sent(engine))
    await give("orang ini sudah dua kali", thread_root="$complaint:1")
    await give("bisukan 1 jam", JOKO, thread_root="$complaint:1")
    assert len(sent(engine)) == before
    assert all_acts(engine) == []
