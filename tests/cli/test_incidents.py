from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from incident_world import NOON, report

from bot.cli import app, exits

ROOT = Path(__file__).parents[2]
CONFIG = """
homeserver: {url: http://127.0.0.1:1, user_id: "@kentongan:ex.org"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "flows" / "incidents", tmp_path / "flows" / "incidents")
    shutil.copytree(ROOT / "places", tmp_path / "places")
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def log(config: Path, empty_database: Callable[[Path], Engine]) -> Path:
    (config.parent / "var" / "data").mkdir(parents=True)
    engine = empty_database(config.parent / "var" / "data" / "kentongan.db")
    with engine.begin() as connection:
        report(connection, 1, "laka truk di Cilubah, telepon 081234567890", at=NOON)
        report(connection, 2, "=banjir di Kalimanggis, «awas»", at=NOON + 1000)
    engine.dispose()
    return config


def run(config: Path, *args: str, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["incidents", *args, "--config", str(config)], input=stdin)
    return result.exit_code, result.stdout


def test_analyse_prints_one_object_a_message_and_nothing_else(config: Path) -> None:
    code, out = run(config, "analyse", "--stdin", "--json", stdin="laka di Cilubah\n\ntes tes\n")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == exits.GOOD
    assert [(row["category"], row["district"], row["report"]) for row in rows] == [
        ("laka_lantas", "Subah", True),
        ("tes", None, False),
    ]


def test_analyse_hides_personal_numbers_and_its_spans_fit_what_it_shows(config: Path) -> None:
    _, out = run(config, "analyse", "--json", "telepon 081234567890, laka di Cilubah")
    row = json.loads(out)
    assert "081234567890" not in out
    (place,) = row["places"]
    assert row["text"][slice(*place["span"])] == "Cilubah"


def test_analyse_without_a_text_says_what_it_needs(config: Path) -> None:
    assert run(config, "analyse")[0] == exits.USAGE


def test_broken_rules_fail_with_their_place(config: Path) -> None:
    (config.parent / "flows" / "incidents" / "talk.yaml").write_text("sets: {}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["incidents", "analyse", "x", "--config", str(config)])
    assert result.exit_code == exits.FAILED
    assert "talk.yaml:1: missing key 'negation'" in result.stderr


def test_search_finds_marks_and_links(log: Path) -> None:
    code, out = run(log, "search", "kecelakaan", "cilubah", "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert code == exits.GOOD
    assert row["highlighted"] == "laka truk di «Cilubah», telepon [nomor]"
    assert row["link"] == "https://matrix.to/#/%21ojol%3Aex.org/%24text1?via=ex.org"
    assert row["district"] == "Subah"


def test_a_search_for_a_hidden_number_does_not_show_it(log: Path) -> None:
    _, out = run(log, "search", "081234567890", "--json")
    assert json.loads(out)["id"] == 1
    assert "081234567890" not in out


def test_search_for_people_reads_and_says_when_nothing_fits(log: Path) -> None:
    assert "Cilubah" in run(log, "search", "cilubah")[1]
    assert "Tidak ada yang cocok" in run(log, "search", "kebakaran")[1]


def test_a_bad_period_is_told(log: Path) -> None:
    assert run(log, "search", "x", "--since", "dulu")[0] == exits.USAGE
    assert run(log, "search", "x", "--since", "7d")[0] == exits.GOOD
    assert run(log, "search", "x", "--since", "2026-01-31")[0] == exits.GOOD


def test_a_missing_database_is_told_and_not_made(config: Path) -> None:
    assert run(config, "search", "x")[0] == exits.USAGE
    assert not (config.parent / "var").exists()
