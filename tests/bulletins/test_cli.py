"""`kentongan bulletin preview|send` as an officer meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import app
from bot.store import bulletinnotes, subscriptions
from bot.store.rooms import record
from bot.store.tables import audit, bulletins, outbox

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
    return CliRunner().invoke(app, ["bulletin", *arguments, "--config", str(config)])


def lines(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def database(config: Path, empty_database):
    """A database with three of the rooms, as `rooms apply` leaves it."""
    (config.parent / "keys").mkdir()
    for name in ("pickle", "audit"):
        (config.parent / "keys" / name).write_text("k" * 64)
    (config.parent / "data").mkdir()
    engine = empty_database(config.parent / "data" / "kentongan.db")
    with engine.begin() as connection:
        for name in ("ojol", "nelayan"):
            record(connection, name, f"!{name}", kind="channel", alias=f"#{name}:batang.test", now=1)
        record(connection, "ruang-kendali", "!ops", kind="operations", alias=None, now=1)
    yield engine
    engine.dispose()


def test_preview_works_with_nothing_but_the_files_and_says_what_it_lacked(config):
    result = run(config, "preview", "pagi", "--date", "2026-11-22")
    assert result.exit_code == 0, result.output
    assert "Minggu, 22 November 2026" in result.stdout
    assert result.stdout.count("Buletin Pagi") == 3
    assert "Tanpa: statistik laporan: tidak ada basis data" in result.stdout
    assert not (config.parent / "data").exists()
    assert not (config.parent / "keys").exists()


def test_preview_as_json_gives_both_forms_and_the_sources(config):
    result = run(config, "preview", "malam", "--room", "ojol", "--json")
    (line,) = lines(result)
    assert (line["slot"], line["room"]) == ("malam", "ojol")
    assert line["formatted_body"].startswith("<p>")
    assert line["body"].splitlines()[-1].count("110") == 1
    assert "statistik laporan: tidak ada basis data" in line["missing"]
    assert {reason.partition(": ")[2] for reason in line["missing"]} == {"tidak ada basis data"}


def test_preview_reads_an_existing_log_without_changing_it(config, database):
    before = (config.parent / "data" / "kentongan.db").read_bytes()
    (line,) = lines(run(config, "preview", "pagi", "--room", "ojol", "--json"))
    assert {reason.partition(": ")[2] for reason in line["missing"]} == {"belum pernah berhasil diambil"}
    assert not any(reason.startswith("statistik") for reason in line["missing"])
    assert "Situasi sejak" in line["body"]
    assert (config.parent / "data" / "kentongan.db").read_bytes() == before


def test_preview_shows_the_notes_of_officers(config, database):
    with database.begin() as connection:
        bulletinnotes.add(
            connection, "$1", slot="malam", room=None, words="Jalan Pemuda ditutup", by="@ani:batang.test",
            since="2026-11-22", until="2026-11-22", now=1,
        )  # fmt: skip
    assert "Jalan Pemuda ditutup" in run(config, "preview", "malam", "--date", "2026-11-22").stdout
    assert "Jalan Pemuda ditutup" not in run(config, "preview", "pagi", "--date", "2026-11-22").stdout


@pytest.mark.parametrize(
    "arguments",
    [["siang"], ["pagi", "--date", "besok"], ["pagi", "--room", "ojek"], ["pagi", "--room", "ruang-kendali"]],
)
def test_wrong_usage_is_told_and_exits_2(config, arguments):
    result = run(config, "preview", *arguments)
    assert result.exit_code == 2
    assert not result.stdout


def test_a_mistake_in_the_files_is_told_with_its_line_and_exits_2(config):
    file = config.parent / "rooms" / "bulletins.yaml"
    file.write_text(file.read_text().replace("title: Buletin Pagi", "judul: Buletin Pagi"))
    result = run(config, "preview", "pagi")
    assert result.exit_code == 2
    assert "bulletins.yaml:" in result.stderr
    assert "unknown key" in result.stderr


def test_send_queues_each_channel_once_and_says_what_it_could_not(config, database):
    result = run(config, "send", "pagi", "--date", "2026-11-22", "--json")
    assert result.exit_code == 0, result.output
    assert {line["room"]: line["state"] for line in lines(result)} == {
        "ojol": "queued",
        "nelayan": "queued",
        "desa-siaga": "no_room",
    }
    again = run(config, "send", "pagi", "--date", "2026-11-22")
    assert again.exit_code == 1
    assert "sudah pernah dikirim" in again.stdout
    with database.begin() as connection:
        keys = {key for key in connection.scalars(select(outbox.c.key)) if not key.startswith("bulletin-voice:")}
        assert keys == {f"bulletin:pagi:2026-11-22:!{name}" for name in ("ojol", "nelayan")}
        assert len(connection.execute(select(bulletins)).all()) == 2
        assert set(connection.scalars(select(audit.c.kind))) == {"bulletin.sent"}


def test_send_reaches_whoever_had_asked_for_a_copy_by_then_unless_channels_are_named(config, database):
    before, after = 1_795_000_000_000, 1_795_400_000_000  # of 22 November 2026, 07.00
    with database.begin() as connection:
        for person, at in (("ani", before), ("budi", after)):
            subscriptions.add(connection, f"@{person}:batang.test", "pagi", f"!{person}", at)
        subscriptions.add(connection, "@ani:batang.test", "malam", "!ani", before)
    named = run(config, "send", "pagi", "--date", "2026-11-22", "--room", "ojol", "--json")
    assert [line["room"] for line in lines(named)] == ["ojol"]
    result = run(config, "send", "pagi", "--date", "2026-11-22", "--json")
    assert [line["copies"] for line in lines(result) if line["room"] is None] == [1]
    with database.connect() as connection:
        found = set(connection.scalars(select(bulletins.c.room_id)))
    assert found == {"!ojol", "!nelayan", "!ani"}
