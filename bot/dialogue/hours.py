"""When officers answer: the weekly hours of local.yaml. Pure; times are the district's local ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from bot.dialogue.localfile import DAYS, Hours

_WEEK = 7


def open_at(hours: Sequence[Hours], local: datetime) -> bool:
    """Whether an officer is there."""
    minute = local.hour * 60 + local.minute
    return any(DAYS[local.weekday()] in row.days and row.start <= minute < row.end for row in hours)


def next_opening(hours: Sequence[Hours], local: datetime) -> datetime | None:
    """The next time that an officer comes; None without any hours."""
    found: list[datetime] = []
    for ahead in range(_WEEK + 1):
        day = local.date() + timedelta(days=ahead)
        for row in hours:
            if DAYS[day.weekday()] in row.days:
                start = datetime.combine(day, time(row.start // 60, row.start % 60), local.tzinfo)
                if start > local:
                    found.append(start)
    return min(found, default=None)
