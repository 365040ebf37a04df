"""How long the rest of a plan will take, as far as the homeserver has shown. Pure: times come in as arguments.

Synapse lets an account make ten rooms at once and then about one a minute (rc_room_creation), and slows invites down
in the same way; for an account whose limits were lifted neither holds. Which of the two it is shows only when it first
asks to wait; until then the time that the changes took so far is all there is to go by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bot.rooms.change import Change, CreateRoom

USUAL_BURST = 10
"""Rooms that Synapse lets an account make at once when its limits have not been lifted."""
USUAL_SECONDS = 62
"""… and how long each further one takes then (rc_room_creation.per_second: 0.016)."""


class Pace:
    """Time that each kind of change took, and waits that were asked for."""

    def __init__(self) -> None:
        self._seconds: dict[type, float] = defaultdict(float)
        self._count: dict[type, int] = defaultdict(int)
        self._wait: dict[type, float] = {}

    def took(self, change: Change, seconds: float) -> None:
        """A change has been made."""
        self._seconds[type(change)] += seconds
        self._count[type(change)] += 1

    def waits(self, change: Change, seconds: float) -> None:
        """The homeserver asked for a pause before this change: the next of its kind will wait as long."""
        self._wait[type(change)] = max(seconds, self._wait.get(type(change), 0.0))

    def left(self, changes: Iterable[Change]) -> float | None:
        """Seconds that these will take; `None` before anything is known."""
        total, known = 0.0, sum(self._count.values())
        if not known and not self._wait:
            return None
        usual = sum(self._seconds.values()) / known if known else 0.0
        for change in changes:
            kind = type(change)
            each = self._seconds[kind] / self._count[kind] if self._count[kind] else usual
            total += max(self._wait.get(kind, 0.0), each)
        return total


def slow_at_worst(changes: Iterable[Change]) -> int:
    """Seconds that the homeserver's usual limits would cost for making these rooms; 0 when they do not come into it."""
    rooms = sum(isinstance(change, CreateRoom) for change in changes)
    return max(0, rooms - USUAL_BURST) * USUAL_SECONDS
