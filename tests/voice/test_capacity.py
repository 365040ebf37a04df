"""One speech worker for each core, as long as there is memory for them; both as the control group allows."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.config import Speech
from bot.voice import capacity
from bot.voice.capacity import MB, SPARE_MB, WORKER_MB, cores, memory_mb, room, workers

GB = 1 << 30


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of 100 MB that takes no room on the disk."""
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(100 * MB)
    return tmp_path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sixteen cores, 64 GB."""
    monkeypatch.setattr(capacity, "cores", lambda: 16)
    monkeypatch.setattr(capacity, "memory_mb", lambda: 64 * 1024)
    return monkeypatch


def test_there_is_a_worker_for_each_core(machine: pytest.MonkeyPatch, model: Path) -> None:
    assert workers(Speech(), model) == 16


def test_the_configured_number_counts_whatever_the_machine_has(machine: pytest.MonkeyPatch, model: Path) -> None:
    assert workers(Speech(workers=40), model) == 40
    assert workers(Speech(workers=1), model) == 1


def test_where_memory_is_short_there_are_fewer_and_never_none(machine: pytest.MonkeyPatch, model: Path) -> None:
    machine.setattr(capacity, "memory_mb", lambda: SPARE_MB + 3 * (WORKER_MB + 100))
    assert workers(Speech(), model) == 3
    machine.setattr(capacity, "memory_mb", lambda: 256)
    assert workers(Speech(), model) == 1


def test_workers_on_a_graphics_card_share_its_memory(machine: pytest.MonkeyPatch, model: Path) -> None:
    assert workers(Speech(device="cuda"), model) == capacity.ON_A_CARD


@given(some.integers(0, 1 << 20))
def test_a_bigger_model_never_makes_more_workers(memory: int) -> None:
    assert 1 <= room(memory, Path("/nowhere")) <= max((memory - SPARE_MB) // WORKER_MB, 1)


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """Control groups of the second version: a service in a slice."""
    (tmp_path / "cgroup").write_text("0::/system.slice/kentongan.service\n")
    (tmp_path / "mount" / "system.slice" / "kentongan.service").mkdir(parents=True)
    return tmp_path


def test_the_strictest_limit_of_all_groups_above_counts(group: Path) -> None:
    slice_ = group / "mount" / "system.slice"
    (slice_ / "kentongan.service" / "memory.max").write_text("max\n")
    (slice_ / "memory.max").write_text(f"{GB // 4}\n")
    (slice_ / "kentongan.service" / "cpu.max").write_text("max 100000\n")
    (slice_ / "cpu.max").write_text("50000 100000\n")
    assert memory_mb(group / "cgroup", group / "mount") == 256
    assert cores(group / "cgroup", group / "mount") == 1


def test_groups_of_the_first_version_are_understood(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("4:memory:/bot\n1:cpu,cpuacct:/bot\n0::/\n")
    for controller in ("memory", "cpu"):
        (tmp_path / "mount" / controller / "bot").mkdir(parents=True)
    (tmp_path / "mount" / "memory" / "bot" / "memory.limit_in_bytes").write_text(f"{GB // 2}\n")
    (tmp_path / "mount" / "cpu" / "bot" / "cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "mount" / "cpu" / "bot" / "cpu.cfs_period_us").write_text("100000\n")
    assert memory_mb(tmp_path / "cgroup", tmp_path / "mount") == 512
    assert cores(tmp_path / "cgroup", tmp_path / "mount") == 1


@pytest.mark.parametrize("lines", ["", "nonsense\n", "0::/../../../etc\n", "0::/system.slice/kentongan.service\n"])
def test_without_limits_it_is_what_the_machine_has(group: Path, lines: str) -> None:
    (group / "cgroup").write_text(lines)
    (group / "mount" / "memory.max").write_text("9223372036854771712\n")
    (group / "mount" / "cpu.max").write_text("-1 100000\n")
    assert memory_mb(group / "cgroup", group / "mount") == psutil.virtual_memory().total // MB
    assert cores(group / "cgroup", group / "mount") == len(os.sched_getaffinity(0))
