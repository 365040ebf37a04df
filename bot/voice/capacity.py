"""How many speech workers a machine carries: one for each core, as long as there is memory for them.

In a container or a service both are what its control group allows (cgroups(7), "cgroup-v2.rst"), not what the machine
has: sixteen workers of a machine's sixteen cores, in a group of two gigabytes, would be killed one after the other.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import structlog

from bot.config import Speech

log = structlog.get_logger()

SPARE_MB = 700
"""For the bot itself and the system beside it."""
WORKER_MB = 300
"""Of a worker beside its model's file: the interpreter, the engine, one window of sound being heard."""
ON_A_CARD = 3
"""Workers that share a graphics card, whose memory is not the machine's."""
MB = 1 << 20
_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


def workers(speech: Speech, model: Path) -> int:
    """As configured, else one for each core, at least one. `model`: the folder of the model that each of them loads."""
    if speech.workers:
        return speech.workers
    if speech.device != "cpu":
        return min(cores(), ON_A_CARD)
    wanted, fitting = cores(), room(memory_mb(), model)
    if fitting < wanted:
        log.warning("speech.memory_for_fewer_workers", cores=wanted, workers=fitting, memory_mb=memory_mb())
    return min(wanted, fitting)


def room(memory: int, model: Path) -> int:
    """Workers with that model that fit into so much memory (megabytes), at least one."""
    size = 0
    with suppress(OSError):
        size = (model / "model.bin").stat().st_size // MB
    return max((memory - SPARE_MB) // (WORKER_MB + size), 1)


def cores(groups: Path = _GROUPS, mount: Path = _MOUNT) -> int:
    """Processor cores that this process may use at a time, at least one."""
    number = os.cpu_count() or 1
    with suppress(AttributeError):  # not on every system
        number = len(os.sched_getaffinity(0))
    for folder in _own_groups("cpu", groups, mount):
        old = (*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us"))
        match _words(folder / "cpu.max") or old:
            case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):  # else "max", or -1
                number = min(number, math.ceil(int(quota) / int(period)))
    return max(number, 1)


def memory_mb(groups: Path = _GROUPS, mount: Path = _MOUNT) -> int:
    """Memory that this process and its workers may have, megabytes."""
    most = int(psutil.virtual_memory().total)
    for folder in _own_groups("memory", groups, mount):
        for limit in _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes"):
            most = min(most, int(limit)) if limit.isdecimal() else most  # else "max"
    return most // MB


def _own_groups(controller: str, groups: Path, mount: Path) -> Iterator[Path]:
    """Folders of the groups this process is in, from its own to the outermost; each may have a limit."""
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        base = mount / controller if controllers else mount
        folder = base / path.strip("/")
        yield from (folder, *(one for one in folder.parents if one.is_relative_to(base)))


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []
