"""Codes as people type them: digits and nothing else, maybe in groups, maybe with "kode" in front. Pure."""

from __future__ import annotations

import re

_CODE = re.compile(r"\s*!?\s*(?:kode\s*:?\s*)?((?:\d[ \-]?){3,7}\d)\s*[.!]?\s*", re.IGNORECASE)
_LONGEST = 40


def typed(text: str) -> str | None:
    """The digits of a message that is a code and nothing else. Whether somebody waits for it, they know."""
    found = _CODE.fullmatch(text) if len(text) < _LONGEST else None
    return re.sub(r"\D", "", found[1]) if found else None
