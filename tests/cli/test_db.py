from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli import app
from bot.config import Config, load_config
from bot.lock import hold
from bot.store import migrate
from bot.store.audit import Auditor
from bot.store.database import connect


def home(folder: Path) -> Config:
    folder.mkdir()
    (folder / "config.yaml").write_text('homeserver: {url: "https://hs.test", user_id: "@bot:hs.test"}\n')
    return load_config(folder / "config.yaml", {})


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("KENTONGAN_PICKLE_KEY", "KENTONGAN_AUDIT_KEY"):
        monkeypatch.delenv(name, raising=False)
    return home(tmp_path / "old")


def run(config: Config, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["db", *arguments, "--config", str(config.file)])


def decide(config: Config) -> None:
    engine = connect(config.database_url)
    with engine.begin() as connection:
        Auditor(config.audit_key()).append(connection, "k", "$a", {"x": 1}, version="v", now=1)
    engine.dispose()


def test_a_fresh_database_is_upgraded_and_then_up_to_date(config: Config) -> None:
    first, second = run(config, "upgrade", "--json"), run(config, "upgrade", "--json")
    assert json.loads(first.stdout) == {"before": None, "after": migrate.newest()}
    assert json.loads(second.stdout) == {"before": migrate.newest(), "after": migrate.newest()}
    assert config.audit_key()  # made with the database, not missed afterwards
    assert "sudah terbaru" in run(config, "upgrade").stdout


def test_a_database_of_a_newer_version_exits_2_and_says_what_to_do(config: Config) -> None:
    run(config, "upgrade")
    engine = connect(config.database_url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = 'ffff'"))
    engine.dispose()
    for command in (("db", "upgrade"), ("audit", "verify")):
        result = CliRunner().invoke(app, [*command, "--config", str(config.file)])
        assert result.exit_code == 2
        assert "newer version" in result.stderr


def test_a_running_bot_keeps_an_upgrade_out(config: Config) -> None:
    with hold(config.data_dir, config.database_url):
        result = run(config, "upgrade")
    assert result.exit_code == 2
    assert "Another Kentongan" in result.stderr


def test_backup_and_restore_as_an_operator_does_it(config: Config, tmp_path: Path) -> None:
    run(config, "upgrade")
    decide(config)
    made = run(config, "backup", str(tmp_path / "k.tar"), "--json")
    assert made.exit_code == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["archive"], told["revision"], told["user_id"]) == (
        str(tmp_path / "k.tar"),
        migrate.newest(),
        "@bot:hs.test",
    )
    new = home(tmp_path / "new")
    result = run(new, "restore", str(tmp_path / "k.tar"), "--fingerprint", told["fingerprint"])
    assert result.exit_code == 0, result.stderr
    assert "Audit: 1 baris, utuh" in result.stdout
    assert "Jangan jalankan bot lama dan bot yang dipulihkan bersamaan" in result.stdout
    again = run(new, "restore", str(tmp_path / "k.tar"))
    assert again.exit_code == 2
    assert "--force" in again.stderr
    forced = run(new, "restore", str(tmp_path / "k.tar"), "--force", "--json")
    assert json.loads(forced.stdout)["aside"]
    verified = CliRunner().invoke(app, ["audit", "verify", "--config", str(new.file)])
    assert verified.exit_code == 0


def test_a_backup_gets_a_dated_name_when_none_is_given(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    run(config, "upgrade")
    monkeypatch.chdir(config.file.parent)
    result = run(config, "backup")
    assert result.exit_code == 0
    (archive,) = config.file.parent.glob("kentongan-*.tar")
    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_damaged_chain_is_restored_with_exit_1(config: Config, tmp_path: Path) -> None:
    run(config, "upgrade")
    decide(config)
    engine = connect(config.database_url)
    with engine.begin() as connection:
        connection.execute(text("update audit set kind = 'other'"))
    engine.dispose()
    run(config, "backup", str(tmp_path / "k.tar"))
    result = run(home(tmp_path / "new"), "restore", str(tmp_path / "k.tar"))
    assert result.exit_code == 1
    assert "ADA KERUSAKAN" in result.stdout


@pytest.mark.parametrize("command", [("backup", "k.tar"), ("restore", "k.tar"), ("upgrade",)])
def test_a_missing_configuration_exits_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["db", *command, "--config", str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert "none.yaml:0: file not found" in result.stderr


def test_a_database_that_cannot_be_opened_is_told_without_a_traceback(config: Config) -> None:
    config.data_dir.mkdir(parents=True)
    config.audit_key()
    (config.data_dir / "kentongan.db").write_bytes(b"this is no database at all" * 100)
    for command in ("upgrade", "backup"):
        result = run(config, command, *(["k.tar"] if command == "backup" else []))
        assert result.exit_code in (2, 3)
        assert "database" in result.stderr
        assert isinstance(result.exception, SystemExit)


def test_progress_goes_to_stderr_and_leaves_stdout_clean(config: Config, tmp_path: Path) -> None:
    run(config, "upgrade")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "db", "backup", str(tmp_path / "k.tar"), "--config", str(config.file), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["files"] >= 3
