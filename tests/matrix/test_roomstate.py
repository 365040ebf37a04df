"""Who is in a room, read from syncs as Synapse gives them."""

from __future__ import annotations

from typing import Any

import pytest
from nio import AsyncClient

from bot.matrix.roomstate import RoomStates

ME, HOST, THIRD = "@bot:ours.test", "@posko:theirs.test", "@orang:theirs.test"


@pytest.fixture
def rooms() -> RoomStates:
    client = AsyncClient("http://localhost")
    client.user_id = ME
    return RoomStates(client)


def member(user: str, membership: str, before: str | None = None) -> dict[str, Any]:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    return {
        "type": "m.room.member", "state_key": user, "sender": user, "event_id": f"${user}{membership}",
        "origin_server_ts": 1, "content": {"membership": membership}, "unsigned": unsigned,
    }  # fmt: skip


def test_what_was_said_before_our_join_over_federation_was_said_in_a_room_of_two(rooms: RoomStates) -> None:
    """The state leaves us out, since our join is the timeline's first event."""
    room = rooms.joined("!dm")
    rooms.apply(room, member(HOST, "join"))
    timeline = [member(ME, "join", "invite")]
    assert rooms.direct_before(room, timeline)
    for raw in timeline:
        rooms.apply(room, raw)
    assert rooms.direct(room)


@pytest.mark.parametrize(("before", "direct"), [("join", False), ("invite", False), ("leave", True), (None, True)])
def test_a_third_persons_event_at_the_start_of_a_timeline_counts_as_they_were_before_it(
    rooms: RoomStates, before: str | None, direct: bool
) -> None:
    room = rooms.joined("!dm")
    for user in (ME, HOST):
        rooms.apply(room, member(user, "join"))
    assert rooms.direct_before(room, [member(THIRD, "join", before)]) is direct


@pytest.mark.parametrize("timeline", [[], ["no event"], [{"type": "m.room.member"}], [{"unsigned": 5, "type": []}]])
def test_a_timeline_that_begins_with_anything_else_changes_nothing(rooms: RoomStates, timeline: list[Any]) -> None:
    room = rooms.joined("!dm")
    for user in (ME, HOST):
        rooms.apply(room, member(user, "join"))
    assert rooms.direct_before(room, timeline)


def test_a_new_room_is_there_for_the_sender_only_when_its_timeline_is_read(rooms: RoomStates) -> None:
    """Its members may all stand in the timeline: a message that went before would be encrypted for nobody."""
    room = rooms.joined("!young")
    assert rooms.joined("!young") is room
    assert "!young" not in rooms._client.rooms
    rooms.entered("!young")
    assert rooms._client.rooms["!young"] is room
    assert rooms.joined("!young") is room
    rooms.left("!young")
    assert "!young" not in rooms._client.rooms
    assert rooms.joined("!young") is not room
