"""Voice notes and messages as they were sent, and what was heard in them.

A transmission's row is never changed in what it says, only in how far its hearing has come; what was heard is a
`transcripts` row, and a correction is a new version beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, func, select, update

from bot.event import IncomingEvent, Kind
from bot.store.inbox import insert_or_ignore
from bot.store.tables import transcripts, transmissions
from bot.store.unsaying import empty_transcripts, unsay

LATE = "late"
"""Flag of words that were read only long after they were sent; a correction does not make them any earlier."""
_KINDS = {Kind.AUDIO: "voice", Kind.IMAGE: "photo", Kind.LOCATION: "location"}


class HeardSegment(Protocol):
    """A stretch of speech with its times."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...


class HeardNote(Protocol):
    """What speech recognition gives (`bot.voice.heard.Heard`), as far as it is kept."""

    @property
    def text(self) -> str: ...
    @property
    def segments(self) -> Sequence[HeardSegment]: ...
    @property
    def duration(self) -> float: ...
    @property
    def language(self) -> str: ...
    @property
    def no_speech(self) -> bool: ...
    @property
    def confidence(self) -> float: ...
    @property
    def flags(self) -> Sequence[str]: ...
    @property
    def model(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str | int | float | bool]: ...


@dataclass(frozen=True)
class Transmission:
    """One note or message as sent."""

    id: int
    event_id: str
    room_id: str
    sender: str
    kind: str
    sent_at: int
    received_at: int
    purpose: str
    """report | question | note"""
    state: str
    media_path: str | None


@dataclass(frozen=True)
class Transcript:
    """One version of what was said."""

    version: int
    text: str
    flags: tuple[str, ...]
    author: str | None
    """Who wrote it; `None` for the machine."""
    created_at: int
    corrected: str = ""
    """The same with the names of places as the gazetteer spells them."""


def add(connection: Connection, event: IncomingEvent, *, purpose: str, now: int) -> int | None:
    """Persist a note or message before anything else is done about it; `None` when it is already there."""
    media = asdict(event.media) if event.media else None
    added = insert_or_ignore(
        connection,
        transmissions,
        {
            "event_id": event.event_id,
            "room_id": event.room_id,
            "sender": event.sender,
            "kind": _KINDS.get(event.kind, "text"),
            "sent_at": event.sent_at,
            "received_at": now,
            "duration_ms": event.media.duration_ms if event.media else None,
            "media": media,
            "purpose": purpose,
            "state": "queued" if event.kind is Kind.AUDIO else "heard",
            "attempts": 0,
            "crashes": 0,
            "not_before": 0,
        },
    )
    if not added:
        return None
    number = connection.scalar(select(transmissions.c.id).where(transmissions.c.event_id == event.event_id))
    assert number is not None  # noqa: S101
    return int(number)


def get(connection: Connection, number: int) -> Transmission:
    """One row. Raises LookupError when there is none."""
    row = connection.execute(select(transmissions).where(transmissions.c.id == number)).first()
    if row is None:
        raise LookupError(f"no transmission {number}")
    return _transmission(row)


def by_event(connection: Connection, event_id: str) -> Transmission | None:
    """The transmission that an event is."""
    row = connection.execute(select(transmissions).where(transmissions.c.event_id == event_id)).first()
    return _transmission(row) if row is not None else None


def of_sender(connection: Connection, room_id: str, sender: str, *, since: int) -> list[Transmission]:
    """A person's reports in a room sent since `since` (milliseconds), newest first."""
    rows = connection.execute(
        select(transmissions)
        .where(
            transmissions.c.sender == sender,
            transmissions.c.room_id == room_id,
            transmissions.c.purpose == "report",
            transmissions.c.sent_at >= since,
        )
        .order_by(transmissions.c.id.desc())
    )
    return [_transmission(row) for row in rows]


def reports_of(connection: Connection, sender: str, *, since: int) -> list[Transmission]:
    """A person's reports sent since `since` (milliseconds), wherever, newest first."""
    rows = connection.execute(
        select(transmissions)
        .where(transmissions.c.sender == sender, transmissions.c.purpose == "report", transmissions.c.sent_at >= since)
        .order_by(transmissions.c.id.desc())
    )
    return [_transmission(row) for row in rows]


def fetched(connection: Connection, number: int, path: str, sha256: str, size: int) -> bool:
    """The file is here. `size` in bytes is what arrived, whatever the sender claimed.

    False when the note was withdrawn while it was being fetched: then nothing is kept, and the file must go.
    """
    row = connection.execute(
        select(transmissions.c.media, transmissions.c.state).where(transmissions.c.id == number)
    ).first()
    if row is None or row.state != "queued":
        return False
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id == number)
        .values(media_path=path, media_sha256=sha256, media={**row.media, "size": size} if row.media else None)
    )
    return True


def heard(
    connection: Connection, number: int, result: HeardNote, *, corrected: str | None = None, now: int
) -> int | None:
    """Keep what the machine heard and take the note off the queue; returns the transcript's number.

    `None` when the note was withdrawn while it was being heard: then its words are not kept, and nothing may be
    said about them. Heard a second time, the newer transcript is a version more.
    """
    if get(connection, number).state == "withdrawn":
        return None
    transcript = _version(
        connection,
        number,
        {
            "text": result.text,
            "corrected": result.text if corrected is None else corrected,
            "segments": [{"start": one.start, "end": one.end, "text": one.text} for one in result.segments],
            "language": result.language,
            "confidence": result.confidence,
            "no_speech": float(result.no_speech),
            "flags": list(result.flags),
            "model": result.model,
            "settings": dict(result.settings),
            "author": None,
        },
        now,
    )
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id == number)
        .values(state="heard", heard_at=now, duration_ms=round(result.duration * 1000), error=None)
    )
    return transcript


def written(
    connection: Connection, number: int, text: str, *, corrected: str | None = None, flags: Sequence[str] = (), now: int
) -> int:
    """A typed message needs no hearing: its text is its first transcript, `corrected` the same with names put right."""
    values = {**_by_hand(text, None), "flags": list(flags)}
    if corrected is not None:
        values["corrected"] = corrected
    transcript = _version(connection, number, values, now)
    connection.execute(
        update(transmissions).where(transmissions.c.id == number).values(state="heard", heard_at=now, error=None)
    )
    return transcript


def corrected(
    connection: Connection, number: int, text: str, *, author: str | None, corrected: str | None = None, now: int
) -> int:
    """Somebody says what was really said: a new version, the old ones stay. `corrected` has the names put right."""
    before = versions(connection, number)
    flags = [LATE] if before and LATE in before[0].flags else []
    values = {**_by_hand(text, author), "flags": flags}
    if corrected is not None:
        values["corrected"] = corrected
    return _version(connection, number, values, now)


def reported(connection: Connection, number: int) -> None:
    """A spoken question became a report: its person agreed that officers are told."""
    connection.execute(update(transmissions).where(transmissions.c.id == number).values(purpose="report"))


def back(connection: Connection, number: int, now: int) -> None:
    """What was withdrawn is said anew by an edit of the same message: it stands in the log again."""
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id == number, transmissions.c.state == "withdrawn")
        .values(state="heard", heard_at=now)
    )


def unreadable(connection: Connection, number: int, reason: str, *, now: int) -> bool:
    """The note stays in the log, marked: nobody has heard it. False when it no longer waits for that."""
    done = connection.execute(
        update(transmissions)
        .where(transmissions.c.id == number, transmissions.c.state == "queued")
        .values(state="unreadable", error=reason, heard_at=now)
    )
    return done.rowcount > 0


def crashed(connection: Connection, number: int, now: int) -> int:
    """Count a worker's death on this note; returns how many there have been. Two are enough for quarantine."""
    connection.execute(
        update(transmissions).where(transmissions.c.id == number).values(crashes=transmissions.c.crashes + 1)
    )
    return connection.scalar(select(transmissions.c.crashes).where(transmissions.c.id == number)) or 0


def postponed(connection: Connection, number: int, error: str, not_before: int) -> None:
    """Try again from `not_before` (milliseconds) on."""
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id == number, transmissions.c.state == "queued")
        .values(attempts=transmissions.c.attempts + 1, error=error[:500], not_before=not_before)
    )


def withdrawn(connection: Connection, event_id: str, now: int) -> Transmission | None:
    """Its author took it back: words and key go, in the log and its index, too; the row stays to say so.

    Returns the row as it was, with the path of the file to remove; `None` when unknown or done before.
    """
    row = by_event(connection, event_id)
    if row is None or row.state == "withdrawn":
        return None
    empty_transcripts(connection, row.id)
    connection.execute(
        update(transmissions)
        .where(transmissions.c.id == row.id)
        .values(state="withdrawn", media=None, media_path=None, error=None, heard_at=now)
    )
    unsay(connection, row.id)
    return row


def versions(connection: Connection, number: int) -> list[Transcript]:
    """Every version of a transmission's text, newest first."""
    rows = connection.execute(
        select(transcripts).where(transcripts.c.transmission_id == number).order_by(transcripts.c.version.desc())
    )
    return [
        Transcript(row.version, row.text, tuple(row.flags), row.author, row.created_at, row.corrected) for row in rows
    ]


def depth(connection: Connection) -> tuple[int, int]:
    """(notes that wait, when the oldest of them came: milliseconds, 0 when none)."""
    row = connection.execute(
        select(func.count(), func.min(transmissions.c.received_at)).where(transmissions.c.state == "queued")
    ).one()
    return int(row[0]), int(row[1] or 0)


def _version(connection: Connection, number: int, values: dict[str, Any], now: int) -> int:
    last = connection.scalar(select(func.max(transcripts.c.version)).where(transcripts.c.transmission_id == number))
    result = connection.execute(
        transcripts.insert().values(transmission_id=number, version=(last or 0) + 1, created_at=now, **values)
    )
    assert result.inserted_primary_key is not None  # noqa: S101
    return int(result.inserted_primary_key[0])


def _by_hand(text: str, author: str | None) -> dict[str, Any]:
    return {
        "text": text,
        "corrected": text,
        "segments": [],
        "language": None,
        "confidence": None,
        "no_speech": None,
        "flags": [],
        "model": "",
        "settings": {},
        "author": author,
    }


def _transmission(row: Any) -> Transmission:
    return Transmission(
        row.id,
        row.event_id,
        row.room_id,
        row.sender,
        row.kind,
        row.sent_at,
        row.received_at,
        row.purpose,
        row.state,
        row.media_path,
    )
