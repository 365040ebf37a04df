"""Options that most commands have. Help is read by officers and operators: it is Indonesian, as docs/perintah.md is."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[Path, typer.Option("--config", help="Berkas konfigurasi.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Satu objek JSON per baris di keluaran standar, tanpa yang lain.")
]
