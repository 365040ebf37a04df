"""The room of a policy list as an officer writes or pastes it: an alias, an id, or a link to either. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_ROOM = re.compile(r"(?:https?://matrix\.to/#/)?([!#][^\s?/]{1,254})(?:\?(\S{1,500}))?")
_MOST_SERVERS = 5


@dataclass(frozen=True)
class ListAddress:
    """Where a list is."""

    where: str
    """Room id or alias."""
    via: tuple[str, ...] = ()
    """Servers to join through."""


def parse(text: str) -> ListAddress | None:
    """The address; `None` when it is none. An alias needs its server, the id of a room may be without one."""
    found = _ROOM.fullmatch(unquote(text.strip().rstrip(".,;")))
    if found is None or (found[1].startswith("#") and not found[1].partition(":")[2]):
        return None
    via = tuple(name for name in parse_qs(found[2] or "").get("via", []) if name)[:_MOST_SERVERS]
    home = found[1].partition(":")[2]
    return ListAddress(found[1], via or ((home,) if home else ()))
