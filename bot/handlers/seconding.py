"""What only two officers together may do: one orders, another types the code that is shown, from a device of their own.

Common to officers' own broadcasts and to sources' warnings on a tsunami.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import callwords, confirming
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.proof import prove
from bot.store import codes
from bot.store.codes import Confirmation

REMEMBERED_MS = 24 * 3_600_000
"""So long a code that comes too late is told why it counts no longer."""


@dataclass(frozen=True)
class Fault:
    """Why a code is not taken from whoever typed it."""

    why: str
    """For the audit."""
    words: str


def ask(
    connection: Connection, event: IncomingEvent, desk: Desk, kind: str, order: dict[str, Any], now: int
) -> tuple[str, int] | None:
    """(code, until when) for an order; `None` when it waits already."""
    rules = desk.content.moderation.codes
    code = f"{secrets.randbelow(10**rules.digits):0{rules.digits}d}"
    until = now + rules.minutes * 60_000
    kept = {"kind": kind, "master_key": event.master_key, **order}
    if not codes.ask(connection, event.event_id, event.room_id, event.sender, code, kept, now=now, until=until):
        return None
    return code, until


def fault(
    connection: Connection, event: IncomingEvent, desk: Desk, one: Confirmation | None, tail: str, now: int
) -> Fault | None:
    """What is wrong with whoever typed a code, that of the order `one` or of none; `tail`: what is left undone."""
    if officer(connection, desk, event) is None:
        return Fault("officer", callwords.OFFICERS_ONLY)
    if one is not None and event.sender == one.officer:
        return Fault("same", callwords.SAME_OFFICER)
    if one is not None and event.master_key == one.order["master_key"]:
        # Before the proof, which would pin it as the second officer's own.
        return Fault("same_key", callwords.SAME_KEY)
    doubt = prove(connection, event, desk, now)
    return Fault("proof", f"{confirming.unproven(desk, event, doubt)} {tail}") if doubt else None


def mistyped(connection: Connection, desk: Desk, waiting: list[Confirmation]) -> int:
    """Count a wrong code against all that wait; returns how many tries are left, 0 when that was the last."""
    most = left = desk.content.moderation.codes.tries
    for one in waiting:
        tries = codes.wrong(connection, one)
        left = min(left, most - tries)
        if tries >= most:
            codes.settle(connection, one, codes.VOID, void="tries")
    return max(left, 0)
