"""`kentongan transcribe`: the contract other programs rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

NOTES = Path(__file__).parent.parent / "notes"
COMMAND = [sys.executable, "-c", "from bot.cli import main; main()", "transcribe"]


def transcribe(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=200)


def test_each_file_gets_one_json_object_in_order_and_a_bad_one_does_not_stop_the_rest(tmp_path):
    bad = tmp_path / "bad.ogg"
    bad.write_bytes(b"not sound")
    files = [str(NOTES / "macet.ogg"), str(bad), str(tmp_path / "gone.ogg"), str(NOTES / "pohon.ogg")]

    done = transcribe(tmp_path, "--json", *files)

    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == files
    assert [line.get("error") for line in lines] == [None, "unreadable", "not_found", None]
    for line in (lines[0], lines[3]):
        assert line["language"] == "id"
        assert line["corrected"] == line["text"] != ""
        assert 4 < line["duration"] < 6
        assert 0 < line["confidence"] <= 1
        assert line["no_speech"] is False
        assert line["seconds"] > 0
        assert {"start", "end", "text"} <= set(line["segments"][0])


def test_people_read_the_words_and_how_sure_the_machine_is(tmp_path):
    done = transcribe(tmp_path, str(NOTES / "macet.ogg"))

    assert done.returncode == 0, done.stderr
    assert "terminal" in done.stdout
    assert "yakin" in done.stdout


def test_a_missing_model_is_wrong_usage_and_told_with_its_remedy(tmp_path):
    done = transcribe(tmp_path, "--model", "tiny", "--json", str(NOTES / "macet.ogg"))

    assert done.returncode == 2
    assert done.stdout == ""
    assert "kentongan model fetch tiny" in done.stderr
