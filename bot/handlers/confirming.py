"""What hits many people or cannot be undone is done only when the officer types the code that was shown.

The order waits in the database exactly as it was understood; the code works once, for the officer who gave the order,
in the room where it was shown, from a device under the same key. A reaction would be only the homeserver's word. An
order that was given in a channel gets its code in the operations room: what it says names people and why.
"""

from __future__ import annotations

import hmac
import secrets

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import sites
from bot.handlers.desk import Desk
from bot.handlers.proof import Doubt, prove
from bot.handlers.replying import Reply
from bot.handlers.routing import RoomKind
from bot.moderation import words
from bot.moderation.codes import typed
from bot.moderation.errand import Errand
from bot.store import changes, confirmations, inbox
from bot.store.confirmations import DONE, VOID, Confirmation

_MINUTE = 60_000


def concerns(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """Whether a message is the code for an order, right or wrong. Numbers are also just numbers."""
    code = typed(event.body)
    if code is None:
        return False
    if confirmations.waiting(connection, event.room_id, event.sender) is not None:
        return len(code) == desk.content.moderation.codes.digits
    return confirmations.with_code(connection, event.room_id, code, now) is not None


def ask(reply: Reply, errand: Errand, what: str) -> None:
    """Say what exactly will happen, and show the code; without a room for that, the order does not wait."""
    rules = reply.desk.content.moderation.codes
    code = f"{secrets.randbelow(10**rules.digits):0{rules.digits}d}"
    event, now = reply.event, reply.now
    why = f"\n\nAlasan: {sites.literal(errand.reason)}" if errand.reason else ""
    shown = reply.discreetly(words.ASK.format(what=what, why=why, code=code, minutes=rules.minutes))
    room_id = _room(reply.connection, event, reply.desk)
    if not shown or room_id is None:
        return
    confirmations.add(
        reply.connection, event.event_id, room_id, event.sender, code=code, order=errand.to_json(), now=now,
        until=now + rules.minutes * _MINUTE,
    )  # fmt: skip
    payload = {"officer": event.sender, "order": errand.to_json(), "what": what}
    reply.desk.record(reply.connection, "order.code_asked", event.event_id, payload, now)


def answered(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> Errand | None:
    """What is to be done when the code is right, proven and in time; else `None`, after saying why."""
    reply = Reply(connection, desk, event, now)
    waiting = confirmations.waiting(connection, event.room_id, event.sender)
    code = typed(event.body) or ""
    if waiting is None:
        other = confirmations.with_code(connection, event.room_id, code, now)
        reply.say(words.CODE_OF_ANOTHER.format(who=sites.person(desk, other.officer if other else "")))
        return None
    fault = _fault(connection, event, desk, waiting, code, now)
    if fault is None:
        confirmations.close(connection, waiting.id, DONE)
        return Errand.from_json(waiting.order)
    payload = {"officer": event.sender, "order": waiting.event_id, "answer": fault}
    desk.record(connection, "order.not_confirmed", event.event_id, payload, now)
    reply.say(fault)
    return None


def cancel(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """The officer's order that waits for its code is not carried out; false when there is none."""
    room_id = _room(connection, event, desk)
    waiting = confirmations.waiting(connection, room_id, event.sender) if room_id is not None else None
    if waiting is None:
        return False
    confirmations.close(connection, waiting.id, VOID)
    desk.record(connection, "order.cancelled", waiting.event_id, {"officer": event.sender}, now)
    return True


def unproven(desk: Desk, event: IncomingEvent, doubt: Doubt) -> str:
    """What is missing, and how the officer mends it."""
    return words.UNPROVEN[doubt].format(name=sites.name(desk, event.sender))


def _room(connection: Connection, event: IncomingEvent, desk: Desk) -> str | None:
    """Where the code for an order is shown and typed."""
    if desk.room_kind(connection, event.room_id) is RoomKind.CHANNEL:
        return desk.operations_room(connection)
    return event.room_id


def _fault(
    connection: Connection, event: IncomingEvent, desk: Desk, waiting: Confirmation, code: str, now: int
) -> str | None:
    if now >= waiting.until_at:
        confirmations.close(connection, waiting.id, VOID)
        return words.CODE_LATE
    order = inbox.event(connection, waiting.event_id)
    if order is not None and changes.latest(connection, order) is None:
        confirmations.close(connection, waiting.id, VOID)
        return words.ORDER_GONE
    doubt = prove(connection, event, desk, now)
    if doubt is not None:  # not counted: whoever writes in somebody's name must not be able to void their order
        return f"{unproven(desk, event, doubt)} {words.TAIL}"
    if event.master_key != waiting.order.get("proof"):
        confirmations.close(connection, waiting.id, VOID)
        return words.CODE_KEY
    if not hmac.compare_digest(code, waiting.code):
        confirmations.mistyped(connection, waiting.id)
        left = desk.content.moderation.codes.tries - waiting.tries - 1
        if left > 0:
            return words.CODE_WRONG.format(left=left)
        confirmations.close(connection, waiting.id, VOID)
        return words.CODE_VOID
    return None
