from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.windows import cuts

LEVELS = st.lists(st.integers(0, 32_768), max_size=300)


@given(LEVELS, st.integers(2, 60))
def test_windows_cover_the_note_without_gap_and_none_is_too_long(levels, longest):
    windows = cuts(levels, longest)

    assert [step for start, end in windows for step in range(start, end)] == list(range(len(levels)))
    assert all(0 < end - start <= longest for start, end in windows)


@given(st.integers(0, 2_000), st.integers(20, 600))
def test_no_window_but_the_last_is_shorter_than_half(length, longest):
    windows = cuts([100] * length, longest)

    assert all(end - start > longest // 2 for start, end in windows[:-1])


def test_the_cut_is_in_the_pause():
    levels = [3_000] * 450 + [5] * 20 + [3_000] * 400  # 50 ms steps: a second of quiet at 22.5 s

    (_, cut), *_ = cuts(levels, 600)

    assert 450 <= cut <= 470


def test_a_steady_noise_is_cut_as_seldom_as_possible():
    assert len(cuts([500] * 1_800, 600)) == 4  # a few steps are kept back at each end for a pause


def test_a_short_note_is_not_cut():
    assert cuts([1] * 600, 600) == [(0, 600)]
    assert cuts([], 600) == []


def test_a_window_of_one_step_is_refused():
    with pytest.raises(ValueError, match="two steps"):
        cuts([1, 2, 3], 1)
