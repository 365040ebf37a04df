"""`kentongan incidents export`: the log as CSV, GeoJSON, CAP or PDF. What is handed out is noted first."""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.engine import make_url

from bot.cli import exits
from bot.cli.account import open_database, told
from bot.cli.documents import Log, Made, alerts, envelope_of, report, summary
from bot.cli.exits import fail
from bot.cli.options import ConfigOption
from bot.cli.stored import begin
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.exports.geojson import write_geojson
from bot.exports.report import MAX_ENTRIES
from bot.exports.table import write_csv
from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.lifecycle import Status
from bot.incidents.loader import load_rules
from bot.incidents.rules import Rules
from bot.store import database as databases
from bot.store import exports as store
from bot.store.audit import Auditor
from bot.store.exports import Selection
from bot.version import content_version


class Format(StrEnum):
    """Of an export."""

    CSV = "csv"
    GEOJSON = "geojson"
    CAP = "cap"
    PDF = "pdf"


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
            made = Made(spool)
            with databases.reading(database.engine) as connection, _progress() as bar:
                length = store.count(connection, selection)
                task = bar.add_task("menyusun", total=length)
                log = Log(connection, settings, rules, gazetteer, selection, partial(bar.advance, task))
                match form:
                    case Format.CSV:
                        made.write(write_csv(made.counted(log.entries()), delimiter=delimiter))
                    case Format.GEOJSON:
                        made.write(write_geojson(made.counted(log.entries())))
                    case Format.CAP if folder is not None:
                        alerts(made, log, envelope_of(settings, gazetteer, now, exercise))
                    case Format.CAP:
                        bar.update(task, total=2 * length)
                        summary(made, log, envelope_of(settings, gazetteer, now, exercise))
                    case Format.PDF:
                        if length > MAX_ENTRIES:
                            most = f"{length} kejadian; laporan cetak memuat paling banyak {MAX_ENTRIES}"
                            fail(f"{most}: narrow it by --since and --until", exits.FAILED)
                        report(made, log, now, taker)
            digest = _digest(spool)
            database.run_blocking(
                partial(
                    store.record, auditor=auditor, who=taker, form=str(form), selection=selection, rows=made.rows,
                    sha256=digest, version=content_version(settings), now=now, messages=made.messages,
                )
            )  # fmt: skip
            # Only now: nothing leaves the house that is not noted.
            _hand_out(made, output, folder)


def _progress() -> Progress:
    """On the terminal alone, and gone when the work is done: what is exported may stand in the same terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


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


def _digest(spool: IO[bytes]) -> str:
    digest = hashlib.sha256()
    spool.seek(0)
    while piece := spool.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _hand_out(made: Made, output: Path | None, folder: Path | None) -> None:
    made.spool.seek(0)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for name, size in made.files:
                (folder / name).write_bytes(made.spool.read(size))
            return
        with _target(output) as target:
            shutil.copyfileobj(made.spool, target, 1 << 20)
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
