"""Exit codes of every command (the command-line contract), and the one way to end with an error."""

from typing import NoReturn

import typer

GOOD = 0
FAILED = 1
"""Content or a check failed."""
USAGE = 2
"""Wrong usage or configuration."""
UNREACHABLE = 3
"""A needed service cannot be reached."""
SIGNED_OUT = 4
"""The homeserver signed us out."""


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Say what is wrong on standard error, and end. Never wrapped: a path broken in two cannot be searched for."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
