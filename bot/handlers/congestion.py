"""More waits to be sent than goes out in a minute: the officers hear until when, and that what is urgent goes first.

The pace is the one that is seen, so that it holds for any homeserver's limit; the line is edited as the end moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.handlers import phrases
from bot.handlers.broadcast import clock, edited
from bot.handlers.desk import Desk
from bot.markup import render
from bot.store import heartbeats, outbox

LONG_SECONDS = 60
"""So much work is told …"""
PATIENCE_MS = 40_000
"""… once it has lasted: a burst that is allowed at first says nothing about the pace that follows."""
WINDOW_MS = 30_000
"""The pace is that of the last so many milliseconds."""
EDIT_MS = 60_000
"""The line is edited no oftener (an edit takes a turn itself) …"""
MOVED = 0.2
"""… and only if what is left changed by this part of it, or by a minute."""
_NAME = "outbox_congestion"


@dataclass(frozen=True)
class _Said:
    """What was told last; a row, so that a restart tells nothing again."""

    start: int
    until: int
    at: int
    edits: int
    over: bool = False

    @property
    def key(self) -> str:
        return f"congestion:{self.start}"

    def written(self) -> str:
        return "|".join(str(part) for part in (self.start, self.until, self.at, self.edits, int(self.over)))


def look(connection: Connection, desk: Desk, now: int) -> bool:
    """Tell, edit or end it; true when something was said."""
    said = _last(connection)
    number, oldest = outbox.due(connection, now)
    sent = outbox.sent_between(connection, now - WINDOW_MS, now)
    left = number * WINDOW_MS / 1000 / sent if sent else None
    going = said is not None and not said.over
    if going and (number == 0 or (left is not None and left < LONG_SECONDS / 2)):
        assert said is not None  # noqa: S101
        words = phrases.CONGESTION_OVER.format(time=clock(desk, now))
        return _edit(connection, desk, said, words, now, until=now, over=True)
    if left is None or oldest is None:
        return False  # nothing goes out at all: the line would not either
    until = now + round(left * 1000)
    words = phrases.CONGESTION.format(number=number, time=clock(desk, until))
    if not going:
        if left <= LONG_SECONDS or now - oldest < PATIENCE_MS:
            return False
        began = _Said(now, until, now, 0)
        if not desk.tell_operations(connection, began.key, render(words).content(), now):
            return False
        heartbeats.due(connection, _NAME, began.written(), now)
        return True
    assert said is not None  # noqa: S101
    moved = abs(until - said.until)
    if now - said.at < EDIT_MS or moved < max(EDIT_MS, MOVED * left * 1000):
        return False
    return _edit(connection, desk, said, words, now, until=until)


def _edit(
    connection: Connection, desk: Desk, said: _Said, words: str, now: int, *, until: int, over: bool = False
) -> bool:  # fmt: skip
    key = f"{said.key}:{said.edits + 1}"
    told = desk.tell_operations(connection, key, edited(said.key, words), now)
    if told:
        newer = _Said(said.start, until, now, said.edits + 1, over)
        heartbeats.due(connection, _NAME, newer.written(), now)
    return told


def _last(connection: Connection) -> _Said | None:
    written = heartbeats.last(connection, _NAME)
    if written is None:
        return None
    start, until, at, edits, over = (int(part) for part in written.split("|"))
    return _Said(start, until, at, edits, bool(over))
