"""Voice notes of bulletins that wait to be spoken: outbox rows that hold words, let go once there is a file.

They are written with the text's own row, so a bulletin has at most one; what can't be spoken is withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.event import LAST_MS
from bot.outgoing import Outgoing, Priority
from bot.store.outbox import append
from bot.store.tables import outbox

KEY = "bulletin-voice:"


@dataclass(frozen=True)
class Waiting:
    """A row to be spoken."""

    id: int
    title: str
    text: str
    created_at: int


def ask(connection: Connection, slot: str, date: str, room_id: str, title: str, text: str, now: int) -> bool:
    """This bulletin is to be heard in this room as well; false when that was asked before."""
    words = {"title": title, "spoken": text}
    key = f"{KEY}{slot}:{date}:{room_id}"
    return append(connection, Outgoing(key, room_id, words, priority=Priority.RECORDING, not_before=LAST_MS), now)


def waiting(connection: Connection) -> list[Waiting]:
    """What has no file yet, oldest first."""
    rows = connection.execute(select(outbox).where(*_UNSPOKEN).order_by(outbox.c.id))
    return [Waiting(row.id, row.content["title"], row.content["spoken"], row.created_at) for row in rows]


def let_go(connection: Connection, numbers: Sequence[int], content: dict[str, Any], path: str) -> None:
    """The file is there: to be uploaded and sent."""
    mine = (*_UNSPOKEN, outbox.c.id.in_(numbers))
    connection.execute(update(outbox).where(*mine).values(content=content, upload=path, not_before=0))


def withdraw(connection: Connection, numbers: Sequence[int]) -> int:
    """There will be no file."""
    mine = (*_UNSPOKEN, outbox.c.id.in_(numbers))
    return int(connection.execute(update(outbox).where(*mine).values(state="cancelled")).rowcount)


_UNSPOKEN = (
    outbox.c.key.startswith(KEY, autoescape=True),
    outbox.c.state == "queued",
    outbox.c.not_before == LAST_MS,
)
