"""`kentongan chat`: talk to the flows in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.cli.flows import FolderOption, load_engine, show
from bot.cli.options import ConfigOption
from bot.clock import now
from bot.dialogue.conversation import Conversation


def chat(
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tampilkan alasan tiap jawaban.")] = False,
) -> None:
    """Berbincang dengan alur di terminal; baris kosong atau Ctrl-D mengakhiri."""
    engine = load_engine(config, folder)
    console = Console()
    state: Conversation | None = None
    while True:
        try:
            text = console.input("[bold]> [/bold]")
        except (EOFError, KeyboardInterrupt):
            break
        if not text.strip():
            break
        decision = engine.step(state, text, now())
        state = decision.state
        show(console, decision, explain=explain)
