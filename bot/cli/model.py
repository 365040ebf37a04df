"""`kentongan model`: have the speech model, see which are there."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot.cli import exits
from bot.voice.errors import FetchFailed
from bot.voice.fetch import fetch_model
from bot.voice.models import list_models

app = typer.Typer(help="Model suara: ambil dan lihat.", no_args_is_help=True)


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="base, small, large-v3-turbo …")] = "base") -> None:
    """Mengambil model suara ke tembolok; langsung selesai bila sudah ada."""
    errors = Console(stderr=True)
    bar = Progress(
        TextColumn(f"{name}: {{task.description}}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=errors,
    )
    try:
        with bar:
            task = bar.add_task("starting", total=None)

            def show(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total or None)

            folder, fetched = fetch_model(name, show)
            bar.update(task, visible=False)
    except FetchFailed as error:
        exits.fail(
            f"Model {name} could not be fetched.\n{error}", exits.UNREACHABLE if error.unreachable else exits.FAILED
        )
    typer.echo(f"{name}: {'fetched' if fetched else 'already there'}: {folder}")


@app.command("list")
def list_() -> None:
    """Model yang dikenal, dan mana yang sudah ada."""
    table = Table("model", "size", "folder")
    for model in list_models():
        size = f"{model.size / 1e6:.0f} MB" if model.present else "not fetched"
        table.add_row(model.name, size, str(model.folder) if model.present else "")
    Console().print(table)
