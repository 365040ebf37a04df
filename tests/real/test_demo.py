"""`kentongan demo --once`, as a newcomer runs it; and its honest failure when a step cannot happen."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
import yaml

from bot.demo.process import KENTONGAN
from bot.demo.world import ROLES

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
ALLOWED_SECONDS = 240


class Demo:
    """A demo under way, in a session of its own."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process, self.folder = process, folder
        self.began = time.monotonic()
        self._output = asyncio.create_task(process.communicate())

    @classmethod
    async def start(cls, folder: Path, config: Path = ROOT / "config.yaml", **environment: str) -> Demo:
        process = await asyncio.create_subprocess_exec(
            *KENTONGAN, "demo", "--once", "--folder", str(folder), "--config", str(config),
            env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return cls(process, folder)

    async def end(self) -> tuple[int, str]:
        """Exit status and output; nothing of the demo is left running."""
        output, _ = await asyncio.wait_for(self._output, ALLOWED_SECONDS)
        assert self.process.returncode is not None
        left = [process.pid for process in psutil.process_iter(["cmdline"]) if self._ours(process)]
        assert left == []
        return self.process.returncode, output.decode()

    def _ours(self, process: psutil.Process) -> bool:
        return any(str(self.folder) in part for part in process.info["cmdline"] or [])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """The whole scene; it spends most of its time waiting for the bulletin's minute, while the others here fail."""
    demo = await Demo.start(tmp_path_factory.mktemp("played") / "demo")
    async with asyncio.timeout(120):
        # From then on it has its port, and others find that it is taken.
        while demo.process.returncode is None and not (demo.folder / "access.json").exists():
            await asyncio.sleep(0.1)
    yield demo
    if demo.process.returncode is None:
        demo.process.terminate()
        await demo.process.wait()


def config_with(folder: Path, **paths: str) -> Path:
    document = yaml.safe_load((ROOT / "config.yaml").read_text())
    everything = {name: str(ROOT / name) for name in ("flows", "rooms", "places")}
    document["paths"] = {**document["paths"], **everything, **paths}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


async def test_without_the_answer_on_sim_the_scene_fails_there(played: Demo, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", flows)
    text = (flows / "sim.yaml").read_text()
    assert "100.000" in text or "100000" in text
    (flows / "sim.yaml").write_text(text.replace("100.000", "1").replace("100000", "1"))

    code, output = await (await Demo.start(tmp_path / "demo", config_with(tmp_path, flows=str(flows)))).end()

    assert code == 1, output
    assert "SIM C" in output
    assert "✗" in output


async def test_without_its_speech_model_the_bot_does_not_start_and_the_remedy_is_said(
    played: Demo, tmp_path: Path
) -> None:
    code, output = await (await Demo.start(tmp_path / "demo", KENTONGAN_MODELS=str(tmp_path / "none"))).end()

    assert code == 1
    assert "kentongan model fetch base" in output


async def test_a_configuration_that_cannot_be_read_is_exit_2(tmp_path: Path) -> None:
    code, output = await (await Demo.start(tmp_path / "demo", tmp_path / "no.yaml")).end()

    assert code == 2
    assert str(tmp_path / "no.yaml") in output
    assert not (tmp_path / "demo").exists()


async def test_the_scene_is_played_to_its_end_in_four_minutes(played: Demo) -> None:
    code, output = await played.end()

    assert code == 0, output
    assert time.monotonic() - played.began < ALLOWED_SECONDS
    assert "✗" not in output
    access = played.folder / "access.json"
    assert stat.S_IMODE(access.stat().st_mode) == 0o600
    found = json.loads(access.read_text())
    assert set(found) == {"homeserver", "bot", "accounts", "rooms", "config"}
    roles = [account["role"] for account in found["accounts"]]
    assert roles == list(ROLES) == ["warga", "pengemudi", "petugas", "petugas2"]
    assert all(set(account) == {"role", "user_id", "password"} for account in found["accounts"])
    assert all(alias.startswith("#") and room.startswith("!") for alias, room in found["rooms"].items())
    assert Path(found["config"]).is_file()
    log = (played.folder / "bot.log").read_text()
    assert not [account["password"] for account in found["accounts"] if account["password"] in log + output]
    assert "gaji kapolres" not in log
