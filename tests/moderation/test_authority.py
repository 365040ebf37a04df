"""Who may do what to whom: the files, the room's levels, and the bot's own power all have to say yes."""

from __future__ import annotations

from typing import Any

import pytest

from bot.moderation.authority import Why, judge, judge_target
from bot.moderation.rules import RoleRights, Rules
from bot.moderation.verbs import Right
from bot.rooms.found import FoundRoom
from bot.rooms.loader import load_rooms
from bot.rooms.model import Officer, Room

BOT, ANI, JOKO, VAULT = "@bot:x", "@ani:x", "@joko:x", "@vault:x"


@pytest.fixture(scope="module")
def room() -> Room:
    from pathlib import Path

    found = load_rooms(Path(__file__).parents[2] / "rooms").by_name("ojol")
    assert found is not None
    return found


def standing(users: dict[str, int], *, version: str = "12", maker: str = BOT, **more: Any) -> FoundRoom:
    create = {"room_version": version, "additional_creators": [VAULT]}
    levels = {"users": users, "kick": 50, "ban": 60, "redact": 40, "state_default": 100} | more
    members = {("m.room.member", one): {"membership": "join"} for one in (ANI, JOKO, BOT)}
    return FoundRoom(
        "!r", None, state={("m.room.create", ""): create, ("m.room.power_levels", ""): levels, **members},
        senders={("m.room.create", ""): maker},
    )  # fmt: skip


def officer(power: int = 50, rooms: tuple[str, ...] = ("all",), role: str = "petugas") -> Officer:
    return Officer(person="@ani", role=role, power=power, rooms=rooms)


@pytest.mark.parametrize(
    ("right", "power", "allowed"),
    [
        (Right.WARN, 50, True), (Right.MUTE, 50, True), (Right.MUTE, 49, False), (Right.KICK, 49, False),
        (Right.SLOW, 50, True), (Right.REDACT, 40, True), (Right.REDACT, 39, False), (Right.BAN, 59, False),
        (Right.BAN, 60, True), (Right.BAN_SERVER, 59, False), (Right.LOCK, 50, True),
    ],
)  # fmt: skip
def test_their_power_reaches_what_the_homeserver_asks_for_the_kin_act(
    room: Room, right: Right, power: int, allowed: bool
) -> None:
    refusal = judge(officer(100), ANI, right, Rules(), room, standing({ANI: power}), me=BOT)
    assert (refusal is None) is allowed
    assert allowed or (refusal is not None and refusal.why is Why.TOO_LITTLE)


@pytest.mark.parametrize(
    ("one", "found", "why"),
    [
        (None, standing({ANI: 100}), Why.NOT_AN_OFFICER),
        (officer(rooms=("nelayan",)), standing({ANI: 100}), Why.NOT_YOUR_ROOM),
        (officer(10), standing({ANI: 100}), Why.NOT_YOUR_RIGHT),
        (officer(), None, Why.ROOM_UNKNOWN),
        (officer(), standing({ANI: 100}, version="11", maker="@x:x"), Why.BOT_TOO_LITTLE),
        (officer(), standing({ANI: 100, BOT: 50}, version="11", maker="@x:x"), Why.BOT_TOO_LITTLE),
        (officer(), standing({ANI: 100, BOT: 100}, version="11", maker="@x:x"), None),
    ],
)
def test_files_room_and_bot_each_may_say_no(
    room: Room, one: Officer | None, found: FoundRoom | None, why: Why | None
) -> None:
    refusal = judge(one, ANI, Right.MUTE, Rules(), room, found, me=BOT)
    assert (refusal.why if refusal else None) is why


def test_who_is_not_in_the_room_has_no_power_there(room: Room) -> None:
    found = standing({"@budi:x": 100})
    refusal = judge(officer(), "@budi:x", Right.MUTE, Rules(), room, found, me=BOT)
    assert refusal is not None
    assert refusal.why is Why.NOT_INSIDE


@pytest.mark.parametrize(
    ("target", "users", "why"),
    [
        (JOKO, {ANI: 50}, None),
        (JOKO, {ANI: 50, JOKO: 49}, None),
        (JOKO, {ANI: 50, JOKO: 50}, Why.THEIRS_IS_HIGHER),
        (JOKO, {ANI: 50, JOKO: 90}, Why.THEIRS_IS_HIGHER),
        (VAULT, {ANI: 50}, Why.A_CREATOR),
        ("@liaison:y", {ANI: 50}, Why.A_LIAISON),
    ],
)
def test_nobody_whose_power_reaches_theirs_is_hit(
    room: Room, target: str, users: dict[str, int], why: Why | None
) -> None:
    def exempt(one: str) -> Why | None:
        return Why.A_LIAISON if one == "@liaison:y" else None

    refusal = judge_target(ANI, target, room, standing(users), exempt, me=BOT)
    assert (refusal.why if refusal else None) is why


def test_a_creator_of_the_room_may_order_whatever_the_levels_say(room: Room) -> None:
    found = standing({}, maker=ANI)
    assert judge(officer(), ANI, Right.MUTE, Rules(), room, found, me=VAULT) is None
    assert judge_target(ANI, JOKO, room, found, lambda _: None, me=VAULT) is None


def test_what_a_role_may_stands_in_the_file_and_else_in_its_power() -> None:
    rules = Rules(roles={"petugas": RoleRights(may=("tegur",)), "wakil": RoleRights(may=("semua",))})
    assert rules.rights("petugas", 100) == {Right.WARN}
    assert rules.rights("wakil", 0) == set(Right)
    assert rules.rights("lain", 100) == set(Right)
    assert Right.BAN not in rules.rights("lain", 50)
    assert rules.rights("lain", 49) == set()
