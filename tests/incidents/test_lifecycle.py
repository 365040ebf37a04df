from __future__ import annotations

from itertools import pairwise

import pytest

from bot.incidents.lifecycle import ACTIVE, TITLES, Status, TransitionError, check


def test_the_whole_way_can_be_walked() -> None:
    way = [Status.BARU, Status.DITINJAU, Status.TERVERIFIKASI, Status.DITERUSKAN, Status.DITANGANI, Status.SELESAI]
    for before, after in pairwise(way):
        check(before, after, "BPBD")


@pytest.mark.parametrize("closed", sorted(set(Status) - ACTIVE))
def test_whatever_was_closed_can_be_taken_up_again(closed: Status) -> None:
    check(closed, Status.DITINJAU)


@pytest.mark.parametrize("closed", sorted(set(Status) - ACTIVE))
def test_nothing_closed_is_handled_without_being_looked_at(closed: Status) -> None:
    with pytest.raises(TransitionError, match="yang bisa: "):
        check(closed, Status.DITANGANI)


@pytest.mark.parametrize("status", [Status.DITERUSKAN, Status.DUPLIKAT])
def test_forwarding_and_duplicates_name_to_whom_and_of_what(status: Status) -> None:
    with pytest.raises(TransitionError, match="perlu keterangan"):
        check(Status.DITINJAU, status, " ")
    check(Status.DITINJAU, status, "BPBD")


def test_a_state_does_not_follow_itself() -> None:
    for status in Status:
        with pytest.raises(TransitionError):
            check(status, status, "x")


def test_every_state_has_words() -> None:
    assert set(TITLES) == set(Status)
