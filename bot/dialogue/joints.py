"""Phrases that join or turn a message ("terus", "maksud saya"), found in it as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable


def spoken(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the phrases, the longest first, in whatever case; None when there are none."""
    alternatives = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?i)(?<![^\W_])(?:{alternatives})(?![^\W_])") if alternatives else None
