"""Processes that begin empty.

A spawned process normally imports its parent's main module again. Ours is the `kentongan` command, which
imports the Matrix client, the database and every command: seconds and a hundred megabytes that a speech
worker has no use for. So the parent hides its main module for the moment in which it starts a worker.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

_starting = threading.Lock()


@contextmanager
def _hidden_main() -> Iterator[None]:
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class LeanProcess(SpawnProcess):
    """A spawned process without its parent's main module."""

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:
        with _hidden_main():
            return SpawnProcess._Popen(process_obj)


class LeanContext(SpawnContext):
    """A spawn context that starts lean processes."""

    Process = LeanProcess
