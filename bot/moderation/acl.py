"""Servers kept out of a room by an officer's order (client-server API, "Server Access Control Lists"). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bot.rooms import acl

_PORT = re.compile(r":\d{1,5}$")


def acl_with_denied(current: Mapping[str, Any] | None, servers: Iterable[str]) -> dict[str, Any]:
    """The whole list with these servers or globs denied; a room without a list is open to all.

    Whether it may be sent is for `bot.rooms.acl.fault` to say.
    """
    allow, deny = _lists(current)
    return _content(current, allow, [*deny, *(one for one in acl.shut(servers) if one not in deny)])


def acl_without_denied(current: Mapping[str, Any] | None, servers: Collection[str]) -> dict[str, Any]:
    """The whole list with these taken out of its denials."""
    allow, deny = _lists(current)
    lifted = acl.shut(servers)
    return _content(current, allow, [one for one in deny if one not in lifted])


def covers(glob: str, server: str) -> bool:
    """Whether a server's name falls under a glob, with its port or without: homeservers differ in that."""
    return any(acl.matches(glob, name) for name in (server, _PORT.sub("", server)))


def _lists(current: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    if current is None:
        return [acl.EVERYBODY], []
    return _names(current.get("allow")), _names(current.get("deny"))


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _content(current: Mapping[str, Any] | None, allow: list[str], deny: list[str]) -> dict[str, Any]:
    literals = (current or {}).get("allow_ip_literals", False)
    return {"allow": allow, "deny": deny, "allow_ip_literals": literals is True}
