"""What a limited timeline left out (client-server API, "Syncing"): paged back to the last event seen, then told
oldest first. Never ignored: what was said while the bot was away are reports too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.matrix.api import ApiError, HomeserverApi, Unreachable, path
from bot.matrix.events import table, text, whole
from bot.matrix.login import signed_out
from bot.store.stream import Gap

PAGE = 100
MAX_EVENTS = 5000
TRIES = 3
PAUSE = 0.5
SKEW_MS = 300_000
"""How far another server's clock may be off."""

Known = Callable[[Iterable[str]], Awaitable[set[str]]]
"""Which of these event ids are stored already."""


class NotNow(Exception):
    """The homeserver does not answer; the gap stays open."""


@dataclass
class Filled:
    """What was found in a gap."""

    events: list[dict[str, Any]] = field(default_factory=list)
    """Raw events, oldest first."""
    lost: str | None = None
    """What could not be had; `None` when the gap is filled."""


def joins(raw: Any, me: str) -> bool:
    """Whether this event is our joining (not a change of our profile)."""
    return bool(_membership(raw, me) == "join" and _before(raw) != "join")


def accepts(raw: Any, me: str) -> bool:
    """Whether this event is our joining on an invite."""
    return bool(_membership(raw, me) == "join" and _before(raw) == "invite")


def invites(raw: Any, me: str) -> bool:
    """Whether this event invites us."""
    return bool(_membership(raw, me) == "invite")


def _membership(raw: Any, me: str) -> Any:
    source = table(raw)
    if source.get("type") != "m.room.member" or source.get("state_key") != me:
        return None
    return table(source.get("content")).get("membership")


def _before(raw: Any) -> Any:
    return table(table(table(raw).get("unsigned")).get("prev_content")).get("membership")


def said_to_us(timeline: list[dict[str, Any]], me: str, *, direct: bool) -> list[dict[str, Any]]:
    """The part of a timeline that was said to us: all of it, or what came after we joined.

    In a room of two it begins with the invite: people's clients open the room and send the first question at
    once, before the bot could join.
    """
    join = max((index for index, raw in enumerate(timeline) if joins(raw, me)), default=None)
    if join is None:
        return timeline
    if direct and accepts(timeline[join], me):
        return timeline[max((index for index in range(join) if invites(timeline[index], me)), default=0) :]
    return timeline[join:]


def reaches_further(timeline: list[Any], me: str, *, direct: bool) -> bool:
    """Whether something said to us may lie before this limited timeline."""
    join = max((index for index, raw in enumerate(timeline) if joins(raw, me)), default=None)
    if join is None:
        return True
    return direct and accepts(timeline[join], me) and not any(invites(raw, me) for raw in timeline[:join])


async def fill(
    api: HomeserverApi,
    gap: Gap,
    *,
    me: str,
    known: Known,
    committed_at: int,
    direct: bool = False,
    limit: int = MAX_EVENTS,
) -> Filled:
    """What the gap holds: paged back from its end to the last event seen, an event already stored, or our own join (in
    a `direct` room: the invite that led to it), and besides all that reached our homeserver within it.

    Pages follow the order in which events refer to each other. What a server sends that was away, or lies about the
    depth of its events, stands there beneath events that we know; only the stream tells that it is new.

    When the room's history ends before any of these (purged, hidden), only what is newer than `committed_at`
    (the last sync that was stored, ms) counts as new, and the gap as lost; so it does past `limit` events.
    Raises NotNow when the homeserver does not answer, SignedOut when it no longer knows us.
    """
    filled = await _back(api, gap, me, known, committed_at, direct, limit)
    if gap.since is None or gap.last_event_id is None:
        return filled
    arrived = await _arrived(api, gap, gap.since, me, known, direct, limit)
    ids = {text(event.get("event_id")) for event in arrived}
    older = [event for event in filled.events if text(event.get("event_id")) not in ids]
    return Filled([*older, *arrived], filled.lost)


async def _back(
    api: HomeserverApi, gap: Gap, me: str, known: Known, committed_at: int, direct: bool, limit: int
) -> Filled:
    """Back to what we know."""
    newest_first: list[dict[str, Any]] = []
    token = gap.prev_batch
    while True:
        try:
            chunk, end = await _page(api, gap.room_id, token)
        except ApiError as error:
            return Filled(_new(newest_first, committed_at), f"refused: {error.status} {error.errcode}")
        stored = await known(text(event.get("event_id")) for event in chunk)
        for event in chunk:
            event_id = text(event.get("event_id"))
            if (gap.last_event_id is not None and event_id == gap.last_event_id) or event_id in stored:
                return Filled(newest_first[::-1])
            if _begins(event, me, direct=direct):
                return Filled(newest_first[::-1])
            newest_first.append(event)
        if not end or end == token:
            return Filled(_new(newest_first, committed_at), "the last event seen is not in the room's history")
        if len(newest_first) >= limit:
            return Filled(newest_first[limit - 1 :: -1], f"more than {limit} events")
        token = end


async def _arrived(
    api: HomeserverApi, gap: Gap, since: str, me: str, known: Known, direct: bool, limit: int
) -> list[dict[str, Any]]:
    """What reached our homeserver after `since` and is not stored, oldest first."""
    newest_first: list[dict[str, Any]] = []
    token = gap.prev_batch
    while len(newest_first) < limit:
        try:
            chunk, end = await _page(api, gap.room_id, token, since)
        except ApiError:
            break
        stored = await known(text(event.get("event_id")) for event in chunk)
        for event in chunk:
            if _begins(event, me, direct=direct):
                return newest_first[::-1]
            if text(event.get("event_id")) not in stored:
                newest_first.append(event)
        if not end or end == token:
            break
        token = end
    return newest_first[limit - 1 :: -1] if len(newest_first) > limit else newest_first[::-1]


def _begins(event: dict[str, Any], me: str, *, direct: bool) -> bool:
    """Whether what came before this event was not said to us."""
    return (invites(event, me) if direct else joins(event, me)) or (joins(event, me) and not accepts(event, me))


async def _page(
    api: HomeserverApi, room_id: str, token: str, back_to: str | None = None
) -> tuple[list[dict[str, Any]], str]:
    for attempt in range(TRIES):
        try:
            answer = await api.request(
                "GET",
                path("rooms", room_id, "messages"),
                query={"dir": "b", "from": token, "limit": str(PAGE)} | ({"to": back_to} if back_to else {}),
                wait=False,
            )
        except (ApiError, Unreachable) as error:
            if isinstance(error, ApiError):
                if gone := signed_out(error):
                    raise gone from None
                if error.status < 500 and error.status != 429:
                    raise
            if attempt == TRIES - 1:
                raise NotNow(type(error).__name__) from None
            await asyncio.sleep(PAUSE * 2**attempt)
            continue
        chunk = answer.get("chunk")
        events = [event for event in chunk if isinstance(event, dict)] if isinstance(chunk, list) else []
        return events, text(answer.get("end"))
    raise AssertionError("unreachable")


def _new(newest_first: list[dict[str, Any]], committed_at: int) -> list[dict[str, Any]]:
    return [
        event for event in newest_first[::-1] if (whole(event.get("origin_server_ts")) or 0) > committed_at - SKEW_MS
    ]
