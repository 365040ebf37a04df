from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.lock import FOLDER_LOCK, Hold, Locked, hold

HOLDER = """
import subprocess, sys
from pathlib import Path
from bot.lock import Hold
lock = Hold(Path(sys.argv[1]), sys.argv[2])
subprocess.Popen([sys.executable, "-c", "import sys; print('child', flush=True); sys.stdin.read()"], close_fds=False)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process that holds the locks, with a child of its own that outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "data"), f"sqlite:///{tmp_path / 'db' / 'k.db'}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = {process.stdout.readline().strip(), process.stdout.readline().strip()}
    assert said == {"held", "child"}
    yield process
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()  # ends the child
    assert process.stdout.read() == ""
    process.stdout.close()


def test_a_second_process_on_the_data_folder_is_refused_with_the_holders_pid(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    with pytest.raises(Locked) as refused:
        Hold(tmp_path / "data", f"sqlite:///{tmp_path / 'another.db'}")
    assert f"pid {other.pid}" in str(refused.value)
    assert f"Another Kentongan is using the data folder {tmp_path / 'data'}" in str(refused.value)
    assert "Kentongan lain sudah memakai folder data" in str(refused.value)


def test_a_second_process_on_the_database_is_refused_even_with_another_data_folder(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "db")
    with pytest.raises(Locked, match=f"basis data.*pid {other.pid}"):
        Hold(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'link' / 'k.db'}")


def test_a_refused_start_lets_go_of_the_lock_it_did_get(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(Locked):
        Hold(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'db' / 'k.db'}")
    with hold(tmp_path / "elsewhere", "sqlite://"):
        pass


def test_kill_9_frees_the_lock_though_a_child_lives_on(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with hold(tmp_path / "data", f"sqlite:///{tmp_path / 'db' / 'k.db'}") as lock:
        assert lock.held()
        assert json.loads((tmp_path / "data" / FOLDER_LOCK).read_text())["pid"] == os.getpid()


def test_a_stale_lock_file_of_a_dead_process_means_nothing(tmp_path: Path) -> None:
    (tmp_path / FOLDER_LOCK).write_text('{"pid": 1, "host": "gone", "since": "2020-01-01"}' + " " * 200)
    with hold(tmp_path, "sqlite://") as lock:
        assert lock.held()
        assert json.loads((tmp_path / FOLDER_LOCK).read_text())["pid"] == os.getpid()


def test_an_unreadable_note_still_gives_a_clear_refusal(tmp_path: Path) -> None:
    with hold(tmp_path, "sqlite://"):
        (tmp_path / FOLDER_LOCK).write_bytes(b"\xff\x00garbage")
        with pytest.raises(Locked, match=r"pid \? di \?"):
            Hold(tmp_path, "sqlite://")


def test_released_it_can_be_held_again_by_the_same_process(tmp_path: Path) -> None:
    for _ in range(3):
        with hold(tmp_path, f"sqlite:///{tmp_path / 'k.db'}"):
            pass


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_lock_file_taken_away_is_noticed(tmp_path: Path, how: str) -> None:
    with hold(tmp_path, "sqlite://") as lock:
        assert lock.held()
        (tmp_path / FOLDER_LOCK).unlink()
        if how == "replaced":
            (tmp_path / FOLDER_LOCK).write_text("{}")
        assert not lock.held()


def test_the_lock_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "new", "sqlite://"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / FOLDER_LOCK).stat().st_mode & 0o777 == 0o600
