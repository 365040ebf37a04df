"""What `kentongan incidents export` makes: each form written into a file without a name, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import IO

from sqlalchemy import Connection

from bot.config import Config
from bot.exports import cap
from bot.exports.entry import Entry, entry_of
from bot.exports.report import Heading, write_pdf
from bot.incidents.gazetteer import Gazetteer
from bot.incidents.lifecycle import Status
from bot.incidents.rules import Rules
from bot.store import exports as store
from bot.store import rooms
from bot.store.exports import Selection

_READ_AT_ONCE = 500


@dataclass
class Made:
    """What is to be handed out. It may be long, so it lies in a file without a name, one document after the other."""

    spool: IO[bytes]
    rows: int = 0
    files: list[tuple[str, int]] = field(default_factory=list)
    """For a folder: name and bytes of each document, in their order."""
    messages: list[tuple[int, str, str]] = field(default_factory=list)
    """Of the alerts in it: (incident, identifier, sent)."""

    def write(self, pieces: Iterable[bytes]) -> int:
        """Add a document; returns its bytes."""
        return sum(self.spool.write(piece) for piece in pieces)

    def counted(self, chosen: Iterable[Entry]) -> Iterator[Entry]:
        """The entries, counted on their way into a document."""
        for entry in chosen:
            self.rows += 1
            yield entry


@dataclass(frozen=True)
class Log:
    """The chosen entries, read again each time they are asked for: a log is longer than memory."""

    connection: Connection
    settings: Config
    rules: Rules
    gazetteer: Gazetteer
    selection: Selection
    read: Callable[[int], object]
    """Told how many more have been read."""

    def entries(self) -> Iterator[Entry]:
        """As they may leave the house."""
        channels = {room.room_id: room.name for room in rooms.named(self.connection).values()}
        places = self.gazetteer.places
        districts = {place.name: place.code for place in places if place.kind == "district" and place.code}
        for number, (incident, verified) in enumerate(store.entries(self.connection, self.selection), 1):
            channel = channels.get(incident.room_id, "")
            zone = self.settings.zone
            yield entry_of(incident, self.rules, zone, channel=channel, verified=verified, districts=districts)
            if number % _READ_AT_ONCE == 0:
                self.read(_READ_AT_ONCE)

    def announced(self) -> Iterator[tuple[Entry, cap.Message | None]]:
        """Those that an alert may be about, each with the last one about it. Private matters never are; and where
        nobody has heard of something, nobody needs to hear that it was false."""
        open_to_all = (entry for entry in self.entries() if not entry.private)
        while batch := list(islice(open_to_all, _READ_AT_ONCE)):
            before = store.earlier_messages(self.connection, [entry.id for entry in batch])
            for entry in batch:
                known = before.get(entry.id)
                if known is not None or entry.status not in cap.CANCELLED:
                    yield entry, cap.Message(*known) if known is not None else None


def envelope_of(settings: Config, gazetteer: Gazetteer, now: int, exercise: bool) -> cap.Envelope:
    """What every alert of this export says about itself."""
    area, code = _area(gazetteer)
    sent = datetime.fromtimestamp(now / 1000, UTC).astimezone(settings.zone)
    user, server = settings.homeserver.user_id[1:].split(":", 1)
    return cap.Envelope(cap.clean_id(f"{user}@{server}"), sent, f"Kentongan {area}", area, code, exercise)


def alerts(made: Made, log: Log, envelope: cap.Envelope) -> None:
    """An alert for each incident."""
    moment = cap.moment(envelope.sent)
    for entry, before in log.announced():
        about = cap.outline([entry])
        size = made.write(cap.write_alert([entry], about, envelope, [before] if before else []))
        made.files.append((f"kejadian-{entry.id}.xml", size))
        made.messages.append((entry.id, envelope.identifier(about.ids), moment))
        made.rows += 1


def summary(made: Made, log: Log, envelope: cap.Envelope) -> None:
    """One alert about all. It begins with their numbers, so they are read twice; nothing changes in between."""
    standing: dict[int, cap.Message | None] = {}
    ended: dict[int, cap.Message | None] = {}
    status: Status | None = None
    for entry, before in log.announced():
        if entry.status in cap.CANCELLED:
            ended[entry.id], status = before, entry.status
        else:
            standing[entry.id] = before
    alone = not standing and len(ended) == 1
    chosen = ended if alone else standing
    about = cap.Outline(list(chosen), status if alone else None)
    before_all = [message for message in chosen.values() if message is not None]
    entries = (entry for entry in log.entries() if entry.id in chosen)
    made.write(cap.write_alert(made.counted(entries), about, envelope, before_all))
    identifier, moment = envelope.identifier(about.ids), cap.moment(envelope.sent)
    made.messages += [(number, identifier, moment) for number in about.ids]


def report(made: Made, log: Log, now: int, who: str) -> None:
    """For paper. Raises ValueError above `bot.exports.report.MAX_ENTRIES`."""
    zone, selection = log.settings.zone, log.selection
    printed = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    since = None
    if selection.since is not None:
        since = datetime.fromtimestamp(selection.since / 1000, UTC).astimezone(zone)
    until = printed
    if selection.until is not None:
        until = datetime.fromtimestamp(selection.until / 1000, UTC).astimezone(zone)
    elif since is not None and since.date() == printed.date():
        until = printed.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    heading = Heading(_area(log.gazetteer)[0], since, until, printed, who)
    made.write([write_pdf(list(made.counted(log.entries())), heading)])


def _area(gazetteer: Gazetteer) -> tuple[str, str | None]:
    regency = next((place for place in gazetteer.places if place.kind == "regency"), None)
    return (regency.name, regency.code) if regency else ("Indonesia", None)
