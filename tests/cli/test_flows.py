"""The command-line contract of `kentongan flows` and `kentongan chat`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app, exits

FLOWS = str(Path(__file__).parents[2] / "flows")
ROWS = [
    ("book a table for two", "table"),
    ("i want to reserve a table", "table"),
    ("table reservation for tonight", "table"),
    ("reserve us a table please", "table"),
    ("what is the weather today", "weather"),
    ("will it rain tomorrow", "weather"),
    ("weather forecast for friday", "weather"),
    ("is it going to rain", "weather"),
]


def test_ask_prints_one_object_a_line_and_nothing_else() -> None:
    texts = "syarat sim c\n\n\u202e<b>\ngaji kapolres berapa\n"
    result = CliRunner().invoke(app, ["flows", "ask", "--flows", FLOWS, "--stdin", "--json"], input=texts)
    assert result.exit_code == exits.GOOD
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["outcome"] for row in rows] == ["answer", "fallback", "fallback", "blocked"]
    assert rows[0]["intent"] == "sim_baru"
    assert all(row["micros"] > 0 and len(row["content_version"]) == 16 for row in rows)


def test_ask_survives_bytes_that_are_not_utf8() -> None:
    result = CliRunner().invoke(app, ["flows", "ask", "--flows", FLOWS, "--stdin", "--json"], input=b"\xff\xfe sim\n")
    assert result.exit_code == exits.GOOD
    assert len(result.stdout.splitlines()) == 1


def test_explain_is_readable() -> None:
    result = CliRunner().invoke(app, ["flows", "ask", "--flows", FLOWS, "--explain", "gmn prpanjang sim c"])
    assert result.exit_code == exits.GOOD
    assert "bagaimana" in result.stdout
    assert "sim_perpanjang" in result.stdout
    assert "[entity:golongan]" in result.stdout.replace("\n", "")


def test_match_names_its_best_even_when_it_refuses(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    train.write_text("\n".join(json.dumps({"text": text, "intent": intent}) for text, intent in ROWS))
    result = CliRunner().invoke(
        app, ["flows", "match", "--train", str(train), "--stdin", "--json"], input="rain tomorrow\nzxqv jklm\n"
    )
    assert result.exit_code == exits.GOOD
    known, strange = (json.loads(line) for line in result.stdout.splitlines())
    assert known["intent"] == known["best"] == "weather"
    assert set(strange) == {"text", "intent", "best", "score"}
    assert strange["intent"] is None
    assert strange["best"]


def test_a_bad_training_row_is_told_with_its_line(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    train.write_text('{"text": "a", "intent": "b"}\n{"txt": 1}\n')
    result = CliRunner().invoke(app, ["flows", "match", "--train", str(train), "x"])
    assert result.exit_code == exits.FAILED
    assert "train.jsonl:2" in result.output


def test_a_broken_flow_exits_1_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nflow: [\n")
    result = CliRunner().invoke(app, ["flows", "ask", "--flows", str(tmp_path), "x"])
    assert result.exit_code == exits.FAILED
    assert "a.yaml:3" in result.output


def test_chat_keeps_the_talk_until_an_empty_line() -> None:
    result = CliRunner().invoke(app, ["chat", "--flows", FLOWS], input="golongan sim\n1\n150\n\n")
    assert result.exit_code == exits.GOOD
    assert "SIM C" in result.stdout


@pytest.mark.parametrize("heavy", ["nio", "faster_whisper", "av", "aiohttp", "alembic"])
def test_asking_loads_no_matrix_or_speech_library(heavy: str) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom bot.cli import app\n"
        f"CliRunner().invoke(app, ['flows', 'ask', '--flows', {FLOWS!r}, 'sim'])\n"
        f"sys.exit({heavy!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
