"""The `kentongan` command. Each command parses, calls and prints; the work is done elsewhere."""

from __future__ import annotations

import typer

from bot.cli import audit, bulletin, chat, check, db, demo, flows, incidents, model, rooms, run, transcribe

app = typer.Typer(
    name="kentongan",
    help="Satu bot Matrix, tiga suara: Chat Pak Polisi, Ngobrol Kamtibmas, Buletin Kamtibmas.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Keeps sub-commands sub-commands even while there is only one."""


app.add_typer(audit.app, name="audit")
app.add_typer(bulletin.app, name="bulletin")
app.command()(chat.chat)
app.command()(check.check)
app.add_typer(db.app, name="db")
app.command()(demo.demo)
app.add_typer(flows.app, name="flows")
app.add_typer(incidents.app, name="incidents")
app.add_typer(model.app, name="model")
app.add_typer(rooms.app, name="rooms")
app.command()(run.run)
app.command()(transcribe.transcribe)


def main() -> None:
    """Entry point of the `kentongan` script."""
    app()
