"""Officers' orders: what each does in the homeserver, on record and to whom it hits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casework_world import CRASH
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from moderation_world import (
    ANI,
    BUDI,
    JOKO,
    KEYS,
    SIAGA,
    SITI,
    Give,
    all_acts,
    code_in,
    confirming,
    furnish,
    giving,
    levels,
    out,
    payloads,
    said,
    staffed,
    tell,
)
from sqlalchemy import Connection, Engine

from bot.event import Kind, Media, Trust
from bot.handlers import moderation
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.rooms.agencies import Agencies, Agency
from bot.rooms.wanted import Held
from bot.store import acts, inbox, outbox, remarks, roomstate, sanctions
from bot.store.acts import FAILED, KENTONGAN
from bot.store.roomstate import StateEvent

HOUR = 3_600_000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


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


def member(connection: Connection, membership: str, by: str, at: int) -> None:
    """The homeserver tells of @joko in the channel."""
    roomstate.apply(connection, StateEvent(OJOL, "m.room.member", JOKO, by, {"membership": membership}, sent_at=at), at)


# ── mute ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_mute_takes_away_the_power_to_write_and_says_until_when(give: Give, engine: Engine) -> None:
    order = await give("!bisukan @joko 2 jam di ojol jualan terus", BUDI)
    [act] = all_acts(engine)
    assert (act.kind, act.room_id, act.target, act.by, act.reason) == ("mute", OJOL, JOKO, BUDI, "jualan terus")
    assert act.until_at == NOW + 2 * HOUR
    assert out(engine) == [("state", OJOL, {"state_key": "", "merge": {"users": {JOKO: -1}}})]
    assert "@joko dibisukan di Ojol Kamtibmas sampai pukul" in said(engine, order)
    assert "belum diberi tahu" in said(engine, order)


async def test_without_a_length_the_usual_one_holds_and_too_long_is_refused(give: Give, engine: Engine) -> None:
    await give("!bisukan @joko di ojol")
    assert all_acts(engine)[0].until_at == NOW + HOUR
    order = await give("!bisukan @siti:lain.example selamanya di ojol")
    assert "Paling lama 30 hari" in said(engine, order)
    assert len(all_acts(engine)) == 1


async def test_as_a_reply_in_the_channel_nobody_is_named_and_they_read_why_in_the_thread(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    bad = event("beli pulsa murah di sini", room=OJOL, sender=JOKO)
    await take(bad)
    order = await give("!bisukan 30 menit jualan", BUDI, OJOL, reply_to=bad.event_id)
    assert all_acts(engine)[0].target == JOKO
    [told] = out(engine, "tell:")
    assert told[1] == OJOL
    assert told[2]["m.relates_to"]["event_id"] == bad.event_id
    assert told[2]["m.mentions"] == {"user_ids": [JOKO]}
    assert "Sebabnya: jualan." in told[2]["body"]
    assert [row["key"] for row in sent(engine, OJOL) if order.event_id in row["key"]] == [f"done:{order.event_id}"]
    [line] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"ordered:{order.event_id}"]
    assert "@budi di kanal" in line["content"]["body"]


async def test_who_has_a_dm_is_told_there(give: Give, take: Take, event: Event, engine: Engine) -> None:
    await take(event("menu", sender=JOKO))
    await give("!bisukan @joko di ojol ribut")
    assert [(room, "hanya bisa membaca" in content["body"]) for _, room, content in out(engine, "tell:")] == [
        (DIRECT, True)
    ]


async def test_it_ends_by_itself_is_lifted_in_the_homeserver_and_told_once(
    give: Give, engine: Engine, desk: Desk
) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.power_levels", {"users": {ANI: 100, BUDI: 50, JOKO: -1}, "events_default": 0})
        assert moderation.expire(connection, desk, NOW + HOUR - 1) == 0
        assert moderation.expire(connection, desk, NOW + HOUR) == 1
        assert moderation.expire(connection, desk, NOW + HOUR + 1) == 0
    assert out(engine)[-1] == ("state", OJOL, {"state_key": "", "merge": {"users": {JOKO: None}}})
    assert all_acts(engine)[0].ended_by == KENTONGAN
    assert len([row for row in sent(engine, OPERATIONS) if row["key"] == "over:1"]) == 1


async def test_the_power_that_somebody_had_comes_back_and_a_newer_one_stays(
    give: Give, engine: Engine, desk: Desk
) -> None:
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.power_levels", {"users": {ANI: 100, JOKO: 10}, "kick": 50})
    await give("!bisukan @joko 1 jam di ojol")
    await give("!suarakan @joko di ojol")
    assert out(engine)[-1][2] == {"state_key": "", "merge": {"users": {JOKO: 10}}}
    await give("!bisukan @joko 1 jam di ojol")
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.power_levels", {"users": {ANI: 100, JOKO: 50}, "kick": 50})
    before = len(out(engine))
    await give("!suarakan @joko di ojol")
    assert len(out(engine)) == before, "made a helper meanwhile: nobody takes that away"


async def test_of_two_officers_at_once_the_second_hears_that_it_stands(give: Give, engine: Engine) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    second = await give("!bisukan @joko 1 jam di ojol", BUDI)
    assert "sudah dibisukan" in said(engine, second)
    assert "@ani" in said(engine, second)
    assert len(all_acts(engine)) == 1


async def test_in_a_channel_the_sign_stands_only_under_what_was_done(give: Give, engine: Engine) -> None:
    for words in ("!suarakan @joko", "!keluarkan @entah ribut", "!hapus 3 @joko spam", "!pelan mati"):
        order = await give(words, room=OJOL)
        assert [row["key"] for row in sent(engine, OJOL) if order.event_id in row["key"]] == [f"reply:{order.event_id}"]
        assert "@" not in said(engine, order)
        assert [row["key"] for row in sent(engine, OPERATIONS)][-1] == f"ordered:{order.event_id}"
    first = await give("!bisukan @joko 1 jam ribut", room=OJOL)
    second = await give("!bisukan @joko 1 jam ribut", BUDI, OJOL)
    signs = [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("done:")]
    assert signs == [f"done:{first.event_id}"]
    assert "sudah dibisukan" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    assert "Lanjut" in said(engine, second)


async def test_a_second_mute_begun_at_the_end_of_the_first_is_not_lifted_with_it(
    take: Take, give: Give, engine: Engine, desk: Desk
) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    with engine.begin() as connection:
        acts.start(
            connection,
            "mute",
            JOKO,
            room_id=OJOL,
            by=KENTONGAN,
            reason=None,
            event_id=None,
            now=NOW,
            until=NOW + 9 * HOUR,
        )
        moderation.expire(connection, desk, NOW + HOUR)
    assert len(out(engine)) == 1


async def test_what_rooms_apply_wiped_out_is_set_again_and_what_a_person_undid_is_closed(
    give: Give, engine: Engine, desk: Desk
) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    late = NOW + 10 * 60_000
    plain = {"users": {ANI: 100, BUDI: 50}, "kick": 50}
    rows = sent(engine)
    with engine.begin() as connection:
        for row in rows:
            outbox.sent(connection, row["txn_id"], "$sent", NOW)
        tell(connection, OJOL, "m.room.power_levels", {**plain, "users": {JOKO: -1}}, event_id="$muted")
        assert moderation.uphold(connection, desk, late) == 0
        tell(connection, OJOL, "m.room.power_levels", plain, event_id="$applied")
        assert moderation.uphold(connection, desk, late) == 1
    assert out(engine)[-1][2]["merge"] == {"users": {JOKO: -1}}
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.power_levels", plain, sender=ANI, event_id="$byhand")
        moderation.uphold(connection, desk, late)
    assert all_acts(engine)[0].ended_by == ANI
    assert "lewat Element" in sent(engine, OPERATIONS)[-1]["content"]["body"]


# ── warn, kick, remarks, records ────────────────────────────────────────────────────────────────────────


async def test_a_warning_is_told_and_on_record(give: Give, engine: Engine) -> None:
    await give("!tegur @joko di ojol mohon jangan jualan", BUDI)
    [act] = all_acts(engine)
    assert (act.kind, act.ended_at) == ("warn", NOW)
    [told] = out(engine, "tell:")
    assert told[1] == OJOL
    assert told[2]["m.mentions"] == {"user_ids": [JOKO]}


async def test_a_kick_puts_out_who_is_there(give: Give, engine: Engine) -> None:
    await give("!keluarkan @joko di ojol ribut", BUDI)
    assert out(engine) == [("kick", OJOL, {"user_id": JOKO, "reason": "ribut"})]
    order = await give("!keluarkan @entah di ojol", BUDI)
    assert "tidak ada di Ojol" in said(engine, order)


async def test_what_is_on_record_about_a_person_is_shown_in_the_operations_room_alone(
    give: Give, engine: Engine
) -> None:
    await give("!tegur @joko di ojol ribut")
    await give("!catat @joko sudah ditelepon, minta maaf")
    order = await give("!orang @joko", BUDI, OJOL)
    assert [row["key"] for row in sent(engine, OJOL) if order.event_id in row["key"]] == [f"done:{order.event_id}"]
    shown = sent(engine, OPERATIONS)[-1]["content"]["body"]
    assert "teguran @joko di Ojol Kamtibmas" in shown
    assert "sudah ditelepon" in shown
    assert "Ojol Kamtibmas sejak" in shown


async def test_of_colleagues_nothing_is_noted(give: Give, engine: Engine) -> None:
    order = await give("!catat @budi sering terlambat")
    assert "rekan petugas" in said(engine, order)
    with engine.connect() as connection:
        assert remarks.about(connection, BUDI, 5) == []


async def test_the_list_says_who_why_and_until_when(give: Give, engine: Engine) -> None:
    empty = await give("!daftar")
    assert "Tidak ada tindakan" in said(engine, empty)
    await give("!bisukan @joko 1 jam di ojol jualan")
    await give("!pelan 30 detik di desa siaga")
    order = await give("!daftar", BUDI)
    assert "bisu @joko di Ojol Kamtibmas sampai" in said(engine, order)
    assert "jualan" in said(engine, order)
    assert "Desa Siaga" in said(engine, order)
    only = await give("!daftar di ojol", BUDI)
    assert "Desa Siaga" not in said(engine, only)


async def test_help_shows_only_what_the_role_may_order(give: Give, engine: Engine) -> None:
    assert "!cekal" in said(engine, await give("!bantuan"))
    assert "!cekal" not in said(engine, await give("!bantuan", BUDI))
    assert "1 jam" in said(engine, await give("!bantuan bisukan", BUDI))


# ── bans ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_ban_is_done_with_its_code_alone(give: Give, engine: Engine) -> None:
    order = await give("!cekal @joko 30 hari di ojol penipuan")
    assert out(engine) == []
    text = said(engine, order)
    assert "@joko dicekal dari Ojol Kamtibmas (5 anggota) sampai" in text
    await give(code_in(text))
    assert out(engine) == [("ban", OJOL, {"user_id": JOKO, "reason": "penipuan"})]
    [payload] = payloads(engine, "act.ban")
    assert payload["code"]
    assert payload["key"] == KEYS[ANI]
    assert payload["role"] == "komandan"


async def test_a_ban_ends_or_is_lifted_before(confirmed: Give, give: Give, engine: Engine, desk: Desk) -> None:
    await confirmed("!cekal @joko 1 hari di ojol penipuan")
    with engine.begin() as connection:
        moderation.expire(connection, desk, NOW + 25 * HOUR)
    assert out(engine)[-1] == ("unban", OJOL, {"user_id": JOKO})
    await confirmed("!cekal @joko 1 hari di ojol penipuan")
    await give("!cabut cekal @joko di ojol")
    assert [action for action, *_ in out(engine)] == ["ban", "unban", "ban", "unban"]


async def test_a_ban_that_a_person_lifted_in_element_holds_no_longer_and_can_be_given_anew(
    confirmed: Give, engine: Engine, desk: Desk
) -> None:
    await confirmed("!cekal @joko 30 hari di ojol penipuan")
    late = NOW + 10 * 60_000
    rows = sent(engine)
    with engine.begin() as connection:
        for row in rows:
            outbox.sent(connection, row["txn_id"], "$sent", NOW)
        assert moderation.uphold(connection, desk, late) == 0, "the ban is not back from the homeserver yet"
        member(connection, "ban", ME, NOW + 1)
        assert moderation.uphold(connection, desk, late) == 0
        member(connection, "leave", ME, NOW + 2)
        assert moderation.uphold(connection, desk, late) == 1
    assert out(engine)[-1] == ("ban", OJOL, {"user_id": JOKO, "reason": "penipuan"}), "nobody but us: it is set again"
    with engine.begin() as connection:
        member(connection, "ban", ME, NOW + 3)
        member(connection, "leave", BUDI, NOW + 4)
        assert moderation.uphold(connection, desk, late) == 1
        assert moderation.uphold(connection, desk, late) == 0
    assert all_acts(engine)[0].ended_by == BUDI
    assert "sudah dicabut @budi lewat Element" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    await confirmed("!cekal @joko 30 hari di ojol penipuan lagi")
    assert len(all_acts(engine)) == 2


async def test_who_came_back_after_an_unban_that_nobody_saw_did_not_lift_it_themselves(
    confirmed: Give, engine: Engine, desk: Desk
) -> None:
    await confirmed("!cekal @joko 30 hari di ojol penipuan")
    rows = sent(engine)
    with engine.begin() as connection:
        for row in rows:
            outbox.sent(connection, row["txn_id"], "$sent", NOW)
        member(connection, "ban", ME, NOW + 1)
        member(connection, "join", JOKO, NOW + 2)
        assert moderation.uphold(connection, desk, NOW + 10 * 60_000) == 1
    assert "dicabut seseorang" in sent(engine, OPERATIONS)[-1]["content"]["body"]


async def test_somebody_banned_in_element_can_be_let_in_again(give: Give, engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, OJOL, "m.room.member", {"membership": "ban"}, key=JOKO, sender=ANI)
    await give("!cabut cekal @joko di ojol")
    assert out(engine, "order:") == [("unban", OJOL, {"user_id": JOKO})]
    order = await give("!cabut cekal @siti:lain.example di ojol")
    assert "tidak sedang dicekal" in said(engine, order)


async def test_a_server_goes_after_its_people_and_never_ours(confirmed: Give, give: Give, engine: Engine) -> None:
    await confirmed("!cekal server *.example 30 hari di ojol banjir spam")
    actions = out(engine)
    assert [action for action, *_ in actions] == ["kick", "state"]
    assert actions[0][2]["user_id"] == SITI
    assert actions[1][2]["set"] == {"allow": ["*"], "deny": ["*.example"], "allow_ip_literals": False}
    order = await give("!cekal server *.test di ojol spam")
    assert "server kita sendiri" in said(engine, order)
    await give("!cabut cekal server *.example di ojol")
    assert out(engine)[-1][2]["set"]["deny"] == []


async def test_two_bans_of_servers_in_a_row_both_stand(confirmed: Give, engine: Engine) -> None:
    await confirmed("!cekal server a.example di ojol spam")
    await confirmed("!cekal server b.example di ojol spam")
    assert out(engine)[-1][2]["set"]["deny"] == ["a.example", "b.example"], "our snapshot knows of neither yet"


# ── the channel ─────────────────────────────────────────────────────────────────────────────────────────


async def test_lock_and_unlock(confirmed: Give, give: Give, engine: Engine) -> None:
    await confirmed("!kunci 2 jam di ojol hoaks beredar")
    assert out(engine) == [("state", OJOL, {"state_key": "", "merge": {"events_default": 50}})]
    assert "hanya bisa dibaca" in out(engine, "tell:")[0][2]["body"]
    await give("!buka kunci di ojol")
    assert out(engine)[-1] == ("state", OJOL, {"state_key": "", "merge": {"events_default": 0}})
    assert "dibuka lagi" in out(engine, "tell:")[-1][2]["body"]


async def test_everywhere_is_every_channel_and_asks_first(confirmed: Give, engine: Engine) -> None:
    order = await confirmed("!bisukan @joko 1 jam di semua jualan")
    assert "Desa Siaga" in said(engine, order)
    assert {room for _, room, _ in out(engine)} == {OJOL, SIAGA}


async def test_redacting_the_last_messages_takes_their_edits_along(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    first, second = event("beli ini", room=OJOL, sender=JOKO), event("beli itu", room=OJOL, sender=JOKO)
    edit = event("beli", room=OJOL, sender=JOKO, kind=Kind.EDIT, target=second.event_id)
    hidden = event(room=OJOL, sender=JOKO, kind=Kind.UNREADABLE, type="m.room.encrypted")
    await take(first, second, edit, hidden, event("pagi", room=OJOL, sender=SITI))
    await give("!hapus 2 @joko di ojol spam", BUDI)
    assert {content["event_id"] for _, _, content in out(engine)} == {second.event_id, edit.event_id, hidden.event_id}
    order = await give("!hapus 5 @joko di ojol spam", BUDI)
    assert "1 pesan @joko dihapus" in said(engine, order)
    assert "dari 5 yang diminta" in said(engine, order)
    order = await give("!hapus 5 @joko di ojol spam", BUDI)
    assert "tidak menemukan" in said(engine, order)


async def test_what_a_channel_alone_has_of_a_report_is_not_redacted(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    report, note = event(CRASH, room=OJOL, sender=JOKO), event(room=OJOL, sender=JOKO, kind=Kind.AUDIO)
    photo = event(
        "IMG_1.jpg", room=OJOL, sender=JOKO, kind=Kind.IMAGE, thread_root=report.event_id,
        media=Media("mxc://batang.test/photo", "image/jpeg", filename="IMG_1.jpg"),
    )  # fmt: skip
    other = event("beli ini", room=OJOL, sender=JOKO)
    await take(report, photo, note, other)
    order = await give("!hapus 10 @joko di ojol spam", BUDI)
    gone = {content["event_id"] for action, _, content in out(engine) if action == "redaction"}
    assert gone == {report.event_id, other.event_id}, "its words are kept by us"
    assert "2 pesan @joko dihapus" in said(engine, order)
    assert "2 foto laporan atau pesan suara" in said(engine, order)
    order = await give("!hapus 10 @joko di ojol spam", BUDI)
    assert "tidak menemukan" in said(engine, order)
    assert "2 foto laporan" in said(engine, order)


async def test_many_messages_ask_first_and_what_changes_nothing_does_not(
    confirmed: Give, give: Give, event: Event, engine: Engine
) -> None:
    with engine.begin() as connection:
        inbox.append(connection, [event(f"beli {number}", room=OJOL, sender=JOKO) for number in range(25)], NOW)
        for row in inbox.pending(connection):
            inbox.done(connection, row.id, NOW)
    order = await give("!hapus 21 @joko di ojol spam", BUDI)
    assert out(engine) == []
    assert "21 pesan terakhir" in said(engine, order)
    order = await give("!hapus 21 @siti:lain.example di ojol spam", BUDI)
    assert "tidak menemukan" in said(engine, order)
    await confirmed("!kunci di ojol hoaks")
    order = await give("!kunci di ojol hoaks")
    assert "sudah dikunci" in said(engine, order)


async def test_slow_mode_takes_out_what_comes_too_fast_and_tells_once(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    await give("!pelan 30 detik di ojol", BUDI)
    at = [event(f"hai {number}", room=OJOL, sender=JOKO, sent_at=NOW + number * 1000) for number in (0, 5, 10, 40)]
    await take(*at)
    assert [content["event_id"] for _, _, content in out(engine, "sweep:")] == [at[1].event_id, at[2].event_id]
    assert len(out(engine, "slowed:")) == 1
    await take(*(event(f"siap {number}", room=OJOL, sender=BUDI) for number in range(3)))
    assert len(out(engine, "sweep:")) == 2, "officers write as they need"
    await give("!pelan mati di ojol", BUDI)
    await take(event("hai", room=OJOL, sender=JOKO, sent_at=NOW + 41_000))
    assert len(out(engine, "sweep:")) == 2


async def test_slow_mode_loses_no_report_and_touches_no_voice(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    await give("!pelan 30 detik di ojol", BUDI)
    await take(event("pagi semua", room=OJOL, sender=JOKO))
    report = event("pohon tumbang menutup jalan di desa Plelen", room=OJOL, sender=JOKO)
    photo = event(
        "kecelakaan di desa Plelen", room=OJOL, sender=JOKO, kind=Kind.IMAGE, type="m.room.message",
    )  # fmt: skip
    voice = event(room=OJOL, sender=JOKO, kind=Kind.AUDIO)
    await take(report, photo, voice)
    assert "incident.opened" in audited(engine)
    assert [content["event_id"] for _, _, content in out(engine, "sweep:")] == [report.event_id]
    assert "sudah tercatat" in out(engine, "slowed:")[0][2]["body"]


async def test_slow_mode_leaves_a_call_for_help_where_the_neighbours_read_it(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    await give("!pelan 30 detik di ojol", BUDI)
    await take(event("pagi semua", room=OJOL, sender=JOKO))
    fire = event("tolong kebakaran rumah di desa Plelen, ada orang di dalam", room=OJOL, sender=JOKO)
    await take(fire)
    more = event("apinya sudah sampai rumah sebelah", room=OJOL, sender=JOKO, thread_root=fire.event_id)
    await take(more, event("siapa yang jual genset?", room=OJOL, sender=JOKO))
    swept = [content["event_id"] for _, _, content in out(engine, "sweep:")]
    assert fire.event_id not in swept
    assert more.event_id not in swept
    assert len(swept) == 1, "what has nothing to do with it waits as always"


# ── what did not work ───────────────────────────────────────────────────────────────────────────────────


async def test_what_the_homeserver_refuses_is_told_to_the_officer_once_and_never_held(
    give: Give, engine: Engine, desk: Desk
) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    [row] = [row for row in sent(engine) if row["key"].startswith("act:")]
    with engine.begin() as connection:
        outbox.failed(connection, row["id"], "403 M_FORBIDDEN: no", NOW)
        assert moderation.confirm(connection, desk, NOW) == 1
        assert moderation.confirm(connection, desk, NOW) == 0
    told = sent(engine, OPERATIONS)[-1]["content"]
    assert "Tidak jadi: bisu @joko di Ojol Kamtibmas" in told["body"]
    assert "M_FORBIDDEN" in told["body"]
    assert told["m.mentions"] == {"user_ids": [ANI]}
    assert all_acts(engine)[0].ended_by == FAILED


async def test_a_trial_says_what_would_happen_and_does_nothing(give: Give, engine: Engine) -> None:
    order = await give("!cekal @joko 30 hari di ojol penipuan --coba")
    assert "Percobaan" in said(engine, order)
    assert "akan minta kode" in said(engine, order)
    for words in (
        "!bisukan @joko 1 jam di semua jualan --coba",
        "!catat @joko baik --coba",
        "!pelan 10 di ojol --coba",
    ):
        await give(words)
    assert all_acts(engine) == []
    assert out(engine) == []


@pytest.mark.parametrize(
    "words", ["!bisuken @joko 1 jam di ojol", "!bisukan @joko 1 jam di pasar", "!cekal @joko di ojol"]
)
async def test_a_slip_gets_help_and_does_nothing(give: Give, engine: Engine, words: str) -> None:
    order = await give(words)
    assert "Tidak ada yang dilakukan" in said(engine, order)
    assert "Contoh:" in said(engine, order)
    assert out(engine) == []


async def test_an_edited_or_late_order_is_not_carried_out(
    give: Give, take: Take, event: Event, engine: Engine, arrive: Take
) -> None:
    order = await give("!bisukan @joko 1 jam di ojol", sent_at=NOW - 40 * 60_000)
    assert "baru terbaca 40 menit" in said(engine, order)
    assert out(engine) == []
    proven = {"trust": Trust.DEVICE, "master_key": KEYS[ANI], "sender": ANI, "room": OPERATIONS}
    first = event("!bisukan @joko 1 jam di ojol", **proven)
    edit = event("!bisukan @siti:lain.example 1 jam di ojol", kind=Kind.EDIT, target=first.event_id, **proven)
    await arrive(first, edit)
    assert "disunting" in said(engine, first)
    assert out(engine) == []


async def test_a_citizen_orders_nothing_and_a_cry_with_a_mark_stays_a_report(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!bisukan @siti:lain.example 1 jam", room=OJOL, sender=JOKO))
    assert out(engine) == []
    await take(event("!tolong kebakaran rumah di desa Sembung", room=OJOL, sender=JOKO))
    assert "incident.opened" in audited(engine)
    order = await give("!bisukan @joko 1 jam di ojol", "@tamu:batang.test", master_key="Tamu")
    assert "rooms/officers.yaml" in said(engine, order)


async def test_under_a_card_an_order_reaches_no_reporter_and_the_cards_own_come_first(
    give: Give, take: Take, event: Event, engine: Engine
) -> None:
    from casework_world import CRASH, REPORTER, deliver

    await take(event(CRASH, room=OJOL, sender=REPORTER))
    deliver(engine)
    before = len(sent(engine, OJOL))
    await give("!bisukan @joko 1 jam di ojol", thread_root="$card:1")
    assert all_acts(engine)[0].target == JOKO
    await give("!bantuan", thread_root="$card:1")
    assert "Perintah (di utas" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    spoken = [row for row in sent(engine, OJOL)[before:] if row["action"] == "event"]
    assert spoken == []


async def test_a_pill_names_by_address_and_a_display_name_never(give: Give, engine: Engine) -> None:
    html = '!bisukan <a href="https://matrix.to/#/@joko:batang.test">Siti Aminah</a> 1 jam di ojol jualan'
    await give("!bisukan Siti Aminah 1 jam di ojol jualan", content={"formatted_body": html})
    assert all_acts(engine)[0].target == JOKO
    order = await give("!bisukan Joko 1 jam di ojol jualan")
    assert "bukan alamat orang" in said(engine, order)


# ── agencies ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_liaison_is_left_alone_and_their_server_goes_only_by_its_name(
    desk: Desk, consumer: Consumer, give: Give, engine: Engine
) -> None:
    agency = Agency(
        key="bpbd", title="BPBD", names=(), room=None, categories=(), servers=("lain.example",), liaisons=(SITI,)
    )
    consumer.desk = replace(desk, content=replace(desk.content, agencies=Agencies(all=(agency,))))
    order = await give("!bisukan @siti:lain.example 1 jam di ojol")
    assert "penghubung instansi" in said(engine, order)
    order = await give("!cekal server *.example di ojol spam")
    assert "server instansi BPBD" in said(engine, order)
    assert out(engine) == []
    order = await give("!cekal server lain.example di ojol diretas")
    assert "Ini server instansi BPBD" in said(engine, order)
    await give(code_in(said(engine, order)))
    assert [action for action, *_ in out(engine)] == ["kick", "state"]


async def test_an_agency_that_came_between_an_order_and_its_code_is_not_shut_out_with_others(
    desk: Desk, consumer: Consumer, give: Give, engine: Engine
) -> None:
    order = await give("!cekal server *.example di ojol spam")
    agency = Agency(
        key="bpbd", title="BPBD", names=(), room=None, categories=(), servers=("lain.example",), liaisons=(SITI,)
    )
    consumer.desk = replace(desk, content=replace(desk.content, agencies=Agencies(all=(agency,))))
    typed = await give(code_in(said(engine, order)))
    assert "server instansi BPBD" in said(engine, typed)
    assert out(engine) == []


async def test_a_lock_holds_for_every_way_of_saying_something_and_takes_only_its_own_back(
    confirmed: Give, give: Give, engine: Engine
) -> None:
    with engine.begin() as connection:
        own = {"m.room.power_levels": 100, "m.reaction": 0, "m.call.invite": 50}
        tell(connection, OJOL, "m.room.power_levels", levels(events=own))
    await confirmed("!kunci di ojol hoaks")
    assert out(engine)[-1][2]["merge"] == {"events_default": 50, "events": {"m.reaction": 50}}
    await give("!buka kunci di ojol")
    assert out(engine)[-1][2]["merge"] == {"events_default": 0, "events": {"m.reaction": None}}


async def test_rooms_apply_respects_what_holds(confirmed: Give, give: Give, engine: Engine) -> None:
    await give("!bisukan @joko 1 jam di ojol")
    await confirmed("!kunci di ojol hoaks")
    await confirmed("!cekal server jahat.example di ojol spam")
    with engine.connect() as connection:
        assert sanctions.held(connection) == {
            "ojol": Held({JOKO: -1}, locked=True, banned_servers=frozenset({"jahat.example"}))
        }


async def test_a_word_to_a_member_that_did_not_arrive_is_no_failed_act(give: Give, engine: Engine, desk: Desk) -> None:
    bad = await give("jual pulsa", JOKO, OJOL)
    await give("!bisukan 1 jam", room=OJOL, reply_to=bad.event_id)
    [row] = [row for row in sent(engine) if row["key"] == "tell:1"]
    with engine.begin() as connection:
        outbox.failed(connection, row["id"], "403 M_FORBIDDEN", NOW)
        moderation.confirm(connection, desk, NOW)
    assert all_acts(engine)[0].ended_at is None
    assert [row["key"] for row in sent(engine, OPERATIONS) if row["key"].startswith("act-failed:")] == []
