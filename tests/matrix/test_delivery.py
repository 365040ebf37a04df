"""Membership and state that the outbox asks for: what stands so already is not asked of the homeserver again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.api import ApiError
from bot.matrix.delivery import Delivery, Refused, merged
from bot.outgoing import Action
from bot.store.outbox import Row

POWER = {"users": {"@bot:x": 100, "@ani:x": 50}, "events_default": 0}


class Server:
    """State by its path; what was written or asked for stands in `done`."""

    def __init__(self, **state: dict[str, Any]) -> None:
        self.state = {f"/state/{name}": content for name, content in state.items()}
        self.done: list[tuple[str, Any]] = []

    async def request(self, method: str, path: str, body: Any = None, *, wait: bool = True) -> dict[str, Any]:
        where = unquote(path).split("!r", 1)[1]
        if method != "GET":
            self.done.append((where, body))
            return {"event_id": "$new"} if method == "PUT" else {}
        if where not in self.state:
            raise ApiError(404, "M_NOT_FOUND", "", {"errcode": "M_NOT_FOUND"})
        return self.state[where]


async def carry(server: Server, action: Action, content: dict[str, Any], type: str = "m.room.message") -> Any:
    session: Any = SimpleNamespace(client=None, api=server)
    unused: Any = None
    delivery = Delivery(session, unused, unused, device_since=0)
    row = Row(
        id=1, key="k", txn_id="t", room_id="!r", action=action, type=type, content=content, upload=None,
        priority=1, created_at=0, attempts=0,
    )  # fmt: skip
    return await delivery.carry_out(row, content, 0)


async def test_a_mute_changes_one_persons_power_and_leaves_the_rest_as_it_stands() -> None:
    server = Server(**{"m.room.power_levels/": POWER})
    content = {"state_key": "", "merge": {"users": {"@warga:x": -1}}}
    assert await carry(server, Action.STATE, content, "m.room.power_levels") == "$new"
    muted = {"users": {"@bot:x": 100, "@ani:x": 50, "@warga:x": -1}, "events_default": 0}
    assert server.done == [("/state/m.room.power_levels/", muted)]


async def test_state_that_stands_so_already_is_not_written_again() -> None:
    server = Server(**{"m.room.power_levels/": POWER})
    content = {"state_key": "", "merge": {"users": {"@ani:x": 50, "@gone:x": None}}}
    assert await carry(server, Action.STATE, content, "m.room.power_levels") is None
    assert await carry(server, Action.STATE, {"state_key": "", "set": POWER}, "m.room.power_levels") is None
    assert server.done == []


async def test_a_rule_is_taken_away_by_emptying_it_and_one_that_never_was_is_left_alone() -> None:
    server = Server(**{"m.policy.rule.user/a": {"entity": "@x:y"}})
    assert await carry(server, Action.STATE, {"state_key": "a", "set": {}}, "m.policy.rule.user") == "$new"
    assert await carry(server, Action.STATE, {"state_key": "b", "set": {}}, "m.policy.rule.user") is None
    assert server.done == [("/state/m.policy.rule.user/a", {})]


@pytest.mark.parametrize(
    ("action", "membership", "asked"),
    [
        (Action.KICK, "join", True),
        (Action.KICK, "invite", True),
        (Action.KICK, "leave", False),
        (Action.KICK, None, False),
        (Action.BAN, "join", True),
        (Action.BAN, "leave", True),
        (Action.BAN, None, True),
        (Action.BAN, "ban", False),
        (Action.UNBAN, "ban", True),
        (Action.UNBAN, "join", False),
        (Action.UNBAN, None, False),
        (Action.INVITE, "leave", True),
        (Action.INVITE, "ban", False),
    ],
)
async def test_membership_is_changed_only_where_it_is_another(
    action: Action, membership: str | None, asked: bool
) -> None:
    there = {} if membership is None else {"m.room.member/@a:x": {"membership": membership}}
    server = Server(**there)
    await carry(server, action, {"user_id": "@a:x", "reason": "mengganggu"})
    assert server.done == ([(f"/{action}", {"user_id": "@a:x", "reason": "mengganggu"})] if asked else [])


async def test_a_homeserver_that_does_not_let_us_look_refuses_the_act() -> None:
    class Closed(Server):
        async def request(self, method: str, path: str, body: Any = None, *, wait: bool = True) -> dict[str, Any]:
            raise ApiError(403, "M_FORBIDDEN", "", {"errcode": "M_FORBIDDEN"})

    with pytest.raises(Refused):
        await carry(Closed(), Action.KICK, {"user_id": "@a:x"})


_JSON = st.recursive(
    st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3)
)


@given(st.dictionaries(st.text(max_size=2), _JSON), st.dictionaries(st.text(max_size=2), _JSON))
def test_merging_twice_changes_nothing_more_and_loses_no_other_key(before: Any, changes: Any) -> None:
    once = merged(before, changes)
    assert merged(once, changes) == once
    assert {key: once[key] for key in before.keys() - changes.keys()} == {
        key: before[key] for key in before.keys() - changes.keys()
    }
