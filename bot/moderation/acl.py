"""Which servers may take part in a room (client-server API, "Server Access Control Lists"). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_PORT = re.compile(r":\d{1,5}$")


class ShutsOut(ValueError):
    """The list would keep out a server that has to stay; `.server` says which."""

    def __init__(self, server: str) -> None:
        self.server = server
        super().__init__(server)


def acl_with_denied(current: Mapping[str, Any] | None, servers: Iterable[str], keep: Collection[str]) -> dict[str, Any]:
    """The whole list with these servers or globs denied. Raises ShutsOut when it would keep out one of `keep`.

    `current` is what stands; a room without a list is open to all. What stands there already is not judged anew.
    """
    allow, deny = _lists(current)
    added = [one for one in dict.fromkeys(servers) if one not in deny]
    for server in keep:
        if any(matches(glob, server) for glob in added):
            raise ShutsOut(server)
    return _content(current, allow, [*deny, *added])


def acl_without_denied(current: Mapping[str, Any] | None, servers: Collection[str]) -> dict[str, Any]:
    """The whole list with these taken out of its denials."""
    allow, deny = _lists(current)
    return _content(current, allow, [one for one in deny if one not in servers])


def denies(current: Mapping[str, Any] | None, server: str) -> bool:
    """Whether the list denies exactly this server or glob."""
    return server in _lists(current)[1]


def matches(glob: str, server: str) -> bool:
    """Whether a server's name falls under a glob, with its port or without: homeservers differ in that."""
    return any(_fits(glob.casefold(), name.casefold()) for name in (server, _PORT.sub("", server)))


def _fits(glob: str, name: str) -> bool:
    """Goes back only to the last star, so that a glob of many stars keeps nobody busy."""
    at = seen = after = 0
    star = -1
    while seen < len(name):
        if at < len(glob) and glob[at] == "*":
            star, after, at = at, seen, at + 1
        elif at < len(glob) and glob[at] in ("?", name[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            after += 1
            at, seen = star + 1, after
        else:
            return False
    return not glob[at:].strip("*")


def server_of(user_id: str) -> str:
    """The server of a user id."""
    return user_id.partition(":")[2]


def _lists(current: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    if current is None:
        return ["*"], []
    return _names(current.get("allow")), _names(current.get("deny"))


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _content(current: Mapping[str, Any] | None, allow: list[str], deny: list[str]) -> dict[str, Any]:
    literals = (current or {}).get("allow_ip_literals", False)
    return {**(current or {}), "allow": allow, "deny": deny, "allow_ip_literals": literals is True}
