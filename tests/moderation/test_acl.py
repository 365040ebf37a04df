"""Lists of servers: ours is never shut out, and no glob keeps anybody busy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moderation.acl import acl_with_denied, acl_without_denied, covers
from bot.rooms import acl


def test_a_room_without_a_list_is_open_and_then_open_but_for_one() -> None:
    assert acl_with_denied(None, ["jahat.example"]) == {
        "allow": ["*"], "deny": ["jahat.example"], "allow_ip_literals": False,
    }  # fmt: skip


def test_what_stood_there_stays() -> None:
    current = {"allow": ["kita.test", "bpbd.example"], "deny": ["a.b"], "allow_ip_literals": False}
    after = acl_with_denied(current, ["c.d", "a.b"])
    assert after == {**current, "deny": ["a.b", "c.d"]}
    assert acl_without_denied(after, ["c.d"]) == current


def test_a_server_on_a_port_is_denied_by_its_host_which_is_what_homeservers_ask_for() -> None:
    before = {"allow": ["kita.test", "bpbd.test"], "deny": [], "allow_ip_literals": False}
    after = acl_with_denied(before, ["bpbd.test:8448"])
    assert after["deny"] == ["bpbd.test", "bpbd.test:8448"]
    assert not acl.permits(after, "bpbd.test:8448")
    assert acl_without_denied(after, ["bpbd.test:8448"]) == before
    assert acl.fault(acl_with_denied(None, ["kita.test:8449"]), "kita.test:8448"), "a neighbour on our own host"


@pytest.mark.parametrize("glob", ["*", "kita.*", "*.test", "KITA.test", "kita.tes?"])
def test_a_list_that_shuts_ours_out_is_at_fault(glob: str) -> None:
    assert covers(glob, "kita.test")
    assert acl.fault(acl_with_denied(None, [glob]), "kita.test") is not None
    assert acl.fault(acl_with_denied(None, ["lain.test"]), "kita.test") is None


def test_a_port_hides_nobody() -> None:
    assert covers("localhost", "localhost:8201")
    assert covers("localhost:8201", "localhost:8201")
    assert not covers("localhost:8202", "localhost:8201")


def test_a_glob_of_many_stars_is_answered_at_once() -> None:
    assert not covers("*a" * 100 + "b", "a" * 250)


@given(st.text(alphabet="ab*?.", max_size=12), st.text(alphabet="ab.", max_size=12))
def test_globs_mean_what_they_mean_elsewhere(glob: str, name: str) -> None:
    from fnmatch import fnmatchcase

    assert covers(glob, name) == fnmatchcase(name, glob)


NAMES = st.text(alphabet="ab.*", max_size=6)


@given(
    st.dictionaries(
        st.sampled_from(["allow", "deny", "allow_ip_literals", "x"]), st.none() | st.lists(NAMES | st.none())
    )
)
def test_whatever_stands_there_a_sound_list_comes_out(current: dict[str, object]) -> None:
    after = acl_with_denied(current, ["jahat.example"])
    assert "jahat.example" in after["deny"]
    assert all(isinstance(one, str) for one in (*after["allow"], *after["deny"]))
    assert isinstance(after["allow_ip_literals"], bool)
