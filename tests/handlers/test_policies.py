"""Policy lists of others: seen before they are followed, followed by an officer's word, lifted with the rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from casework_world import ANI, staffed
from guard_world import MODERATOR, NEIGHBOUR, SPAMMER, by_key, done, furnish, join, state
from handlers_world import ME, NOW, OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Connection, Engine

from bot.event import Kind
from bot.handlers import policies, publishing, subscribing
from bot.handlers import policywords as words
from bot.handlers.desk import Desk
from bot.markup import render
from bot.moderation.orders import EVERYWHERE, Order, Place
from bot.moderation.protectionfile import Policies
from bot.moderation.reading import read
from bot.moderation.verbs import Verb
from bot.outgoing import Action
from bot.store import acts, rooms, roomstate
from bot.store import policies as store
from bot.store.database import Database

LIST, ADDRESS = "!daftar:lain.example", "#daftar:lain.example"
NELAYAN = "!nelayan"
EVIL = "@jahat:spam.example"
MINUTE = 60_000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture(autouse=True)
def channels(engine: Engine) -> None:
    furnish(engine, (SPAMMER, NEIGHBOUR, MODERATOR, EVIL, *(f"@w{n}:batang.test" for n in range(40))))
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", NELAYAN, kind="channel", alias="#nelayan:batang.test", now=NOW)


@pytest.fixture
def call(database: Database, desk: Desk) -> Callable[..., Any]:
    async def run(deed: Callable[..., Any], *arguments: Any, at: int = NOW, **more: Any) -> Any:
        return await database.run(lambda connection: deed(connection, desk, *arguments, **more, now=at))

    return run


def rule(connection: Connection, name: str, entity: str | None, kind: str = "user", reason: str = "spam") -> None:
    content = {"entity": entity, "recommendation": "m.ban", "reason": reason} if entity else {}
    state(connection, LIST, f"m.policy.rule.{kind}", name, content, sender="@pemilik:lain.example")


def open_list(engine: Engine, **rules: str) -> None:
    with engine.begin() as connection:
        state(connection, LIST, "m.room.create", "", {"room_version": "11"}, sender="@pemilik:lain.example")
        state(connection, LIST, "m.room.canonical_alias", "", {"alias": ADDRESS}, sender="@pemilik:lain.example")
        for person in (ME, "@pemilik:lain.example", "@pembaca:lain.example"):
            join(connection, LIST, person, NOW)
        for name, entity in rules.items():
            rule(connection, name, entity, "server" if "@" not in entity and "#" not in entity else "user")


def told(engine: Engine, prefix: str) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith(prefix)]


async def followed(engine: Engine, call: Callable[..., Any], **rules: str) -> None:
    open_list(engine, **rules)
    await call(subscribing.preview, ADDRESS, by=ANI)
    await call(policies.look)
    await call(subscribing.follow, ADDRESS, by=ANI)


async def test_a_list_is_joined_and_shown_before_anything_is_followed(
    engine: Engine, call: Callable[..., Any], database: Database
) -> None:
    assert "pratinjaunya menyusul" in await call(
        subscribing.preview, f"https://matrix.to/#/{ADDRESS}?via=b.example", by=ANI
    )
    [row] = [row for row in sent(engine) if row["action"] == Action.JOIN]
    assert (row["room_id"], row["content"]) == (ADDRESS, {"via": ["b.example"]})
    assert await call(policies.look) == 0
    assert "tunggu" in await call(subscribing.follow, ADDRESS, by=ANI)
    open_list(engine, a=EVIL, b="@ani:batang.test", c="spam.example", d="@kosong:x.example", e="rusak @")
    assert await call(policies.look) == 1
    [shown] = told(engine, "policy:preview:")
    assert "3 aturan orang, 1 server, 0 ruang" in shown
    assert EVIL in shown
    assert "mengenai petugas" in shown
    assert "spam.example (1 anggota kita)" in shown
    assert "1 rusak" in shown
    assert done(engine) == []
    with engine.connect() as connection:
        one = store.get(connection, ADDRESS)
    assert one is not None
    assert (one.room_id, one.state) == (LIST, store.State.PREVIEWED)


async def test_following_bans_whom_it_names_in_every_channel_and_proposes_servers(
    engine: Engine, call: Callable[..., Any]
) -> None:
    await followed(engine, call, a=EVIL, c="spam.example")
    assert [(one.kind, one.room_id, one.target, one.by) for one in done(engine)] == [
        ("ban", NELAYAN, EVIL, "kentongan"), ("ban", OJOL, EVIL, "kentongan"),
    ]  # fmt: skip
    assert "spam" in (done(engine)[0].reason or "")
    assert by_key(engine, "act:1:ban")["content"]["user_id"] == EVIL
    assert "!cekal server spam.example" in told(engine, "policy:server:")[0]
    assert not [row for row in sent(engine) if row["type"] == "m.room.server_acl"], "that is an officer's to order"
    await call(policies.look, at=NOW + 3_600_000)
    assert len(done(engine)) == 2, "and once"


async def test_rules_count_as_they_come_and_their_end_lifts_only_their_own_bans(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event
) -> None:
    await followed(engine, call, a="@nobody:x.example")
    change = {
        "room": LIST,
        "kind": Kind.STATE,
        "type": "m.policy.rule.user",
        "state_key": "b",
        "sender": "@pemilik:lain.example",
    }
    with engine.begin() as connection:
        rule(connection, "b", EVIL)
        acts.start(connection, "ban", SPAMMER, room_id=OJOL, by=ANI, reason="x", event_id="$o", now=NOW)
    await take(event(**change))
    await call(policies.look, at=NOW + MINUTE)
    assert {one.target for one in done(engine) if one.by == "kentongan"} == {EVIL}
    assert EVIL in told(engine, "policy:changed:")[0]
    with engine.begin() as connection:
        rule(connection, "b", None)
        roomstate.apply(connection, roomstate.StateEvent(OJOL, "m.room.member", EVIL, ME, {"membership": "ban"}), NOW)
    await take(event(**change))
    await call(policies.look, at=NOW + 2 * MINUTE)
    assert [row["action"] for row in sent(engine) if row["key"].endswith(":end")] == [Action.UNBAN, Action.UNBAN]
    with engine.connect() as connection:
        assert [one.target for one in acts.in_force(connection, NOW, kind="ban")] == [SPAMMER]


async def test_however_often_a_list_changes_it_is_weighed_now_and_then_and_never_while_events_wait(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    await followed(engine, call, a="@nobody:x.example")
    await call(policies.look, at=NOW)
    weighed: list[int] = []
    plain = policies.apply
    monkeypatch.setattr(policies, "apply", lambda *given: weighed.append(given[-1]) or plain(*given))
    change = {"room": LIST, "kind": Kind.STATE, "type": "m.policy.rule.user", "sender": "@pemilik:lain.example"}
    await take(*[event(state_key=f"r{number}", **change) for number in range(20)])
    assert weighed == []
    for seconds in range(10, 130, 10):
        await call(policies.look, at=NOW + seconds * 1000)
    assert weighed == [NOW + 30_000]


async def test_whom_a_list_names_that_hits_too_many_of_us_may_come(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event
) -> None:
    late = "@telat:spam.example"
    await followed(engine, call, late=late, **{f"w{number}": f"@w{number}:batang.test" for number in range(10)})
    with engine.begin() as connection:
        join(connection, OJOL, late, NOW)
    here = {"room": OJOL, "sender": late, "state_key": late, "content": {"membership": "join"}}
    await take(event(kind=Kind.MEMBER, type="m.room.member", **here))
    assert done(engine) == []


async def test_somebody_whom_it_names_is_out_as_soon_as_they_come(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event
) -> None:
    late = "@telat:spam.example"
    await followed(engine, call, a="@telat:*")
    assert done(engine) == []
    with engine.begin() as connection:
        join(connection, OJOL, late, NOW)
    await take(
        event(
            room=OJOL,
            kind=Kind.MEMBER,
            type="m.room.member",
            sender=late,
            state_key=late,
            content={"membership": "join"},
        )
    )
    assert {(one.target, one.room_id) for one in done(engine)} == {(late, OJOL), (late, NELAYAN)}


async def test_whom_an_officer_lets_in_again_stays_in(
    engine: Engine, call: Callable[..., Any], database: Database
) -> None:
    await followed(engine, call, a=EVIL)
    banned = done(engine)
    with engine.begin() as connection:
        for one in banned:
            acts.end(connection, one.id, ANI, NOW)
    await call(policies.look, at=NOW + 3_600_000)
    assert all(one.ended_by == ANI for one in done(engine))


async def test_being_put_out_of_a_lists_room_lets_nobody_in_again(engine: Engine, call: Callable[..., Any]) -> None:
    await followed(engine, call, a=EVIL)
    with engine.begin() as connection:
        roomstate.forget(connection, LIST)
    await call(policies.look, at=NOW + 3_600_000)
    await call(policies.look, at=NOW + 7_200_000)
    assert all(one.ended_at is None for one in done(engine))
    [lost] = told(engine, "policy:lost:")
    assert ADDRESS in lost
    assert "1 orang" in await call(subscribing.unfollow, ADDRESS, by=ANI), "an officer can let it go"


async def test_a_ban_that_one_room_refused_is_no_pardon(engine: Engine, call: Callable[..., Any]) -> None:
    await followed(engine, call, a=EVIL)
    refused, holding = done(engine)
    with engine.begin() as connection:
        acts.fail(connection, refused.id, NOW)
        acts.end(connection, holding.id, acts.KENTONGAN, NOW)
    await call(policies.look, at=NOW + 3_600_000)
    again = [one for one in done(engine) if one.ended_at is None]
    assert [one.room_id for one in again] == [holding.room_id], "where it can be; the other room was just asked"
    await call(policies.look, at=NOW + 25 * 3_600_000)
    assert {one.room_id for one in done(engine) if one.ended_at is None} == {holding.room_id, refused.room_id}


async def test_a_pardon_is_remembered_whatever_was_done_to_them_since(engine: Engine, call: Callable[..., Any]) -> None:
    await followed(engine, call, a=EVIL)
    banned = done(engine)
    with engine.begin() as connection:
        for one in banned:
            acts.end(connection, one.id, ANI, NOW)
        for number in range(acts.MOST):
            acts.start(
                connection, "warn", EVIL, room_id=OJOL, by=ANI, reason=None, event_id=f"$w{number}", now=NOW + number
            )
    await call(policies.look, at=NOW + 3_600_000)
    assert not [one for one in done(engine) if one.kind == "ban" and one.ended_at is None]


async def test_no_longer_following_lifts_what_only_it_caused(engine: Engine, call: Callable[..., Any]) -> None:
    await followed(engine, call, a=EVIL)
    assert "1 orang" in await call(subscribing.unfollow, ADDRESS, by=ANI)
    assert all(one.ended_by == "kentongan" for one in done(engine))
    assert [row["room_id"] for row in sent(engine) if row["action"] == Action.LEAVE] == [LIST]
    assert "belum dikenal" in await call(subscribing.follow, ADDRESS, by=ANI)


async def test_a_list_that_turns_against_our_members_is_held_however_slowly_it_does(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event
) -> None:
    await followed(engine, call, a=EVIL)
    for number in range(10):
        out = done(engine)
        with engine.begin() as connection:
            rule(connection, f"w{number}", f"@w{number}:batang.test")
            for one in out:
                gone = roomstate.StateEvent(OJOL, "m.room.member", one.target, ME, {"membership": "ban"})
                roomstate.apply(connection, gone, NOW)
        await take(
            event(room=LIST, kind=Kind.STATE, type="m.policy.rule.user", state_key="x", sender="@pemilik:lain.example")
        )
        await call(policies.look, at=NOW + (number + 1) * MINUTE)
    hit = {one.target for one in done(engine)}
    assert len(hit) <= 2, "five of a hundred, here two"
    assert all(one.ended_at is None for one in done(engine)), "and who was out before stays out"
    assert len(told(engine, "policy:halted:")) == 1


async def test_a_list_that_cannot_be_opened_is_told(engine: Engine, call: Callable[..., Any]) -> None:
    await call(subscribing.preview, ADDRESS, by=ANI)
    await call(policies.look, at=NOW + 11 * 60_000)
    await call(policies.look, at=NOW + 12 * 60_000)
    assert len(told(engine, "policy:unreached:")) == 1


@pytest.mark.parametrize("address", ["", "daftar", "@orang:x.example", "#tanpaserver", "https://x.example/"])
async def test_what_is_no_address_is_said(engine: Engine, call: Callable[..., Any], address: str) -> None:
    assert "Tulis alamat" in await call(subscribing.preview, address, by=ANI)
    assert sent(engine) == []


async def test_every_order_that_officers_are_shown_is_one(engine: Engine, call: Callable[..., Any]) -> None:
    await followed(engine, call, c="*spam.example")
    with engine.begin() as connection:
        roomstate.forget(connection, LIST)
    await call(policies.look, at=NOW + 3_600_000)
    shown = [row["content"]["formatted_body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("policy:")]
    shown.append(render(words.OVERVIEW_EMPTY).content()["formatted_body"])
    place = Place("batang.test", {"ojol": "ojol"}, datetime.fromtimestamp(NOW / 1000, ZoneInfo("Asia/Jakarta")), {})
    assert [read(written, place) for text in shown for written in re.findall("<code>(!.*?)</code>", text)] == [
        Order(Verb.LIST_FOLLOW, (ADDRESS,)),
        Order(Verb.BAN_SERVER, ("*spam.example",), room=EVERYWHERE, reason=f"ada di daftar {ADDRESS}"),
        Order(Verb.LIST_LEAVE, (ADDRESS,)),
        Order(Verb.LIST_LOOK, ("#nama:server",)),
    ]


async def test_our_own_bans_stand_on_our_own_list_when_the_files_name_one(
    engine: Engine, database: Database, desk: Desk
) -> None:
    ban = {"reason": "menipu", "by": ANI, "cause": "$order", "now": NOW}
    assert not await database.run(lambda connection: publishing.publish(connection, desk, "ban", EVIL, **ban))
    own = replace(desk.content.protections, policies=Policies(own="nelayan"))
    ours = replace(desk, content=replace(desk.content, protections=own))
    assert await database.run(lambda connection: publishing.publish(connection, ours, "ban", EVIL, **ban))
    assert not await database.run(lambda connection: publishing.publish(connection, ours, "ban", EVIL, **ban)), "once"
    [row] = [row for row in sent(engine) if row["type"] == "m.policy.rule.user"]
    assert row["room_id"] == NELAYAN
    assert row["content"]["set"] == {"entity": EVIL, "reason": "menipu", "recommendation": "m.ban"}


@pytest.mark.parametrize("known", ["joining", "followed"])
async def test_the_room_of_a_list_is_read_and_never_taken_for_a_group_that_we_were_invited_to(
    engine: Engine, call: Callable[..., Any], take: Take, event: Event, known: str
) -> None:
    await call(subscribing.preview, ADDRESS, by=ANI)
    open_list(engine)
    if known == "followed":
        await call(policies.look)
        await call(subscribing.follow, ADDRESS, by=ANI)
    stranger = {"room": LIST, "sender": "@pembaca:lain.example", "direct": False}
    joined = {"kind": Kind.MEMBER, "type": "m.room.member", "state_key": stranger["sender"]}
    await take(
        event(**stranger, **joined, content={"membership": "join"}),
        event("halo bot", **stranger, mentions=(ME,), content={"m.mentions": {"user_ids": [ME]}}),
    )
    assert [row for row in sent(engine, LIST) if row["action"] == Action.EVENT] == [], "not a word in a stranger's room"
    assert told(engine, "group:") == []
