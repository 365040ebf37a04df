"""The scene's accounts and the shipped rooms on a homeserver, made once in a process of tests and copied from then on:
to make them takes as long as many claims do. A copy is the same down to its room ids, on a port of its own."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.demo.homeserver import EmbeddedHomeserver
from bot.demo.world import Account, World

Making = Callable[[World], Awaitable[None]]


class Prepared:
    """A world's folder after its rooms were applied, with nothing running in it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._accounts: list[Account] = []

    async def copy(self, world: World, source: Config, settings: dict[str, Any], make: Making) -> None:
        """What `make` leaves in a world, in this one: homeserver, the bot's data and keys. Its files are its own."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kentongan-prepared-")) / "world"
            atexit.register(shutil.rmtree, self._folder.parent, ignore_errors=True)
            first = World(self._folder, source, EmbeddedHomeserver(self._folder / "synapse", settings=settings))
            with first.homeserver:
                await make(first)
            self._accounts = first.accounts
        shutil.copytree(
            self._folder, world.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("config.yaml", "rooms")
        )
        world.accounts = list(self._accounts)
