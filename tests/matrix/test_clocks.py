"""Whose clock counts: ages are never negative, an alarm is never kept quiet by a clock that is off."""

from __future__ import annotations

import pytest

from bot.matrix.clocks import Clocks

HOUR = 3_600_000
NOW = 1_800_000_000_000
BORN = NOW - 1000 * HOUR
OURS, THEIRS = "ours.test", "theirs.test"


@pytest.fixture
def clocks() -> Clocks:
    return Clocks(OURS)


def believed(clocks: Clocks, claim: int, *, server: str = THEIRS, now: int = NOW, live: bool = True) -> int:
    return clocks.believed(server, claim, now=now, born=BORN, live=live)


@pytest.mark.parametrize("claim", [NOW + 1, NOW + 9 * HOUR, 2**53 - 1, 0, BORN - 1])
@pytest.mark.parametrize("server", [OURS, THEIRS])
@pytest.mark.parametrize("live", [True, False])
def test_what_cannot_be_true_counts_as_sent_when_it_came(clocks: Clocks, claim: int, server: str, live: bool) -> None:
    assert believed(clocks, claim, server=server, live=live) == NOW


def test_our_own_servers_word_counts(clocks: Clocks) -> None:
    assert believed(clocks, NOW - 5 * HOUR, server=OURS) == NOW - 5 * HOUR


def test_a_server_seven_hours_behind_is_no_later_than_others(clocks: Clocks) -> None:
    assert believed(clocks, NOW - 7 * HOUR) == NOW
    later = NOW + 60_000
    assert believed(clocks, later - 7 * HOUR - 500, now=later) == later - 500
    assert believed(clocks, later - 7 * HOUR - 500, now=later, server="third.test") == later


def test_what_waited_in_a_server_that_was_away_is_as_old_as_it_says(clocks: Clocks) -> None:
    assert believed(clocks, NOW - 300) == NOW
    back = NOW + 48 * HOUR
    for waited in (47 * HOUR, 20 * HOUR, HOUR):
        assert believed(clocks, back - waited, now=back) == back - waited + 300


def test_what_was_fetched_later_teaches_nothing_and_is_believed(clocks: Clocks) -> None:
    """We were away ourselves: that all of it is late says nothing of their clock."""
    assert believed(clocks, NOW - 3 * HOUR, live=False) == NOW - 3 * HOUR
    assert believed(clocks, NOW - 100, now=NOW) == NOW
    assert believed(clocks, NOW - 3 * HOUR, live=False) == NOW - 3 * HOUR + 100


def test_invented_servers_fill_no_memory(clocks: Clocks) -> None:
    for number in range(2000):
        believed(clocks, NOW - 1, server=f"{number}.test")
    assert len(clocks._behind) == 1000
