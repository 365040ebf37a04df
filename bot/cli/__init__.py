"""The `kentongan` command. Each command parses, calls and prints; the work is done elsewhere.

A new command is one line in `_COMMANDS`; its module is imported when the command is used.
"""

from __future__ import annotations

import typer

from bot.cli.lazy import LazyGroup

_COMMANDS = {
    "audit": "bot.cli.audit:app",
    "bulletin": "bot.cli.bulletin:app",
    "chat": "bot.cli.chat:chat",
    "check": "bot.cli.check:check",
    "db": "bot.cli.db:app",
    "demo": "bot.cli.demo:demo",
    "flows": "bot.cli.flows:app",
    "incidents": "bot.cli.incidents:app",
    "model": "bot.cli.model:app",
    "rooms": "bot.cli.rooms:app",
    "run": "bot.cli.run:run",
    "transcribe": "bot.cli.transcribe:transcribe",
}
"""Name → "module:attribute"; the attribute is a Typer app or a function."""


class _Commands(LazyGroup):
    table = _COMMANDS


app = typer.Typer(
    cls=_Commands,
    name="kentongan",
    help="Satu bot Matrix, tiga suara: Chat Pak Polisi, Ngobrol Kamtibmas, Buletin Kamtibmas.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Keeps sub-commands sub-commands even while there is only one."""


def main() -> None:
    """Entry point of the `kentongan` script."""
    app()
