"""`kentongan audit show|verify`: why the bot did what it did, and whether anybody edited that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import exits
from bot.cli.options import ConfigOption, JsonOption
from bot.config import Config, load_config
from bot.problem import ContentError
from bot.store import migrate
from bot.store.audit import Auditor, Entry, about
from bot.store.database import connect, reading

app = typer.Typer(help="Catatan keputusan: lihat alasannya, buktikan keutuhannya.", no_args_is_help=True)


ERASED = "dihapus sesuai retensi"
_HEAD = re.compile(r"(\d+):([0-9a-f]{16,64})")


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Nomor pesan (event id), atau kunci, yang diputuskan.")],
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Semua keputusan tentang satu pesan, tertua dulu. Kode 1 bila tidak ada."""
    with _told():
        settings = load_config(config)
        with _chain(settings) as connection:
            entries = about(connection, event)
    for entry in entries:
        typer.echo(json.dumps(_as_dict(entry), ensure_ascii=False) if as_json else _as_text(entry, settings.zone))
    if not entries:
        exits.fail(f"tidak ada keputusan tentang {event}", exits.FAILED)


@app.command()
def verify(
    config: ConfigOption = Path("config.yaml"),
    head: Annotated[
        str | None,
        typer.Option(help="Kepala rantai yang pernah ditulis di ruang kendali, BARIS:SIDIK; harus masih ada."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Membuktikan tidak ada baris yang diubah, disisipkan, atau dihapus. Bila ada: kode 1 dan kerusakannya.

    Rantai yang dipotong ujungnya tetap utuh sejauh adanya: hanya kepala yang dicatat di tempat lain (`--head`)
    yang menunjukkannya.
    """
    posted = _HEAD.fullmatch(head.strip().lower()) if head is not None else None
    if head is not None and posted is None:
        exits.fail("--head: needs ROWS:DIGEST with at least 16 hex digits, as posted in the operations room")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _told():
        settings = load_config(config)
        with (
            _chain(settings) as connection,
            Progress(*columns, console=Console(stderr=True), disable=as_json, transient=True) as bar,
        ):
            task = bar.add_task("Memeriksa rantai", total=None)
            found = Auditor(settings.audit_key()).verify(
                connection,
                lambda done, total: bar.update(task, completed=done, total=total),
                posted=(int(posted[1]), posted[2]) if posted else None,
            )
    if as_json:
        typer.echo(json.dumps({"ok": not found.faults, **asdict(found)}, ensure_ascii=False))
    else:
        typer.echo(f"{found.rows} baris, {found.erased} {ERASED}. Kepala: {found.rows}:{found.head or '-'}")
        for fault in found.faults:
            typer.echo(f"RUSAK: {fault}")
        if not found.faults:
            typer.echo("Rantai utuh.")
    if found.faults:
        raise typer.Exit(exits.FAILED)


def _as_dict(entry: Entry) -> dict[str, object]:
    return {**asdict(entry), "erased": ERASED if entry.erased_at is not None else None}


def _as_text(entry: Entry, zone: ZoneInfo) -> str:
    when = _local(entry.at, zone)
    lines = [f"#{entry.number}  {when}  {entry.kind}  (isi versi {entry.content_version})"]
    if entry.erased_at is not None:
        lines.append(f"  {ERASED} pada {_local(entry.erased_at, zone)} ({entry.erased_why})")
    elif entry.payload is None:
        lines.append("  isinya tidak terbaca: jalankan `kentongan audit verify`")
    else:
        lines += [f"  {line}" for line in json.dumps(entry.payload, ensure_ascii=False, indent=2).splitlines()]
    return "\n".join(lines)


def _local(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%d %H.%M.%S %Z")


@contextmanager
def _chain(config: Config) -> Iterator[Connection]:
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        raise migrate.SchemaError(f"there is no database at {url.database}: has the bot run with this configuration?")
    engine = connect(config.database_url)
    try:
        with reading(engine) as connection:
            migrate.check(connection)
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (ContentError, migrate.SchemaError) as error:
        exits.fail(str(error))
    except SQLAlchemyError as error:
        exits.fail(f"the database cannot be used: {error.__cause__ or error}", exits.UNREACHABLE)
