"""References to events that we may not have sent yet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.references import Pointless, Standing, Waiting, keys_in, resolve

SENT = {"kartu": Standing("sent", "$kartu")}
LOST = {"kartu": Standing("failed", None)}
QUEUED = {"kartu": Standing("queued", None)}
THREAD = {"rel_type": "m.thread", "event_id": "outbox:kartu", "is_falling_back": True}


def test_event_ids_take_the_place_of_references_wherever_they_stand() -> None:
    content = {"body": "x", "m.relates_to": {**THREAD, "m.in_reply_to": {"event_id": "outbox:kartu"}}}
    assert resolve(content, SENT)["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$kartu",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$kartu"},
    }
    assert list(keys_in(content)) == ["kartu", "kartu"]


def test_a_row_waits_for_one_that_is_queued_but_not_for_ever() -> None:
    with pytest.raises(Waiting):
        resolve({"m.relates_to": THREAD}, QUEUED)
    assert resolve({"body": "x", "m.relates_to": THREAD}, QUEUED, patient=False) == {"body": "x"}


@pytest.mark.parametrize("standings", [LOST, {}])
def test_a_reply_to_what_was_never_sent_is_a_plain_message(standings: dict[str, Standing]) -> None:
    relation = {"m.in_reply_to": {"event_id": "outbox:kartu"}}
    assert resolve({"body": "x", "m.relates_to": relation}, standings) == {"body": "x"}
    assert resolve({"body": "x", "m.relates_to": THREAD}, standings) == {"body": "x"}


def test_in_a_lost_thread_a_true_reply_stays_a_reply() -> None:
    relation = {**THREAD, "is_falling_back": False, "m.in_reply_to": {"event_id": "$orang"}}
    assert resolve({"m.relates_to": relation}, LOST) == {"m.relates_to": {"m.in_reply_to": {"event_id": "$orang"}}}


def test_a_lost_reply_leaves_the_thread_it_stands_in() -> None:
    relation = {"rel_type": "m.thread", "event_id": "$akar", "m.in_reply_to": {"event_id": "outbox:kartu"}}
    assert resolve({"m.relates_to": relation}, LOST) == {"m.relates_to": {"rel_type": "m.thread", "event_id": "$akar"}}


def test_an_edit_of_what_was_never_sent_says_the_new_text() -> None:
    new = {"msgtype": "m.text", "body": "baru"}
    relation = {"rel_type": "m.replace", "event_id": "outbox:kartu"}
    assert resolve({"body": "* baru", "m.new_content": new, "m.relates_to": relation}, LOST) == new


@pytest.mark.parametrize(
    "content",
    [
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": "outbox:kartu", "key": "✅"}},
        {"event_id": "outbox:kartu", "reason": "keliru"},
    ],
)
def test_reactions_to_and_redactions_of_nothing_are_pointless(content: dict[str, Any]) -> None:
    with pytest.raises(Pointless):
        resolve(content, LOST)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text().filter(lambda text: not text.startswith("outbox:")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "m.relates_to"), json_values))
def test_content_without_references_stays_as_it_is(content: dict[str, Any]) -> None:
    assert resolve(content, {}) == content
