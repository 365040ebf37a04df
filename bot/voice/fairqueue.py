"""Whose window is heard next.

Urgent rooms first. Among equals the room that has had the least of the workers' time, so that one busy
channel does not silence the others. Within a room the note that has had the least, so that "kebakaran!" does not
wait behind the rest of a ten-minute story.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Waiting(Generic[T]):
    item: T
    priority: int
    key: str
    note: Hashable
    cost: float
    order: int


class FairQueue(Generic[T]):
    """Start-time fair queueing over rooms, then notes. Pure: no clock, no threads."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting[T]] = []
        self._served: dict[str, float] = {}
        """Seconds of sound heard for each room that has something waiting, on a common scale."""
        self._heard: dict[Hashable, float] = {}
        self._now = 0.0
        """How far the least served room has come: where a room that wakes up joins, lest it collect credit."""
        self._order = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, item: T, *, note: Hashable, cost: float, priority: int = 1, key: str = "") -> None:
        """Add one window of `cost` seconds. A lower priority number is heard earlier."""
        if not any(waiting.key == key for waiting in self._waiting):
            self._served[key] = max(self._served.get(key, 0.0), self._now)
        self._waiting.append(_Waiting(item, priority, key, note, cost, next(self._order)))

    def pop(self) -> T:
        """Take the next window. Raises IndexError when nothing waits."""
        if not self._waiting:
            raise IndexError("nothing waits")
        best = min(self._waiting, key=self._rank)
        self._waiting.remove(best)
        self._now = max(self._now, min(self._served[waiting.key] for waiting in [best, *self._waiting]))
        self._served[best.key] += best.cost
        self._heard[best.note] = self._heard.get(best.note, 0.0) + best.cost
        self._forget()
        return best.item

    def drop(self, note: Hashable) -> list[T]:
        """A note is finished or given up: take out what waits of it and forget it. Returns what was taken out."""
        dropped = [waiting for waiting in self._waiting if waiting.note == note]
        self._waiting = [waiting for waiting in self._waiting if waiting.note != note]
        self._heard.pop(note, None)
        return [waiting.item for waiting in dropped]

    def _rank(self, waiting: _Waiting[T]) -> tuple[int, float, float, int]:
        return waiting.priority, self._served[waiting.key], self._heard.get(waiting.note, 0.0), waiting.order

    def _forget(self) -> None:
        """A room behind the common scale carries nothing that a new one would not have."""
        keys = {waiting.key for waiting in self._waiting}
        self._served = {k: v for k, v in self._served.items() if k in keys or v > self._now}
