"""The progress of `rooms apply` for the person who looks on: what is done, what is waited for, when it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.clock import now
from bot.matrix.api import on_wait
from bot.rooms.apply import Result, Step
from bot.rooms.change import Change
from bot.rooms.pace import Pace

_MARKS = {Result.DONE: "✓", Result.ALREADY: "=", Result.FAILED: "✗"}


class RoomBar:
    """A bar over one round of changes; silent for --json, except that waits are told as ever."""

    def __init__(self, changes: Sequence[Change], zone: ZoneInfo, *, quiet: bool) -> None:
        self._changes = changes
        self._zone = zone
        self._quiet = quiet
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[eta]}"),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)
        self._task = self._bar.add_task("Menyamakan ruang", total=len(changes), eta="")
        self._pace = Pace()
        self._done = 0
        self._began = time.monotonic()

    def __enter__(self) -> RoomBar:
        self._before = on_wait.get()
        on_wait.set(self.wait)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        on_wait.set(self._before)

    def tell(self, step: Step) -> None:
        """One change is through."""
        ended = time.monotonic()
        self._pace.took(step.change, ended - self._began)
        self._began, self._done = ended, step.number
        self._bar.update(self._task, completed=step.number, eta=self._eta())
        text = f"{_MARKS[step.result]} {step.change}" + (f": {step.error}" if step.error else "")
        self._bar.console.print(text, markup=False, highlight=False)

    def wait(self, seconds: float, why: str) -> None:
        """The homeserver asks for a pause before the change under way."""
        if self._before is not None:
            self._before(seconds, why)
        if self._done < len(self._changes):
            self._pace.waits(self._changes[self._done], seconds)
        text = f"menunggu homeserver sampai {self._clock(seconds)}"
        self._bar.update(self._task, eta=f"{text}, {self._eta()}")

    def _eta(self) -> str:
        left = self._pace.left(self._changes[self._done :])
        if not left or self._done == len(self._changes):
            return ""
        return f"sisa sekitar {spoken(left)}, selesai pukul {self._clock(left)}"

    def _clock(self, seconds: float) -> str:
        at: datetime = now().astimezone(self._zone) + timedelta(seconds=seconds)
        return f"{at:%H.%M.%S}" if seconds < 90 else f"{at:%H.%M}"


def spoken(seconds: float) -> str:
    """A length of time as one says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} detik"
    minutes = round(seconds / 60)
    return f"{minutes} menit" if minutes < 90 else f"{minutes / 60:.1f} jam".replace(".", ",")
