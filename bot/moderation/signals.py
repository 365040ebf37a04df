"""What a message shows of spam: whom it names, where its links lead, whether it says the same again. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.language.tokens import fold

MOST_TEXT = 20_000
"""So many characters of a message are looked at: the homeserver accepts 65,000 bytes, nobody reads them."""
MATRIX_TO = "matrix.to"

_PERSON = re.compile(r"@[a-z0-9._=\-/+]{1,200}:[a-z0-9.\-]{1,200}(?::\d{1,5})?")
_ROOM = re.compile(r"(?<![\w@])@room\b")
_PILL = re.compile(r"matrix\.to/#/(?:@|%40)[^\"'?\s]{1,300}", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"(?:https?://|matrix:)[^\s<>\"'()\[\]]{1,2000}", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@./:%-])((?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}([a-z]{2,24}))(?![\w@.-]*@)((?:/[^\s<>\"'()]{0,500})?)(?![\w-])"
)
_HREF = re.compile(r"href\s*=\s*[\"']([^\"']{1,2000})[\"']", re.IGNORECASE)
_COUNTERS = re.compile(r"[\W\d_]+")
_RUN = re.compile(r"(.)\1+")


@dataclass(frozen=True)
class LinkWords:
    """Lists of addresses."""

    allowed: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Links:
    """Where a message leads to."""

    foreign: tuple[str, ...] = ()
    """Hosts that are not allowed, each once."""
    invites: tuple[str, ...] = ()
    """Groups elsewhere."""


def people_named(body: str, content: Mapping[str, Any], mentions: Collection[str]) -> int:
    """How many people a message names: by `m.mentions`, by pills of older clients, or by their bare addresses.

    Two ways of naming the same person are one; of pills and addresses the more numerous counts.
    """
    html = content.get("formatted_body")
    pills = set(_PILL.findall(html[:MOST_TEXT])) if isinstance(html, str) else set()
    return max(len(set(mentions)), len(pills), len(set(_PERSON.findall(body[:MOST_TEXT].casefold()))))


def names_room(body: str, content: Mapping[str, Any], *, mentions_room: bool) -> bool:
    """Whether everybody in the room is called (client-server API, "Mentioning the whole room")."""
    return mentions_room or ("m.mentions" not in content and _ROOM.search(body[:MOST_TEXT]) is not None)


def links(body: str, content: Mapping[str, Any], words: LinkWords, *, ours: Collection[str]) -> Links:
    """The links of a message. `ours`: ids and aliases of our rooms, and the name of our server."""
    html = content.get("formatted_body")
    addresses = _addresses(body[:MOST_TEXT], words)
    if isinstance(html, str):
        addresses += [found.replace("&amp;", "&") for found in _HREF.findall(html[:MOST_TEXT])]
    foreign: dict[str, None] = {}
    invites: dict[str, None] = {}
    for address in dict.fromkeys(addresses):
        host, rest = _parts(address)
        if not host:
            continue
        if host in (MATRIX_TO, "matrix:"):
            target = _room_of(host, rest)
            if target is not None and not _is_ours(target, ours):
                invites[target] = None
        elif any(_leads_to(place, host, rest) for place in words.places):
            invites[host] = None
        elif not _allowed(host, words.allowed) and host not in ours:
            foreign[host] = None
    return Links(tuple(foreign), tuple(invites))


def same(text: str) -> str:
    """What of a text makes it the same again: its letters alone, drawn-out ones once, no figures that only count it."""
    return _RUN.sub(r"\1", _COUNTERS.sub("", fold(text[:MOST_TEXT])))


def _addresses(text: str, words: LinkWords) -> list[str]:
    folded = fold(text)
    found = _WITH_SCHEME.findall(folded)
    without = _WITH_SCHEME.sub(" ", folded)
    found += [
        f"https://{host}{rest}"
        for host, ending, rest in _BARE.findall(without)
        if ending in words.endings or host.startswith("www.")
    ]
    return found


def _parts(address: str) -> tuple[str, str]:
    """(host, everything after it), both lower-case; ("matrix:", rest) for a matrix: URI (spec, "Matrix URI scheme")."""
    if address.casefold().startswith("matrix:"):
        return "matrix:", address[len("matrix:") :].casefold()
    try:
        split = urlsplit(address)
        host = (split.hostname or "").rstrip(".").casefold()
    except ValueError:
        return "", ""
    if split.scheme not in ("http", "https"):
        return "", ""
    rest = split.path + (f"?{split.query}" if split.query else "") + (f"#{split.fragment}" if split.fragment else "")
    return host.removeprefix("www."), rest.casefold()


def _room_of(host: str, rest: str) -> str | None:
    """The room that a link of Matrix's own leads to; `None` for a link to a person."""
    if host == "matrix:":
        kind, _, name = rest.lstrip("/").partition("/")
        name = unquote(name).partition("?")[0].partition("/")[0]
        return {"r": f"#{name}", "roomid": f"!{name}"}.get(kind) if name else None
    target = unquote(rest.partition("#/")[2]).partition("?")[0].partition("/")[0]
    return target if target.startswith(("#", "!")) else None


def _is_ours(target: str, ours: Collection[str]) -> bool:
    folded = {one.casefold() for one in ours}
    return target in folded or target.partition(":")[2] in folded


def _leads_to(place: str, host: str, rest: str) -> bool:
    """Whether an address begins as `place` does: a host, or a host with the beginning of a path."""
    name, slash, way = place.partition("/")
    return (host == name or host.endswith(f".{name}")) and (not slash or rest.startswith(f"/{way}"))


def _allowed(host: str, allowed: frozenset[str]) -> bool:
    parts = host.split(".")
    return any(".".join(parts[index:]) in allowed for index in range(len(parts)))
