"""`kentongan incidents export`: the log as CSV, GeoJSON, CAP or PDF. What is handed out is noted first."""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import typer
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from bot.cli import exits
from bot.cli.account import open_database, told
from bot.cli.exits import fail
from bot.cli.options import ConfigOption
from bot.cli.stored import begin
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.exports import cap
from bot.exports.entry import Entry, entry_of
from bot.exports.geojson import write_geojson
from bot.exports.report import Heading, write_pdf
from bot.exports.table import write_csv
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.lifecycle import Status
from bot.incidents.loader import load_rules
from bot.incidents.rules import Rules
from bot.store import database as databases
from bot.store import exports as store
from bot.store import rooms
from bot.store.audit import Auditor
from bot.store.exports import Selection
from bot.version import content_version

DAY_MS = 86_400_000


class Format(StrEnum):
    """Of an export."""

    CSV = "csv"
    GEOJSON = "geojson"
    CAP = "cap"
    PDF = "pdf"


@dataclass
class _Made:
    """What is to be handed out: name → contents, and the alerts in it."""

    files: dict[str, bytes] = field(default_factory=dict)
    rows: int = 0
    messages: list[tuple[int, str, str]] = field(default_factory=list)


def export(
    form: Annotated[Format, typer.Option("--format", help="csv, geojson, cap, atau pdf.")] = Format.CSV,
    since: Annotated[str | None, typer.Option(help="7d, 24h, atau tanggal TTTT-BB-HH; PDF mulai hari ini.")] = None,
    until: Annotated[str | None, typer.Option(help="Tanggal TTTT-BB-HH, hari terakhir yang ikut.")] = None,
    category: Annotated[str | None, typer.Option(help="Kode kategori.")] = None,
    status: Annotated[str | None, typer.Option(help="Misalnya baru, selesai.")] = None,
    number: Annotated[int | None, typer.Option(help="Satu kejadian.")] = None,
    output: Annotated[Path | None, typer.Option(help="Berkas, bukan keluaran standar.")] = None,
    folder: Annotated[Path | None, typer.Option(help="CAP: di sini, satu berkas satu kejadian.")] = None,
    delimiter: Annotated[str, typer.Option(help="Pemisah CSV; ';' untuk lembar kerja berbahasa Indonesia.")] = ",",
    exercise: Annotated[bool, typer.Option("--exercise", help="CAP: latihan.")] = False,
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Mengeluarkan catatan tanpa pelapor, nomor pribadi, dan isi perkara pribadi. Dicatat di audit."""
    with told():
        settings = load_config(config)
        rules = load_rules(settings.resolve(settings.paths.flows) / "incidents")
        gazetteer = load_gazetteer(settings.resolve(settings.paths.places))
        now = now_ms()
        selection = _selection(settings, rules, form, since, until, category, status, number, now)
        if folder is not None and form is not Format.CAP:
            fail("--folder is for --format cap")
        if len(delimiter) != 1:
            fail("--delimiter: one character, for instance ';'")
        if form is Format.PDF and output is None and sys.stdout.isatty():
            fail("a PDF is not for a terminal: --output laporan.pdf, or redirect")
        database_file(settings)
        auditor, taker = Auditor(settings.audit_key()), who()
        with open_database(settings) as database, tempfile.TemporaryFile() as spool:
            with databases.reading(database.engine) as connection:
                chosen = _entries(connection, settings, rules, gazetteer, selection)
                match form:
                    case Format.CSV:
                        made = _spooled(spool, write_csv, chosen, delimiter=delimiter)
                    case Format.GEOJSON:
                        made = _spooled(spool, write_geojson, chosen)
                    case Format.CAP:
                        made = _alerts(connection, list(chosen), settings, gazetteer, now, folder is not None, exercise)
                    case Format.PDF:
                        made = _report(list(chosen), settings, gazetteer, selection, now, taker)
            digest = _digest(made, spool)
            database.run_blocking(
                partial(
                    store.record, auditor=auditor, who=taker, form=str(form), selection=selection, rows=made.rows,
                    sha256=digest, version=content_version(settings), now=now, messages=made.messages,
                )
            )  # fmt: skip
            # Only now: nothing leaves the house that is not noted.
            _hand_out(made, spool, output, folder)


def _selection(
    settings: Config, rules: Rules, form: Format, since: str | None, until: str | None, category: str | None,
    status: str | None, number: int | None, now: int,
) -> Selection:  # fmt: skip
    if category is not None and category not in rules.titles:
        fail(f"--category {category}: there are {', '.join(sorted(rules.titles))}")
    if status is not None and status not in [str(one) for one in Status]:
        fail(f"--status {status}: there are {', '.join(Status)}")
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(settings.zone).date()
    if form is Format.PDF and since is None and number is None:
        since = until or today.isoformat()
    start = begin(since, settings, now) if since is not None else None
    end = begin(until, settings, now) if until is not None else None
    if end is not None:
        local = datetime.fromtimestamp(end / 1000, UTC).astimezone(settings.zone)
        end = round((local + timedelta(days=1)).timestamp() * 1000)
    return Selection(start, end, category, status, number)


def _entries(
    connection: Connection, settings: Config, rules: Rules, gazetteer: Gazetteer, selection: Selection
) -> Iterator[Entry]:
    channels = {room.room_id: room.name for room in rooms.named(connection).values()}
    districts = {place.name: place.code for place in gazetteer.places if place.kind == "district" and place.code}
    for incident, verified in store.entries(connection, selection):
        channel = channels.get(incident.room_id, "")
        yield entry_of(incident, rules, settings.zone, channel=channel, verified=verified, districts=districts)


def _spooled(spool: IO[bytes], write: object, chosen: Iterable[Entry], **options: object) -> _Made:
    made = _Made()

    def counted() -> Iterator[Entry]:
        for entry in chosen:
            made.rows += 1
            yield entry

    assert callable(write)  # noqa: S101
    for piece in write(counted(), **options):
        spool.write(piece)
    return made


def _alerts(
    connection: Connection, chosen: list[Entry], settings: Config, gazetteer: Gazetteer, now: int,
    apart: bool, exercise: bool,
) -> _Made:  # fmt: skip
    chosen = [entry for entry in chosen if not entry.private]
    before = {
        number: cap.Message(*message)
        for number, message in store.earlier_messages(connection, [entry.id for entry in chosen]).items()
    }
    # Nobody has heard of it, so nobody needs to hear that it was false.
    chosen = [entry for entry in chosen if entry.status not in cap.CANCELLED or entry.id in before]
    area, code = _area(gazetteer)
    sent = datetime.fromtimestamp(now / 1000, UTC).astimezone(settings.zone)
    user, server = settings.homeserver.user_id[1:].split(":", 1)
    envelope = cap.Envelope(cap.clean_id(f"{user}@{server}"), sent, f"Kentongan {area}", area, code, exercise)
    made = _Made(rows=len(chosen))
    standing = chosen if apart else [entry for entry in chosen if entry.status not in cap.CANCELLED]
    if not apart and len(chosen) == 1:
        standing = chosen
    made.rows = len(standing)
    for group in [[entry] for entry in standing] if apart else [standing]:
        about = [before[entry.id] for entry in group if entry.id in before]
        name = f"kejadian-{group[0].id}.xml" if apart else ""
        made.files[name] = cap.alert(group, envelope, about)
        identifier, moment = envelope.identifier(group), cap.moment(sent)
        made.messages += [(entry.id, identifier, moment) for entry in group]
    return made


def _report(
    chosen: list[Entry], settings: Config, gazetteer: Gazetteer, selection: Selection, now: int, who: str
) -> _Made:
    printed = datetime.fromtimestamp(now / 1000, UTC).astimezone(settings.zone)
    since = None
    if selection.since is not None:
        since = datetime.fromtimestamp(selection.since / 1000, UTC).astimezone(settings.zone)
    until = printed
    if selection.until is not None:
        until = datetime.fromtimestamp(selection.until / 1000, UTC).astimezone(settings.zone)
    elif since is not None and since.date() == printed.date():
        until = printed.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    try:
        pdf = write_pdf(chosen, Heading(_area(gazetteer)[0], since, until, printed, who))
    except ValueError as error:
        fail(f"{error}: narrow it by --since and --until", exits.FAILED)
    return _Made({"": pdf}, len(chosen))


def _area(gazetteer: Gazetteer) -> tuple[str, str | None]:
    regency = next((place for place in gazetteer.places if place.kind == "regency"), None)
    return (regency.name, regency.code) if regency else ("Indonesia", None)


def _digest(made: _Made, spool: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for contents in made.files.values():
        digest.update(contents)
    spool.seek(0)
    while piece := spool.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _hand_out(made: _Made, spool: IO[bytes], output: Path | None, folder: Path | None) -> None:
    spool.seek(0)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for name, contents in made.files.items():
                (folder / name).write_bytes(contents)
            return
        with _target(output) as target:
            for contents in made.files.values():
                target.write(contents)
            while piece := spool.read(1 << 20):
                target.write(piece)
    except OSError as error:
        fail(f"cannot be written: {error}")


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with open(output, "wb", opener=partial(os.open, mode=0o600)) as file:
        yield file


def database_file(settings: Config) -> None:
    """Exits 2 where there is no database yet: a command must not make one by looking."""
    file = make_url(settings.database_url).database
    if file and settings.database_url.startswith("sqlite") and not Path(file).exists():
        fail(f"no database at {file}; start the bot once (`kentongan run`)")


def who() -> str:
    """The account that runs the command: also behind sudo the person, not root."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
