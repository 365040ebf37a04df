from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Config, load_config
from bot.event import IncomingEvent, Kind
from bot.matrix.invites import decide, parse, server_of
from bot.outgoing import Action

ME = "@bot:batang.test"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    home = {"url": "http://x", "user_id": ME, "allowed_servers": ["bpbd.test:8448"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"homeserver": home}))
    return load_config(tmp_path / "config.yaml", {})


def invite(sender: str, **more: Any) -> dict[str, Any]:
    return {"type": "m.room.member", "state_key": ME, "sender": sender, "content": {"membership": "invite"}, **more}


@pytest.mark.parametrize(
    ("sender", "action"),
    [
        ("@a:batang.test", Action.JOIN),
        ("@a:bpbd.test:8448", Action.JOIN),
        ("@a:bpbd.test", Action.LEAVE),
        ("@a:evil.test", Action.LEAVE),
        ("@a:batang.test.evil.test", Action.LEAVE),
        ("batang.test", Action.LEAVE),
        ("", Action.LEAVE),
    ],
)
def test_the_inviters_server_decides(config: Config, sender: str, action: Action) -> None:
    event = IncomingEvent("$e", "!v12roomwithoutserver", sender, Kind.INVITE, 0)
    assert decide(config, event) is action


def test_only_an_invite_to_us_is_one() -> None:
    for other in (
        invite("@a:b", state_key="@other:b"),
        invite("@a:b", content={"membership": "join"}),
        invite("@a:b", type="m.room.name"),
        invite(""),
        "no event",
    ):
        assert parse("!r", [other], ME, "s1") is None
    found = parse("!r", ["junk", invite("@a:b"), {"type": "m.room.encryption", "content": {}}], ME, "s1")
    assert found is not None
    assert (found.kind, found.sender, found.room_id, found.encrypted_room) == (Kind.INVITE, "@a:b", "!r", True)
    assert found.content["inviter_server"] == "b"


def test_an_invite_without_an_id_is_the_same_row_when_told_twice_and_another_later() -> None:
    ids = [getattr(parse("!r", [invite("@a:b")], ME, batch), "event_id", "") for batch in ("s1", "s1", "s2")]
    assert not any("@a:b" in one for one in ids)  # it stands in the audit for good
    assert ids[0] == ids[1] != ids[2]


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["type", "content", "sender", "state_key"]), x),
        max_leaves=12,
    )
)
def test_no_stripped_state_raises(state: Any) -> None:
    parse("!r", state, ME, "s")


def test_server_of() -> None:
    assert server_of("@a:[::1]:8448") == "[::1]:8448"
