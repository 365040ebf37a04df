"""Which servers may take part in a room (client-server API, m.room.server_acl). Pure.

Names in the event carry no port, and who comes in is judged by the name without it; so two servers on one host cannot
be told apart. Synapse alone judges by the whole name, port and all, whether an event that we send ourselves would shut
us out. A server of ours on a port of its own is therefore written both ways, as soon as somebody else may be there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

TYPE = "m.room.server_acl"
EVERYBODY = "*"
_PORT = re.compile(r":\d{1,5}$")


def only(own: str, others: Iterable[str] = (), banned: Iterable[str] = ()) -> dict[str, Any]:
    """Content that lets in our server and exactly these others, without those that match a pattern in `banned`.

    Where there are no others nobody but our own homeserver ever looks: then its whole name is enough, and a neighbour
    on the same host stays out.
    """
    guests = {one for one in others if one != own}
    allow = {own, *(host(own) for _ in guests), *guests, *map(host, guests)}
    return {"allow": sorted(allow), "deny": shut(banned), "allow_ip_literals": False}


def all_but(banned: Iterable[str]) -> dict[str, Any]:
    """Content that lets in everybody except servers that match one of these patterns."""
    return {"allow": [EVERYBODY], "deny": shut(banned), "allow_ip_literals": False}


def shut(banned: Iterable[str]) -> list[str]:
    """Named with its port alone a server would still come in: it is asked for without."""
    patterns = list(banned)
    return sorted({*patterns, *map(host, patterns)})


def host(server: str) -> str:
    """A server's name without its port."""
    return _PORT.sub("", server)


def permits(content: Mapping[str, Any] | None, server: str) -> bool:
    """Whether another server may take part; without the event every server may."""
    return _reads(content, host(server))


def keeps_us(content: Mapping[str, Any] | None, own: str) -> bool:
    """Whether our own server may go on: before ourselves, and before the others where there are any."""
    allow = (content or {}).get("allow")
    alone = isinstance(allow, list) and all(one == own for one in allow)
    return _reads(content, own) and (alone or permits(content, own))


def named(content: Mapping[str, Any] | None) -> list[str]:
    """The servers that it lets in by their own names."""
    allow = (content or {}).get("allow")
    return (
        [one for one in allow if isinstance(one, str) and "*" not in one and "?" not in one]
        if isinstance(allow, list)
        else []
    )


def same(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Whether both let the same names in; order means nothing."""
    if found is None or found.get("allow_ip_literals", True) is not wanted["allow_ip_literals"]:
        return False
    return all(_words(found.get(key)) == _words(wanted[key]) for key in ("allow", "deny"))


def fault(content: Mapping[str, Any], own: str) -> str | None:
    """Why this must never be sent, else `None`.

    An event whose content is wrapped once too often lets nobody in, and then nobody is left who could mend it
    (matrix-org/synapse#5468): every server, our own included, refuses what comes after.
    """
    allow = content.get("allow")
    if not isinstance(allow, list) or not allow or not all(isinstance(one, str) and one for one in allow):
        return "daftar server yang boleh kosong: ruang akan mati selamanya"
    if set(content) - {"allow", "deny", "allow_ip_literals"}:
        return "isinya bukan daftar server"
    if not keeps_us(content, own):
        return f"server kita sendiri ({own}) akan terkunci di luar, untuk selamanya"
    return None


def shut_out(before: Mapping[str, Any] | None, after: Mapping[str, Any], servers: Collection[str]) -> list[str]:
    """Those of the servers that may take part now and could not any more."""
    return sorted({one for one in servers if permits(before, one) and not permits(after, one)})


def is_ip_literal(server: str) -> bool:
    """Whether a server's name is an IP address, with or without a port."""
    if server.startswith("["):
        return True
    try:
        ipaddress.IPv4Address(host(server))
    except ValueError:
        return False
    return True


def bans(pattern: str, server: str) -> bool:
    """Whether a pattern in `deny` means this server, with its port or without."""
    return matches(pattern, server) or matches(pattern, host(server))


def matches(pattern: str, server: str) -> bool:
    """Whether a name with "*" (any number of characters) and "?" (one) fits, without regard to case.

    Walks along both, going back only to the last star: a pattern of many stars takes no longer than its length times
    the name's, where a regular expression could be kept busy for ever.
    """
    pattern, server = pattern.casefold(), server.casefold()
    at = seen = 0
    star, after_star = -1, 0
    while seen < len(server):
        if at < len(pattern) and pattern[at] == "*":
            star, after_star, at = at, seen, at + 1
        elif at < len(pattern) and pattern[at] in ("?", server[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            after_star += 1
            at, seen = star + 1, after_star
        else:
            return False
    return all(one == "*" for one in pattern[at:])


def _reads(content: Mapping[str, Any] | None, name: str) -> bool:
    if content is None:
        return True
    if content.get("allow_ip_literals", True) is False and is_ip_literal(name):
        return False
    return not _any(content.get("deny"), name) and _any(content.get("allow"), name)


def _any(patterns: Any, server: str) -> bool:
    return isinstance(patterns, list) and any(isinstance(one, str) and matches(one, server) for one in patterns)


def _words(value: Any) -> set[str] | None:
    return {str(one) for one in value} if isinstance(value, list) else (set() if value is None else None)
