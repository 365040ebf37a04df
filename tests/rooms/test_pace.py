"""How long the rest of a plan will take: guessed from what the homeserver has shown."""

from __future__ import annotations

from bot.cli.roombar import spoken
from bot.rooms.change import CreateRoom, Invite
from bot.rooms.pace import Pace, slow_at_worst

ROOM, INVITE = CreateRoom("a", "#a:b", {}), Invite("a", "@a:b")


def test_before_anything_is_known_nothing_is_promised():
    assert Pace().left([ROOM]) is None


def test_while_nobody_waits_the_rest_goes_on_as_it_went():
    pace = Pace()
    pace.took(ROOM, 1)
    pace.took(ROOM, 3)
    assert pace.left([ROOM, ROOM]) == 4
    assert pace.left([INVITE]) == 2


def test_once_the_homeserver_asks_for_a_pause_each_further_room_costs_one():
    pace = Pace()
    pace.took(ROOM, 1)
    pace.waits(ROOM, 60)
    assert pace.left([ROOM] * 5) == 300
    assert pace.left([INVITE]) == 1, "that it makes rooms slowly says nothing of invites"


def test_the_usual_limit_is_told_before_it_bites():
    assert slow_at_worst([ROOM] * 10 + [INVITE] * 90) == 0
    assert slow_at_worst([ROOM] * 13) == 3 * 62


def test_times_are_said_as_people_say_them():
    assert [spoken(one) for one in (0.2, 59, 300, 9000)] == ["1 detik", "59 detik", "5 menit", "2,5 jam"]
