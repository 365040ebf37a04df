"""`kentongan demo`: an embedded homeserver, the bot, and a played scene."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.cli import exits
from bot.config import load_config
from bot.demo.homeserver import HomeserverError
from bot.demo.process import ProcessError
from bot.demo.scene import Scene, SceneError
from bot.demo.world import World
from bot.matrix.person import PersonError
from bot.problem import ContentError

FAILURES = (SceneError, ProcessError, PersonError, HomeserverError, TimeoutError, OSError)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Selesai begitu adegan selesai.")] = False,
    folder: Annotated[Path, typer.Option(help="Tempat demo hidup; dikosongkan setiap kali mulai.")] = Path("var/demo"),
    config: Annotated[Path, typer.Option(help="Alur, ruang, dan tempat siapa yang dipakai.")] = Path("config.yaml"),
) -> None:
    """Memainkan adegan di homeserver sungguhan: pertanyaan, penolakan, pesan suara, buletin."""
    # Of the people's clients; the bot has a log of its own. A first message always lacks sessions, which it then makes.
    logging.getLogger("nio").setLevel(logging.ERROR)
    console = Console()
    try:
        scene = Scene(World(folder.resolve(), load_config(config)))
    except ContentError as error:
        exits.fail(str(error))
    raise typer.Exit(asyncio.run(_demo(scene, console, once=once)))


async def _demo(scene: Scene, console: Console, *, once: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    playing, stopping = asyncio.create_task(_play(scene, console)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            console.print("Demo dihentikan sebelum selesai.", style="yellow")
            return exits.FAILED
        if not playing.result():
            return exits.FAILED
        _retell(console, scene)
        if not once:
            _invite(console, scene)
            await stop.wait()
        return exits.GOOD
    finally:
        for task in (playing, stopping):
            task.cancel()
        await asyncio.gather(playing, stopping, return_exceptions=True)
        await scene.leave()
        with console.status("Menutup demo …"):
            await asyncio.to_thread(scene.close)


async def _play(scene: Scene, console: Console) -> bool:
    """Each step with a spinner and its time; false at the first that did not happen."""
    columns = (SpinnerColumn("line", finished_text=""), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for title, act in scene.steps():
            task = progress.add_task(title, total=1)
            try:
                await act()
            except FAILURES as error:
                progress.update(task, description=f"[red]✗ {title}[/]")
                progress.stop()
                console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
                console.print(f"Log bot: {scene.world.folder / 'bot.log'}", markup=False)
                return False
            progress.update(task, completed=1, description=f"[green]✓[/] {title}")
    return True


def _retell(console: Console, scene: Scene) -> None:
    """The scene as the people saw it."""
    for who, words in scene.transcript:
        console.print(
            Panel(words, title=who, title_align="left", border_style="cyan" if "kentongan" in who else "white")
        )


def _invite(console: Console, scene: Scene) -> None:
    """How to look around with Element while it stays up."""
    table = Table(title="Masuk dengan Element", title_justify="left")
    for column in ("peran", "nama pengguna", "kata sandi"):
        table.add_column(column)
    for account in scene.world.accounts:
        table.add_row(account.role, account.user_id, account.password)
    console.print(table)
    console.print(f"Homeserver: [bold]{scene.world.homeserver.url}[/]  (pilih “Edit” / “Ubah homeserver” saat masuk)")
    console.print(f"Ajak bicara bot: {scene.world.bot_id}   Kanal: {', '.join(scene.world.aliases().values())}")
    console.print(f"Semua ini juga ada di {scene.world.folder / 'access.json'}. Ctrl-C mengakhiri.", markup=False)
