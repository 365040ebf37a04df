"""Agencies and their servers: who is let in, in which order they go, and what is never done without a word."""

from __future__ import annotations

import pytest
from rooms_world import ME, OFFICERS, SERVER

from bot.problem import ContentError
from bot.rooms import acl
from bot.rooms.change import Invite, Level, RemoveMember, SetState

ROOMS = """
defaults:
  bulletins: [pagi]
space: {alias: kamtibmas, title: Kamtibmas, encryption: false, power: {speak: 100}}
operations:
  ruang-kendali: {title: Ruang Kendali, join: invite, history: joined, federate: false, power: {invite: 100}}
agencies:
  instansi: {title: Instansi, power: {speak: 100, invite: 100}}
channels:
  ojol: {title: Ojol}
  nelayan: {title: Nelayan, join: space, power_of_liaisons: 10}
  siaga: {title: Siaga, join: agencies}
  posko: {title: Posko, join: invite}
"""
AGENCIES = """
agencies:
  bpbd:
    title: BPBD
    servers: [bpbd.test, "bpbd.test:8448"]
    liaisons: ["@budi:bpbd.test", "@titip"]
    channels: [nelayan, siaga]
    power: 50
  sar:
    title: SAR
    servers: [sar.test]
    liaisons: ["@ani:sar.test"]
    channels: [ojol, nelayan]
    room: posko
"""
BUDI, ANI, TITIP = "@budi:bpbd.test", "@ani:sar.test", f"@titip:{SERVER}"


@pytest.fixture
def federated(district):
    district.write(ROOMS, OFFICERS, AGENCIES)
    return district


def of(plan, kind, room=None):
    return [change for change in plan.changes if isinstance(change, kind) and room in (None, change.room)]


def blocked(plan):
    return [str(remark) for remark in plan.remarks if remark.level is Level.BLOCKED]


def join(district, room, *users, sender=ME):
    for user in users:
        district.server.put(district.recorded[room], "m.room.member", user, {"membership": "join"}, user)


def here(district, room, type_, key=""):
    return district.server.content(district.recorded[room], type_, key)


async def test_each_room_lets_in_our_server_and_those_that_may_be_there(federated):
    await federated.apply()
    ours = {"allow_ip_literals": False, "deny": []}
    bpbd, sar = ["bpbd.test", "bpbd.test:8448"], ["sar.test"]
    assert here(federated, "space", acl.TYPE) == ours | {"allow": [SERVER]}
    assert here(federated, "ojol", acl.TYPE) == ours | {"allow": [SERVER, *sar]}
    assert here(federated, "nelayan", acl.TYPE) == ours | {"allow": [SERVER, *bpbd, *sar]}
    assert here(federated, "instansi", acl.TYPE) == ours | {"allow": [SERVER, *bpbd, *sar]}
    assert here(federated, "siaga", acl.TYPE) == ours | {"allow": [SERVER, *bpbd]}
    assert here(federated, "posko", acl.TYPE) == ours | {"allow": [SERVER, *sar]}
    room = federated.server.rooms[federated.recorded["ruang-kendali"]]
    assert room["m.room.create", ""]["m.federate"] is False
    assert (acl.TYPE, "") not in room, "nobody else can come there anyway"
    assert (await federated.plan()).changes == ()


async def test_the_agency_space_is_for_invited_liaisons_and_opens_their_channels(federated):
    await federated.apply()
    assert here(federated, "instansi", "m.room.create")["type"] == "m.space"
    assert here(federated, "instansi", "m.room.join_rules") == {"join_rule": "invite"}
    for user in (BUDI, ANI, TITIP):
        assert here(federated, "instansi", "m.room.member", user) == {"membership": "invite"}

    def doors(room):
        rules = here(federated, room, "m.room.join_rules")
        return rules["join_rule"], [one["room_id"] for one in rules.get("allow", [])]

    space, theirs = federated.recorded["space"], federated.recorded["instansi"]
    assert doors("siaga") == ("restricted", [theirs])
    assert doors("nelayan") == ("restricted", [space, theirs])
    assert doors("ojol") == ("public", [])


async def test_liaisons_are_invited_only_where_no_space_lets_them_in(federated):
    invites = {(one.room, one.user_id) for one in of(await federated.plan(), Invite)}
    assert ("posko", ANI) in invites
    assert ("posko", BUDI) not in invites
    for room in ("ojol", "nelayan", "siaga"):
        assert (room, BUDI) not in invites
        assert (room, ANI) not in invites


async def test_what_is_for_agencies_alone_stands_in_their_space_alone(federated):
    await federated.apply()

    def children(room):
        rooms = {room_id: name for name, room_id in federated.recorded.items()}
        state = federated.server.rooms[federated.recorded[room]]
        return {rooms[key] for (type_, key), content in state.items() if type_ == "m.space.child" and content}

    assert children("space") == {"ojol", "nelayan", "posko"}
    assert children("instansi") == {"ojol", "nelayan", "siaga", "posko"}
    federated.write(ROOMS.replace("{title: Posko, join: invite}", "{title: Posko, join: agencies}"), OFFICERS)
    await federated.apply()
    assert children("space") == {"ojol", "nelayan"}
    homes = {
        key for (type_, key), content in federated.server.rooms[federated.recorded["posko"]].items()
        if type_ == "m.space.parent" and content
    }  # fmt: skip
    assert homes == {federated.recorded["instansi"]}
    assert (await federated.plan()).changes == ()


async def test_liaisons_have_the_power_of_their_agency_else_of_the_channel_else_none(federated):
    await federated.apply()
    assert here(federated, "nelayan", "m.room.power_levels")["users"].get(BUDI) == 50
    assert here(federated, "nelayan", "m.room.power_levels")["users"].get(ANI) == 10
    assert ANI not in here(federated, "ojol", "m.room.power_levels")["users"]
    assert BUDI not in here(federated, "ojol", "m.room.power_levels")["users"]


async def test_a_channel_open_to_everybody_shuts_out_the_banned(federated):
    rooms = ROOMS.replace("ojol: {title: Ojol}", "ojol: {title: Ojol, servers: any}")
    federated.write(rooms + 'banned_servers: ["jahat.test", "*.jahat.test"]\n', OFFICERS, AGENCIES)
    await federated.apply()
    content = here(federated, "ojol", acl.TYPE)
    assert content == {"allow": ["*"], "deny": ["*.jahat.test", "jahat.test"], "allow_ip_literals": False}


async def test_an_officer_of_another_server_can_come_where_the_files_want_him(federated):
    officers = OFFICERS.replace('members: ["@komandan"]', 'rooms: [ojol], members: ["@k:polda.test"]')
    federated.write(ROOMS, officers, AGENCIES)
    await federated.apply()
    assert "polda.test" in here(federated, "ojol", acl.TYPE)["allow"]
    assert "polda.test" not in here(federated, "nelayan", acl.TYPE)["allow"]


# ── taking somebody out ─────────────────────────────────────────────────────────────────────────────────


async def test_a_removed_agency_is_kicked_first_and_shut_out_then(federated):
    await federated.apply()
    for room in ("instansi", "siaga", "nelayan"):
        join(federated, room, BUDI, "@kawan:bpbd.test")
    federated.write(ROOMS, OFFICERS, AGENCIES[AGENCIES.index("  sar:") :].replace("  sar:", "agencies:\n  sar:", 1))
    plan = await federated.plan(dropped=["bpbd.test"])
    assert not blocked(plan)
    for room in ("instansi", "siaga", "nelayan"):
        mine = [change for change in plan.changes if change.room == room]
        kicks = [index for index, change in enumerate(mine) if isinstance(change, RemoveMember)]
        acls = [index for index, one in enumerate(mine) if isinstance(one, SetState) and one.type == acl.TYPE]
        assert {mine[index].user_id for index in kicks} >= {BUDI, "@kawan:bpbd.test"}
        assert max(kicks) < acls[0]
    outcome = await federated.apply(dropped=["bpbd.test"])
    assert not outcome.failures
    assert "bpbd.test" not in here(federated, "nelayan", acl.TYPE)["allow"]
    assert here(federated, "siaga", "m.room.member", BUDI) == {"membership": "leave"}
    assert (await federated.plan()).changes == ()


async def test_an_agency_that_is_missing_in_the_files_is_not_put_out_before_somebody_says_so(federated):
    await federated.apply()
    for room in ("instansi", "siaga", "nelayan"):
        join(federated, room, BUDI, "@kawan:bpbd.test")
    federated.write(ROOMS, OFFICERS, AGENCIES[AGENCIES.index("  sar:") :].replace("  sar:", "agencies:\n  sar:", 1))
    plan = await federated.plan()
    for room in ("instansi", "siaga", "nelayan"):
        assert any("bpbd.test (2 anggota)" in one and f"--force {room}" in one for one in blocked(plan))
    assert not [one for one in of(plan, RemoveMember) if one.user_id.endswith("bpbd.test")]
    assert not [one for one in of(plan, SetState) if one.type == acl.TYPE]
    said = await federated.plan(force=["siaga"])
    assert {one.room for one in of(said, RemoveMember) if one.user_id == BUDI} == {"siaga"}


async def test_without_the_file_of_agencies_nobody_is_put_out_and_no_door_is_shut(federated):
    await federated.apply()
    join(federated, "siaga", BUDI)
    (federated.folder / "instansi.yaml").unlink()
    plan = await federated.plan()
    assert any("sar.test (0 anggota)" in one and "tidak ada: kembalikan" in one for one in blocked(plan))
    assert any(BUDI in one and "--force siaga" in one for one in blocked(plan))
    assert not of(plan, RemoveMember)
    assert not [one for one in of(plan, SetState) if one.type == acl.TYPE]


async def test_a_removed_agencys_people_on_our_server_leave_closed_rooms_only(federated):
    await federated.apply()
    for room in ("instansi", "siaga", "nelayan"):
        join(federated, room, TITIP)
    federated.write(ROOMS, OFFICERS, AGENCIES.replace(', "@titip"', ""))
    plan = await federated.plan()
    assert {one.room for one in of(plan, RemoveMember)} == {"instansi", "siaga"}


async def test_a_server_with_people_in_the_room_is_not_shut_out_without_a_word(federated):
    """They came while the room had no ACL, or an open one: a citizen's server is no agency that was taken out."""
    await federated.apply()
    del federated.server.rooms[federated.recorded["ojol"]][acl.TYPE, ""]
    join(federated, "ojol", "@warga:warga.test", "@warga2:warga.test")
    plan = await federated.plan()
    assert any("warga.test (2 anggota)" in one and "--force ojol" in one for one in blocked(plan))
    assert not [one for one in of(plan, SetState, "ojol") if one.type == acl.TYPE]
    assert not of(plan, RemoveMember, "ojol")

    forced = await federated.plan(force=["ojol"])
    assert not blocked(forced)
    assert {one.user_id for one in of(forced, RemoveMember, "ojol")} == {"@warga:warga.test", "@warga2:warga.test"}
    assert not (await federated.apply(force=["ojol"])).failures
    assert here(federated, "ojol", acl.TYPE)["allow"] == [SERVER, "sar.test"]


async def test_nobody_as_powerful_as_we_is_kicked_and_the_door_waits(federated):
    federated.write("version: '11'\n" + ROOMS, OFFICERS, AGENCIES)
    await federated.apply()
    levels = here(federated, "nelayan", "m.room.power_levels")
    levels["users"]["@kawan:bpbd.test"] = 100
    join(federated, "nelayan", "@kawan:bpbd.test")
    federated.write("version: '11'\n" + ROOMS, OFFICERS, AGENCIES.replace("channels: [nelayan, siaga]", "channels: []"))
    plan = await federated.plan(dropped=["bpbd.test"])
    assert not of(plan, RemoveMember, "nelayan")
    assert any("@kawan:bpbd.test" in one and "--force nelayan" in one for one in blocked(plan))
    assert not [one for one in of(plan, SetState, "nelayan") if one.type == acl.TYPE]


async def test_somebody_who_came_after_the_survey_keeps_the_door_open(federated):
    """The second look, just before the event is sent."""
    await federated.apply()
    federated.write(ROOMS, OFFICERS, AGENCIES.replace("channels: [ojol, nelayan]", "channels: [nelayan]"))
    real = federated.server._write

    def late(method, parts, body):
        join(federated, "ojol", "@cepat:sar.test")
        return real(method, parts, body)

    federated.server._write = late
    federated.server.put(federated.recorded["ojol"], "m.room.name", "", {"name": "x"})
    federated.server.put(federated.recorded["space"], "m.room.name", "", {"name": "x"})  # something before it to write
    outcome = await federated.apply(dropped=["sar.test"])
    assert [(step.change.room, step.change.type) for step in outcome.failures] == [("ojol", acl.TYPE)]
    assert "sar.test" in here(federated, "ojol", acl.TYPE)["allow"]
    federated.server._write = real
    assert not (await federated.apply(dropped=["sar.test"])).failures
    assert here(federated, "ojol", acl.TYPE)["allow"] == [SERVER]


async def test_a_member_list_without_ourselves_is_not_believed(federated):
    await federated.apply()
    federated.write(ROOMS, OFFICERS, AGENCIES.replace("channels: [ojol, nelayan]", "channels: [nelayan]"))
    real = federated.server._get
    federated.server._get = lambda parts: {"joined": {}} if parts[-1] == "joined_members" else real(parts)
    outcome = await federated.apply()
    assert [(step.change.room, step.change.type) for step in outcome.failures] == [("ojol", acl.TYPE)]


async def test_a_ban_stays_a_ban(federated):
    await federated.apply()
    federated.server.put(federated.recorded["siaga"], "m.room.member", BUDI, {"membership": "ban"})
    federated.write(ROOMS, OFFICERS, "agencies: {}")
    await federated.apply()
    assert here(federated, "siaga", "m.room.member", BUDI) == {"membership": "ban"}


async def test_a_closed_room_that_people_look_after_by_hand_keeps_its_people(federated):
    federated.write(ROOMS.replace("join: agencies}", "join: agencies, invite_officers: false}"), OFFICERS, AGENCIES)
    await federated.apply()
    join(federated, "siaga", "@tamu:bpbd.test")
    plan = await federated.plan()
    assert not of(plan, RemoveMember)
    assert any("@tamu:bpbd.test" in remark.message for remark in plan.remarks)


async def test_a_room_made_open_that_should_be_closed_lets_nobody_else_in(federated):
    federated.server.make("!old", ME, alias=f"#ruang-kendali:{SERVER}")
    await federated.apply()
    assert federated.server.content("!old", acl.TYPE)["allow"] == [SERVER]
    assert any("tidak bisa diubah" in one for one in blocked(await federated.plan()))


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("channels: [nelayan, siaga]", "channels: [ruang-kendali]", "holds personal data and never leaves our server"),
        ("channels: [nelayan, siaga]", "channels: [nirwana]", "no channel 'nirwana'"),
        ("channels: [nelayan, siaga]", "channels: [instansi]", "no channel 'instansi'"),
        ('"@budi:bpbd.test"', '"@budi:lain.test"', "is on none of the agency's servers: add 'lain.test'"),
        ('"@titip"', '"@petugas"', "is an officer, too"),
        ('"@ani:sar.test"', '"@titip"', "already a liaison of 'bpbd'"),
        ("servers: [sar.test]", "servers: [10.0.0.7]", "is an IP address"),
        ("servers: [sar.test]", "servers: [jahat.test]", "is banned by 'ja*.test' in rooms.yaml"),
        ("servers: [sar.test]", 'servers: ["*.test"]', "servers.0"),
        ("power: 50", "power: 100", "power"),
    ],
)
def test_a_mistake_in_the_agencies_is_told_with_its_line(federated, old, new, what):
    federated.write(ROOMS + "banned_servers: ['ja*.test']\n", OFFICERS, AGENCIES.replace(old, new))
    with pytest.raises(ContentError) as caught:
        _ = federated.agencies
    assert any(what in str(one) for one in caught.value.problems)
    assert all("instansi.yaml:" in str(one) and one.line > 1 for one in caught.value.problems)


def test_a_channel_that_never_federates_is_no_agencys(federated):
    federated.write(ROOMS.replace("{title: Ojol}", "{title: Ojol, federate: false}"), OFFICERS, AGENCIES)
    with pytest.raises(ContentError, match="'ojol' has 'federate: false'"):
        _ = federated.agencies


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("{title: Instansi,", "{title: Instansi, join: public,", "needs 'join: invite'"),
        ("{title: Instansi,", "{title: Instansi, federate: false,", "take 'federate: false' out"),
        (
            "agencies:\n  instansi: {title: Instansi, power: {speak: 100, invite: 100}}\n",
            "",
            "needs the agencies' space",
        ),
        ("join: agencies}", "join: agencies, servers: any}", "'servers: any' is for channels open"),
        ("federate: false,", "federate: true,", "needs 'federate: false'"),
        ("{title: Posko,", "{title: Posko, power_of_liaisons: 100,", "power_of_liaisons"),
        ("{title: Posko,", "{title: Posko, retention: 0,", "retention"),
        ("{alias: kamtibmas,", "{alias: kamtibmas, join: agencies,", "'join: agencies' is for channels"),
        ("{alias: kamtibmas,", "{alias: kamtibmas, guide: Hai,", "only channels have a guide"),
    ],
)
def test_a_mistake_in_the_rooms_is_told_with_its_line(federated, old, new, what):
    federated.write(ROOMS.replace(old, new), OFFICERS, AGENCIES)
    with pytest.raises(ContentError) as caught:
        _ = federated.rooms
    assert any(what in str(one) and "rooms.yaml:" in str(one) for one in caught.value.problems), caught.value


def test_an_officer_of_another_server_gets_into_no_closed_room(federated):
    federated.write(ROOMS, OFFICERS.replace('"@petugas"', '"@petugas:polda.test"'), AGENCIES)
    from bot.rooms.loader import load_rooms

    with pytest.raises(ContentError) as caught:
        load_rooms(federated.folder, server_name=SERVER)
    [problem] = caught.value.problems
    assert "officers.yaml:5" in str(problem)
    assert "ruang-kendali must never leave ours" in str(problem)


def test_a_pattern_that_bans_ourselves_is_refused(federated):
    federated.write(ROOMS + "banned_servers: ['*.test']\n", OFFICERS, "agencies: {}")
    from bot.rooms.loader import load_rooms

    with pytest.raises(ContentError, match="would shut out our own server"):
        load_rooms(federated.folder, server_name=SERVER)


def test_who_speaks_for_an_agency(federated):
    agencies = federated.agencies
    assert agencies.of_liaison(BUDI, SERVER).key == "bpbd"
    assert agencies.of_liaison(TITIP, SERVER).key == "bpbd"
    assert agencies.of_liaison("@titip:lain.test", SERVER) is None
    assert [one.key for one in agencies.of_server("sar.test")] == ["sar"]
