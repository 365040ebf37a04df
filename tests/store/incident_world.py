"""Reports as the handlers bring them in, for the tests of the log."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind, Media
from bot.incidents.analyser import Analyser
from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.loader import load_rules
from bot.store import incidents, search, transmissions

ROOT = Path(__file__).parents[2]
ANALYSER = Analyser(load_gazetteer(ROOT / "places"), load_rules(ROOT / "flows" / "incidents"))
NOON = 1_795_320_000_000


def note(number: int, room: str = "!ojol:ex.org", *, seconds: int = 5, at: int = NOON) -> IncomingEvent:
    return IncomingEvent(
        event_id=f"$note{number}",
        room_id=room,
        sender="@budi:ex.org",
        kind=Kind.AUDIO,
        sent_at=at,
        media=Media("mxc://ex.org/a", "audio/ogg", 1000, seconds * 1000, voice=True),
    )


def report(
    connection: Connection, number: int, text: str, *, at: int = NOON, room: str = "!ojol:ex.org"
) -> tuple[int, bool]:
    """One message from arrival to the log; (incident, whether it was linked)."""
    event = IncomingEvent(f"$text{number}", room, "@budi:ex.org", Kind.TEXT, at, body=text)
    added = transmissions.add(connection, event, purpose="report", now=at + 1)
    assert added is not None
    transmissions.written(connection, added, text, now=at + 2)
    found = incidents.take_up(
        connection, ANALYSER.analyse(text), added, text=text, room_id=room, version="v1", at=at, now=at + 3
    )
    search.index(connection, found[0])
    return found
