"""Voice notes of bulletins that wait to be spoken: outbox rows that hold words, let go once there is a file.

They are written with the text's own row, so a bulletin has at most one. A voice repeats what stands in the room: it is
spoken when the text has gone out, and withdrawn with a text that does not go out, or when it can't be spoken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from bot.event import LAST_MS
from bot.outgoing import Outgoing, Priority
from bot.store.outbox import append
from bot.store.rewording import revive
from bot.store.tables import outbox

KEY = "bulletin-voice:"


@dataclass(frozen=True)
class Waiting:
    """A row to be spoken."""

    id: int
    title: str
    text: str
    said_at: int
    """When the text went out."""


def ask(connection: Connection, slot: str, date: str, room_id: str, title: str, text: str, now: int) -> bool:
    """This bulletin is to be heard in this room as well; false when that was asked before and not withdrawn."""
    words = {"title": title, "spoken": text}
    key = f"{KEY}{slot}:{date}:{room_id}"
    asked = Outgoing(key, room_id, words, priority=Priority.RECORDING, not_before=LAST_MS)
    return append(connection, asked, now) or revive(connection, asked)


def text_of(key: str) -> str:
    """The key of the text that a voice repeats; any other key is itself."""
    return _TEXT + key.removeprefix(KEY) if key.startswith(KEY) else key


def reword(connection: Connection, text_key: str, title: str, text: str) -> None:
    """The text has other words than when this was asked."""
    mine = (*_UNSPOKEN, outbox.c.key == KEY + text_key.removeprefix(_TEXT))
    connection.execute(update(outbox).where(*mine).values(content={"title": title, "spoken": text}))


def waiting(connection: Connection) -> list[Waiting]:
    """What has no file yet and whose text stands in the room, oldest first."""
    rows = connection.execute(
        select(outbox.c.id, outbox.c.content, func.coalesce(_text.c.sent_at, _text.c.created_at).label("said_at"))
        .join(_text, _text.c.key == _TEXT_KEY)
        .where(*_UNSPOKEN, _text.c.state == "sent")
        .order_by(outbox.c.id)
    )
    return [Waiting(row.id, row.content["title"], row.content["spoken"], row.said_at) for row in rows]


def let_go(
    connection: Connection, numbers: Sequence[int], content: dict[str, Any], path: str, *, not_after: int
) -> None:
    """The file is there: to be uploaded and sent."""
    mine = (*_UNSPOKEN, outbox.c.id.in_(numbers))
    values = {"content": content, "upload": path, "not_before": 0, "not_after": not_after}
    connection.execute(update(outbox).where(*mine).values(**values))


def without_text(connection: Connection) -> list[int]:
    """What has no text to repeat: that was refused or withdrawn."""
    rows = connection.scalars(
        select(outbox.c.id)
        .join(_text, _text.c.key == _TEXT_KEY)
        .where(*_UNSPOKEN, _text.c.state.in_(("failed", "cancelled")))
    )
    return list(rows)


def withdraw(connection: Connection, numbers: Sequence[int]) -> int:
    """There will be no file."""
    mine = (*_UNSPOKEN, outbox.c.id.in_(numbers))
    return int(connection.execute(update(outbox).where(*mine).values(state="cancelled")).rowcount)


_TEXT = "bulletin:"
_text = outbox.alias("text")
_TEXT_KEY = func.replace(outbox.c.key, KEY, _TEXT)
_UNSPOKEN = (
    outbox.c.key.startswith(KEY, autoescape=True),
    outbox.c.state == "queued",
    outbox.c.not_before == LAST_MS,
)
