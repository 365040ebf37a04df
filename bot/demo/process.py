"""The bot and its commands as processes of their own, as an operator starts them."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KENTONGAN = (sys.executable, "-m", "bot")


class ProcessError(Exception):
    """A command failed; carries the end of what it printed."""


async def kentongan(*arguments: str, config: Path) -> str:
    """Run one command to its end; returns its standard output. Raises ProcessError unless it exits 0."""
    process = await asyncio.create_subprocess_exec(
        *KENTONGAN, *arguments, "--config", str(config), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode:
        tail = (err or out).decode(errors="replace")[-1500:]
        raise ProcessError(f"kentongan {' '.join(arguments)} exited {process.returncode}:\n{tail}")
    return out.decode()


class BotProcess:
    """`kentongan run` with its log in a file."""

    def __init__(self, config: Path, health_port: int, log: Path, *, command: Sequence[str] = KENTONGAN) -> None:
        self._config, self._log, self._command = config, log, command
        self._health = f"http://127.0.0.1:{health_port}/healthz"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id, while it runs."""
        assert self._process is not None  # noqa: S101
        return self._process.pid

    def start(self) -> None:
        """Start without waiting."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*self._command, "run", "--config", str(self._config)], stdout=log, stderr=log, start_new_session=True
            )

    def health(self) -> dict[str, Any]:
        """What /healthz says; empty while nobody answers."""
        try:
            with urllib.request.urlopen(self._health, timeout=5) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            answer = json.loads(error.read() or b"{}")
        except (OSError, ValueError):
            answer = {}
        return answer

    async def until(self, *keys: str, seconds: float = 90) -> None:
        """Wait until /healthz says yes to every key ("ready", "synced", …)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise ProcessError(f"the bot ended while starting:\n{self.tail()}")
            health = await asyncio.to_thread(self.health)
            if all(health.get(key) for key in keys):
                return
            await asyncio.sleep(0.1)
        raise ProcessError(f"the bot was not {' and '.join(keys)} within {seconds:g} s:\n{self.tail()}")

    def stop(self, *, kill: bool = False, seconds: float = 15) -> int:
        """SIGTERM (or SIGKILL) and wait; returns the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process = None
        return code

    def tail(self, characters: int = 2000) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-characters:] if self._log.exists() else ""
