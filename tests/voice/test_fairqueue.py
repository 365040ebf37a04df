from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.fairqueue import FairQueue


def drain(queue):
    return [queue.pop() for _ in range(len(queue))]


def long_note(queue, note, key, windows=20, priority=1):
    for number in range(windows):
        queue.push((note, number), note=note, key=key, cost=30, priority=priority)


def test_a_short_note_of_another_room_overtakes_the_rest_of_a_long_one():
    queue = FairQueue()
    long_note(queue, "story", "ojol")
    assert queue.pop() == ("story", 0)
    queue.push("fire", note="fire", key="pasar", cost=5)

    assert queue.pop() == "fire"


def test_a_short_note_of_the_same_room_overtakes_the_rest_of_a_long_one():
    queue = FairQueue()
    long_note(queue, "story", "ojol")
    assert queue.pop() == ("story", 0)
    queue.push("fire", note="fire", key="ojol", cost=5)

    assert queue.pop() == "fire"


def test_an_urgent_room_goes_first():
    queue = FairQueue()
    long_note(queue, "story", "ojol")
    queue.push("urgent", note="urgent", key="darurat", cost=30, priority=0)

    assert queue.pop() == "urgent"


def test_windows_of_one_note_keep_their_order():
    queue = FairQueue()
    long_note(queue, "story", "ojol", windows=5)

    assert drain(queue) == [("story", number) for number in range(5)]


def test_a_room_that_was_quiet_collects_no_credit():
    queue = FairQueue()
    long_note(queue, "a", "busy", windows=50)
    for _ in range(40):
        queue.pop()
    long_note(queue, "b", "quiet", windows=10)

    rooms = [item[0] for item in drain(queue)]

    assert Counter(rooms[:10])["a"] >= 4


def test_a_dropped_note_leaves_nothing_waiting():
    queue = FairQueue()
    long_note(queue, "a", "x", windows=3)
    queue.push("b", note="b", key="y", cost=1)

    assert queue.drop("a") == [("a", 0), ("a", 1), ("a", 2)]
    assert drain(queue) == ["b"]
    with pytest.raises(IndexError):
        queue.pop()


@given(st.integers(2, 6), st.integers(3, 30))
def test_rooms_with_equally_much_to_say_are_served_evenly_at_every_moment(rooms, windows):
    queue = FairQueue()
    for room in range(rooms):
        long_note(queue, f"note{room}", f"room{room}", windows=windows)
    served: Counter[str] = Counter({f"note{room}": 0 for room in range(rooms)})

    for note, _ in drain(queue):
        served[note] += 1
        assert max(served.values()) - min(served.values()) <= 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 2), st.integers(0, 60)), max_size=60),
    st.data(),
)
def test_everything_pushed_is_popped_exactly_once(pushes, data):
    queue: FairQueue[int] = FairQueue()
    seen = []
    for number, (key, note, priority, cost) in enumerate(pushes):
        queue.push(number, note=(key, note), key=key, priority=priority, cost=cost)
        if data.draw(st.booleans()) and len(queue):
            seen.append(queue.pop())
    seen += drain(queue)

    assert sorted(seen) == list(range(len(pushes)))
