"""Updates and cancels: which message of an alert's life holds."""

from __future__ import annotations

import itertools

import pytest
from outside_world import MORNING, REGION, alert

from bot.bulletins.alerts import in_force
from bot.feeds.cap import parse_alert

REFERS = "x@example.invalid,{},2026-12-01T06:00:00+07:00"


def holding(*raw: bytes) -> set[str]:
    """Identifiers in force, whatever the order they come in."""
    parsed = [parse_alert(one) for one in raw]
    found = [
        {one.alert.identifier for one in in_force(order, REGION, "who", MORNING)}
        for order in itertools.permutations(parsed)
    ]
    assert all(one == found[0] for one in found)
    return found[0]


def update(identifier: str, *refers: str, **changes: str) -> bytes:
    references = " ".join(REFERS.format(one) for one in refers)
    return alert(identifier, references=references, **{"msgType": "Update", **changes})


def test_an_update_stands_in_the_place_of_what_it_updates() -> None:
    assert holding(alert("a"), update("b", "a")) == {"b"}


def test_of_a_chain_the_last_holds() -> None:
    assert holding(alert("a"), update("b", "a"), update("c", "b")) == {"c"}


def test_a_cancel_ends_what_it_refers_to_and_nothing_else() -> None:
    assert holding(alert("a"), alert("d"), update("c", "a", msgType="Cancel")) == {"d"}


def test_an_update_that_is_over_or_speaks_of_elsewhere_still_replaces() -> None:
    assert holding(alert("a"), update("b", "a", expires="2026-12-01T06:00:00+07:00")) == set()
    assert holding(alert("a"), update("b", "a", description="Kab. Kendal: Weleri")) == set()


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft"])
def test_a_drill_takes_back_no_real_warning(status: str) -> None:
    assert holding(alert("a"), update("b", "a", msgType="Cancel", status=status)) == {"a"}


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_what_is_not_for_everybody_is_told_to_nobody_by_a_bulletin(scope: str) -> None:
    assert holding(alert("a", scope="Public")) == {"a"}
    assert holding(alert("a", scope=scope)) == set()


def test_what_may_be_about_somebody_else_waits_for_an_officer() -> None:
    assert holding(alert("a", description="hujan lebat di Wonotunggal dan Blado")) == set()


def test_nobody_takes_back_what_another_sent() -> None:
    assert holding(alert("a"), update("c", "a", msgType="Cancel", sender="y@example.invalid")) == {"a"}


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "Restricted"},
        {"description": "hujan lebat di Wonotunggal dan Blado"},
        {"sent": "2026-12-01T09:00:00+07:00"},
    ],
    ids=["not for everybody", "maybe about somebody else", "from the future"],
)
def test_what_has_to_wait_for_an_officer_silences_nothing(changes: dict[str, str]) -> None:
    assert holding(alert("a"), update("b", "a", **changes)) == {"a"}


def test_two_that_refer_to_each_other_are_both_gone() -> None:
    assert holding(update("a", "b"), update("b", "a")) == set()


def test_the_gravest_comes_first_and_then_the_one_that_is_over_first() -> None:
    raw = [
        alert("late", expires="2026-12-01T20:00:00+07:00"),
        alert("soon", expires="2026-12-01T09:00:00+07:00"),
        alert("grave", severity="Extreme"),
        alert("odd", severity="Unheard"),
    ]
    found = in_force([parse_alert(one) for one in raw], REGION, "who", MORNING)
    assert [one.alert.identifier for one in found] == ["grave", "soon", "late", "odd"]
