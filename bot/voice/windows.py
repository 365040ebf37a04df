"""Cutting a long note where nobody speaks, into windows that each are one piece of work."""

from __future__ import annotations

from collections.abc import Sequence

PAUSE_STEPS = 6
"""How many steps long the pause should be that we cut in (0.3 s at 50 ms)."""


def cuts(levels: Sequence[int], longest: int) -> list[tuple[int, int]]:
    """Windows (start, end) in steps, one after the other without gap, none longer than `longest` steps.

    Each cut is in the quietest moment of the window's second half; of equally quiet ones the latest, so that
    a steady noise is not cut more often than it must be.
    """
    if longest < 2:
        raise ValueError("a window needs at least two steps")
    windows = []
    start = 0
    while len(levels) - start > longest:
        end = start + _quietest(levels[start : start + longest])
        windows.append((start, end))
        start = end
    if start < len(levels):
        windows.append((start, len(levels)))
    return windows


def _quietest(levels: Sequence[int]) -> int:
    """A step in the second half (or the end) around which the sound is quietest."""
    half = PAUSE_STEPS // 2

    def loudness(step: int) -> int:
        return sum(levels[max(0, step - half) : step + half])

    first = len(levels) // 2 + 1
    last = max(first, len(levels) - half)  # the pause should lie inside the window as a whole
    return min(range(first, last + 1), key=lambda step: (loudness(step), -step))
