"""The one place that asks the machine what time it is; everything pure takes the time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Milliseconds since the epoch, UTC: how times are stored."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """An aware UTC time."""
    return datetime.now(UTC)
