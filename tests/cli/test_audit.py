from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from bot.cli import app
from bot.config import Config, load_config
from bot.store import audit
from bot.store.audit import Auditor
from bot.store.database import connect

WHEN = 1_780_000_000_000
"""2026-05-29 03:26:40 WIB."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Callable[[Path], Engine]) -> Config:
    """A bot that answered two questions; the answer to the first has been erased."""
    monkeypatch.delenv("KENTONGAN_AUDIT_KEY", raising=False)
    (tmp_path / "config.yaml").write_text('homeserver: {url: "https://hs.test", user_id: "@bot:hs.test"}\n')
    config = load_config(tmp_path / "config.yaml", {})
    auditor = Auditor(config.audit_key())
    config.data_dir.mkdir(parents=True)
    engine = empty_database(config.data_dir / "kentongan.db")
    with engine.begin() as connection:
        for event in ("$old", "$new"):
            auditor.append(connection, "dialogue.answer", event, {"reply": "Syaratnya é"}, version="abc", now=WHEN)
        auditor.erase(connection, [1], why="retensi", version="abc", now=WHEN)
    engine.dispose()
    return config


def run(config: Config, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--config", str(config.file)])


def edit(config: Config, sql: str) -> None:
    engine = connect(config.database_url)
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()


def test_show_tells_what_was_decided_when_and_under_which_content(config: Config) -> None:
    result = run(config, "show", "$new")
    assert result.exit_code == 0
    assert "#2  2026-05-29 03.26.40 WIB  dialogue.answer  (isi versi abc)" in result.stdout
    assert '"reply": "Syaratnya é"' in result.stdout


def test_show_says_that_a_payload_was_erased_by_retention(config: Config) -> None:
    result = run(config, "show", "$old")
    assert "dihapus sesuai retensi pada 2026-05-29" in result.stdout
    assert "Syaratnya" not in result.stdout
    row = json.loads(run(config, "show", "$old", "--json").stdout)
    assert (row["payload"], row["erased"]) == (None, "dihapus sesuai retensi")


def test_show_as_json_is_one_object_a_decision(config: Config) -> None:
    (row,) = [json.loads(line) for line in run(config, "show", "$new", "--json").stdout.splitlines()]
    assert row["payload"] == {"reply": "Syaratnya é"}
    assert (row["number"], row["at"], row["erased"]) == (2, WHEN, None)


def test_show_of_an_unknown_event_exits_1(config: Config) -> None:
    result = run(config, "show", "$unknown")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "$unknown" in result.stderr


def test_verify_of_a_whole_chain_exits_0_and_counts_what_was_erased(config: Config) -> None:
    result = run(config, "verify")
    assert result.exit_code == 0
    assert "3 baris, 1 dihapus sesuai retensi. Kepala: 3:" in result.stdout
    assert "Rantai utuh." in result.stdout
    row = json.loads(run(config, "verify", "--json").stdout)
    assert (row["ok"], row["rows"], row["erased"], row["faults"]) == (True, 3, 1, [])


def test_verify_of_an_edited_chain_exits_1_and_names_the_row(config: Config) -> None:
    edit(config, "UPDATE audit_payloads SET payload = '{}' WHERE audit_id = 2")
    result = run(config, "verify")
    assert result.exit_code == 1
    assert "RUSAK: baris 2: isi tidak cocok dengan sidiknya" in result.stdout
    assert json.loads(run(config, "verify", "--json").stdout)["ok"] is False


def test_verify_holds_the_chain_against_a_posted_head(config: Config) -> None:
    engine = connect(config.database_url)
    with engine.begin() as connection:
        number, digest = audit.head(connection)
    engine.dispose()
    assert run(config, "verify", "--head", f"{number}:{digest[:32]}").exit_code == 0
    edit(config, "DELETE FROM audit_payloads WHERE audit_id = 3")
    edit(config, "DELETE FROM audit WHERE id = 3")
    result = run(config, "verify", "--head", f"{number}:{digest[:32]}")
    assert result.exit_code == 1
    assert "ekor rantai dipotong" in result.stdout


@pytest.mark.parametrize("head", ["3", "3:abc", "x:0123456789abcdef", "3:0123456789ABCDEFG"])
def test_a_head_that_is_none_exits_2(config: Config, head: str) -> None:
    assert run(config, "verify", "--head", head).exit_code == 2


def test_verify_without_a_database_exits_2_and_makes_none(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text('homeserver: {url: "https://hs.test", user_id: "@bot:hs.test"}\n')
    result = CliRunner().invoke(app, ["audit", "verify", "--config", str(tmp_path / "config.yaml")])
    assert result.exit_code == 2
    assert "there is no database" in result.stderr
    assert not (tmp_path / "var" / "data").exists()


def test_verify_with_a_lost_key_says_so(config: Config) -> None:
    config.resolve(config.secrets.audit_key_file).unlink()
    result = run(config, "verify")
    assert result.exit_code == 2
    assert "put the key back" in result.stderr


def test_verify_with_another_key_says_that_it_is_another(config: Config) -> None:
    config.resolve(config.secrets.audit_key_file).write_text("k" * 64)
    result = run(config, "verify")
    assert result.exit_code == 1
    assert "kunci audit" in result.stdout
