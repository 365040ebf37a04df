"""`kentongan flows graph`: flows as pictures."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import exits
from bot.cli.flows import FolderOption, load_engine
from bot.cli.options import ConfigOption
from bot.dialogue import graph as drawing


class Format(StrEnum):
    """Of the picture."""

    MERMAID = "mermaid"
    SVG = "svg"


def graph(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="FLOW…", help="Alur atau layanan; bawaannya semua.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="mermaid atau svg.")] = Format.MERMAID,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Alur sebagai gambar: pertanyaan, langkah, dan jawaban, ke keluaran standar."""
    flows = load_engine(config, folder).flows
    try:
        drawn = drawing.graphs(flows, names or ())
    except KeyError as error:
        known = ", ".join(flows.flows)
        exits.fail(f"no flow or intent '{error.args[0]}'; flows are: {known}")
    typer.echo(drawing.svg(drawn) if form is Format.SVG else drawing.mermaid(drawn), nl=False)
