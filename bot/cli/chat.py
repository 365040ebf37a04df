"""`kentongan chat`: talk to the flows in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.cli.flows import ConfigOption, FolderOption, load_engine, show
from bot.clock import now
from bot.dialogue.conversation import Conversation


def chat(
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Why each reply was decided so.")] = False,
) -> None:
    """Talk to the flows in the terminal; an empty line or Ctrl-D ends it."""
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
