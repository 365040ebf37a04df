"""Applying: twice is once, and a crash anywhere is made good by the next run."""

from __future__ import annotations

import pytest
from rooms_world import ME, SERVER, PowerCut

TOTAL_WRITES = 22


async def test_a_second_apply_changes_nothing(district):
    outcome = await district.apply()
    assert not outcome.failures
    assert district.server.creations == 4
    written = len(district.server.writes)

    again = await district.plan()
    assert again.changes == ()
    assert not again.blocked
    assert (await district.apply()).done == 0
    assert len(district.server.writes) == written


async def test_a_forgotten_database_changes_nothing_on_the_homeserver(district):
    await district.apply()
    written = len(district.server.writes)
    remembered, district.recorded = dict(district.recorded), {}
    outcome = await district.apply()
    assert not outcome.failures
    assert district.recorded == remembered
    assert len(district.server.writes) == written


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("writes", range(TOTAL_WRITES))
async def test_a_crash_after_any_write_is_made_good_by_the_next_run(district, kind, writes):
    setattr(district.server, kind, writes)
    with pytest.raises(PowerCut):
        await district.apply()
    setattr(district.server, kind, None)
    await district.apply()
    assert district.server.creations == 4
    assert set(district.recorded) == {"space", "ruang-kendali", "ojol", "nelayan"}
    assert (await district.plan()).changes == ()


async def test_the_crash_test_covers_every_write(district):
    await district.apply()
    assert len(district.server.writes) == TOTAL_WRITES


async def test_a_room_that_appears_between_survey_and_creation_gets_no_invites(district):
    """Somebody else may have taken the alias: officers must not be led into a stranger's room."""
    real = district.server._create

    def squat(body):
        if body["room_alias_name"] == "ruang-kendali":
            district.server.make("!theirs", f"@asing:{SERVER}", alias=f"#ruang-kendali:{SERVER}")
        return real(body)

    district.server._create = squat
    outcome = await district.apply()
    assert {step.change.room for step in outcome.failures} == {"ruang-kendali"}
    invited = [key for (type_, key) in district.server.rooms["!theirs"] if type_ == "m.room.member"]
    assert invited == [f"@asing:{SERVER}"]


async def test_an_alias_that_was_deleted_is_pointed_at_our_room_again(district):
    await district.apply()
    room_id = district.server.aliases.pop(f"#ojol:{SERVER}")
    outcome = await district.apply()
    assert outcome.done == 1
    assert district.server.aliases[f"#ojol:{SERVER}"] == room_id
    assert district.server.creations == 4


async def test_an_upgraded_room_is_followed_and_its_alias_moved(district):
    await district.apply()
    old = district.recorded["ojol"]
    district.server.make("!newer", ME)
    district.server.put(old, "m.room.tombstone", "", {"replacement_room": "!newer"})
    outcome = await district.apply()
    assert not outcome.failures
    assert district.server.aliases[f"#ojol:{SERVER}"] == "!newer"
    assert district.server.content("!newer", "m.room.encryption")["algorithm"] == "m.megolm.v1.aes-sha2"
    assert (await district.plan()).changes == ()


async def test_a_refused_change_is_reported_and_the_rest_goes_on(district):
    await district.apply()
    district.server.put(district.recorded["ojol"], "m.room.name", "", {"name": "Lain"})
    district.server.put(district.recorded["nelayan"], "m.room.name", "", {"name": "Lain"})
    from rooms_world import Refused

    real = district.server._write

    def refuse(method, parts, body):
        if parts[:2] == ["rooms", district.recorded["ojol"]]:
            raise Refused(403, "M_FORBIDDEN")
        return real(method, parts, body)

    district.server._write = refuse
    outcome = await district.apply()
    assert [step.change.room for step in outcome.failures] == ["ojol"]
    assert district.server.content(district.recorded["nelayan"], "m.room.name")["name"] == "Nelayan"
