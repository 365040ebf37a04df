"""The `kentongan` command with some constants changed: `altered.py bot.module.NAME=VALUE … -- run --config …`.

For the claims about what happens after a minute or ten, in processes of their own.
"""

from __future__ import annotations

import ast
import importlib
import sys

from bot.cli import main


def alter(setting: str) -> None:
    """Set one constant; it must exist, so that a renamed one is noticed."""
    target, value = setting.split("=", 1)
    module, name = target.rsplit(".", 1)
    loaded = importlib.import_module(module)
    assert hasattr(loaded, name), target
    setattr(loaded, name, ast.literal_eval(value))


if __name__ == "__main__":
    end = sys.argv.index("--")
    for argument in sys.argv[1:end]:
        alter(argument)
    sys.argv[1:] = sys.argv[end + 1 :]
    main()
