"""Looking for an event of our own in a room before sending it again.

Transaction ids make a repeated request one event, but Synapse forgets them after a day and keeps them apart by
device. For an older row, or one that another device of ours may have tried, only the timeline can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from nio import AsyncClient

from bot.matrix.api import HomeserverApi, path
from bot.matrix.events import table, text, whole
from bot.matrix.guard import guarded
from bot.outgoing import KEY_FIELD

log = structlog.get_logger()

PAGE = 100
MAX_PAGES = 50
CLOCK_MS = 15 * 60_000
"""How far the homeserver's clock may be behind ours."""


async def find_own(
    client: AsyncClient,
    api: HomeserverApi,
    room_id: str,
    txn_id: str,
    *,
    since: int,
    relation: Mapping[str, Any] | None = None,
    attributed: Callable[[Iterable[str]], Any] | None = None,
) -> str | None:
    """The event of ours that carries `txn_id`, sent at `since` (milliseconds) or later; `None` when there is none.

    An own event that this device cannot decrypt (the key store of an earlier device is lost) counts as the one
    sought when it has the same `relation` and belongs to no other row: `attributed`, awaited with event ids,
    returns those that do. Saying nothing twice weighs more there than the rare reply that is left out.
    Raises ApiError and Unreachable.
    """
    query = {
        "dir": "b",
        "limit": str(PAGE),
        "filter": json.dumps({"senders": [client.user_id], "lazy_load_members": True}),
    }
    unreadable: list[str] = []
    for _ in range(MAX_PAGES):
        answer = await api.request("GET", path("rooms", room_id, "messages"), query=query, wait=False)
        chunk = answer.get("chunk")
        events = [table(raw) for raw in chunk] if isinstance(chunk, list) else []
        own = [raw for raw in events if raw.get("sender") == client.user_id]
        for raw in own:
            event_id, content = text(raw.get("event_id")), table(raw.get("content"))
            if table(raw.get("unsigned")).get("transaction_id") == txn_id:
                return event_id
            if raw.get("type") != "m.room.encrypted":
                if content.get(KEY_FIELD) == txn_id:
                    return event_id
                continue
            payload = decrypt_own(client, room_id, content)
            if payload is None:
                if content and _same(content.get("m.relates_to"), relation):  # no content: it was taken back
                    unreadable.append(event_id)
            elif table(payload.get("content")).get(KEY_FIELD) == txn_id:
                return event_id
        end = answer.get("end")
        if not isinstance(end, str) or any((whole(raw.get("origin_server_ts")) or 0) < since - CLOCK_MS for raw in own):
            break
        query["from"] = end
    else:
        log.warning("lookback_gave_up", room=room_id, txn=txn_id, pages=MAX_PAGES)
    return await _orphan(unreadable, attributed, txn_id)


async def find_reaction(
    client: AsyncClient, api: HomeserverApi, room_id: str, relation: Mapping[str, Any]
) -> str | None:
    """Our reaction with this relation (an annotation), which the homeserver says is there already."""
    where = path("rooms", room_id, "relations", text(relation.get("event_id")), "m.annotation", "m.reaction")
    answer = await api.request("GET", where.replace("/v3/", "/v1/"), query={"limit": str(PAGE)}, wait=False)
    chunk = answer.get("chunk")
    for raw in chunk if isinstance(chunk, list) else []:
        found = table(table(table(raw).get("content")).get("m.relates_to"))
        if table(raw).get("sender") == client.user_id and found.get("key") == relation.get("key"):
            return text(raw.get("event_id")) or None
    return None


def decrypt_own(client: AsyncClient, room_id: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an own encrypted event says; `None` without its key. Leaves nio's replay memory alone."""
    if client.olm is None:
        return None
    session = client.olm.inbound_group_store.get(
        room_id, text(content.get("sender_key")), text(content.get("session_id"))
    )
    if session is None:
        return None
    payload: Any = None
    with guarded("lookback", room=room_id):
        payload = json.loads(session.decrypt(text(content.get("ciphertext")))[0])
    return payload if isinstance(payload, dict) else None


def _same(one: Any, other: Mapping[str, Any] | None) -> bool:
    return dict(table(one)) == dict(other or {})


async def _orphan(candidates: list[str], attributed: Callable[[Iterable[str]], Any] | None, txn_id: str) -> str | None:
    if not candidates or attributed is None:
        return None
    taken = await attributed(candidates)
    # Oldest first: the rows that look for theirs come in that order, too.
    found = next((event_id for event_id in reversed(candidates) if event_id not in taken), None)
    if found is not None:
        log.warning("lookback_took_unreadable", event_id=found, txn=txn_id)
    return found
