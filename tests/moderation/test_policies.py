"""Policy lists: globs, hostile rules, and rules that are never followed."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moderation.policies import (
    LONGEST,
    MOST_GLOBS,
    Around,
    Ignored,
    Kind,
    Refusal,
    Rule,
    hit_by,
    matches,
    read,
    weigh,
)

ME, OFFICER = "@kentongan:batang.test", "@ani:batang.test"
STRANGERS = frozenset(("@jahat:spam.example", "@iseng:spam.example", "@a:b.test:8448"))
MEMBERS = frozenset(f"@w{number}:batang.test" for number in range(97)) | STRANGERS


@dataclass(frozen=True)
class State:
    type: str
    content: dict[str, Any]
    state_key: str = "k"
    event_id: str | None = "$rule"
    extra: dict[str, Any] = field(default_factory=dict)


def rule(entity: Any, kind: str = "user", recommendation: Any = "m.ban", **content: Any) -> State:
    return State(f"m.policy.rule.{kind}", {"entity": entity, "recommendation": recommendation, **content})


def around(**values: Any) -> Around:
    base: dict[str, Any] = {
        "me": ME, "server": "batang.test", "guarded": frozenset((OFFICER, "@pos:bpbd.example")),
        "agencies": frozenset(("bpbd.example",)), "rooms": frozenset(("!ojol", "#ojol:batang.test")),
        "members": MEMBERS,
    }  # fmt: skip
    return Around(**{**base, **values})


names = st.text(alphabet="ab:.@", max_size=12)
globs = st.text(alphabet="ab:.@*?", max_size=8)


@given(globs, names)
def test_globs_mean_what_they_mean_to_everybody(glob: str, name: str) -> None:
    pattern = "".join(".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in glob)
    assert matches(glob, name) is (re.fullmatch(pattern, name, re.DOTALL) is not None)
    assert matches(glob, name) is fnmatch.fnmatchcase(name, glob)


@given(names)
def test_everything_is_meant_by_itself_and_by_a_star(name: str) -> None:
    assert matches(name.replace("*", "").replace("?", ""), name)
    assert matches("*", name)
    assert matches("*" * 50, name)


def test_a_glob_of_many_stars_keeps_nobody_busy() -> None:
    assert not matches("*a" * 127, "a" * 120 + "b" * 135)
    assert not matches("a*" * 100 + "c", "a" * 255)


@given(
    st.dictionaries(
        st.sampled_from(["entity", "recommendation", "reason"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=300), st.lists(st.text(max_size=3))),
    ),
    st.sampled_from(["user", "server", "room", "other"]),
)
def test_whatever_stands_in_a_list_can_be_read_and_weighed(content: dict[str, Any], kind: str) -> None:
    reading = read([State(f"m.policy.rule.{kind}", content)])
    weighed = weigh(reading.rules, around())
    assert set(weighed.bans) <= MEMBERS


@given(st.lists(st.tuples(st.sampled_from(["user", "server", "room"]), globs), max_size=12))
def test_no_rule_ever_bans_those_who_keep_order(entities: list[tuple[str, str]]) -> None:
    members = MEMBERS | {ME, OFFICER, "@pos:bpbd.example"}
    weighed = weigh(read([rule(entity, kind) for kind, entity in entities]).rules, around(members=members))
    assert {ME, OFFICER, "@pos:bpbd.example"}.isdisjoint(weighed.bans)
    assert len(weighed.bans) <= around(members=members).most
    assert not any(matches(entity, "batang.test") or matches(entity, "bpbd.example") for entity in weighed.servers)


@pytest.mark.parametrize(
    ("state", "ignored"),
    [
        (rule(5), Ignored.MALFORMED),
        (rule("@a:b", recommendation=None), Ignored.MALFORMED),
        (rule("x" * (LONGEST + 1)), Ignored.MALFORMED),
        (rule("*"), Ignored.MALFORMED),
        (rule("@*:*"), Ignored.MALFORMED),
        (rule("@a b:c"), Ignored.MALFORMED),
        (rule("@a\u202e:c"), Ignored.MALFORMED),
        (rule("jahat"), Ignored.MALFORMED),
        (rule("*.*", "server"), Ignored.MALFORMED),
        (rule("@a:b", recommendation="org.example.mute"), Ignored.OTHER),
    ],
)
def test_what_is_no_proper_rule_is_counted_and_nothing_else(state: State, ignored: Ignored) -> None:
    reading = read([state, rule("@jahat:spam.example")])
    assert reading.ignored == {ignored: 1}
    assert [one.entity for one in reading.rules] == ["@jahat:spam.example"]


def test_a_rule_that_was_taken_back_is_none() -> None:
    assert read([State("m.policy.rule.user", {})]) == read([])


def test_both_names_of_a_ban_count_and_case_does_not() -> None:
    reading = read([rule("@JAHAT:Spam.example", recommendation="org.matrix.mjolnir.ban", reason="x" * 999)])
    assert set(weigh(reading.rules, around()).bans) == {"@jahat:spam.example"}
    assert len(reading.rules[0].reason) == 200


def test_a_list_of_endless_globs_is_read_up_to_a_bound() -> None:
    reading = read([rule(f"@a{n}*:x.example") for n in range(MOST_GLOBS + 7)])
    assert (len(reading.rules), reading.ignored) == (MOST_GLOBS, {Ignored.TOO_MANY: 7})


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (rule("@kentongan:*"), Refusal.OURSELVES),
        (rule("batang.test", "server"), Refusal.OURSELVES),
        (rule("*.test", "server"), Refusal.OURSELVES),
        (rule("@a*:batang.test"), Refusal.OFFICER),
        (rule("@pos:bpbd.example"), Refusal.OFFICER),
        (rule("*.example", "server"), Refusal.AGENCY),
        (rule("#ojol:batang.test", "room"), Refusal.OUR_ROOM),
        (rule("@w*:batang.test"), Refusal.TOO_MANY),
    ],
)
def test_rules_against_ourselves_officers_agencies_or_too_many_are_refused_and_named(
    state: State, why: Refusal
) -> None:
    weighed = weigh(read([state]).rules, around())
    assert [one for _, one in weighed.refused] == [why]
    assert (weighed.bans, weighed.servers) == ({}, {})


def test_many_small_rules_together_are_too_many() -> None:
    weighed = weigh(read([rule(f"@w{n}:batang.test") for n in range(6)]).rules, around())
    assert weighed.halted
    assert weighed.bans == {}


def test_servers_are_proposed_with_who_of_us_is_there() -> None:
    rules = read([rule(name, "server") for name in ("spam.example", "b.test", "weg.example")]).rules
    weighed = weigh(rules, around())
    assert weighed.servers == {
        "spam.example": ("@iseng:spam.example", "@jahat:spam.example"), "b.test": ("@a:b.test:8448",),
        "weg.example": (),
    }  # fmt: skip
    assert weighed.bans == {}


def test_a_newcomer_is_compared_with_every_user_rule() -> None:
    rules = [Rule(Kind.SERVER, "*"), Rule(Kind.USER, "@x*:spam.example")]
    assert hit_by("@XYZ:spam.example", rules) == rules[1]
    assert hit_by("@y:spam.example", rules) is None
