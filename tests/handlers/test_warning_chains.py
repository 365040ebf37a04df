"""Messages that change or take back others: what counts for everybody takes another's place, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, sent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from warning_world import MINUTE, OURS, THEIRS, Sources, alert, bodies, shape

from bot.handlers import warning
from bot.store import warnings
from bot.store.tables import feeds, outbox
from bot.store.tables import warnings as table

CHANGED = OURS.replace("Reban", "Tersono")
AHEAD = NOW + 60 * MINUTE


def officers_send(sources: Sources, number: int) -> bool:
    with sources.engine.begin() as connection:
        held = warnings.get(connection, number)
        assert held is not None
        return warning.send(connection, sources.desk, held, NOW, by="@ani:batang.test")


def card(engine: Engine, number: int) -> str:
    """What the card of a held warning says now."""
    edits = [row for row in sent(engine, OPERATIONS) if row["key"].startswith(f"warning-held:{number}:edit:")]
    return str(edits[-1]["content"]["m.new_content"]["body"]) if edits else ""


NO_WORD = {
    "a drill": {"status": "Exercise"},
    "not for everybody": {"scope": "Restricted"},
}


@pytest.mark.parametrize("changes", NO_WORD.values(), ids=NO_WORD)
def test_what_is_no_word_to_everybody_leaves_a_real_warning_with_the_officers(
    sources: Sources, engine: Engine, changes: dict[str, str]
) -> None:
    sources.say(shape())
    sources.look()
    sources.say(alert("A2", kind="Update", references=("A1",), sent_at=NOW, **changes))
    sources.look()
    assert sources.states() == ["held", "unsaid"]
    assert card(engine, 1) == ""
    assert officers_send(sources, 1)


DOUBTFUL = NO_WORD | {"maybe about others": {"text": THEIRS, "area": "shape"}, "from the future": {"sent_at": AHEAD}}


@pytest.mark.parametrize("changes", DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_not_sure_to_be_said_silences_nothing(
    sources: Sources, engine: Engine, changes: dict[str, str]
) -> None:
    make: Callable[..., str] = alert
    if changes.get("area"):
        make, changes = shape, {}
    sources.say(alert())
    sources.say(make("A2", kind="Update", references=("A1",), **({"sent_at": NOW} | changes)))
    sources.look()
    assert len(bodies(engine, OJOL)) == 1


def test_an_update_that_waits_is_not_sent_after_its_warning_was_taken_back(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.say(shape("A2", kind="Update", references=("A1",), sent_at=NOW))
    sources.look()
    assert sources.states() == ["sent", "held"]
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW + MINUTE))
    sources.look(NOW + MINUTE)
    assert sources.states() == ["over", "unsaid", "over"]
    assert not officers_send(sources, 2)
    assert "mencabutnya" in card(engine, 2)
    assert "kirim" not in card(engine, 2)
    assert "dicabut" in bodies(engine, OJOL)[-1]
    waiting = {row["key"] for row in sent(engine, OJOL) if row["state"] == "queued"}
    assert waiting == {"warning:3:!ojol"}, "what had not gone out is withdrawn"


def test_what_waits_alone_is_taken_back_without_a_word_to_the_rooms(sources: Sources, engine: Engine) -> None:
    sources.say(shape())
    sources.look()
    sources.say(shape("A2", kind="Update", references=("A1",), sent_at=NOW, headline="Angin"))
    sources.look()
    assert sources.states() == ["unsaid", "held"]
    assert "lebih baru" in card(engine, 1)
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW + MINUTE))
    sources.look(NOW + MINUTE)
    assert sources.states()[:2] == ["unsaid", "unsaid"], "it names the first of them, and means all"
    assert bodies(engine, OJOL) == []


def test_the_card_of_one_whose_time_is_over_says_so(sources: Sources, engine: Engine) -> None:
    sources.say(shape(expires=NOW + 30 * MINUTE))
    sources.look()
    sources.look(NOW + 30 * MINUTE)
    assert "waktunya sudah lewat" in card(engine, 1)
    assert not officers_send(sources, 1)


def test_an_update_that_comes_before_its_first_is_the_last_word(sources: Sources, engine: Engine) -> None:
    sources.say(alert("A2", kind="Update", references=("A1",), text=CHANGED, sent_at=NOW), "nowcast:x")
    sources.look()
    sources.say(alert(), "nowcast:x")
    sources.look()
    assert ["Tersono" in body for body in bodies(engine, OJOL)] == [True]
    assert sources.why() == [None, "replaced"]


def test_a_cancel_that_comes_before_its_first_is_remembered(sources: Sources, engine: Engine) -> None:
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW), "nowcast:x")
    sources.look()
    sources.say(alert(), "nowcast:x")
    sources.look()
    assert bodies(engine, OJOL) == []


def test_an_update_that_was_sent_before_the_cancel_and_comes_after_it_is_not_said(
    sources: Sources, engine: Engine
) -> None:
    sources.say(alert())
    sources.look()
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW))
    sources.look()
    late = alert("A2", kind="Update", references=("A1",), text=CHANGED, sent_at=NOW - MINUTE)
    sources.say(late)
    sources.look()
    assert "dicabut" in bodies(engine, OJOL)[-1]


def test_nobody_takes_back_what_another_said(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.say(alert("C", kind="Cancel", references=("A1",), sender="x@c.test", of="a@b.test", sent_at=NOW))
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    assert sources.why() == [None, "foreign_end"]
    held = sent(engine, OPERATIONS)[-1]["content"]["body"]
    assert "pengirim lain" in held
    assert officers_send(sources, 2)
    assert "dicabut" in bodies(engine, OJOL)[-1], "an officer may"


def test_an_identifier_is_its_senders_own(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.say(alert(sender="x@c.test", headline="Angin"))
    sources.look()
    assert len(bodies(engine, OJOL)) == 2


def test_of_two_that_read_the_same_one_is_taken_back_and_the_other_stands(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.say(alert("A2", sent_at=NOW))
    sources.look()
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW))
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    assert sources.why() == [None, "repeated", "stands"]
    sources.say(alert("C2", kind="Cancel", references=("A2",), sent_at=NOW + MINUTE))
    sources.look(NOW + MINUTE)
    assert "dicabut" in bodies(engine, OJOL)[-1]


def test_one_cancel_takes_back_all_that_it_names(sources: Sources, engine: Engine) -> None:
    sources.say(alert(headline="Hujan"))
    sources.say(alert("B1", headline="Angin"))
    sources.look()
    sources.deliver()
    sources.say(alert("C", kind="Cancel", references=("A1", "B1"), sent_at=NOW))
    sources.look()
    assert sources.states() == ["over"] * 3
    last = bodies(engine, OJOL)[-1]
    assert "Hujan" in last
    assert "Angin" in last
    edits = [row["key"] for row in sent(engine, OJOL) if row["key"].startswith("warning-edit:")]
    assert edits == ["warning-edit:3:1:!ojol", "warning-edit:3:2:!ojol"]


def test_an_end_that_is_not_for_everybody_is_told_by_an_officers_word(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.say(alert("C", kind="Cancel", references=("A1",), scope="Private", sent_at=NOW))
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    assert officers_send(sources, 2)
    assert "dicabut" in bodies(engine, OJOL)[-1]


def test_what_an_officer_sends_is_an_update_of_what_was_said_meanwhile(sources: Sources, engine: Engine) -> None:
    sources.say(shape("A2", kind="Update", references=("A1",), sent_at=NOW))
    sources.look()
    sources.say(alert())
    sources.look()
    assert officers_send(sources, 1)
    assert "Pembaruan" in bodies(engine, OJOL)[-1]
    assert sources.states() == ["sent", "over"]


@pytest.mark.parametrize("words", [{"headline": "Peringatan dini tsunami"}, {"text": f"{OURS} Waspada tsunami."}])
def test_an_alert_on_a_tsunami_waits_for_officers_wherever_it_says_so(
    sources: Sources, engine: Engine, words: dict[str, str]
) -> None:
    sources.say(alert(**words))
    sources.look()
    assert sources.why() == ["tsunami"]
    assert bodies(engine, OJOL) == []


# Any order


@dataclass(frozen=True)
class Message:
    """What a publisher sends after its first alert, one a minute."""

    kind: str
    status: str
    text: str
    back: int
    """So many messages earlier is what it refers to."""


MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(("Update", "Update", "Cancel")),
        st.sampled_from(("Actual", "Actual", "Actual", "Exercise")),
        st.sampled_from((OURS, CHANGED, THEIRS)),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES, st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=6, max_size=6), st.booleans())
def test_in_whatever_order_messages_come_nothing_stands_that_was_taken_back_and_nothing_twice(
    sources: Sources, engine: Engine, after: list[Message], chance: Random, looks: list[bool], vanish: bool
) -> None:
    with engine.begin() as connection:
        for used in (table, outbox, feeds):
            connection.execute(used.delete())
    first = Message("Alert", "Actual", OURS, 0)
    said, named = [], set()
    for number, one in enumerate((first, *after)):
        about = (f"M{max(number - one.back, 0)}",) if number else ()
        at = NOW + (number - 30) * MINUTE
        said.append(alert(f"M{number}", kind=one.kind, status=one.status, text=one.text, references=about, sent_at=at))
        named |= set(about) if one.status == "Actual" else set()
    chance.shuffle(said)
    for place, raw in enumerate(said):
        sources.say(raw, "nowcast:only" if vanish else f"nowcast:{place}")
        if vanish or looks[place] or place == len(after):
            sources.look(NOW + place)
            going = [row.words for row in sources.rows() if row.state == "sent"]
            assert len(going) == len(set(going)), "what is in force is not said again"
    real = [(f"M{number}", one) for number, one in enumerate((first, *after)) if one.status == "Actual"]
    stand = {one.text for name, one in real if name not in named and one.kind != "Cancel"} - {THEIRS}
    in_force = {CHANGED if "Tersono" in row.words else OURS for row in sources.rows() if row.state == "sent"}
    assert in_force <= stand, "nothing that was taken back or changed"
    if not vanish and all(one.back == 1 for one in after):
        assert in_force == stand, "and nothing that was not is kept from people"
