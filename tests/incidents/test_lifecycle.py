from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.lifecycle import ACTIVE, REACTIONS, TITLES, Status, TransitionError, check, meant, standing


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


@given(sign=st.sampled_from(sorted(REACTIONS)), dress=st.text("\ufe0e\ufe0f\U0001f3fb\U0001f3fd\U0001f3ff", max_size=3))
def test_a_reaction_means_the_same_however_the_keyboard_dresses_it(sign: str, dress: str) -> None:
    assert meant(sign + dress) is REACTIONS[sign]


@given(st.text(max_size=6))
def test_any_other_reaction_means_nothing(text: str) -> None:
    assert meant(text) is None or any(sign in text for sign in REACTIONS)


@dataclass(frozen=True)
class Act:
    actor: str
    action: str
    after: str | None
    event_id: str | None


def test_what_is_undone_leads_back_to_the_step_before_with_who_had_it() -> None:
    way = [
        Act("kentongan", "opened", "baru", None),
        Act("@a", "status", "ditinjau", "$1"),
        Act("@b", "status", "ditangani", "$2"),
        Act("@b", "undone", None, "$3"),
    ]
    assert standing(way[:3]).claimed_by == "@b"
    back = standing(way)
    assert (back.status, back.claimed_by, back.event_id) == (Status.DITINJAU, "@a", "$1")


def test_passing_on_leaves_the_incident_with_who_has_it() -> None:
    way = [Act("@a", "status", "ditinjau", "$1"), Act("@b", "status", "diteruskan", "$2")]
    assert standing(way).claimed_by == "@a"
    assert standing(way[1:]).claimed_by == "@b"


@given(st.lists(st.sampled_from(sorted(Status)), max_size=8), st.integers(0, 20))
def test_as_many_undone_as_done_is_a_new_incident(statuses: list[Status], more: int) -> None:
    way = [Act("@a", "status", str(status), f"${number}") for number, status in enumerate(statuses)]
    way += [Act("@a", "undone", None, "$x")] * (len(statuses) + more)
    assert (standing(way).status, standing(way).claimed_by, standing(way).event_id) == (Status.BARU, None, None)
