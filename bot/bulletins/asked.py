"""The names under which sources are stored, one for each thing that is asked."""

from __future__ import annotations

import hashlib
import re

QUAKES = "quakes"
NOWCAST = "nowcast"


def forecast(adm4: str) -> str:
    """BMKG's forecast for a village."""
    return f"forecast:{adm4}"


def cap(name: str) -> str:
    """An agency's alerts."""
    return f"cap:{name}"


def entry(name: str, guid: str) -> str:
    """An alert of a list. Its own name is the publisher's: what is long or odd is digested."""
    plain = guid if re.fullmatch(r"[\w.\-]{1,80}", guid) else hashlib.sha256(guid.encode()).hexdigest()[:32]
    return f"{name}:{plain}"


def entries_of(name: str) -> str:
    """What the names of a list's alerts begin with."""
    return f"{name}:"
