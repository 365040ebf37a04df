"""Acts over time: what is over ends, what the homeserver refused is told, and what was undone in Element is noticed.

Each is a duty that comes round, in one transaction, so that a restart in between neither forgets nor repeats it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from bot.handlers import complaintcards, lifting, publishing, sites, sweeping, telling
from bot.handlers.desk import Desk
from bot.handlers.telling import Cause
from bot.markup import escape, render
from bot.moderation import words
from bot.outgoing import Action, Outgoing
from bot.rooms.wanted import LOCKED_POWER
from bot.store import acts, inbox, outbox, roomstate
from bot.store.acts import Act

_DAY_MS = 24 * 3_600_000
_SETTLED_MS = 60_000
"""So long after it was sent our own change may still be on its way back to us."""


def expire(connection: Connection, desk: Desk, now: int) -> int:
    """End what is over, here and in the homeserver, and say so once; returns how many acts."""
    over = acts.due(connection, now, words.OVER)
    for act in over:
        if not lifting.lift(connection, desk, act, acts.KENTONGAN, now):
            continue
        payload = {"act": act.id, "target": act.target, "room": act.room_id, "since": act.since_at, "by": act.by}
        desk.record(connection, f"act.{act.kind}.over", act.event_id or f"act:{act.id}", payload, now)
        text = words.OVER.get(act.kind)
        if text is not None:
            _tell(connection, desk, f"over:{act.id}", _filled(connection, desk, act, text), now)
        if act.room_id is not None and act.kind in ("lock", "slow"):
            _tell_channel(connection, desk, act, act.room_id, now)
    return len(over)


def confirm(connection: Connection, desk: Desk, now: int) -> int:
    """Tell the officer, once, what the homeserver refused; an act that never held is over. Returns how many rows."""
    refused = acts.refused(connection)
    for key, room_id, error in refused:
        outbox.settle(connection, key)
        if key.startswith(sweeping.PREFIX):
            _still_there(connection, desk, key.removeprefix(sweeping.PREFIX), room_id, error, now)
            continue
        number, _, part = key.removeprefix("act:").partition(":")
        act = acts.get(connection, int(number)) if number.isdecimal() else None
        if act is None:
            continue
        payload = {"act": act.id, "part": part, "room": room_id, "error": error}
        desk.record(connection, "act.failed", act.event_id or key, payload, now)
        if part == act.kind:
            acts.fail(connection, act.id, now)
            publishing.retract(connection, desk, act, acts.KENTONGAN, now)
        # Of many messages or people in one act the first that fails speaks for all.
        name = part.partition(":")[0]
        text = words.FAILED_LIFT if part == "end" else words.FAILED
        said = _filled(connection, desk, act, text, error=escape(error[:200]), room_id=room_id)
        _tell(connection, desk, f"act-failed:{act.id}:{name}", said, now, to=act.by)
    return len(refused)


def _still_there(connection: Connection, desk: Desk, event_id: str, room_id: str, error: str, now: int) -> None:
    """A message stands although it was to go: whoever wanted that hears it, and its complaint waits again.

    Of many messages of one person the first that fails speaks for all, for a day.
    """
    message = inbox.event(connection, event_id)
    who = message.sender if message is not None else words.SOMEBODY
    act = complaintcards.unswept(connection, desk, event_id, now)
    by = act.by if act is not None else ""
    payload = {"act": act.id if act is not None else None, "part": "sweep", "room": room_id, "error": error}
    desk.record(connection, "act.failed", event_id, payload, now)
    text = words.FAILED.format(
        by=f"{sites.person(desk, by)}:" if by else "", error=escape(error[:200]),
        what=words.WHAT["redact"].format(who=f"**{sites.person(desk, who)}**"),
        room=f"**{sites.title(connection, desk, room_id)}**",
    )  # fmt: skip
    key = f"{act.id}" if act is not None else f"{room_id}:{who}:{now // _DAY_MS}"
    _tell(connection, desk, f"sweep-failed:{key}", text, now, to=by)


def uphold(connection: Connection, desk: Desk, now: int) -> int:
    """A mute, lock or ban that does not stand in the room although it holds; returns how many.

    Set again where it was us who wrote over it (levels are written whole, and whoever reads them just before writes
    over what came between); closed where a person took it back.
    """
    changed = 0
    held = [one for kind in ("mute", "lock", "ban") for one in acts.in_force(connection, now, kind=kind)]
    for act in held:
        if act.room_id is None or not outbox.settled(connection, f"act:{act.id}:{act.kind}", now - _SETTLED_MS):
            continue
        stands = _standing(connection, act, act.room_id)
        if stands is None or stands[0]:
            continue
        _, by, event_id = stands
        changed += 1
        if by == desk.me:
            again = _again(connection, act, act.room_id, f"act:{act.id}:again:{event_id}")
            if again is not None:
                outbox.append(connection, again, now)
            continue
        acts.end(connection, act.id, by, now)
        publishing.retract(connection, desk, act, by, now)
        payload = {"act": act.id, "by": by, "room": act.room_id, "target": act.target}
        desk.record(connection, f"act.{act.kind}.undone", act.event_id or f"act:{act.id}", payload, now)
        said = words.LIFTED_BY_HAND.format(
            what=sites.act(desk, act), room=f"**{sites.title(connection, desk, act.room_id)}**",
            by=words.SOMEBODY if by == act.target else sites.person(desk, by),
        )  # fmt: skip
        _tell(connection, desk, f"over:{act.id}", said, now)
    return changed


def _standing(connection: Connection, act: Act, room_id: str) -> tuple[bool, str, str] | None:
    """(whether it stands in the room, who wrote what decides it last, by which event); `None` when nothing is known.

    Who was let in again and has come back wrote that last themselves: then nobody knows any more who it was.
    """
    if act.kind == "ban":
        return _banned(connection, act, room_id)
    found = roomstate.found(connection, room_id)
    levels = found.content(lifting.POWER_LEVELS) if found is not None else None
    if found is None or levels is None:
        return None
    by = found.senders.get((lifting.POWER_LEVELS, ""), "")
    event_id = roomstate.event_id(connection, room_id, lifting.POWER_LEVELS) or ""
    if act.kind == "lock":
        return found.needed_for("events_default") >= LOCKED_POWER, by, event_id
    return found.power(act.target) < 0, by, event_id


def _banned(connection: Connection, act: Act, room_id: str) -> tuple[bool, str, str] | None:
    """The same of a ban; a membership from before it says nothing of it."""
    found, since = roomstate.found(connection, room_id, [act.target]), roomstate.since(connection, room_id, act.target)
    if found is None or since is None or since[1] <= act.since_at:
        return None
    return since[0] == "ban", found.senders[roomstate.MEMBER, act.target], str(since[1])


def _again(connection: Connection, act: Act, room_id: str, key: str) -> Outgoing | None:
    if act.kind == "mute":
        return lifting.power(room_id, act.target, lifting.MUTED, key)
    if act.kind == "ban":
        return lifting.membership(key, room_id, Action.BAN, act.target, act.reason or "")
    found = roomstate.found(connection, room_id)
    return lifting.lock(found, key) if found is not None else None


def _filled(
    connection: Connection, desk: Desk, act: Act, text: str, *, error: str = "", room_id: str | None = None
) -> str:
    by = "" if act.by == acts.KENTONGAN else f"{sites.person(desk, act.by)}:"
    return text.format(
        who=f"**{sites.person(desk, act.target)}**", what=sites.act(desk, act), by=by, error=error,
        room=f"**{sites.title(connection, desk, room_id or act.room_id)}**",
    )  # fmt: skip


def _tell(connection: Connection, desk: Desk, key: str, text: str, now: int, *, to: str = "") -> None:
    said: dict[str, Any] = render(text).content(notice=not to)
    if to.startswith("@"):
        said["m.mentions"] = {"user_ids": [to]}
    desk.tell_operations(connection, key, said, now)


def _tell_channel(connection: Connection, desk: Desk, act: Act, room_id: str, now: int) -> None:
    texts = desk.content.moderation.texts
    text = texts.unlocked if act.kind == "lock" else texts.slow_over
    telling.channel(connection, desk, Cause(room_id, act.kind), f"{act.id}:over", text, now, after=True)
