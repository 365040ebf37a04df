"""Commands are imported when they are used: `kentongan flows ask` should not wait for Matrix or speech libraries."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command


class LazyGroup(TyperGroup):
    """A group whose commands stand in a table: name → "module:attribute" (a Typer app, or a function)."""

    table: ClassVar[dict[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, sorted."""
        return sorted({*self.table, *super().list_commands(ctx)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and build it; None for a name that is no command."""
        place = self.table.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        found = getattr(import_module(module), attribute)
        holder = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        holder.callback()(_nothing)  # makes a group of it even with one command
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=cmd_name)
        else:
            holder.command(cmd_name)(found)
        group: Any = get_command(holder)
        return group.commands[cmd_name]


def _nothing() -> None:
    """No options of its own."""
