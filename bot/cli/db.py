"""`kentongan db upgrade|backup|restore`: the database, and everything that belongs with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import exits
from bot.cli.options import ConfigOption, JsonOption
from bot.config import load_config
from bot.lock import Locked, hold
from bot.problem import ContentError
from bot.store import migrate
from bot.store.archive import BackupError, as_dict
from bot.store.backup import backup as make_backup
from bot.store.database import connect
from bot.store.restore import restore as bring_back

app = typer.Typer(help="Basis data: perbarui skema, cadangkan, pulihkan.", no_args_is_help=True)


_ONE_BOT = (
    "Jangan jalankan bot lama dan bot yang dipulihkan bersamaan: dua bot dengan satu penyimpanan kunci saling merusak "
    "sesi enkripsinya. Matikan yang lama untuk selamanya."
)


@app.command()
def upgrade(config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False) -> None:
    """Menyesuaikan skema basis data dengan versi ini (`kentongan run` melakukannya sendiri sewaktu mulai)."""
    with _told():
        settings = load_config(config)
        with hold(settings.data_dir, settings.database_url):
            settings.audit_key()  # made first: a database without its key is a mistake from then on
            engine = connect(settings.database_url)
            try:
                before = migrate.current(engine)
                after = migrate.upgrade(engine)
            finally:
                engine.dispose()
    if as_json:
        typer.echo(json.dumps({"before": before, "after": after}))
    elif before == after:
        typer.echo(f"Skema sudah terbaru ({after}).")
    else:
        typer.echo(f"Skema diperbarui: {before or 'kosong'} → {after}.")


@app.command()
def backup(
    target: Annotated[
        Path | None, typer.Argument(help="Arsip yang ditulis; bawaannya kentongan-TANGGAL.tar di sini.")
    ] = None,
    config: ConfigOption = Path("config.yaml"),
    without_database: Annotated[
        bool, typer.Option("--without-database", help="Untuk PostgreSQL: buat dump-nya lebih dulu, simpan bersama.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Basis data, kunci enkripsi, identitas perangkat, rekaman, dan rahasia menjadi satu arsip.

    Bot boleh tetap berjalan. Arsipnya berisi kunci: simpan seaman mesinnya sendiri.
    """
    with _told():
        settings = load_config(config)
        stamp = datetime.now(settings.zone).strftime("%Y-%m-%d-%H%M%S")
        path = target if target is not None else Path(f"kentongan-{stamp}.tar")
        with _bar("Mencadangkan", quiet=as_json) as progress:
            manifest = make_backup(settings, path, without_database=without_database, progress=progress)
    if as_json:
        typer.echo(json.dumps({"archive": str(path), **as_dict(manifest)}))
        return
    typer.echo(f"Cadangan: {path} ({len(manifest.files)} berkas, {manifest.size / 1e6:.1f} MB)")
    typer.echo(f"Sidik jari (catat di tempat lain): {manifest.fingerprint}")
    typer.echo("Arsip ini berisi kunci: simpan seaman mesinnya sendiri, sebaiknya di luar mesin ini.")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="Arsip buatan `kentongan db backup`.")],
    config: ConfigOption = Path("config.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Pindahkan isi folder data yang ada ke samping.")] = False,
    fingerprint: Annotated[str | None, typer.Option(help="Sidik jari yang dicatat waktu mencadangkan.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mengembalikan arsip ke folder data yang kosong. Bot yang lama tidak boleh berjalan lagi.

    Kode 1 bila rantai auditnya rusak (semua tetap dipulihkan), 2 bila ditolak.
    """
    with _told():
        settings = load_config(config)
        with _bar("Memulihkan", quiet=as_json) as progress:
            done = bring_back(settings, archive, force=force, fingerprint=fingerprint, progress=progress)
    faults = done.audit.faults if done.audit else ()
    if as_json:
        aside = [str(path) for path in done.aside]
        typer.echo(json.dumps({**as_dict(done.manifest), "aside": aside, "audit_faults": list(faults)}))
    else:
        typer.echo(f"Dipulihkan: {done.manifest.user_id}, cadangan dari {done.manifest.made_at}.")
        for path in done.aside:
            typer.echo(f"Yang lama dipindahkan ke {path}; hapus bila semuanya sudah beres (berisi data pribadi).")
        if done.audit:
            typer.echo(f"Audit: {done.audit.rows} baris, {'utuh' if not faults else 'ADA KERUSAKAN:'}")
        for fault in faults:
            typer.echo(f"  {fault}")
        typer.echo(_ONE_BOT)
    if faults:
        raise typer.Exit(exits.FAILED)


@contextmanager
def _told() -> Iterator[None]:
    """Errors that the operator can mend, as words and exit codes."""
    try:
        yield
    except (ContentError, Locked, BackupError, migrate.SchemaError) as error:
        exits.fail(str(error))
    except SQLAlchemyError as error:
        exits.fail(f"the database cannot be used: {error.__cause__ or error}", exits.UNREACHABLE)
    except OSError as error:
        exits.fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "), exits.FAILED)


@contextmanager
def _bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
