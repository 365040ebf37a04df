"""References ("outbox:KEY") in the content of what we send: stands for an event that we may not have sent yet.

Pure: the sender says what became of each key, this module puts event ids in, or takes out what lost its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.outgoing import REFERENCE


class Waiting(Exception):
    """An event that the content speaks of has not been sent yet."""


class Pointless(Exception):
    """What the content is about was never sent, and without it there is nothing to say."""


@dataclass(frozen=True)
class Standing:
    """What became of a key's row: its state and the event id it received."""

    state: str
    event_id: str | None


def keys_in(content: Any) -> Iterator[str]:
    """The keys that a content refers to."""
    if isinstance(content, str):
        if content.startswith(REFERENCE):
            yield content.removeprefix(REFERENCE)
    elif isinstance(content, dict):
        for value in content.values():
            yield from keys_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from keys_in(value)


_LOST: Any = object()
"""Stands for a reference to an event that will never be."""


def resolve(content: dict[str, Any], standings: Mapping[str, Standing], *, patient: bool = True) -> dict[str, Any]:
    """The content with event ids in place of references.

    Raises Waiting while one is queued, unless `patient` is false; then it counts as lost. What relates to a lost
    event is sent without the relation: a thread reply as a plain message, an edit as the new text itself.
    Raises Pointless for a reaction to or a redaction of a lost event.
    """
    resolved: dict[str, Any] = {}
    for name, value in content.items():
        if name == "m.relates_to" and isinstance(value, dict):
            relation, new = _relation(value, standings, patient=patient), content.get("m.new_content")
            if relation:
                resolved[name] = relation
            elif value.get("rel_type") == "m.replace" and isinstance(new, dict):
                return resolve(new, standings, patient=patient)
            continue
        found = _value(value, standings, patient=patient)
        if found is not _LOST:
            resolved[name] = found
        elif name == "event_id":
            raise Pointless
    return resolved


def _relation(relation: dict[str, Any], standings: Mapping[str, Standing], *, patient: bool) -> dict[str, Any]:
    resolved: dict[str, Any] = _value(relation, standings, patient=patient)
    reply = resolved.get("m.in_reply_to")
    if isinstance(reply, dict) and "event_id" not in reply:
        del resolved["m.in_reply_to"]
    if "event_id" in relation and "event_id" not in resolved:
        if relation.get("rel_type") == "m.annotation":
            raise Pointless
        # Of a lost thread what remains is the reply inside it, if that was a true one.
        true_reply = "m.in_reply_to" in resolved and not relation.get("is_falling_back")
        return {"m.in_reply_to": resolved["m.in_reply_to"]} if true_reply else {}
    return resolved


def _value(value: Any, standings: Mapping[str, Standing], *, patient: bool) -> Any:
    if isinstance(value, str) and value.startswith(REFERENCE):
        standing = standings.get(value.removeprefix(REFERENCE))
        if standing is not None and standing.state == "queued" and patient:
            raise Waiting
        return _LOST if standing is None or standing.event_id is None else standing.event_id
    if isinstance(value, dict):
        found = {name: _value(inner, standings, patient=patient) for name, inner in value.items()}
        return {name: inner for name, inner in found.items() if inner is not _LOST}
    if isinstance(value, list):
        items = [_value(inner, standings, patient=patient) for inner in value]
        return [item for item in items if item is not _LOST]
    return value
