"""Warnings that channels did not get: not in their time, or because the homeserver refuses them. Told once each."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from bot.handlers import warningwords
from bot.handlers.broadcast import clock
from bot.handlers.desk import Desk
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.store import outbox, rooms, warnings
from bot.store.outbox import Lapsed
from bot.store.warnings import BEGINS, OFFICER

_NAMED = 5


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Withdraw what is over, and name the channels; returns how many messages did not arrive. A duty."""
    late, refused = outbox.lapse(connection, now, BEGINS), outbox.refused(connection, BEGINS)
    _tell(connection, desk, late, "late", now)
    _tell(connection, desk, refused, "refused", now)
    return len(late) + len(refused)


def _tell(connection: Connection, desk: Desk, found: Iterable[Lapsed], why: str, now: int) -> None:
    operations = desk.operations_room(connection)
    missing: dict[int, list[str]] = {}
    for row in found:
        if row.room_id != operations:
            missing.setdefault(int(row.key.split(":")[1]), []).append(row.room_id)
    for number, room_ids in missing.items():
        warning = warnings.get(connection, number)
        if warning is None:
            continue
        desk.record(connection, "warning.unreached", str(number), {"rooms": len(room_ids), "why": why}, now)
        what = warningwords.WHAT_CALL if warning.source == OFFICER else warningwords.WHAT
        if warning.kind == "cancel":
            what = warningwords.WHAT_ENDS
        word = warningwords.UNREACHED.format(
            what=what, time=clock(desk, warning.at), number=len(room_ids), rooms=_named(connection, desk, room_ids),
            why=warningwords.UNREACHED_WHY[why],
        )  # fmt: skip
        key = f"warning-{why}:{number}:{now}"
        desk.tell_operations(connection, key, render(word).content(), now, priority=Priority.WARNING)


def _named(connection: Connection, desk: Desk, room_ids: list[str]) -> str:
    titles = {one.name: one.title for one in desk.content.rooms.all}
    known = {one.room_id: titles.get(name, name) for name, one in rooms.named(connection).items()}
    names = sorted(escape(known.get(room_id, room_id)) for room_id in room_ids)
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (warningwords.AND_MORE.format(number=more) if more > 0 else "")
