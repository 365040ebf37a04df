"""What those who keep order did goes before the files; what they set by hand is told and left."""

from __future__ import annotations

import pytest
from rooms_world import OFFICERS, ROOMS, SERVER
from sqlalchemy import create_engine

from bot.rooms.change import Level
from bot.rooms.wanted import Held
from bot.store import rooms as store
from bot.store import sanctions
from bot.store.tables import acts, metadata

LOUD = f"@ribut:{SERVER}"
OFFICER = f"@petugas:{SERVER}"


def levels(district, room="ojol"):
    return district.server.content(district.recorded[room], "m.room.power_levels")


async def test_whoever_was_muted_stays_so(district):
    await district.apply()
    levels(district)["users"][LOUD] = -1
    held = {"ojol": Held({LOUD: -1})}
    assert (await district.plan(held=held)).changes == ()
    levels(district)["users"] = {}
    await district.apply(held=held)
    assert levels(district)["users"][LOUD] == -1
    assert levels(district)["users"][OFFICER] == 50
    assert LOUD not in levels(district, "nelayan")["users"]


async def test_a_mute_goes_before_the_power_that_the_files_give(district):
    await district.apply(held={"ojol": Held({OFFICER: -1})})
    assert levels(district)["users"][OFFICER] == -1
    await district.apply()
    assert levels(district)["users"][OFFICER] == 50, "the order has ended, the files are right again"


async def test_a_locked_channel_stays_locked_whatever_its_levels_name(district):
    held = {"ojol": Held(locked=True)}
    await district.apply(held=held)
    assert levels(district)["events_default"] == 50
    levels(district)["events"]["m.reaction"] = 0
    await district.apply(held=held)
    assert levels(district)["events"]["m.reaction"] == 50
    assert (await district.plan(held=held)).changes == ()


async def test_a_lock_never_lowers_what_speaking_takes(district):
    await district.apply(held={"space": Held(locked=True)})
    assert levels(district, "space")["events_default"] == 100


async def test_somebody_muted_by_hand_is_told_and_left(district):
    await district.apply()
    levels(district)["users"][LOUD] = -5
    plan = await district.plan()
    assert plan.changes == ()
    [remark] = [one for one in plan.remarks if one.room == "ojol"]
    assert (remark.level, LOUD in remark.message) == (Level.INFO, True)
    levels(district)["kick"] = 0
    await district.apply()
    assert (levels(district)["users"][LOUD], levels(district)["kick"]) == (-5, 50)


async def test_a_server_that_was_banned_stays_so_and_its_people_out(district):
    held = {"ojol": Held(banned_servers=frozenset({"*.jahat.test"}))}
    district.write(ROOMS.replace("{title: Ojol,", "{title: Ojol, servers: any,"), OFFICERS)
    await district.apply()
    guest = "@a:x.jahat.test"
    district.server.put(district.recorded["ojol"], "m.room.member", guest, {"membership": "join"}, guest)
    await district.apply(held=held)
    acl = district.server.content(district.recorded["ojol"], "m.room.server_acl")
    assert (acl["allow"], acl["deny"]) == (["*"], ["*.jahat.test"])
    assert district.server.kicked == [(district.recorded["ojol"], guest)]
    assert (await district.plan(held=held)).changes == ()


async def test_a_channel_shut_against_a_wave_stays_shut(district):
    await district.apply()
    district.server.put(district.recorded["ojol"], "m.room.join_rules", "", {"join_rule": "knock"})
    assert (await district.plan(held={"ojol": Held(closed=True)})).changes == ()
    assert [change.type for change in (await district.plan()).changes] == ["m.room.join_rules"]


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, kind in (("space", "space"), ("ruang-kendali", "operations"), ("ojol", "channel"), ("a", "channel")):
            store.record(connection, name, f"!{name}", kind=kind, alias=None, now=1)
        yield connection
    engine.dispose()


def order(connection, kind, room_id, target, **more):
    connection.execute(acts.insert().values(kind=kind, room_id=room_id, target=target, by="@p:a", since_at=1, **more))


def test_acts_that_have_not_been_ended_hold(connection):
    order(connection, "mute", "!ojol", "@a:a", until_at=5)
    order(connection, "mute", "!ojol", "@b:a", until_at=5, ended_at=5)
    order(connection, "mute", "!elsewhere", "@c:a")
    order(connection, "ban", "!ojol", "@d:a")
    order(connection, "lock", "!a", "")
    order(connection, "server_ban", "!a", "*.jahat.test")
    order(connection, "close", "!ojol", "")
    assert sanctions.held(connection) == {
        "ojol": Held({"@a:a": -1}, closed=True),
        "a": Held({}, locked=True, banned_servers=frozenset({"*.jahat.test"})),
    }


def test_an_act_on_no_room_holds_in_every_channel_and_nowhere_else(connection):
    order(connection, "mute", None, "@a:a")
    order(connection, "lock", None, "")
    everywhere = Held({"@a:a": -1}, locked=True)
    assert sanctions.held(connection) == {"ojol": everywhere, "a": everywhere}
