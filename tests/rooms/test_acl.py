"""Which servers an m.room.server_acl lets in, and what must never be sent."""

from __future__ import annotations

import fnmatch
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.rooms import acl

SERVERS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z]{2,6}){0,2}(:[0-9]{2,5})?", fullmatch=True).filter(
    lambda one: not acl.is_ip_literal(one)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["allow", "deny", "content", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
CONTENT = st.dictionaries(st.sampled_from(["allow", "deny", "allow_ip_literals", "content"]), JSON, max_size=4)
OWN = "batang.test"


@given(SERVERS, st.sets(SERVERS, max_size=5), SERVERS)
def test_exactly_the_named_servers_are_let_in(own, named, server):
    content = acl.only(own, named)
    assert acl.keeps_us(content, own)
    assert all(acl.permits(content, one) for one in named - {own})
    hosts = {acl.host(one) for one in {own, *named}} if named - {own} else {own}
    assert acl.permits(content, server) == (acl.host(server) in hosts)
    assert acl.fault(content, own) is None


@given(st.sets(st.text(alphabet="ab.*?", min_size=1, max_size=6), max_size=4), SERVERS)
def test_a_room_open_to_everybody_shuts_out_the_banned_alone(banned, server):
    content = acl.all_but(banned)
    assert acl.permits(content, server) == (not any(acl.matches(one, acl.host(server)) for one in banned))


def test_a_neighbour_on_our_host_stays_out_of_a_room_that_is_ours_alone():
    content = acl.only("localhost:8201")
    assert acl.keeps_us(content, "localhost:8201")
    assert not acl.permits(content, "localhost:8202")


def test_a_server_of_ours_on_a_port_is_known_to_the_others_by_its_host():
    """They look at the name without its port: written with it alone, they would refuse everything from us."""
    content = acl.only("polres.test:8450", ["bpbd.test"])
    assert content["allow"] == ["bpbd.test", "polres.test", "polres.test:8450"]
    assert acl.fault({**content, "allow": ["bpbd.test", "polres.test:8450"]}, "polres.test:8450")
    assert acl.fault({**content, "allow": ["bpbd.test", "polres.test"]}, "polres.test:8450")


@given(st.text(alphabet="ab.*?-", max_size=8), st.text(alphabet="ab.-", max_size=8))
def test_patterns_mean_what_the_specification_says(pattern, server):
    assert acl.matches(pattern, server) == (re.fullmatch(fnmatch.translate(pattern), server) is not None)


def test_case_means_nothing_and_a_port_is_no_part_of_a_guests_name():
    content = acl.only(OWN, ["Bpbd.test", "damkar.test:8448"])
    for server in ("bpbd.TEST", "bpbd.test:8448", "damkar.test", "damkar.test:8448"):
        assert acl.permits(content, server)
    assert not acl.permits(content, "bpbd.test.jahat.test")


def test_a_banned_server_is_shut_out_by_its_host():
    for content in (acl.only(OWN, ["bpbd.test"], ["bpbd.test:8448"]), acl.all_but(["bpbd.test:8448"])):
        assert content["deny"] == ["bpbd.test", "bpbd.test:8448"]
        assert not acl.permits(content, "bpbd.test:8448")


def test_addresses_are_no_names():
    for server in ("10.0.0.1", "10.0.0.1:8448", "[::1]", "[::1]:8448"):
        assert not acl.permits(acl.all_but([]), server)
    assert acl.permits({"allow": ["*"]}, "10.0.0.1"), "unless the event allows them, which is the default"


def test_a_pattern_of_many_stars_comes_to_an_end():
    """Tried in every way there is, it would not within the age of the universe."""
    assert not acl.matches("*a" * 100 + "b", "a" * 230)


@given(CONTENT)
def test_nothing_is_sent_that_would_shut_ourselves_out(content):
    if acl.fault(content, OWN) is None:
        assert acl.permits(content, OWN)
        assert content["allow"]
        assert "content" not in content


@given(CONTENT)
def test_content_wrapped_once_too_often_is_never_sent(content):
    """synapse#5468: read as an ACL it has no `allow`, so it lets nobody in, for ever."""
    assert acl.fault({"content": content}, OWN)
    assert acl.fault({"content": acl.only(OWN)}, OWN)
    assert acl.fault({**acl.only(OWN), "content": content}, OWN)


@given(CONTENT, st.lists(SERVERS, max_size=4))
def test_any_content_of_a_room_can_be_judged(content, servers):
    before = acl.shut_out(content, acl.only(OWN), servers)
    assert set(before) <= set(servers)
    assert OWN not in acl.shut_out(None, acl.only(OWN), [*servers, OWN])
    assert acl.same(content, acl.only(OWN)) in (True, False)
    assert all(isinstance(one, str) for one in acl.named(content))


def test_the_order_of_names_makes_no_difference():
    found = {"allow": ["b.test", "a.test"], "deny": [], "allow_ip_literals": False}
    assert acl.same(found, acl.only("a.test", ["b.test"]))
    assert not acl.same({**found, "allow_ip_literals": True}, acl.only("a.test", ["b.test"]))
    assert not acl.same({**found, "deny": ["a.test"]}, acl.only("a.test", ["b.test"]))
    assert not acl.same(None, acl.only("a.test"))
