"""Too many voice notes wait, or one waits too long: officers hear it once, and once when it is over.

While it lasts they know that the channels say more than the cards show, and which note to listen to themselves.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import phrases
from bot.handlers.desk import Desk
from bot.handlers.replies import permalink
from bot.markup import render
from bot.outgoing import Priority
from bot.store import heartbeats, notequeue, transmissions

_NAME = "speech_backlog"
_OVER = "over"
_MOST_LINKS = 3


def look(connection: Connection, desk: Desk, now: int) -> bool:
    """Raise or end the alarm; true when something was said. What was said last is a row, so a restart says nothing
    again, and it ends only well below where it begins, so that it does not flicker."""
    speech = desk.config.speech
    depth, oldest = transmissions.depth(connection)
    seconds = (now - oldest) / 1000 if depth else 0.0
    raised = _raised(connection)
    if raised is None and (depth >= speech.alarm_depth or seconds >= speech.alarm_seconds):
        return _say(connection, desk, str(now), _raise(connection, desk, depth, seconds, now), now, loud=True)
    if raised is not None and depth <= speech.alarm_depth // 2 and seconds <= speech.alarm_seconds / 2:
        words = phrases.BACKLOG_OVER.format(number=depth, minutes=_minutes((now - int(raised)) / 1000))
        return _say(connection, desk, f"{raised}:{_OVER}", words, now, loud=False)
    return False


def _raised(connection: Connection) -> str | None:
    """When the alarm began that is not over yet, milliseconds."""
    last = heartbeats.last(connection, _NAME)
    return last if last is not None and not last.endswith(_OVER) else None


def _raise(connection: Connection, desk: Desk, depth: int, seconds: float, now: int) -> str:
    notes = [
        f"[▶️ {_minutes((now - note.received_at) / 1000)}]"
        f"({permalink(note.room_id, note.event_id, desk.config.homeserver.server_name)})"
        for note in notequeue.oldest_reports(connection, _MOST_LINKS)
    ]
    words = phrases.BACKLOG.format(number=depth, minutes=_minutes(seconds))
    return words + (phrases.BACKLOG_LISTEN.format(links=" · ".join(notes)) if notes else "")


def _say(connection: Connection, desk: Desk, period: str, words: str, now: int, *, loud: bool) -> bool:
    key = f"backlog:{period}"
    content = render(words).content(notice=not loud)
    if not loud:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": f"outbox:{key.removesuffix(f':{_OVER}')}"}}
    if not desk.tell_operations(connection, key, content, now, priority=Priority.WARNING):
        return False  # no operations room yet: it is looked again
    heartbeats.due(connection, _NAME, period, now)
    desk.record(connection, "speech.backlog", key, {"over": not loud}, now)
    return True


def _minutes(seconds: float) -> str:
    return f"{max(round(seconds / 60), 1)} menit"
