from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rooms.power import CREATOR, needed, needed_to_send, power_of

V12 = {"sender": "@founder:x", "content": {"room_version": "12", "additional_creators": ["@second:x", 7]}}
V11 = {"sender": "@founder:x", "content": {"room_version": "11"}}


@pytest.mark.parametrize(
    ("user", "create", "levels", "power"),
    [
        ("@founder:x", V12, {"users": {"@state:x": 100}}, CREATOR),
        ("@second:x", V12, {"users": {}}, CREATOR),
        ("@state:x", V12, {"users": {"@state:x": 100}}, 100),
        ("@guest:x", V12, {"users": {}, "users_default": 5}, 5),
        ("@founder:x", V11, {"users": {}}, 0),
        ("@founder:x", V11, None, 100),
        ("@guest:x", V11, None, 0),
        ("@old:x", {"content": {"creator": "@old:x"}}, None, 100),
        ("@a:x", V11, {"users": {"@a:x": "50"}}, 50),
        ("@a:x", V11, {"users": {"@a:x": True}}, 0),
        ("@a:x", V11, {"users": ["@a:x"], "users_default": None}, 0),
        ("@a:x", None, {}, 0),
    ],
)
def test_effective_power(user: str, create: Any, levels: Any, power: int) -> None:
    assert power_of(user, create, levels) == power


def test_a_version_that_only_looks_new_has_no_endless_creators() -> None:
    assert power_of("@f:x", {"sender": "@f:x", "content": {"room_version": "id.example.99"}}, {}) == 0
    assert power_of("@f:x", {"sender": "@f:x", "content": {"room_version": "١٢"}}, {}) == 0


def test_what_actions_take() -> None:
    assert needed({"ban": "75"}, "ban") == 75
    assert needed({}, "kick") == 50
    assert needed_to_send({"events": {"m.room.name": 60}, "state_default": 80}, "m.room.topic", state=True) == 80
    assert needed_to_send(None, "m.room.message") == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["users", "@a:x", "content"]), inner),
    max_leaves=10,
)


@given(
    create=st.none() | st.dictionaries(st.sampled_from(["content", "sender"]), JSON),
    levels=st.dictionaries(st.sampled_from(["users", "users_default", "events"]), JSON),
)
def test_no_power_levels_raise(create: Any, levels: Any) -> None:
    assert isinstance(power_of("@a:x", create, levels), int)
    assert isinstance(needed_to_send(levels, "m.room.message"), int)
