"""The snapshot of who is where with what power, as handlers read it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from bot.rooms.found import CREATOR
from bot.store import roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import metadata

ROOM, ANI, BUDI = "!r", "@ani:x", "@budi:x"


def state(type_: str, content: dict[str, Any], key: str = "", sender: str = "@bot:x", at: int | None = 5) -> StateEvent:
    return StateEvent(ROOM, type_, key, sender, content, "$e", at)


def member(user: str, membership: str, sender: str | None = None, at: int | None = 5) -> StateEvent:
    return state("m.room.member", {"membership": membership}, user, sender or user, at)


CREATE = state("m.room.create", {"room_version": "12", "additional_creators": ["@brankas:x"]})
LEVELS = state("m.room.power_levels", {"users": {ANI: 50}})


def test_power_is_judged_from_the_snapshot_creators_included(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.replace(db, ROOM, [CREATE, LEVELS, member(ANI, "join")], 10)
        found = roomstate.found(db, ROOM, [ANI, BUDI])
    assert found is not None
    assert [found.power(one) for one in ("@bot:x", "@brankas:x", ANI, BUDI)] == [CREATOR, CREATOR, 50, 0]
    assert (found.membership(ANI), found.membership(BUDI)) == ("join", None)


def test_nothing_is_known_of_a_room_that_we_left(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.replace(db, ROOM, [CREATE, member(ANI, "join")], 10)
        roomstate.forget(db, ROOM)
        assert roomstate.found(db, ROOM) is None
        assert roomstate.rooms_of(db, ANI) == []


def test_what_a_state_reset_took_away_goes_with_the_next_whole_state(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.replace(db, ROOM, [CREATE, LEVELS, member(ANI, "join"), member(BUDI, "ban", ANI)], 10)
        roomstate.replace(db, ROOM, [CREATE, member(ANI, "join")], 20)
        found = roomstate.found(db, ROOM, [ANI, BUDI])
        assert found is not None
        assert found.content("m.room.power_levels") is None
        assert (found.membership(ANI), found.membership(BUDI)) == ("join", None)


def test_a_new_display_name_is_no_new_arrival(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.apply(db, member(ANI, "join", at=100), 110)
        roomstate.apply(db, member(ANI, "join", at=200), 210)
        assert roomstate.since(db, ROOM, ANI) == ("join", 100)
        roomstate.apply(db, member(ANI, "leave", BUDI, at=300), 310)
        assert roomstate.since(db, ROOM, ANI) == ("leave", 300)


def test_who_bans_once_more_is_known_and_since_when_stays_as_it_was(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.apply(db, state("m.room.create", {}), 90)
        roomstate.apply(db, member(ANI, "ban", BUDI, at=100), 110)
        roomstate.apply(db, member(ANI, "ban", "@cici:x", at=200), 210)
        assert roomstate.since(db, ROOM, ANI) == ("ban", 100)
        there = roomstate.found(db, ROOM, [ANI])
        assert there is not None
        assert there.senders["m.room.member", ANI] == "@cici:x"


def test_a_server_whose_clock_is_ahead_makes_nobody_arrive_in_the_future(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.apply(db, member(ANI, "join", at=10**15), 110)
        assert roomstate.since(db, ROOM, ANI) == ("join", 110)


def test_a_membership_that_no_specification_knows_counts_as_being_out(engine: Engine) -> None:
    with engine.begin() as db:
        roomstate.apply(db, state("m.room.member", {"membership": ["join"]}, ANI), 5)
        assert roomstate.joined(db, ROOM) == []


_EVENTS = st.lists(
    st.builds(
        lambda type_, key, content, who: state(type_, content, key, who),
        st.sampled_from(
            ["m.room.member", "m.room.create", "m.room.power_levels", "m.room.topic", "m.policy.rule.user"]
        ),
        st.sampled_from(["", ANI, BUDI]),
        st.dictionaries(st.sampled_from(["membership", "users"]), st.sampled_from(["join", "ban", "", 1, None])),
        st.sampled_from([ANI, BUDI]),
    ),
    max_size=12,
)


@given(_EVENTS, _EVENTS)
def test_a_whole_state_leaves_the_same_whatever_stood_before(before: list[StateEvent], after: list[StateEvent]) -> None:
    last = list({(one.type, one.state_key): one for one in after}.values())
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as db:
        roomstate.replace(db, ROOM, last, 10)
        expected = roomstate.found(db, ROOM, [ANI, BUDI])
        for one in before:
            roomstate.apply(db, one, 20)
        roomstate.replace(db, ROOM, last, 30)
        assert roomstate.found(db, ROOM, [ANI, BUDI]) == expected
    engine.dispose()
