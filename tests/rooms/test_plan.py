"""What the plan does, and what it refuses to do."""

from __future__ import annotations

from rooms_world import ME, OFFICERS, ROOMS, SERVER

from bot.rooms.change import AdoptRoom, CreateRoom, Invite, JoinRoom, Level, RemoveMember, SetState
from bot.rooms.found import CREATOR


def messages(plan, level=None):
    return [remark.message for remark in plan.remarks if level is None or remark.level is level]


def creation(plan, name):
    return next(change.body for change in plan.changes if isinstance(change, CreateRoom) and change.room == name)


async def test_version_12_lists_no_creator_and_names_the_break_glass_account_as_one(district):
    body = creation(await district.plan(), "ojol")
    users = body["power_level_content_override"]["users"]
    assert ME not in users
    assert f"@brankas:{SERVER}" not in users
    assert users == {f"@komandan:{SERVER}": 100, f"@petugas:{SERVER}": 50, f"@petugas2:{SERVER}": 50}
    assert body["creation_content"]["additional_creators"] == [f"@brankas:{SERVER}"]
    assert body["preset"] != "trusted_private_chat"


async def test_before_version_12_we_list_ourselves(district):
    district.write("version: '11'\n" + ROOMS, OFFICERS)
    body = creation(await district.plan(), "ojol")
    users = body["power_level_content_override"]["users"]
    assert users[ME] == 100
    assert users[f"@brankas:{SERVER}"] == 100
    assert "additional_creators" not in body["creation_content"]
    await district.apply()
    assert (await district.plan()).changes == ()


async def test_a_homeserver_without_version_12_gets_its_newest_with_a_remark(district):
    district.server.versions = ("9", "10", "11")
    plan = await district.plan()
    assert creation(plan, "ojol")["room_version"] == "11"
    assert any("versi 12" in message for message in messages(plan, Level.WARNING))


async def test_rooms_are_encrypted_from_their_first_event(district):
    for name in ("ruang-kendali", "ojol", "nelayan"):
        types = {event["type"] for event in creation(await district.plan(), name)["initial_state"]}
        assert "m.room.encryption" in types


async def test_the_operations_room_never_federates_and_stands_in_no_space(district):
    plan = await district.plan()
    body = creation(plan, "ruang-kendali")
    assert body["creation_content"]["m.federate"] is False
    assert body["preset"] == "private_chat"
    children = {change.state_key for change in plan.changes if isinstance(change, SetState)}
    assert children == {"rooms:ojol", "rooms:nelayan"}


async def test_a_restricted_channel_points_at_the_space(district):
    await district.apply()
    rules = district.server.content(district.recorded["nelayan"], "m.room.join_rules")
    assert rules == {
        "join_rule": "restricted",
        "allow": [{"type": "m.room_membership", "room_id": district.recorded["space"]}],
    }


async def test_encryption_is_never_turned_off(district):
    await district.apply()
    district.write(ROOMS.replace("title: Ojol,", "title: Ojol, encryption: false,"), OFFICERS)
    plan = await district.plan()
    assert plan.changes == ()
    assert any("tidak pernah dimatikan" in message for message in messages(plan))


async def test_a_removed_officer_loses_power_everywhere_and_leaves_the_closed_room_alone(district):
    await district.apply()
    district.write(ROOMS, OFFICERS.replace('"@petugas", ', ""))
    plan = await district.plan()
    powers = [
        change for change in plan.changes if isinstance(change, SetState) and change.type == "m.room.power_levels"
    ]
    assert {change.room for change in powers} == {"space", "ruang-kendali", "ojol", "nelayan"}
    assert all(f"@petugas:{SERVER}" not in change.content["users"] for change in powers)
    assert f"users.@petugas:{SERVER} 50 → —" in str(powers[0])
    removals = [change for change in plan.changes if isinstance(change, RemoveMember)]
    assert [(one.room, one.user_id) for one in removals] == [("ruang-kendali", f"@petugas:{SERVER}")]
    await district.apply()
    assert (await district.plan()).changes == ()


async def test_somebody_who_raised_himself_is_lowered(district):
    await district.apply()
    levels = dict(district.server.content(district.recorded["ojol"], "m.room.power_levels"))
    levels["users"] = {**levels["users"], f"@warga:{SERVER}": 100}
    district.server.put(district.recorded["ojol"], "m.room.power_levels", "", levels)
    await district.apply()
    assert f"@warga:{SERVER}" not in district.server.content(district.recorded["ojol"], "m.room.power_levels")["users"]


async def test_a_room_of_a_stranger_is_not_adopted_without_a_word(district):
    district.server.make("!theirs", f"@asing:{SERVER}", alias=f"#ruang-kendali:{SERVER}", **{"m.federate": False})
    district.server.put("!theirs", "m.room.member", ME, {"membership": "join"})
    plan = await district.plan()
    assert plan.blocked
    assert not [change for change in plan.changes if change.room == "ruang-kendali"]
    assert any("@asing" in message and "--adopt ruang-kendali" in message for message in messages(plan, Level.BLOCKED))
    accepted = await district.plan(adopt=["ruang-kendali"])
    assert AdoptRoom("ruang-kendali", "!theirs") in accepted.changes


async def test_a_room_that_an_officer_made_is_adopted_by_its_alias(district):
    district.server.make("!made", f"@komandan:{SERVER}", version="11", alias=f"#ojol:{SERVER}")
    district.server.put("!made", "m.room.member", ME, {"membership": "join"})
    district.server.content("!made", "m.room.power_levels")["users"][ME] = 100
    outcome = await district.apply()
    assert not outcome.failures
    assert district.recorded["ojol"] == "!made"
    assert district.server.creations == 3
    levels = district.server.content("!made", "m.room.power_levels")
    assert levels["users"][ME] == 100
    assert levels["users"][f"@petugas:{SERVER}"] == 50
    assert (await district.plan()).changes == ()


async def test_a_public_room_we_are_not_in_is_entered_before_anything_else_is_decided(district):
    district.server.make("!made", f"@komandan:{SERVER}", alias=f"#ojol:{SERVER}")
    district.server.put("!made", "m.room.join_rules", "", {"join_rule": "public"}, f"@komandan:{SERVER}")
    plan = await district.plan()
    assert [change for change in plan.changes if change.room == "ojol"] == [JoinRoom("ojol", "!made", SERVER)]


async def test_too_little_power_is_said_with_the_remedy_instead_of_tried(district):
    district.server.make("!made", f"@komandan:{SERVER}", alias=f"#ojol:{SERVER}")
    district.server.put("!made", "m.room.member", ME, {"membership": "join"})
    plan = await district.plan()
    assert plan.blocked
    assert not [change for change in plan.changes if isinstance(change, SetState) and change.room == "ojol"]
    assert any("beri 100" in message for message in messages(plan, Level.BLOCKED))


async def test_nobody_who_left_is_called_back_and_nobody_banned_is_invited(district):
    await district.apply()
    room_id = district.recorded["ojol"]
    district.server.put(room_id, "m.room.member", f"@petugas:{SERVER}", {"membership": "leave"}, f"@petugas:{SERVER}")
    district.server.put(room_id, "m.room.member", f"@petugas2:{SERVER}", {"membership": "ban"})
    plan = await district.plan()
    assert plan.changes == ()
    assert len(plan.remarks) == 2


async def test_an_officer_who_was_kicked_is_invited_again(district):
    await district.apply()
    district.server.put(district.recorded["ojol"], "m.room.member", f"@petugas:{SERVER}", {"membership": "leave"}, ME)
    assert (await district.plan()).changes == (Invite("ojol", f"@petugas:{SERVER}"),)


async def test_an_officer_of_another_server_cannot_be_put_into_the_closed_room(district):
    district.write(ROOMS, OFFICERS.replace("@petugas2:batang.test", "@petugas2:lain.test"))
    plan = await district.plan()
    assert Invite("ruang-kendali", "@petugas2:lain.test") not in plan.changes
    assert Invite("ojol", "@petugas2:lain.test") in plan.changes
    assert any("@petugas2:lain.test" in message for message in messages(plan, Level.BLOCKED))


async def test_an_operations_room_open_to_other_servers_is_refused(district):
    district.server.make("!old", ME, alias=f"#ruang-kendali:{SERVER}")
    plan = await district.plan()
    assert any("server lain" in message for message in messages(plan, Level.BLOCKED))


async def test_what_the_files_say_nothing_about_is_kept(district):
    await district.apply()
    room_id = district.recorded["ojol"]
    levels = dict(district.server.content(room_id, "m.room.power_levels"))
    levels["events"] = {**levels["events"], "org.matrix.msc3401.call.member": 0, "m.room.name": 0}
    levels["historical"] = 100
    district.server.put(room_id, "m.room.power_levels", "", levels)
    await district.apply()
    after = district.server.content(room_id, "m.room.power_levels")
    assert after["events"]["org.matrix.msc3401.call.member"] == 0
    assert after["historical"] == 100
    assert after["events"]["m.room.name"] == 100


async def test_the_creators_power_is_above_every_number(district):
    await district.apply()
    from bot.rooms.survey import survey

    found = await survey(district.server, district.rooms, me=ME, recorded=district.recorded)
    assert found.rooms["ojol"].power(ME) == CREATOR
    assert found.rooms["ojol"].power(f"@brankas:{SERVER}") == CREATOR
    assert found.rooms["ojol"].power(f"@petugas:{SERVER}") == 50
    assert found.rooms["ojol"].power(f"@warga:{SERVER}") == 0
