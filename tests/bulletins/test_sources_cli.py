"""`kentongan bulletin sources` and its recordings, and previews from what is stored."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from outside_world import LIST, PLACES, forecast, quakes
from typer.testing import CliRunner

from bot.bulletins import asked
from bot.cli import app
from bot.clock import now_ms
from bot.store import feeds

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/feeds/fixtures"
CONFIG = """
homeserver: {{url: http://127.0.0.1:9, user_id: "@kentongan:batang.test"}}
paths: {{data: data, flows: {root}/flows, rooms: {rooms}, places: {root}/places}}
feeds: {{forecast_url: "{url}/cuaca", quakes_url: "{url}/gempa", nowcast_url: "{url}/list.xml", timeout_seconds: 2}}
"""


ANSWERS = {"/cuaca": "forecast.json", "/gempa/gempadirasakan.json": "felt.json", "/list.xml": "list.xml"}


class MadeUp(BaseHTTPRequestHandler):
    """Answers with the made-up fixtures."""

    def do_GET(self) -> None:
        name = ANSWERS.get(self.path.partition("?")[0])
        self.send_response(200 if name else 404)
        self.end_headers()
        if name:
            self.wfile.write((FIXTURES / f"made_up_{name}").read_bytes())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    made_up = ThreadingHTTPServer(("127.0.0.1", 0), MadeUp)
    threading.Thread(target=made_up.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made_up.server_port}"
    made_up.shutdown()
    made_up.server_close()


def configured(folder: Path, url: str, rooms: Path = ROOT / "rooms") -> Path:
    file = folder / "config.yaml"
    file.write_text(CONFIG.format(root=ROOT, url=url, rooms=rooms))
    return file


def run(config: Path, *arguments: str):
    return CliRunner().invoke(app, ["bulletin", *arguments, "--config", str(config)])


def lines(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def stored(tmp_path: Path, empty_database):
    """A database in which two sources have answered, one of them long ago, and a third has failed."""
    (tmp_path / "data").mkdir()
    engine = empty_database(tmp_path / "data" / "kentongan.db")
    now = now_ms()
    with engine.begin() as connection:
        feeds.confirm(connection, asked.QUAKES, "x", quakes(("2026-11-20 01:00", "II Kendal")), now - 90 * 60_000)
        feeds.fail(connection, asked.QUAKES, "x", "menjawab 500", now)
        for place in PLACES:
            feeds.confirm(connection, asked.forecast(place.adm4), "x", forecast(), now)
        feeds.confirm(connection, asked.NOWCAST, "x", LIST, now)
    yield engine
    engine.dispose()


def test_each_source_is_listed_with_its_age_and_last_error(tmp_path: Path, stored) -> None:
    result = run(configured(tmp_path, "http://127.0.0.1:9"), "sources", "--json")
    assert result.exit_code == 0, result.output
    rows = {line["name"]: line for line in lines(result)}
    assert set(rows) == {asked.QUAKES, asked.NOWCAST, *(asked.forecast(place.adm4) for place in PLACES)}
    assert rows[asked.QUAKES]["error"] == "menjawab 500"
    assert 90 * 60 <= rows[asked.QUAKES]["age_seconds"] < 100 * 60
    assert rows[asked.NOWCAST]["error"] is None
    shown = run(configured(tmp_path, "http://127.0.0.1:9"), "sources").stdout
    assert "1 jam 30 menit yang lalu" in shown
    assert "menjawab 500" in shown


def test_without_a_database_every_source_was_never_heard(tmp_path: Path) -> None:
    result = run(configured(tmp_path, "http://127.0.0.1:9"), "sources", "--json")
    assert {line["told"] for line in lines(result)} == {"belum pernah berhasil diambil"}
    assert not (tmp_path / "data").exists()


def test_a_preview_uses_what_is_stored_and_names_what_is_too_old(tmp_path: Path, stored) -> None:
    result = run(
        configured(tmp_path, "http://127.0.0.1:9"),
        "preview",
        "pagi",
        "--date",
        "2026-12-01",
        "--room",
        "ojol",
        "--json",
    )
    (line,) = lines(result)
    assert any(one.startswith("gempa BMKG: terakhir berhasil 1 jam 30 menit yang lalu; menjawab 500")
               for one in line["missing"])  # fmt: skip
    # Whether the forecast is told depends on today: made on one day, it is too old on another.
    told = "(BMKG, dibuat" in line["body"]
    assert told is not any(one.startswith("prakiraan cuaca") for one in line["missing"])


def test_a_recording_is_the_answer_as_it_came_under_a_name_with_its_date(tmp_path: Path, server: str) -> None:
    out = tmp_path / "rekaman"
    result = run(configured(tmp_path, server), "sources", "record", "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    files = {line["name"]: Path(line["file"]) for line in lines(result)}
    assert files[asked.QUAKES].read_bytes() == (FIXTURES / "made_up_felt.json").read_bytes()
    assert files[asked.NOWCAST].name.startswith("recorded_20")
    assert files[asked.NOWCAST].suffix == ".xml"
    assert all(file.name.startswith("recorded_") and file.parent == out for file in files.values())
    assert len(files) == 2 + len(PLACES)  # links to elsewhere are not followed


def test_recording_without_a_network_says_so_and_exits_3(tmp_path: Path) -> None:
    out = tmp_path / "rekaman"
    result = run(configured(tmp_path, "http://127.0.0.1:9"), "sources", "record", "--out", str(out))
    assert result.exit_code == 3
    assert "tidak terhubung" in result.stdout
    assert not out.exists()


def test_recording_some_of_them_exits_1(tmp_path: Path, server: str) -> None:
    config = configured(tmp_path, server)
    config.write_text(config.read_text().replace("/gempa", "/lain"))
    result = run(config, "sources", "record", "--out", str(tmp_path / "rekaman"))
    assert result.exit_code == 1
    assert "quakes: menjawab 404" in result.stdout


def test_without_sources_there_is_nothing_to_record(tmp_path: Path) -> None:
    rooms = Path(shutil.copytree(ROOT / "rooms", tmp_path / "rooms"))
    text = (rooms / "bulletins.yaml").read_text()
    (rooms / "bulletins.yaml").write_text(text[: text.index("\nsources:")] + "\n")
    result = run(configured(tmp_path, "http://127.0.0.1:9", rooms), "sources", "record")
    assert result.exit_code == 3
    assert "sources di rooms/bulletins.yaml" in result.stderr
