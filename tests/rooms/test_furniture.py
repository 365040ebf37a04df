"""A room's picture, how long servers keep its messages, and what of a plan is carried out."""

from __future__ import annotations

import hashlib

import pytest
from rooms_world import OFFICERS, ROOMS

from bot.problem import ContentError
from bot.rooms.change import SetAvatar

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
PICTURED = ROOMS.replace("{title: Ojol,", "{title: Ojol, avatar: ojol.png,")


@pytest.fixture
def pictured(district):
    (district.folder / "ojol.png").write_bytes(PNG)
    district.write(PICTURED, OFFICERS)
    return district


async def test_a_picture_is_sent_once_and_again_when_it_changes(pictured):
    await pictured.apply()
    room = pictured.recorded["ojol"]
    content = pictured.server.content(room, "m.room.avatar")
    assert content["url"].startswith("mxc://")
    assert content["info"] == {"mimetype": "image/png", "size": len(PNG)}
    assert pictured.server.uploads == [PNG]
    assert (await pictured.plan()).changes == ()
    assert (await pictured.apply()).done == 0

    (pictured.folder / "ojol.png").write_bytes(PNG + b"1")
    await pictured.apply()
    assert pictured.server.uploads == [PNG, PNG + b"1"]
    digest = pictured.server.content(room, "m.room.avatar")["id.kentongan.sha256"]
    assert digest == hashlib.sha256(PNG + b"1").hexdigest()


async def test_a_picture_hung_up_by_somebody_else_gives_way_to_ours(pictured):
    await pictured.apply()
    pictured.server.put(pictured.recorded["ojol"], "m.room.avatar", "", {"url": "mxc://x/y"})
    assert [type(change) for change in (await pictured.plan()).changes] == [SetAvatar]


async def test_a_picture_that_changed_since_the_plan_waits_for_the_next(pictured):
    real = pictured.server._write

    def paint(method, parts, body):
        (pictured.folder / "ojol.png").write_bytes(PNG + b"2")
        return real(method, parts, body)

    pictured.server._write = paint
    outcome = await pictured.apply()
    assert [type(step.change) for step in outcome.failures] == [SetAvatar]
    assert pictured.server.uploads == []


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("ada.png", None, "cannot be read"),
        ("../ada.png", PNG, "outside of this folder"),
        ("ada.png", b"<svg/>", "is no PNG and no JPEG"),
        ("ada.png", PNG + b"0" * 1_000_000, "more than 1000000"),
    ],
)
def test_a_picture_that_will_not_do_is_told_with_its_line(district, name, data, what):
    if data is not None:
        (district.folder / name).resolve().write_bytes(data)
    district.write(ROOMS.replace("{title: Ojol,", f"{{title: Ojol, avatar: {name},"), OFFICERS)
    with pytest.raises(ContentError) as caught:
        _ = district.rooms
    [problem] = caught.value.problems
    assert what in problem.message
    assert problem.line > 1


async def test_servers_are_told_how_long_to_keep_messages(district):
    district.write(ROOMS.replace("{title: Ojol,", "{title: Ojol, retention: 90,"), OFFICERS)
    await district.apply()
    retention = district.server.content(district.recorded["ojol"], "m.room.retention")
    assert retention == {"max_lifetime": 90 * 86_400_000}
    assert ("m.room.retention", "") not in district.server.rooms[district.recorded["nelayan"]]


async def test_one_room_alone_is_made(district):
    waiting = await district.apply(only=["ojol"])
    assert waiting.failures, "it stands in the space, which is not there yet"
    assert "menunggu ruang space" in waiting.failures[0].error
    await district.apply(only=["space", "ojol"])
    assert set(district.recorded) == {"space", "ojol"}
    plan = await district.plan()
    assert {change.room for change in plan.changes} == {"space", "ruang-kendali", "nelayan"}
    await district.apply(only=["nelayan"])
    children = [key for type_, key in district.server.rooms[district.recorded["space"]] if type_ == "m.space.child"]
    assert children == [district.recorded["ojol"], district.recorded["nelayan"]], "a room is shown once it is made"


async def test_a_plan_says_who_will_stand_above_everybody_for_ever(district):
    first = str((await district.plan()).changes[0])
    assert "PERMANEN di atas semua kuasa bersama bot: @brankas:batang.test" in first
