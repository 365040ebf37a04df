"""Exit codes of `kentongan rooms`: what is wrong, and whose turn it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

ROOT = Path(__file__).parents[2]
CONFIG = """
homeserver: {{url: http://127.0.0.1:9, user_id: "@kentongan:batang.test"}}
paths: {{data: data, flows: {root}/flows, rooms: rooms, places: {root}/places}}
secrets: {{pickle_key_file: keys/pickle, audit_key_file: keys/audit}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rooms", tmp_path / "rooms")
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.format(root=ROOT))
    return file


def run(config: Path, *arguments: str):
    return CliRunner().invoke(app, ["rooms", *arguments, "--config", str(config)])


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_mistake_in_the_files_exits_2_before_anything_is_asked(config, command):
    file = config.parent / "rooms" / "officers.yaml"
    file.write_text(file.read_text().replace("members: []", "members: [budi]", 1))
    result = run(config, command)
    assert result.exit_code == 2
    assert "officers.yaml:" in result.stderr
    assert not (config.parent / "data").exists()


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_homeserver_that_is_down_exits_3(config, command, monkeypatch):
    async def at_once(_: float) -> None: ...

    monkeypatch.setattr("bot.matrix.api.asyncio.sleep", at_once)
    crypto = config.parent / "data" / "crypto"
    crypto.mkdir(parents=True)
    (config.parent / "keys").mkdir()
    for name in ("pickle", "audit"):
        (config.parent / "keys" / name).write_text("k" * 64)
    session = {"user_id": "@kentongan:batang.test", "device_id": "D", "access_token": "secret-token"}
    (crypto / "session.json").write_text(json.dumps(session))
    result = run(config, command, "--json")
    assert result.exit_code == 3, result.output
    assert not result.stdout
    assert "secret-token" not in result.output


def test_nothing_to_sign_in_with_exits_2(config, monkeypatch):
    for name in ("KENTONGAN_PASSWORD", "KENTONGAN_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = run(config, "plan")
    assert result.exit_code == 2
    assert "KENTONGAN_PASSWORD" in result.stderr
